"""The lists of words that a message is looked through for, as admins keep them."""

from dataclasses import dataclass

from challenges.revisions import Cached
from chatbot.models.knowledge import ListedWord, WordKind


@dataclass(frozen=True)
class WordLists:
    """The words and phrases of each kind; ``fine`` are exceptions."""

    abuse: tuple[str, ...] = ()
    self_harm: tuple[str, ...] = ()
    emergency: tuple[str, ...] = ()
    violence: tuple[str, ...] = ()
    fine: tuple[str, ...] = ()


def _load() -> WordLists:
    words: dict[str, list[str]] = {kind: [] for kind in WordKind.values}
    for kind, word in ListedWord.objects.order_by("pk").values_list("kind", "word"):
        words.setdefault(kind, []).append(word)
    return WordLists(**{kind: tuple(words[kind]) for kind in WordKind.values})


word_lists = Cached("words", _load)
"""Every listed word; read again when a row changed."""
