"""Erases a person who asked for it, wherever schema `etl` keeps something.

Owns `etl.forgotten`.
"""
