"""Decides whether a message is about danger, or is abuse, before any other rule, in this order:

1. a phrase of the admins' danger lists always counts; a seeded phrase counts unless the weights are against it;
2. frames (``frames.toml``) are rules about morphemes: who does it, and which words exclude it;
3. the weights (``danger_classifier.py``) decide about messages that no rule covers;
4. abuse is a word of the admins' list or a pattern, unless the weights are against it; or the weights are certain.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from chatbot.nlu.morphemes import Morpheme, MorphemeAnalyser
from chatbot.nlu.safety.abuse import abuse, is_admins, is_curse, is_mentioned
from chatbot.nlu.safety.danger_classifier import KINDS, Floats, features, weights
from chatbot.nlu.safety.frames import frames
from chatbot.nlu.safety.listed_dangers import is_seeded, listed_danger
from chatbot.nlu.safety.normalisation import analysed, masked
from chatbot.nlu.safety.word_lists import WordLists

DANGERS = KINDS[2:]

DANGER_FROM = 0.62
"""The minimum share of danger among all kinds for which the weights decide alone. On two sets of messages that were
not used for training, all rules together recognised 293 of 300 dangers. They reported danger in 4 of 680 ordinary
messages."""

ABUSE_FROM = 0.55
"""The minimum share of abuse for which the weights decide alone: 4 false alarms in 1000, and 71 of 100 recognised."""

ABUSE_UP_TO = 0.2
"""Below this share of abuse, a seeded word does not count."""

CURSE_UP_TO = 0.08
"""Below this share of abuse, a curse does not count."""

CLEARLY_ORDINARY = 0.45
"""Above this share of ordinary messages, neither a seeded phrase nor a frame counts, for example if an airpod drowned.
Of 300 messages of people in danger that were not used for training, bounds of 0.35 to 0.55 missed none."""

CURSES_AT_NOTHING = 0.85
"""Above this share of ordinary messages, a curse about a thing, such as a missed bus, does not count."""

FEW_MORPHEMES = 3
"""With fewer morphemes the weights are less reliable, so they decide alone only with a higher share."""

DANGER_OF_FEW_FROM, ABUSE_OF_FEW_FROM = 0.85, 0.8
"""The minimum shares for which the weights decide alone about a message with few morphemes."""

OWN_HURT_FROM = 0.25
"""In an emergency with at least this share of self-harm, the answer names both help lines."""

_MARKS = frozenset({"SF", "SP", "SS", "SW", "SN"})

SHARPNESS = 2.0
"""The factor of scores in the softmax that computes the shares."""


@dataclass(frozen=True, slots=True)
class Concern:
    """A danger or abuse in a message.

    ``kind`` is a kind of the weights, but not ``none``. ``words`` is the text that was recognised. ``own_hurt``: the
    person has caused the emergency themselves.
    """

    kind: str
    words: str
    own_hurt: bool = False


def concern(
    message: str, *, words: WordLists, analyser: MorphemeAnalyser, names: Callable[[], Iterable[str]] = tuple
) -> Concern | None:
    """The danger or abuse in the message; None for an ordinary message. A name of the catalogue is never abuse."""
    text = masked(message, words.fine)
    morphemes = analysed(text, analyser)
    shares = _shares(text, None if analyser.rough else morphemes)
    found = _danger(text, morphemes, shares, words=words, analyser=analyser)
    if found is not None:
        return found
    insult = abuse(message, words=words, analyser=analyser)
    weighed = shares[1] > (ABUSE_OF_FEW_FROM if _is_short(morphemes) else ABUSE_FROM)
    if weighed or _counts(insult, message, shares, words=words, analyser=analyser):
        rest = masked(message, tuple(sorted(names())))
        if rest.strip() and (insult is None or abuse(rest, words=words, analyser=analyser) is not None):
            return Concern("abuse", insult or "")
    return None


def _counts(insult: str | None, message: str, shares: Floats, *, words: WordLists, analyser: MorphemeAnalyser) -> bool:
    """Whether the found word is meant as an insult."""
    if insult is None:
        return False
    if shares[1] > ABUSE_UP_TO or is_admins(insult, words):
        return True
    curses = shares[1] > CURSE_UP_TO and shares[0] < CURSES_AT_NOTHING and is_curse(insult)
    return curses and not is_mentioned(message, words=words, analyser=analyser)


def _danger(
    text: str, morphemes: tuple[Morpheme, ...], shares: Floats, *, words: WordLists, analyser: MorphemeAnalyser
) -> Concern | None:
    listed = listed_danger(text, morphemes, words=words, analyser=analyser)
    ordinary = shares[0] > CLEARLY_ORDINARY
    if listed is not None and not (ordinary and is_seeded(listed)):
        return _concern(listed.kind, listed.word, morphemes, shares)
    filled = frames().find(morphemes)
    if filled is not None and not ordinary:
        frame, span = filled
        said = text[morphemes[span.start].start : morphemes[span.end - 1].end]
        return _concern(frame.kind, said, morphemes, shares)
    if shares[2:].sum() > (DANGER_OF_FEW_FROM if _is_short(morphemes) else DANGER_FROM):
        return _concern(DANGERS[int(shares[2:].argmax())], "", morphemes, shares)
    return None


def _is_short(morphemes: Sequence[Morpheme]) -> bool:
    return sum(morpheme.tag not in _MARKS for morpheme in morphemes) < FEW_MORPHEMES


def _concern(kind: str, said: str, morphemes: Sequence[Morpheme], shares: Floats) -> Concern:
    own = kind == "emergency" and (shares[2] > OWN_HURT_FROM or frames().own_hurt.first(morphemes) is not None)
    return Concern(kind, said, own_hurt=own)


def _shares(text: str, morphemes: Sequence[Morpheme] | None) -> Floats:
    scores = weights(rough=morphemes is None).scores(features(text, morphemes))
    powers = np.exp(SHARPNESS * scores)
    shares: Floats = powers / powers.sum()
    return shares
