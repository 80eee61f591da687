"""The spec's language as a page, and as a JSON schema for editors; both come from the model and its docstrings."""
