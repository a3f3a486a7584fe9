"""Ways of steering for when the planner cannot: they need less, and know less."""
