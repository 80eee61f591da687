"""The end of a migration: freeze, cleanup, what to switch on again. It owns no table of its own."""
