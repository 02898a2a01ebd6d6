"""Understanding Korean messages: morphemes, intents, entities, facets, and what tells of danger or abuse."""
