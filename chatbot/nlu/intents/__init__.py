"""What a message wants (its intent), what it names, and the reasons: decided on morphemes and the categories' words."""
