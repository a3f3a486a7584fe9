"""Numbers only: compiled loops over arrays, with a typed face elsewhere."""
