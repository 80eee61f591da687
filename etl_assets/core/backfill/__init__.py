"""A column that the spec gained after rows were loaded: its values for these rows, and back again.

Owns no table: it writes values, ledger and former values together, as the load does.
"""
