"""Pure polars: a frame in, frames out. Knows no file, no driver and no Dagster."""
