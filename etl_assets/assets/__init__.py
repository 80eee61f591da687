"""Thin Dagster: each artifact of the migration as an asset, each validation as a check."""
