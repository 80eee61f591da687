"""Schema `etl`, and what it must not forget.

Owns `etl.meta`, `etl.audit_log`, `etl.staged`, `etl.final_books`; it makes every table.
"""
