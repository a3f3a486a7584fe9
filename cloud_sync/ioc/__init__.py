"""The receiver that the operations centre runs."""
