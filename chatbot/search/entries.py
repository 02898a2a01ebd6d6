"""One thing that can be found, as it is read for an index."""

from dataclasses import dataclass

EVERYWHERE = (1 << 63) - 1
"""The bits of something that suits every location, or every work type."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A challenge, or one passage of a document.

    ``passage`` counts the document's passages from 0 and is -1 for a challenge. ``category`` is the category's place in
    ``Keys.categories``, -1 for none. ``locations`` and ``work_types`` have a bit for each that suits.
    """

    id: int
    passage: int
    category: int
    locations: int
    work_types: int
    title: str
    text: str
