"""Streets of our own on which four vehicles in five are motorcycles."""
