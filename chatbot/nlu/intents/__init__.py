"""What a person wants: decided on morphemes and on the categories' own words, with reasons."""
