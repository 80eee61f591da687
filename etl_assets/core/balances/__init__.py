"""Balances and attributes of profiles.

Owns `etl.legacy_balances`, `etl.balances`, `etl.legacy_profile`, `etl.profile_values`.
"""
