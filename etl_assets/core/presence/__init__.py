"""Which processes are at work on this target, seen from every machine.

It owns no table: a process holds advisory locks, which end with its session.
"""
