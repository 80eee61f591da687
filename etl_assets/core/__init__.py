"""Moves a history and proves it: claiming, staging, gate, load, verification. It knows no Dagster."""
