"""A city in a drawer: physics, the sockets that serve it, and the faults around them."""
