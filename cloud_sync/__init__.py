"""Leaving the site: letters to the operations centre, and the road they take."""
