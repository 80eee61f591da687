-- name: find_switched_off :one (tables)
-- What an operator may have switched off for the migration: triggers of these tables that do not fire, and tables that
-- Supabase's Realtime does not send.
WITH wanted AS (SELECT DISTINCT to_regclass(w.name) AS id FROM unnest(%(tables)s::text[]) AS w (name))
SELECT ARRAY(SELECT g.tgname || ' on ' || g.tgrelid::regclass::text
             FROM pg_trigger AS g JOIN wanted AS w ON w.id = g.tgrelid
             WHERE NOT g.tgisinternal AND g.tgenabled = 'D' ORDER BY 1),
       ARRAY(SELECT w.id::text FROM wanted AS w
             JOIN pg_publication AS p ON p.pubname = 'supabase_realtime' AND NOT p.puballtables
             WHERE w.id IS NOT NULL
               AND NOT EXISTS (SELECT FROM pg_publication_rel AS r WHERE r.prpubid = p.oid AND r.prrelid = w.id)
             ORDER BY 1)
