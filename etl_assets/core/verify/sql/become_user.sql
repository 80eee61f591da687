-- What PostgREST sets for a signed-in user, and the limit on time that Supabase gives her.
SELECT set_config('request.jwt.claims', %(claims)s, true), set_config('request.jwt.claim.sub', %(account)s, true),
       set_config('row_security', 'on', true), set_config('search_path', 'public, extensions', true),
       set_config('statement_timeout', '8s', true)
