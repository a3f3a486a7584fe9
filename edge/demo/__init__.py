"""A whole small city on this machine, and the oracle that counts what became of it."""
