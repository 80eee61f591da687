-- name: clear_claims :exec (accounts, reasons, users)
-- Lines that the claims file does not have any more.
DELETE FROM etl.claims AS c
WHERE NOT EXISTS (
    SELECT FROM unnest(%(users)s::text[], %(accounts)s::uuid[], %(reasons)s::text[]) AS k (legacy_user_id, account, reason)
    WHERE (k.legacy_user_id, k.account, k.reason) IS NOT DISTINCT FROM (c.legacy_user_id, c.supabase_user_id, c.reason))

-- name: write_claims :exec (accounts, reasons, users)
-- The claims file, whole, and whom each new line is about.
INSERT INTO etl.claims (legacy_user_id, supabase_user_id, reason, seen_email, seen_created_value)
SELECT k.legacy_user_id, k.account, k.reason, m.seen_email, m.seen_created_value
FROM unnest(%(users)s::text[], %(accounts)s::uuid[], %(reasons)s::text[]) AS k (legacy_user_id, account, reason)
LEFT JOIN etl.legacy_user_map AS m ON m.legacy_user_id = k.legacy_user_id
ON CONFLICT (legacy_user_id) DO NOTHING

-- name: release_spoken_for :exec
-- An operator has said whose account it is: what was on hold because of a forgotten person's id is not any more.
UPDATE etl.legacy_user_map AS m SET held = NULL
FROM etl.claims AS k
WHERE k.legacy_user_id = m.legacy_user_id AND k.supabase_user_id IS NOT NULL
  AND m.held = 'the legacy id was of somebody who was forgotten'

-- name: other_people :fragment {repeated}
-- Whose legacy id may be somebody else's by now. Whoever signed up at another moment is another person. A claim is by
-- address: where that has changed, the same moment of sign-up proves the same person, unless another user has it too (a
-- default that the app never changes), and so does a line of the claims file that was written about the new address.
-- What cannot be compared is held against itself as it stands, and nobody is known by having no address. Under an id
-- that two legacy users have, nobody can say whose rows are new.
WITH doubtful AS MATERIALIZED (
    SELECT m.legacy_user_id,
           m.created_value = m.seen_created_value OR m.created_at = m.seen_created_at AS is_of_one_day,
           m.seen_created_value,
           EXISTS (SELECT FROM etl.claims AS k
                   WHERE k.legacy_user_id = m.legacy_user_id AND k.supabase_user_id = m.supabase_user_id
                     AND (k.seen_email, k.seen_created_value) IS NOT DISTINCT FROM (m.seen_email, m.seen_created_value)
           ) AS is_vouched_for
    FROM etl.legacy_user_map AS m
    WHERE m.supabase_user_id IS NOT NULL
      AND (m.created_value <> m.seen_created_value AND m.created_at <> m.seen_created_at
           OR CASE WHEN coalesce(m.email_key, m.seen_email_key) IS NOT NULL
               THEN m.email_key IS DISTINCT FROM m.seen_email_key
               WHEN btrim(coalesce(m.email, m.seen_email, ''), E' \t\n\r\x0b\x0c') <> ''
               THEN m.email IS DISTINCT FROM m.seen_email
               ELSE m.created_value IS DISTINCT FROM m.seen_created_value END)),
shared AS (
    SELECT d.legacy_user_id
    FROM doubtful AS d
    JOIN etl.legacy_user_map AS o ON o.seen_created_value = d.seen_created_value AND o.legacy_user_id <> d.legacy_user_id
    WHERE o.snapshot = (SELECT s.snapshot FROM etl.staged AS s WHERE s."table" = 'users')),
judged AS (
    SELECT m.legacy_user_id,
           d.legacy_user_id IS NOT NULL AND NOT d.is_vouched_for
           AND (d.is_of_one_day IS NOT TRUE OR d.legacy_user_id IN (SELECT legacy_user_id FROM shared))
           OR m.supabase_user_id IS NOT NULL AND m.legacy_user_id IN ({repeated}) AS is_another
    FROM etl.legacy_user_map AS m
    LEFT JOIN doubtful AS d ON d.legacy_user_id = m.legacy_user_id)
SELECT j.legacy_user_id, j.is_another
FROM judged AS j
JOIN etl.legacy_user_map AS m ON m.legacy_user_id = j.legacy_user_id AND m.is_another <> j.is_another

-- name: mark_other_people :exec {people}
-- Says of each whether somebody else has the legacy id.
UPDATE etl.legacy_user_map AS m SET is_another = j.is_another
FROM ({people}) AS j WHERE j.legacy_user_id = m.legacy_user_id

-- name: find_other_people :first {people}
-- One of whom it is not said yet.
SELECT j.legacy_user_id FROM ({people}) AS j LIMIT 1
