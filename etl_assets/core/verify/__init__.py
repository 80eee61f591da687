"""Production against the ledger, and the books.

Owns `etl.compared`.
"""
