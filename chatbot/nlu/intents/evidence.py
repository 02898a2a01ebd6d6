"""The evidence in a message from which the rules decide its intent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from chatbot.answers.rules import Challenge
from chatbot.models import Intent
from chatbot.nlu.facets import FACETS
from chatbot.nlu.intents.entities import EntityMatchers, MatchedBy, Mention, entity_matchers
from chatbot.nlu.intents.facet_rules import facets_in
from chatbot.nlu.intents.mention_roles import CategoryMentions, Role, resolve_categories, stated_option
from chatbot.nlu.intents.parsing import ParsedMessage
from chatbot.nlu.intents.understanding import Reason, TurnInput, Understanding
from chatbot.nlu.morphemes import CONTENT_TAGS, Opinion

SURE = 0.3
"""Margin from which on the classifier's opinion counts more than a pattern."""

SHORT = 3
"""Morphemes up to which a message is a name or a set phrase."""

_CALLS = frozenset({"ㄱㄱ", "ㄱ", "고고"})
_NAMED = frozenset({"NNG", "NNP", "NR", "XR", "SL", "UN"})


@dataclass(frozen=True)
class Evidence:
    """A message with properties for the rules. Each property is computed when a rule first uses it."""

    turn: TurnInput
    parsed: ParsedMessage
    reasons: list[Reason] = field(default_factory=list)

    @cached_property
    def shown(self) -> Sequence[Challenge]:
        """The challenges of the session's last recommendation, in their order."""
        return self.turn.memory.shown

    @cached_property
    def _matchers(self) -> EntityMatchers:
        return entity_matchers(self.turn.options, analyser=self.turn.analyser)

    @cached_property
    def mentions(self) -> list[Mention]:
        """The mentions of categories."""
        matcher = self._matchers.categories
        if any(character.isalnum() for character in self.parsed.text):
            return matcher.mentions(self.parsed)
        emoji = matcher.emoji(self.parsed)
        return [emoji] if emoji is not None else []

    @cached_property
    def categories(self) -> CategoryMentions:
        return resolve_categories(self.mentions, self.parsed, current=self.turn.memory.category)

    @cached_property
    def opinion(self) -> Opinion | None:
        """What the classifier says; None without one."""
        return self.turn.analyser.opinion(self.parsed.text)

    def doubts(self, *intents: Intent) -> bool:
        """Whether the classifier is sure that the message wants none of these. Short messages are known by heart."""
        if len(self.parsed.morphemes) <= SHORT:
            return False
        return self.opinion is not None and self.opinion.intent not in intents and self.opinion.margin > SURE

    @cached_property
    def facets(self) -> tuple[str, ...]:
        """As the patterns say. The classifier adds what they miss, never the opposite."""
        found = self._facets[0]
        said = self.opinion.facets if self.opinion is not None else ()
        return tuple(dict.fromkeys((*found, *(facet for facet in said if FACETS[facet].opposite not in found))))

    @cached_property
    def _facets(self) -> tuple[tuple[str, ...], tuple[Reason, ...]]:
        named = (mention for mention in self.mentions if mention.by is not MatchedBy.KEYWORD)
        return facets_in(self.parsed, besides=frozenset(at for mention in named for at in range(*mention.span)))

    @cached_property
    def location(self) -> Mention | None:
        return stated_option(self._matchers.locations, self.parsed, work=False)

    @cached_property
    def work_type(self) -> Mention | None:
        return stated_option(self._matchers.work_types, self.parsed, work=True)

    @cached_property
    def nouns(self) -> tuple[str, ...]:
        """Nouns and similar words, without those that only express a request."""
        asking = self.parsed.lexicon.words["request.words"]
        return tuple(one.form for one in self.parsed.morphemes if one.tag in _NAMED and one.form not in asking)

    @cached_property
    def topic(self) -> tuple[str, ...]:
        """The words for searching challenges, each once, without words of requests and names of refused things."""
        asking = self.parsed.lexicon.words["request.words"]
        skipped = {
            at for mention, role in self.categories.mentions if role is not Role.WANTED for at in range(*mention.span)
        }
        words = (
            one.form
            for at, one in enumerate(self.parsed.morphemes)
            if at not in skipped and one.tag in CONTENT_TAGS - {"SN", "MAG"} and one.form not in asking
        )
        return tuple(dict.fromkeys(words))

    def notices(self, name: str) -> bool:
        """Whether the message matches the lexicon's patterns ``name``. A match is added to the reasons."""
        found = self.parsed.find(name)
        if found is None:
            return False
        self.reasons.append({"code": name.partition(".")[0], "words": [self.parsed.surface(found)]})
        return True

    def is_thanks(self) -> bool:
        """Whether the message clearly expresses thanks and has no request."""
        return self.parsed.has("thanks.strong") and not self.is_request() and not self.is_question()

    def is_question(self) -> bool:
        return any(map(self.parsed.is_asked, self.parsed.clauses))

    def is_request(self) -> bool:
        """Whether the message is a request: 추천해 줘, 쉬운 거 추천, 알려 주세요."""
        morphemes = self.parsed.morphemes
        last = [one for one in morphemes if one.tag not in {"SF", "SW", "SP", "W_EMOJI"} or one.form in _CALLS][-1:]
        if last and len(morphemes) > 1 and last[0].form in _CALLS | {"추천", "부탁"}:
            return True
        return any(
            one.form in {"주", "달", "다오"} and one.tag in {"VX", "VV"} and self._ends(at + 1)
            for at, one in enumerate(morphemes)
        )

    def _ends(self, at: int) -> bool:
        """Whether the verb before ``at`` ends its sentence."""
        rest = [one for one in self.parsed.morphemes[at:] if one.tag not in {"EP", "SF", "SW", "JX", "IC"}]
        return not rest or rest[0].tag == "EF" or (rest[0].tag == "EC" and len(rest) == 1)

    def wants_challenges(self) -> bool:
        """Whether the message requests challenges."""
        return self.parsed.has("request.patterns")

    def conclude(
        self,
        intent: Intent,
        *reasons: Reason,
        category: str = "",
        avoid: frozenset[str] = frozenset(),
        number: int | None = None,
    ) -> Understanding:
        """The understanding: the intent, and all other properties of the message."""
        place, work = self.location, self.work_type
        noticed: list[Reason] = [*self.categories.reasons, *self.reasons, *reasons, *self._facets[1]]
        noticed += [{"code": "location", "words": [place.words], "location": place.key}] if place else []
        noticed += [{"code": "work_type", "words": [work.words], "work_type": work.key}] if work else []
        return Understanding(
            intent,
            category=category,
            avoid=avoid,
            location=place.key if place else "",
            work_type=work.key if work else "",
            number=number,
            facets=self.facets,
            topic=self.topic,
            reasons=tuple(noticed) or ({"code": "nothing_special", "words": []},),
        )
