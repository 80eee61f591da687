"""Takes a wave or a user out of production again.

Owns `etl.taken_out`.
"""
