"""Safety: recognises abuse, which is declined, and danger, which is answered with help. Admins edit the word lists."""
