-- name: adopt_rows :exec {expected, found, id, links, table, target}
-- Lookup rows that the target has already, equal in every loaded column, become ours without being written.
INSERT INTO etl.loaded ("table", legacy_id, new_id, legacy_user_id, wave, digest, xid, created)
SELECT {table}, k._legacy_id, k._new_id::text, NULL, NULL, {found}, t.xmin, hashtextextended(k._created, 0::bigint)
FROM ({links}) AS k
JOIN {target} AS t ON t.{id} = k._new_id
WHERE k._reason IS NULL AND {found} = {expected}

-- name: raise_sequence :exec (last, sequence) {id, staging, target}
-- The target's next native id comes after every kept one, those that still wait or were deleted in the legacy app included.
SELECT setval(%(sequence)s::regclass, greatest(
    (SELECT max({id}) FROM {target}), (SELECT max(_new_id) FROM {staging}), nextval(%(sequence)s::regclass) - 1,
    %(last)s::bigint, 1))
