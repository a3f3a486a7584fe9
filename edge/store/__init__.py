"""What is durable: segments of scans, and the outbox."""
