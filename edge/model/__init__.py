"""The vocabulary: standard library and numpy only."""
