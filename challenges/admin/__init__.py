"""The catalogue in the admin: options, challenges, their coverage, import and export."""

from challenges.admin import challenges, options

__all__ = ["challenges", "options"]
