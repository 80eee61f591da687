"""Production against the ledger, and the books.

Owns `etl.compared` and `etl.last_found`.
"""
