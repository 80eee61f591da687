-- name: is_of_somebody_else :fragment
-- A row of another user than `x` is, and not there yet.
b._reason IS DISTINCT FROM 'loaded' AND b._legacy_user_id IS DISTINCT FROM x._legacy_user_id

-- name: value_of_part :fragment {other, ref, value}
-- The value of a column that may refer to one of several tables, or together with others.
CASE WHEN {ref} IS NOT NULL THEN {value} ELSE {other} END

-- name: row_state :fragment {excluded, quarantined, reason}
-- What a reason makes of a row; `ready` rows could be loaded now.
CASE WHEN {reason} IS NULL THEN 'ready'
     WHEN {reason} IN ('loaded', 'owner_changed') THEN 'loaded'
     WHEN {reason} IN ({quarantined}) THEN 'quarantined'
     WHEN {reason} IN ({excluded}) THEN 'excluded'
     ELSE 'waiting' END

-- name: link :fragment {rows, state}
-- A table's rows with their state.
SELECT y.*, {state} AS _state
FROM ({rows}) AS y

-- name: count_rows_of_users :one (most, users) {owners}
-- How many rows of circles some users have; so many at most.
SELECT count(*)
FROM (SELECT FROM ({owners}) AS o WHERE o.legacy_user_id = ANY (%(users)s) LIMIT %(most)s) AS n

-- name: list_owners_via :fragment {parents, ref, staging, table}
-- Rows and the owners of the rows that they refer to.
SELECT s._legacy_id AS legacy_id, p.legacy_user_id FROM {staging} AS s JOIN ({parents}) AS p ON p.legacy_id = {ref}
UNION ALL
SELECT q.legacy_id, p.legacy_user_id
FROM etl.quarantine AS q JOIN ({parents}) AS p ON p.legacy_id = q.via_key WHERE q."table" = {table}

-- name: list_owners :fragment {staging, table}
-- Rows and the legacy users that they name.
SELECT s._legacy_id AS legacy_id, s._legacy_user_id AS legacy_user_id FROM {staging} AS s
UNION ALL
SELECT q.legacy_id, q.legacy_user_id FROM etl.quarantine AS q WHERE q."table" = {table}

-- name: list_unreadable_balances :fragment {of_users}
-- Users with a balance that could not be read.
SELECT q.legacy_user_id FROM etl.quarantine AS q WHERE q."table" = 'users' {of_users}

-- name: list_refused_balances :many {facts, of_users}
-- Users whose balances the profile does not take as they are.
SELECT r.legacy_user_id FROM etl.refused AS r
WHERE r."table" = 'users' AND r.facts = {facts} AND r.row_digest = etl.balances_digest(r.legacy_user_id) {of_users}

-- name: list_incomplete_users :fragment {of_users, owners, table}
-- Users with a row whose value was refused.
SELECT o.legacy_user_id
FROM etl.quarantine AS q
JOIN ({owners}) AS o ON o.legacy_id = q.legacy_id
WHERE q."table" = {table} AND o.legacy_user_id IS NOT NULL {of_users}
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {table} AND l.legacy_id = q.legacy_id)

-- name: list_link_incomplete_users :fragment {links, of_users}
-- Users with a row that its links or the target's constraints refuse.
SELECT k._legacy_user_id
FROM ({links}) AS k
WHERE k._state = 'quarantined' AND k._legacy_user_id IS NOT NULL {of_users}

-- name: conflict_reason :fragment {conflicts, quarantined}
-- A row's reason, or that the target refuses it.
CASE WHEN x._reason IS NULL OR x._reason NOT IN ('loaded', 'owner_changed', {quarantined})
     THEN CASE WHEN {conflicts} THEN 'target_conflict' ELSE x._reason END
     ELSE x._reason END

-- name: link_conflicts :fragment {fence, refs, rows, values}
-- Rows that a UNIQUE, CHECK or FOREIGN KEY constraint of the target would refuse: found beforehand, so that the others
-- load.
SELECT x._legacy_id, x._new_id, x._created, x._legacy_user_id, x._account_id, x._wave, r._reason,
       {values}{refs}
FROM ({rows}) AS x
{fence}

-- name: and_many_ids :fragment {ids}
-- Further ids of rows that are referred to.
 || coalesce({ids}, ARRAY[]::text[])

-- name: and_many_places :fragment {ids, parent}
-- Their tables.
 || array_fill({parent}::text, ARRAY[coalesce(cardinality({ids}), 0)])

