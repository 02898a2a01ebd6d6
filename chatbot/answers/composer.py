"""The composer turns a model's text into the text that a person sees. It shows only text that keeps the contract.

Each part is checked before its first character is shown. A title is shown when it is complete and its description has
begun. If the sentence does not name its category, a clause is added at its end. A repeated challenge is left out. Text
that proves wrong later is taken back: a draft of the model's thinking, or a sentence that changes to another language.
The shown texts, joined, are the layout of the answer.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from challenges.text import lookup_name
from chatbot.answers.composed import Completed, Composed, Retracted, Shown
from chatbot.answers.draft import Draft
from chatbot.answers.object_parser import Characters, ObjectEnd, ObjectEvent, StringEnd
from chatbot.answers.rules import (
    CHALLENGES,
    HELP,
    RECOMMENDATION,
    Answer,
    Challenge,
    Line,
    category_clause,
    layout,
    names_category,
    utf16_length,
)
from chatbot.answers.scanner import Another, ScanEvent, Scanner
from chatbot.answers.similarity import Splitter, rough_words
from chatbot.answers.titles import TitleCheck

__all__ = ["Completed", "Composed", "Composer", "Retracted", "Shown"]


_FIELDS = {("title",), ("description",), ("category",)}


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
        self._options: dict[str, Any] = {"category": category, "labels": labels, "names": names, "given": given}
        self._category = category
        self._labels = labels
        self._names = {lookup_name(name): key for key, label in labels.items() for name in (label, key)}
        self._names = {**(names or {}), **self._names}
        self._kind = kind
        self._count = CHALLENGES if kind == RECOMMENDATION else 0
        self._title_check = TitleCheck(given, split, self.mends)
        self._waiting: deque[ScanEvent] = deque()
        self.unknown: list[str] = []
        self.progress = 0
        """A counter that increases with each character or part of an answer, except white space and repetitions."""
        self._scanner = Scanner(reads_on=True)
        self._recommend = self._new_line()
        self._recommended = False
        self._held: list[Composed] = []
        self._challenges: list[Challenge] = []
        self._draft = Draft(self._new_line())
        self._draft_path: tuple[str | int, ...] = ()
        self._shown_length = 0
        self._rival: Composer | None = None
        self._rival_events: list[ScanEvent] = []
        self._keep()

    def _new_line(self) -> Line:
        return Line(any_language=self._kind == HELP, is_trusted=self._title_check.is_trusted)

    def _keep(self) -> None:
        """Remembers the parts that the next text may not take back."""
        self._kept = (self._recommend, self._recommended, tuple(self._challenges), tuple(self._held))

    @property
    def visible(self) -> bool:
        """Whether any shown text remains."""
        return self._shown_length > 0

    @property
    def complete(self) -> bool:
        """Whether the answer is complete and keeps the contract. The rest of the provider's text is not needed."""
        return self._recommended and not self.missing

    @property
    def may_be_replaced(self) -> bool:
        """Whether the answer is complete, and one is being read that will replace it if it is complete too."""
        return self._rival is not None

    @property
    def sentence(self) -> bool:
        """Whether the sentence is complete."""
        return self._recommended

    @property
    def has_challenges(self) -> bool:
        """Whether there are complete challenges, shown or not."""
        return bool(self._challenges)

    @property
    def titles(self) -> list[str]:
        """Of the complete challenges, shown or not."""
        return [challenge.title for challenge in self._challenges]

    @property
    def missing(self) -> int:
        """How many challenges are still needed."""
        return self._count - len(self._challenges)

    @property
    def answer(self) -> Answer:
        """The complete parts of the answer. An unfinished sentence is kept as far as it was shown."""
        sentence = self._recommend.text if self._recommended else self._recommend.visible
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
        self._title_check.trust()
        if not self._recommend.text:
            self._recommend = self._new_line()
        self._draft = Draft(self._new_line())

    def feed(self, piece: str) -> list[Composed]:
        self._waiting.extend(self._scanner.feed(piece))
        return [] if self.unknown else self._go_on()

    def finish(self) -> list[Composed]:
        """Call it at the end of a provider's text. Returns what was held back."""
        self._waiting.extend(self._scanner.finish())
        return [] if self.unknown else self._go_on()

    def go_on(self) -> list[Composed]:
        """Continues with the text that was fed, now that ``split`` knows the words of the ``unknown`` titles."""
        self.unknown = []
        self._title_check.forget()
        return self._go_on()

    def _go_on(self) -> list[Composed]:
        composed: list[Composed] = []
        while self._waiting:
            event = self._waiting[0]
            if not isinstance(event, Another) and not self.complete and self._must_wait(event):
                break
            self._waiting.popleft()
            if self.complete and (self._rival or (isinstance(event, Another) and event.replaces)):
                composed += self._read_rival(event)
            elif isinstance(event, Another):
                composed += self._begin_another(event)
            elif self.complete:
                self._count_superfluous(event)
            else:
                composed += self._shown(list(self._take(event)))
        for name in self._scanner.mends:
            self.mends[name] = max(self.mends[name], 1)
        return composed

    def _read_rival(self, event: ScanEvent) -> list[Composed]:
        """Reads an answer that may replace the complete one. It does as soon as it is complete itself."""
        if self._rival is None or (isinstance(event, Another) and event.replaces):
            self._rival, self._rival_events = Composer(**self._options, kind=self._kind), []
            self._rival._kept = self._kept
            self._rival._begin_another(Another(replaces=True))
            return []
        self._rival_events.append(event)
        self._rival._waiting.append(event)
        self._rival._go_on()
        if self._rival.complete:
            self._waiting.extendleft(reversed(self._rival_events))
            self._rival = None
            return self._begin_another(Another(replaces=True))
        if isinstance(event, ObjectEnd) and not event.path:
            self._rival = None
        return []

    def _begin_another(self, event: Another) -> list[Composed]:
        """Another answer begins in the same text. It replaces or completes the first one."""
        self._give_up_draft()
        if not event.replaces:
            return self._retracted()
        self.mends["taken_back"] += 1
        self._recommend, self._recommended, challenges, held = self._kept
        if not self._recommended:
            self._recommend = self._new_line()
        self._challenges, self._held = list(challenges), list(held)
        self._title_check.forget()
        return self._retracted()

    def _give_up_draft(self) -> None:
        """Leaves out the unfinished challenge."""
        self._draft, self._draft_path = Draft(self._new_line()), ()
        self._drop_held()

    def _drop_held(self) -> None:
        """Removes the parts of an unfinished challenge that wait for the sentence."""
        while self._held and not isinstance(self._held[-1], Completed):
            self._held.pop()

    def _retracted(self) -> list[Composed]:
        """The retraction of shown text that does not belong to the answer, if there is any."""
        retraction = self.retraction
        if retraction is None:
            return []
        self._shown_length = retraction.length
        return [retraction]

    def _must_wait(self, event: ObjectEvent) -> bool:
        """Whether the event ends a title, and its words or the words of titles that it must not repeat are not known
        yet."""
        match event:
            case StringEnd(path=("challenges", _, "title")) if event.path[:2] == self._draft_path and self.missing:
                if self._draft.title is None:
                    self.unknown = self._title_check.unknown(self._draft.title_text, self.titles)
        return bool(self.unknown)

    def resume(self) -> list[Composed]:
        """Prepares for the text of another provider.

        A complete sentence is kept; an unfinished one is taken back. Complete challenges are kept. They wait for a
        sentence if there is none.
        """
        composed: list[Composed] = []
        if not self._recommended and self._recommend.text:
            composed += self._shown([Shown(text)] if (text := self._recommend.finish()) else [])
            if self._recommend.ends_a_sentence and not self._recommend.is_unusable:
                composed += self._shown(list(self._end_sentence()))
            if self._recommend.fault:
                self.mends[self._recommend.fault] += 1
        draft = self._draft
        if draft.opened and not draft.described and draft.description.ends_a_sentence:
            draft.finish()
        if draft.opened and draft.described:
            composed += self._shown(list(self._in_order([*self._open(draft), *self._close(draft)])))
        self._give_up_draft()
        if not self._recommended:
            self._recommend = self._new_line()
        composed += self._retracted()
        self._scanner = Scanner(reads_on=True)
        self._rival = None
        self._waiting.clear()
        self.unknown = []
        self._keep()
        return composed

    def _shown(self, composed: list[Composed]) -> list[Composed]:
        self._shown_length += sum(utf16_length(item.text) for item in composed if isinstance(item, Shown))
        return composed

    def _take(self, event: ObjectEvent) -> Iterator[Composed]:
        if event.path == ("recommend",) and not self._recommended:
            yield from self._take_recommend(event)
        elif len(event.path) >= 2 and event.path[0] == "challenges" and self.missing:
            yield from self._in_order(self._take_challenge(event))

    def _in_order(self, items: Iterable[Composed]) -> Iterator[Composed]:
        """The items of challenges. They wait if the model wrote them before the sentence, which must be shown first."""
        for item in items:
            if self._recommended:
                yield item
            else:
                self._held.append(item)

    def _take_recommend(self, event: ObjectEvent) -> Iterator[Composed]:
        line = self._recommend
        if isinstance(event, Characters):
            text = self._push(line, event.text)
        elif isinstance(event, StringEnd):
            text = line.finish()
            self.progress += 1
        else:
            return
        if text:
            yield Shown(text)
        if line.fault:
            yield from self._retracted()
        if not isinstance(event, StringEnd):
            return
        if line.is_unusable:
            self.mends[line.flaw or "foreign_sentence"] += 1
            self._recommend = self._new_line()
        elif line.text:
            yield from self._end_sentence()

    def _push(self, line: Line, fragment: str) -> str:
        """Adds the fragment to the line. Returns the text that can be shown now."""
        length = line.length
        text = line.push(fragment)
        self.progress += line.length > length
        return text

    def _end_sentence(self) -> Iterator[Composed]:
        self.mends.update(self._recommend.removed)
        label = self._labels.get(self._category, "")
        if self._kind == RECOMMENDATION and not names_category(self._recommend.text, label):
            self.mends["category_added"] += 1
            yield Shown(self._recommend.extend(category_clause(label)))
        self._recommended = True
        yield from self._held
        self._held = []

    def _take_challenge(self, event: ObjectEvent) -> Iterator[Composed]:
        if event.path[:2] != self._draft_path:
            self._draft, self._draft_path = Draft(self._new_line()), event.path[:2]
        draft = self._draft
        self.progress += isinstance(event, ObjectEnd) or event.path[2:] not in _FIELDS
        match event:
            case Characters(path=(_, _, "category")):
                draft.category += event.text
            case ObjectEnd(path=(_, _)):
                yield from self._close(draft)
            case Characters(path=(_, _, "title")) | StringEnd(path=(_, _, "title")) if draft.title is None:
                self.progress += draft.take_title(event, self._usable_title)
                yield from self._open(draft)
            case Characters(path=(_, _, "description")) | StringEnd(path=(_, _, "description")) if not draft.described:
                self.progress += draft.take_description(event)
                yield from self._open(draft)
        if draft.is_spoiled:
            draft.title = ""
            self._drop_held()
            if self._recommended:
                yield from self._retracted()

    def _usable_title(self, written: str) -> str:
        return self._title_check.usable(written, self.titles)

    def _open(self, draft: Draft) -> Iterator[Composed]:
        if text := draft.to_show(len(self._challenges) + 1):
            yield Shown(text)

    def _close(self, draft: Draft) -> Iterator[Composed]:
        if draft.is_complete and draft.title:
            self.mends.update(draft.description.removed)
            category = self._category_of(draft.category)
            challenge = Challenge(draft.title, draft.description.text, category, self._labels[category])
            self._challenges.append(challenge)
            self._title_check.add(draft.title)
            yield Completed(len(self._challenges), challenge)
        elif draft.description.is_unusable:
            self.mends[draft.description.flaw or "foreign_challenge"] += 1
        self._draft, self._draft_path = Draft(self._new_line()), ()

    def _category_of(self, written: str) -> str:
        """The key of the category that the model wrote, or of the selection's category if it is unknown."""
        category = self._names.get(lookup_name(written), "")
        if category in self._labels:
            return category
        self.mends["category_replaced"] += 1
        return self._category

    def _count_superfluous(self, event: ObjectEvent) -> None:
        match event:
            case ObjectEnd(path=("challenges", _)) if not self._title_check.is_trusted:
                self.mends["superfluous"] += 1
