import random
import tomllib
from collections.abc import Iterator
from typing import Any

from chatbot.models import Intent
from chatbot.nlu.facets import FACETS
from chatbot.providers.templates import WORDING, fill, patterns, say


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)


def test_particles_follow_the_last_sound() -> None:
    pattern = "{category}{category:은/는} {category}{category:으로/로}"
    assert fill(pattern, {"category": "비건"}) == "비건은 비건으로"
    assert fill(pattern, {"category": "디지털"}) == "디지털은 디지털로"
    assert fill(pattern, {"category": "제로웨이스트"}) == "제로웨이스트는 제로웨이스트로"


def test_values_are_not_looked_at_again() -> None:
    assert fill("{subject} 이야기", {"subject": "{category}", "category": "비건"}) == "{category} 이야기"


def test_what_was_said_is_not_said_again_while_there_is_something_else() -> None:
    choices = ["하나", "둘"]
    assert {say(choices, {}, random.Random(seed), said=["하나"]) for seed in range(20)} == {"둘"}
    assert {say(choices, {}, random.Random(seed), said=choices) for seed in range(20)} == {"하나", "둘"}


def test_every_recommendation_names_its_category() -> None:
    talk = tomllib.loads(WORDING.read_text("utf-8"))["talk"]
    without_challenges = {"greeting", "thanks", "after_help", "declined", "help"}
    without_challenges |= {"explain", "which", "tip"}
    nameless = [
        text
        for name, value in talk.items()
        if name not in without_challenges
        for text in leaves(value)
        if "{category}" not in text
    ]
    assert nameless == []
    assert all("{category}" in pattern for facet in FACETS.values() for pattern in facet.sentences)


def test_every_intent_has_words() -> None:
    elsewhere = {Intent.REFINE: "refine", Intent.ABUSE: "declined", Intent.DANGER: "help"}
    talk = tomllib.loads(WORDING.read_text("utf-8"))["talk"]
    assert [intent for intent in Intent if elsewhere.get(intent, intent) not in talk] == []


def test_a_place_without_patterns_has_none() -> None:
    assert patterns("talk", "no such intent") == []
    assert patterns("talk", "refine") != []
