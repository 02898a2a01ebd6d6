"""What an answer is and how a model's text becomes one. Pure functions and values: text in, events out, no Django."""
