"""What one legacy cell becomes, and what is wrong with it: a rule per type.

No table of `etl`.
"""
