"""Moves a legacy SQLite app to Supabase Postgres as Dagster assets."""
