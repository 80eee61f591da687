"""What an expert sees in a legacy database: its users, secrets, keys, and what stays behind.

It owns no table of schema `etl`.
"""
