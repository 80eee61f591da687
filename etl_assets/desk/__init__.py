"""The desk: a small web site for the support person and for whoever signs. It reads; it owns no table of `etl`."""