-- name: link_circle :fragment {ancestors, ids, places, rows, settled, values}
-- Rows of tables that refer to one another round in a circle, or to themselves. What a row refers to, however far, arrives
-- in one transaction with it where it is the same user's and nothing is wrong with any of it. A row of somebody else has
-- to be there before. What is wrong for good outranks what is waited for. Each row walks up its own way, which suits a few
-- rows; UNION walks no row twice, so circles of rows end. The fence makes each step a look-up by key.
SELECT x._legacy_id, x._new_id, x._created, x._legacy_user_id, x._account_id, x._wave, r._reason,
       {values}
FROM ({rows}) AS x
CROSS JOIN LATERAL (
    WITH RECURSIVE way AS (
        SELECT 4 AS _kind, true AS _goes_on, {places} AS _places, {ids} AS _ids
        WHERE x._reason IS NULL OR x._reason NOT IN ({settled})
        UNION
        SELECT a.*
        FROM way AS w
        CROSS JOIN LATERAL unnest(w._places, w._ids) AS e (place, id)
        CROSS JOIN LATERAL (SELECT u.* FROM ({ancestors}) AS u OFFSET 0) AS a
        WHERE w._goes_on)
    SELECT CASE WHEN x._reason IN ({settled}) THEN x._reason
                WHEN d._kind = 1 THEN 'reference_quarantined'
                WHEN d._kind = 2 THEN 'reference_excluded'
                WHEN d._kind = 3 THEN coalesce(x._reason, 'reference_waiting')
                ELSE x._reason END AS _reason
    FROM (SELECT min(w._kind) AS _kind FROM way AS w) AS d
    OFFSET 0) AS r

-- name: link_ancestor :fragment {excluded, ids, is_other, place, places, quarantined, rows, settled}
-- A row of one table of a circle that another one of `x`'s way refers to: how much is wrong with it (1 for good, 2 it
-- stays behind, 3 it waits, 4 nothing), and what it refers to.
SELECT CASE WHEN b._reason IN ({quarantined}) OR b._reason = 'owner_changed' THEN 1
            WHEN b._reason IN ({excluded}) THEN 2
            WHEN b._reason <> 'loaded' OR ({is_other}) THEN 3
            ELSE 4 END,
       b._reason IS NULL OR b._reason NOT IN ({settled}), {places}, {ids}
FROM ({rows}) AS b
WHERE e.place = {place} AND b._legacy_id = e.id

-- name: link_circle_in_full :fragment {edges, judged, place, rows, seeds, settled, values}
-- All rows of such a table at once: what is wrong goes down from row to row, through whatever refers to them. The rows of
-- each table of the circle are judged once, however many look at them. Postgres hashes what stands in an IN, where for a
-- join it might take a recursion for a few rows.
WITH RECURSIVE {judged}, wrong (place, id, _kind) AS (
    SELECT q.* FROM ({seeds}) AS q
    UNION
    SELECT c.place, c.id, w._kind
    FROM wrong AS w
    CROSS JOIN LATERAL (SELECT u.* FROM ({edges}) AS u OFFSET 0) AS c)
SELECT x._legacy_id, x._new_id, x._created, x._legacy_user_id, x._account_id, x._wave,
       CASE WHEN x._reason IN ({settled}) THEN x._reason
            WHEN x._legacy_id IN (SELECT w.id FROM wrong AS w WHERE w.place = {place} AND w._kind = 1) THEN 'reference_quarantined'
            WHEN x._legacy_id IN (SELECT w.id FROM wrong AS w WHERE w.place = {place} AND w._kind = 2) THEN 'reference_excluded'
            WHEN x._reason IS NULL
                 AND x._legacy_id IN (SELECT w.id FROM wrong AS w WHERE w.place = {place} AND w._kind = 3)
            THEN 'reference_waiting'
            ELSE x._reason END AS _reason,
       {values}
FROM ({rows}) AS x

-- name: judged_in_circle :fragment {into, refs, rows}
-- The rows of one table of a circle, with what they refer to.
{into} AS MATERIALIZED (SELECT j._legacy_id, j._legacy_user_id, j._reason{refs} FROM ({rows}) AS j)

-- name: circle_seed :fragment {excluded, place, quarantined, rows}
-- Rows of one table of a circle that are refused or stay behind of themselves.
SELECT {place}::text, b._legacy_id, CASE WHEN b._reason IN ({excluded}) THEN 2 ELSE 1 END
FROM {rows} AS b WHERE b._reason IN ('owner_changed', {quarantined}, {excluded})

