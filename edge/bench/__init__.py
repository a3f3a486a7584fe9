"""How much the line costs, as ratios to references in the same run."""
