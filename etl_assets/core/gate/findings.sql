-- name: count_by_reason :many {links, reasons}
-- Rows whose links are at fault, by reason.
SELECT k._reason, count(*), (array_agg(k._legacy_id ORDER BY k._legacy_id))[1:6]
FROM ({links}) AS k WHERE k._reason IN ({reasons}) GROUP BY k._reason
