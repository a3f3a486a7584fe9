"""Files that people write: YAML text becomes typed data, and every mistake has its line."""
