"""A junction derived from a SUMO road network."""
