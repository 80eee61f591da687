-- name: list_profile_ids :fragment {profiles}
-- Accounts by their profiles, where nobody asks which of them may hold anything.
SELECT p.id, NULL::text AS hindrance FROM {profiles} AS p
