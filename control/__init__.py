"""Deciding what the signals do."""
