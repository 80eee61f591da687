-- name: list_places :fragment {columns, keys, links, named, owner, staging, table, values}
-- Rows that links or the target keep back, and where each is at fault. Conflicts are looked for once more, one by one.
SELECT q._legacy_id AS legacy_id, q._legacy_user_id AS legacy_user_id, q._why AS reason,
       CASE WHEN q._why IN ('target_conflict', 'target_refused') THEN NULL
            WHEN q._why = 'id_given_to_another_row' THEN '_key'
            WHEN q._why IN ('owner_missing', 'owner_unknown') THEN nullif({owner}, '')
            ELSE nullif(concat_ws(', ', {columns}), '') END AS "column",
       CASE WHEN q._why IN ('target_conflict', 'target_refused') THEN NULL
            WHEN q._why = 'id_given_to_another_row' THEN q._legacy_id
            WHEN q._why IN ('owner_missing', 'owner_unknown') THEN s._legacy_user_id
            ELSE nullif(concat_ws(', ', {keys}), '') END AS value,
       CASE q._why WHEN 'target_conflict' THEN q._conflicts WHEN 'target_refused' THEN e.rule END AS rule
FROM (SELECT x.*, CASE WHEN x._why = 'target_conflict' THEN nullif(concat_ws(', ', {named}), '') END AS _conflicts
      FROM (SELECT k._legacy_id, k._new_id, k._legacy_user_id, k._account_id, NULL::text AS _reason, k._reason AS _why,
                   {values}
            FROM ({links}) AS k WHERE k._state = 'quarantined') AS x) AS q
JOIN {staging} AS s ON s._legacy_id = q._legacy_id
LEFT JOIN etl.refused AS e ON e."table" = {table} AND e.legacy_id = q._legacy_id

-- name: count_places :many {places}
-- How many rows each reason has in each place.
SELECT p.reason, coalesce(p."column", 'constraint ' || p.rule), count(*)
FROM ({places}) AS p GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2

-- name: lost_user :fragment {ref, told}
-- A reference to a user whom nobody knows.
CASE WHEN {ref} IS NOT NULL
          AND NOT EXISTS (SELECT FROM etl.legacy_user_map AS a WHERE a.legacy_user_id = {ref}) THEN {told} END

-- name: lost_row :fragment {parent, ref, told}
-- A reference to a row that has not arrived.
CASE WHEN {ref} IS NOT NULL
          AND NOT EXISTS (SELECT FROM etl.loaded AS a WHERE a."table" = {parent} AND a.legacy_id = {ref}) THEN {told} END

-- name: told_key :fragment {mark, ref}
-- The key that a reference names; of one by other columns, what was looked for.
CASE WHEN starts_with({ref}, {mark}) THEN substr({ref}, length({mark}) + 1) ELSE {ref} END

-- name: lost_keys :fragment {parent, ref}
-- Those of many ids whose rows have not arrived.
(SELECT string_agg(e.id, ' ') FROM unnest({ref}) AS e (id)
 WHERE NOT EXISTS (SELECT FROM etl.loaded AS a WHERE a."table" = {parent} AND a.legacy_id = e.id))

-- name: lost_rows :fragment {lost, told}
-- A reference to many rows of which some have not arrived.
CASE WHEN {lost} IS NOT NULL THEN {told} END
