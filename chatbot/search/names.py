"""What words mean beside themselves: other names of a category, a location or a work type, and everyday synonyms."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from challenges.catalog import Choice, Options
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.search.terms import terms

_WORDS = tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))

GENERAL = frozenset(_WORDS["general"])
"""Words of asking itself, which say nothing about what is asked for."""

Kind = Literal["category", "location", "work_type"]

NAMED = 1.0
"""How much a label or an alias says that something of its category, location or work type is meant."""

HINTED = 0.35
"""The same for a keyword of a category."""

ALSO = 0.8
"""How much a synonym counts beside the word itself."""


@dataclass(slots=True)
class Meaning:
    """``words`` are found as well, ``groups`` (kind and key) are preferred; each with its weight."""

    words: dict[str, float] = field(default_factory=dict)
    groups: dict[tuple[Kind, str], float] = field(default_factory=dict)


Names = Mapping[tuple[str, ...], Meaning]
"""By the words of a name."""

LONGEST_NAME = 4
"""Words of a name at most."""


def names(known: Options, analyser: MorphemeAnalyser) -> Names:
    """About 0.1 s, for each name is analysed."""
    found: dict[tuple[str, ...], Meaning] = defaultdict(Meaning)
    kinds: list[tuple[Kind, Mapping[str, Choice]]] = [
        ("category", known.categories),
        ("location", known.locations),
        ("work_type", known.work_types),
    ]
    listed = [choice for _, choices in kinds for choice in choices.values()]
    every = [name for each in listed for name in (each.label, *each.aliases, *each.keywords)]
    every += [name for group in _WORDS["groups"] for name in group]
    analysed = dict(zip(every, analyser.analyse(every), strict=True))

    def words_of(name: str) -> tuple[str, ...]:
        return tuple(term.word for term in terms(analysed[name]) if not term.compound)

    def join(written: Iterable[str], group: tuple[Kind, str] | None = None) -> None:
        listed = [words for name in written if 0 < len(words := words_of(name)) <= LONGEST_NAME]
        single = {words[0] for words in listed if len(words) == 1}
        for words in listed:
            meaning = found[words]
            meaning.words.update(dict.fromkeys(single - set(words), ALSO))
            if group is not None:
                meaning.groups[group] = NAMED

    for kind, choices in kinds:
        for choice in choices.values():
            join([choice.label, *choice.aliases], (kind, choice.key))
            for words in map(words_of, choice.keywords):
                if 0 < len(words) <= LONGEST_NAME:
                    found[words].groups.setdefault((kind, choice.key), HINTED)
    for group in _WORDS["groups"]:
        join(group)
    return dict(found)
