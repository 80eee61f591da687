-- Is there such a role, may this session take it on, and which of these tables may it not read at all?
SELECT to_regrole(%(role)s) IS NOT NULL,
       coalesce(pg_has_role(to_regrole(%(role)s)::oid, 'MEMBER'), false),
       ARRAY(SELECT w.name FROM unnest(%(tables)s::text[]) AS w (name)
             JOIN pg_class AS c ON c.oid = to_regclass(w.name)
             WHERE NOT coalesce(has_schema_privilege(to_regrole(%(role)s)::oid, c.relnamespace, 'USAGE')
                                AND has_table_privilege(to_regrole(%(role)s)::oid, c.oid, 'SELECT'), false))
