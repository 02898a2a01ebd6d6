"""The names of everything that can be picked, made once for each state of the options."""

from dataclasses import dataclass

from challenges.catalog import Options
from chatbot.nlu.intents.names import Names
from chatbot.nlu.morphemes import MorphemeAnalyser


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names of everything that can be picked."""

    categories: Names
    locations: Names
    work_types: Names


_kept: tuple[MorphemeAnalyser, Options, KnownNames] | None = None


def known_names(known: Options, *, analyser: MorphemeAnalyser) -> KnownNames:
    """The names of ``known``; those of the latest are kept, as making them analyses each name."""
    global _kept  # noqa: PLW0603 - one immutable value, replaced as a whole
    kept = _kept
    if kept is not None and kept[0] is analyser and kept[1] is known:
        return kept[2]
    kinds = (known.categories, known.locations, known.work_types)
    names = KnownNames(*(Names(choices.values(), analyser) for choices in kinds))
    _kept = (analyser, known, names)
    return names
