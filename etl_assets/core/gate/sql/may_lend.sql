-- Whether the current role may make another a member of a role: before PostgreSQL 16 every CREATEROLE could.
SELECT pg_has_role(%(role)s, 'MEMBER WITH ADMIN OPTION')
       OR (SELECT r.rolsuper OR r.rolcreaterole AND current_setting('server_version_num')::int < 160000
           FROM pg_roles AS r WHERE r.rolname = current_user)
