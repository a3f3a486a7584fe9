"""From the wire to a Scan, and from a Command to the wire."""
