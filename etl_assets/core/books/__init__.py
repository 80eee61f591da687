"""The books: what became of every legacy row, counted once and carried from wave to wave.

Owns `etl.book`, `etl.totals`, `etl.wave_totals`.
"""
