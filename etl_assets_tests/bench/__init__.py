"""How fast, in how much memory: whole processes against a floor and against the guide's own procedure."""
