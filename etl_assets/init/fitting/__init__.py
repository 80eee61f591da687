"""A draft held against the tables of the target: ids, names, types, words, scales, and what nothing fills.

It owns no table of schema `etl`.
"""
