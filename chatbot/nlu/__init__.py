"""Understands Korean messages: morphemes, intents, entities, facets, danger and abuse."""
