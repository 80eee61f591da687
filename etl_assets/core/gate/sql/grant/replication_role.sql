-- May load without triggers; only a superuser can grant it.
GRANT SET ON PARAMETER session_replication_role TO {role}
