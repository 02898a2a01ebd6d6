"""Sessions: what a person and the bot said to each other."""
