"""What becomes of a staged row: ready, or why not.

Owns `etl.reissued`.
"""
