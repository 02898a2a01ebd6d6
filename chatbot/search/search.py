"""Looking up challenges and passages of documents by the words of a question.

    found = await search(
        "우유팩 어떻게 버려요?",
        analyser=await analyser_for(known, budget), budget=budget,
        known=known, revisions=revisions,   # as read for this request
        category="ZERO_WASTE", location="city", work_type="office", count=3,
    )

Morphemes are ranked by BM25; names and aliases of what can be picked, synonyms and words with a wrong letter count as
well. Nothing is found when too little of the question is met: the caller then picks from the catalogue by itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from asgiref.sync import sync_to_async

from challenges.catalog import Options
from chatbot.nlu.analyser_manager import TimeBudget
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.search.corpus import load_challenges, load_passages
from chatbot.search.index import Hit, Index, Wanted
from chatbot.search.index_manager import IndexManager, State


@dataclass(frozen=True, slots=True)
class Found:
    """A challenge, or a passage of a document, that matches a question.

    ``category`` is the key of a category, ``label`` its name; "" for a document for all categories. ``text`` is the
    challenge's description or the passage. ``score`` has no unit, and can be compared only within one search.
    """

    kind: Literal["challenge", "document"]
    id: int
    title: str
    text: str
    category: str
    label: str
    score: float
    link: str = ""


SPARE = 3
"""How many more rows than ``count`` are searched, because some may have been deleted since the index was built."""

_manager = IndexManager()


async def search(
    question: str,
    *,
    analyser: MorphemeAnalyser,
    budget: TimeBudget | None = None,
    known: Options,
    revisions: Mapping[str, str],
    category: str = "",
    only_category: bool = False,
    location: str = "",
    work_type: str = "",
    kind: Literal["challenge", "document"] | None = None,
    exclude_titles: Collection[str] = (),
    every_passage: bool = False,
    count: int = 3,
) -> list[Found]:
    """At most ``count`` active challenges and documents that match the question (words or any text), the best first.

    ``category``, ``location`` and ``work_type`` are keys. Rows that suit them get a higher score; "" means no
    preference. ``only_category`` excludes other categories, and ``kind`` the other kind. Challenges with a title in
    ``exclude_titles`` are excluded. Of a document, only the best passage is found, or with ``every_passage`` all.

    ``known`` and ``revisions`` are those of the request (``challenges.catalog.options``,
    ``challenges.revisions.read``). After a change of rows, the search waits up to a second for the new index. The first
    search waits for the first index. With a rough analyser, the latest index is used. Takes at most one SQL statement
    for challenges and one for documents. Raises AnalyserGone when the analyser does not answer within the ``budget``.
    No question raises an error, and neither does an index that cannot be built.
    """
    if count < 1 or not question.strip():
        return []
    index = _manager.latest if analyser.rough else await _manager.index(State.at(revisions, analyser, known))
    if index is None:
        return []
    wanted = Wanted(category, location, work_type, only_category, kind, every_passage)
    most = count + len(exclude_titles) + SPARE
    hits = await (budget or TimeBudget()).run(analyser, _hits, index, question, analyser, wanted, most)
    found = await sync_to_async(_load)(hits) if hits else []
    left_out = frozenset(exclude_titles)
    return [row for row in found if row.kind == "document" or row.title not in left_out][:count]


def _hits(index: Index, question: str, analyser: MorphemeAnalyser, wanted: Wanted, count: int) -> list[Hit]:
    return index.find(index.reader.concepts(question, analyser), wanted, count)


def _load(hits: Sequence[Hit]) -> list[Found]:
    challenge_ids = [hit.id for hit in hits if hit.passage < 0]
    places = [(hit.id, hit.passage) for hit in hits if hit.passage >= 0]
    challenges = load_challenges(challenge_ids) if challenge_ids else {}
    documents = load_passages(places) if places else {}
    found = []
    for hit in hits:
        row = challenges.get(hit.id) if hit.passage < 0 else documents.get((hit.id, hit.passage))
        if row is not None:
            found.append(
                Found(
                    kind="challenge" if hit.passage < 0 else "document",
                    id=hit.id,
                    title=row.title,
                    text=row.text,
                    category=row.category,
                    label=row.label,
                    score=hit.score,
                    link=row.link,
                )
            )
    return found
