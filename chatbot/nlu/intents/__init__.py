"""Determines the intent of a message, the entities in it, and the reasons, from morphemes and category names."""
