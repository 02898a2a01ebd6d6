"""What can be recommended: categories, locations, work types and the curated challenges. Knows nothing of chatbots."""
