"""Controllers of traffic signals, judged beside one another on a SUMO network."""
