"""A message before it is looked through: tidied, and without what is fine."""

import functools

from chatbot.nlu.hangul import joined, tidy
from chatbot.nlu.morphemes import Morpheme, MorphemeAnalyser


def squashed(text: str) -> str:
    """``text`` in the form in which listed words are compared: tidied, without case and white space."""
    return "".join(tidy(text).casefold().split())


@functools.lru_cache(maxsize=4)
def masked(message: str, fine: tuple[str, ...]) -> str:
    """The tidied message in lower case with its syllables joined, its exceptions (with or without spaces inside)
    blanked out."""
    text = joined(tidy(message)).casefold()
    letters = [(character, at) for at, character in enumerate(text) if not character.isspace()]
    together = "".join(character for character, _ in letters)
    blanked = list(text)
    for exception in _exceptions(fine):
        start = together.find(exception) if exception else -1
        while start >= 0:
            for _, at in letters[start : start + len(exception)]:
                blanked[at] = " "
            start = together.find(exception, start + len(exception))
    return "".join(blanked)


@functools.lru_cache(maxsize=4)
def analysed(text: str, analyser: MorphemeAnalyser) -> tuple[Morpheme, ...]:
    """The morphemes of a masked message: danger and abuse look at the same."""
    return tuple(analyser.morphemes(text))


@functools.lru_cache(maxsize=2)
def _exceptions(fine: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(squashed, fine))
