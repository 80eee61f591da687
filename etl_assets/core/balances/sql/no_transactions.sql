-- No column to compare with.
SELECT NULL::text AS legacy_user_id, NULL::numeric AS total, NULL::numeric AS arrived WHERE false
