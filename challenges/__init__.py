"""The catalogue: categories, locations, work types and the curated challenges. It does not depend on the chatbot."""
