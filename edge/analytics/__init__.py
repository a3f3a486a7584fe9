"""Rules that look at a stream of scans and say what happened."""
