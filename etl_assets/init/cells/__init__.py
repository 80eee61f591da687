"""What the cells of a column are: their shapes, and the type, unit and format that nearly all of them fit.

It owns no table of schema `etl`.
"""
