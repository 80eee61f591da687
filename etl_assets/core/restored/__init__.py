"""Was the target, or schema `etl` alone, put back to an earlier time? It owns no table."""
