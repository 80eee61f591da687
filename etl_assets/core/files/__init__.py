"""The files that rows name: copied before their rows arrive, proven, counted, taken away again.

Owns `etl.files` and `etl.loose_files`.
"""
