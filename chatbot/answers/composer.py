"""The composer turns a model's text into the text that a person sees. It shows only text that keeps the contract.

Shown text cannot be changed later, so each part is checked before its first character is shown. A title is shown when
it is complete and its description has begun. If the sentence does not name its category, a clause is added at its end.
A repeated challenge is left out. The shown texts, joined, are the layout of the answer.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from challenges.text import lookup_name
from chatbot.answers.rules import (
    CHALLENGES,
    HELP,
    RECOMMENDATION,
    Answer,
    Challenge,
    Line,
    category_clause,
    clean_title,
    layout,
    names_category,
    utf16_length,
)
from chatbot.answers.scanner import Characters, ObjectEnd, ScanEvent, Scanner, StringEnd
from chatbot.answers.similarity import Splitter, Taken, no_words, rough_words


@dataclass(frozen=True, slots=True)
class Shown:
    """The next piece of text for a person."""

    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """A challenge is complete and keeps the contract. ``index`` counts from 1."""

    index: int
    challenge: Challenge


@dataclass(frozen=True, slots=True)
class Retracted:
    """Only the first ``length`` UTF-16 code units of the shown text remain."""

    length: int


Composed = Shown | Completed | Retracted


@dataclass(slots=True)
class _Draft:
    """The challenge that is being read. ``title`` is None until it is complete, and "" when it cannot be used."""

    title_text: str = ""
    title: str | None = None
    description: Line = field(default_factory=Line)
    described: bool = False
    category: str = ""
    waiting: str = ""
    opened: bool = False


class Composer:
    """Composes an answer. Call ``feed`` with each piece of a provider's text; ``answer`` has the parts that are
    complete.

    If a provider ends before the answer is complete, call ``resume`` before the text of another provider, which
    continues the answer. ``category`` is the key of the selection's category. ``labels`` are the labels of all
    categories by key. ``names`` are the keys by each further name: models know names, not keys. ``given`` are titles
    that the answer must not repeat. They are compared by the words that ``split`` finds. If ``split`` does not know the
    words of a title yet, the composer waits before that title. The title is then in ``unknown``. Call ``go_on`` when
    its words are known. ``mends`` counts the corrections by name. If ``kind`` is not a recommendation, the answer is
    only a sentence, which need not name the category.
    """

    def __init__(
        self,
        *,
        category: str,
        labels: Mapping[str, str],
        names: Mapping[str, str] | None = None,
        given: Collection[str] = (),
        kind: str = RECOMMENDATION,
        split: Splitter = rough_words,
    ) -> None:
        self.mends: Counter[str] = Counter()
        self._category = category
        self._labels = labels
        self._names = {lookup_name(name): key for key, label in labels.items() for name in (label, key)}
        self._names = {**(names or {}), **self._names}
        self._kind = kind
        self._count = CHALLENGES if kind == RECOMMENDATION else 0
        self._split = split
        self._may_spare = False
        self._given = tuple(given)
        self._taken: Taken | None = None  # created for the first title; the catalogue does not need it
        self._waiting: deque[ScanEvent] = deque()
        self.unknown: list[str] = []
        self._scanner = Scanner()
        self._recommend = Line(any_language=self._kind == HELP)
        self._recommended = False
        self._held: list[Composed] = []
        self._challenges: list[Challenge] = []
        self._draft = _Draft()
        self._draft_path: tuple[str | int, ...] = ()
        self._shown_length = 0

    @property
    def visible(self) -> bool:
        """Whether any shown text remains."""
        return self._shown_length > 0

    @property
    def complete(self) -> bool:
        """Whether the answer is complete and keeps the contract. The rest of the provider's text is not needed."""
        return self._recommended and not self.missing

    @property
    def sentence(self) -> bool:
        """Whether the sentence is complete."""
        return self._recommended

    @property
    def missing(self) -> int:
        """How many challenges are still needed."""
        return self._count - len(self._challenges)

    @property
    def answer(self) -> Answer:
        """The complete parts of the answer. An unfinished sentence is kept as far as it was shown."""
        sentence = "" if self._recommend.foreign else self._recommend.text
        return Answer(sentence, tuple(self._challenges) if self._recommended else (), self._kind)

    @property
    def retraction(self) -> Retracted | None:
        """The retraction of a challenge that was partly shown; None if all shown text belongs to the answer."""
        kept = utf16_length(layout(self.answer))
        return None if kept == self._shown_length else Retracted(kept)

    def allow_given(self) -> None:
        """Allows repetitions of given challenges, and titles with similar meanings, from now on.

        The catalogue calls this when it has no other challenges. Superfluous challenges are then not counted as
        corrections.
        """
        self._given, self._split, self._may_spare = (), no_words, True
        self._taken = None

    @property
    def _titles(self) -> list[str]:
        """The titles of this answer and the given ones: a new title must not repeat them."""
        return [*self._given, *(challenge.title for challenge in self._challenges)]

    def feed(self, piece: str) -> list[Composed]:
        self._waiting.extend(self._scanner.feed(piece))
        if self._scanner.unquoted:
            self.mends["challenges_as_string"] = 1
        return [] if self.unknown else self._go_on()

    def go_on(self) -> list[Composed]:
        """Continues with the text that was fed, now that ``split`` knows the words of the ``unknown`` titles."""
        self.unknown, self._taken = [], None
        return self._go_on()

    def _go_on(self) -> list[Composed]:
        composed: list[Composed] = []
        while self._waiting:
            event = self._waiting[0]
            if not self.complete and self._must_wait(event):
                break
            self._waiting.popleft()
            if self.complete:
                self._count_superfluous(event)
            else:
                composed.extend(self._take(event))
        return self._shown(composed)

    def _must_wait(self, event: ScanEvent) -> bool:
        """Whether the event ends a title, and its words or the words of titles that it must not repeat are not known
        yet."""
        match event:
            case StringEnd(path=("challenges", _, "title")) if event.path[:2] == self._draft_path and self.missing:
                title = clean_title(self._draft.title_text)
                titles = [*self._titles, title] if title and self._draft.title is None else []
                self.unknown = [each for each in titles if self._split(each) is None]
        return bool(self.unknown)

    def resume(self) -> list[Composed]:
        """Prepares for the text of another provider. A complete sentence is kept; an unfinished one is taken back."""
        composed: list[Composed] = []
        if not self._recommended and self._recommend.ends_a_sentence and not self._recommend.foreign:
            composed.extend(self._end_sentence())
        draft = self._draft
        if draft.opened and draft.description.ends_a_sentence:
            draft.described = True
            composed.extend(self._close(draft))
        composed = self._shown(composed)
        if not self._recommended:
            self._recommend = Line(any_language=self._kind == HELP)
            self._held = []
            self._challenges = []
            self._taken = None
        if retraction := self.retraction:
            self._shown_length = retraction.length
            composed.append(retraction)
        self._scanner = Scanner()
        self._waiting.clear()
        self.unknown = []
        self._draft, self._draft_path = _Draft(), ()
        return composed

    def _shown(self, composed: list[Composed]) -> list[Composed]:
        self._shown_length += sum(utf16_length(item.text) for item in composed if isinstance(item, Shown))
        return composed

    def _take(self, event: ScanEvent) -> Iterator[Composed]:
        if event.path == ("recommend",) and not self._recommended:
            yield from self._take_recommend(event)
        elif len(event.path) >= 2 and event.path[0] == "challenges" and self.missing:
            for item in self._take_challenge(event):
                if self._recommended:
                    yield item
                else:  # the model wrote the challenges before the sentence: the sentence must be shown first
                    self._held.append(item)

    def _take_recommend(self, event: ScanEvent) -> Iterator[Composed]:
        if isinstance(event, Characters):
            text = self._recommend.push(event.text)
            if text:
                yield Shown(text)
        elif isinstance(event, StringEnd):
            if self._recommend.foreign:
                self.mends["foreign_sentence"] += 1
            elif self._recommend.text:
                yield from self._end_sentence()

    def _end_sentence(self) -> Iterator[Composed]:
        self.mends.update(self._recommend.removed)
        label = self._labels.get(self._category, "")
        if self._kind == RECOMMENDATION and not names_category(self._recommend.text, label):
            self.mends["category_added"] += 1
            yield Shown(self._recommend.push(f" {category_clause(label)}"))
        self._recommended = True
        yield from self._held
        self._held = []

    def _take_challenge(self, event: ScanEvent) -> Iterator[Composed]:
        if event.path[:2] != self._draft_path:
            self._draft, self._draft_path = _Draft(), event.path[:2]
        draft = self._draft
        match event:
            case Characters(path=(_, _, "title")) if draft.title is None:
                draft.title_text += event.text
            case StringEnd(path=(_, _, "title")) if draft.title is None:
                draft.title = self._usable_title(draft.title_text)
                yield from self._open(draft)
            case Characters(path=(_, _, "description")) if not draft.described:
                draft.waiting += draft.description.push(event.text)
                yield from self._open(draft)
            case StringEnd(path=(_, _, "description")):
                draft.described = bool(draft.description.text) and not draft.description.foreign
            case Characters(path=(_, _, "category")):
                draft.category += event.text
            case ObjectEnd(path=(_, _)):
                yield from self._close(draft)

    def _usable_title(self, text: str) -> str:
        """The title as it may be shown, or "" when the challenge cannot be used."""
        title = clean_title(text)
        if self._taken is None:
            self._taken = Taken(self._titles, split=self._split)
        if title and self._taken.has(title):
            self.mends["repetition"] += 1
            return ""
        if title and title != " ".join(text.split()):
            self.mends["title"] += 1
        return title

    def _open(self, draft: _Draft) -> Iterator[Composed]:
        """Shows the title when the description has begun, and then the description as it arrives."""
        if not draft.title or not draft.waiting:
            return
        head = "" if draft.opened else f"\n\n{len(self._challenges) + 1}. {draft.title}\n"
        draft.opened = True
        yield Shown(head + draft.waiting)
        draft.waiting = ""

    def _close(self, draft: _Draft) -> Iterator[Composed]:
        if draft.opened and draft.described and draft.title:
            category = self._names.get(lookup_name(draft.category), "")
            if category not in self._labels:
                category = self._category
                self.mends["category_replaced"] += 1
            self.mends.update(draft.description.removed)
            challenge = Challenge(draft.title, draft.description.text, category, self._labels[category])
            self._challenges.append(challenge)
            if self._taken is not None:
                self._taken.add(draft.title)
            yield Completed(len(self._challenges), challenge)
        elif draft.description.foreign:
            self.mends["foreign_challenge"] += 1
        self._draft, self._draft_path = _Draft(), ()

    def _count_superfluous(self, event: ScanEvent) -> None:
        match event:
            case ObjectEnd(path=("challenges", _)) if not self._may_spare:
                self.mends["superfluous"] += 1
