"""Safety: abuse is declined, danger is answered with help. The lists of words are data that admins keep."""
