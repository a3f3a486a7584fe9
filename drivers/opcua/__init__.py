"""OPC UA: subscription and read."""
