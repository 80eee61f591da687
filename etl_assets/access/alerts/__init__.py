"""Tells people: messages through apprise, a heartbeat over HTTP. Owns no table of schema `etl`."""