-- name: circle_seed_waiting :fragment {is_other, parents, place, ref, rows}
-- Rows that could be loaded but for one that they refer to, which waits, or is somebody else's and not there yet.
SELECT {place}::text, x._legacy_id, 3
FROM {rows} AS x JOIN {parents} AS b ON b._legacy_id = {ref}
WHERE x._reason IS NULL AND (b._reason <> 'loaded' OR ({is_other}))

-- name: circle_edge :fragment {named, parent, place, staging}
-- Rows of one table that refer to a row of `w`, and are not loaded themselves.
SELECT {place}::text AS place, s._legacy_id AS id
FROM {staging} AS s
WHERE w.place = {parent} AND {named}
  AND NOT EXISTS (SELECT FROM etl.loaded AS l WHERE l."table" = {place} AND l.legacy_id = s._legacy_id)

-- name: fence :fragment {value}
-- The fence (OFFSET 0) keeps the reason one value: inlined, it would be repeated wherever children look at their
-- parents' state, and planning would grow with the power of the depth.
CROSS JOIN LATERAL (SELECT {value} AS _reason OFFSET 0) AS r

-- name: link_user :fragment {accounts, owner}
-- The owner, the account that claimed the history and whether it may hold it now, and whether the id now is another
-- person's.
LEFT JOIN (
    SELECT m.legacy_user_id, m.supabase_user_id, m.wave, h.id IS NOT NULL AS has_account, h.hindrance,
           m.is_another, m.held IS NOT NULL AS is_held
    FROM etl.legacy_user_map AS m
    LEFT JOIN ({accounts}) AS h ON h.id = m.supabase_user_id
) AS u ON u.legacy_user_id = {owner}

-- name: link_user_alone :fragment {owner}
-- The owner, whatever the account is now.
LEFT JOIN etl.legacy_user_map AS u ON u.legacy_user_id = {owner}

-- name: link_owner_reasons :fragment {owner}
-- Whose row is it?
WHEN {owner} IS NULL THEN 'owner_missing'
WHEN u.legacy_user_id IS NULL THEN 'owner_unknown'

-- name: link_account_reasons :fragment
-- Has the owner an account by now, and may rows go there?
WHEN u.supabase_user_id IS NULL THEN 'account_waiting'
WHEN NOT u.has_account THEN 'account_gone'
WHEN u.is_another THEN 'owner_is_another_person'
WHEN u.is_held THEN 'owner_held'
WHEN u.hindrance IS NOT NULL THEN 'account_barred'

-- name: join_refused :fragment {facts, table}
-- What the target refused, while row and rules are what they were then.
LEFT JOIN etl.refused AS f ON f."table" = {table} AND f.legacy_id = s._legacy_id AND f.facts = {facts}
                              AND f.row_digest = md5(s::text)::uuid

-- name: link_loaded :fragment {content, is_another, is_made_anew, moved, owner}
-- A legacy id in the ledger: is this the row that was loaded? SQLite gives a deleted row's id to the next one. A row that
-- was made at another moment is another one. One of another owner, or of an owner who may be another person, is the same
-- where it says all that was loaded; otherwise nobody can tell.
WHEN l.legacy_id IS NOT NULL AND {is_made_anew} THEN 'id_given_to_another_row'
WHEN l.legacy_id IS NOT NULL AND {owner} IS NOT NULL AND ({moved} OR {is_another})
     AND {content} IS DISTINCT FROM l.digest THEN 'id_given_to_another_row'
WHEN l.legacy_id IS NOT NULL AND {moved} THEN 'owner_changed'

-- name: link_reason :fragment {known, loaded, reasons}
-- The first reason that holds, in the order quarantined, excluded, waiting; the ledger outranks them all.
CASE {loaded}
     {known}
     {reasons}
     END

-- name: link_rows :fragment {account, created, fence, joins, new_id, owner, reason, refs, staging, table, values, wave}
-- Staged rows with the target columns' values and the reason why they cannot be loaded now.
SELECT s._legacy_id, {new_id} AS _new_id, {created} AS _created, {owner} AS _legacy_user_id, {account} AS _account_id, {wave} AS _wave,
       {reason} AS _reason,
       {values}{refs}
FROM {staging} AS s
LEFT JOIN etl.loaded AS l ON l."table" = {table} AND l.legacy_id = s._legacy_id
{joins}
{fence}

-- name: former_account :fragment
-- The account of whom the row was loaded for.
(SELECT f.supabase_user_id FROM etl.legacy_user_map AS f WHERE f.legacy_user_id = l.legacy_user_id)
