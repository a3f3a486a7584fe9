"""What a signal did, in the codes that traffic engineers read, and how well it did it."""
