"""Long runs with commands of their own; the README's Developing section names them."""
