"""What lies outside: Postgres, the legacy SQLite, files. It knows no rule of a migration."""
