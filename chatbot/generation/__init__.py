"""How a request becomes a generation, and a generation an answer."""
