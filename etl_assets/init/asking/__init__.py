"""What `init` is not sure of: the questions with their evidence, what was answered, and the judgements for tools.

It owns no table of schema `etl`.
"""
