-- What keeps this server from being a target at all. Supabase turns a project whose disk is full read-only.
SELECT count(*), array_agg(f.what)
FROM (VALUES
    ('older than PostgreSQL 15', current_setting('server_version_num')::int < 150000),
    ('its encoding is not UTF8', current_setting('server_encoding') <> 'UTF8'),
    ('a standby, which takes no writes', pg_is_in_recovery()),
    ('in read-only mode', (SELECT s.setting = 'on' OR s.reset_val = 'on' FROM pg_settings AS s
                           WHERE s.name = 'default_transaction_read_only'))) AS f (what, holds)
WHERE f.holds
