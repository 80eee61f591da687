-- May a signed-in user write the address in a profile: a privilege on the column, and no row level security or a policy
-- that lets her?
SELECT count(*), array_agg(f.what)
FROM (
    SELECT lower(w.privilege) AS what
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'email' AND NOT a.attisdropped
    CROSS JOIN (VALUES ('UPDATE', 'w'), ('INSERT', 'a')) AS w (privilege, command)
    JOIN pg_roles AS r ON r.rolname = 'authenticated'
    WHERE c.oid = to_regclass(%(profiles)s) AND has_column_privilege(r.oid, c.oid, a.attnum, w.privilege)
      AND (NOT c.relrowsecurity
           OR EXISTS (SELECT FROM pg_policy AS p
                      WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', w.command::"char")
                        AND (0 = ANY (p.polroles) OR EXISTS (
                            SELECT FROM unnest(p.polroles) AS m (role) WHERE pg_has_role(r.oid, m.role, 'MEMBER')))))) AS f
