"""Who is who, and who may claim.

Owns `etl.legacy_user_map`, `etl.claims`, `etl.waves`.
"""
