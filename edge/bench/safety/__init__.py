"""The shield tried: every state of small junctions, random ones, and mutants of its own source."""
