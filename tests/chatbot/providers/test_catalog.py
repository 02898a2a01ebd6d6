import json
import random
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import OperationalError

from challenges.catalog import Selection, options
from challenges.models import Challenge
from chatbot.models import Intent
from chatbot.nlu.facets import FACETS
from chatbot.providers import catalog
from chatbot.providers.base import ProviderError, ProviderRequest
from chatbot.providers.catalog import WORDING, CatalogProvider, fill, patterns, say, sentence
from tests.chatbot.db.test_errors import caused

pytestmark = pytest.mark.django_db


def selection() -> Selection:
    return options.get().select(location="mountain", work_type="office", category="PLOGGING")


def pieces(*, seed: int = 7, given: Sequence[str] = ()) -> list[str]:
    async def collect() -> list[str]:
        return [piece async for piece in CatalogProvider(delay_ms=0).stream(request)]

    request = ProviderRequest("", "", selection(), given, seed)
    return async_to_sync(collect)()


def written(*, given: Sequence[str] = ()) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads("".join(pieces(given=given)))
    return answer


def test_the_same_seed_gives_the_same_pieces() -> None:
    assert pieces(seed=1) == pieces(seed=1)
    assert pieces(seed=1) != pieces(seed=2)


def test_it_writes_as_a_model_would() -> None:
    assert {len(piece) for piece in pieces()[:-1]} == {1, 2, 3, 4}
    answer = written()
    assert "플로깅" in answer["recommend"]
    assert len({challenge["title"] for challenge in answer["challenges"]}) == 3
    assert {challenge["category"] for challenge in answer["challenges"]} == {"PLOGGING"}


def test_wording_varies_and_names_the_category() -> None:
    request = ProviderRequest("", "", selection(), (), 1)
    sentences = {sentence(request, random.Random(seed)) for seed in range(100)}
    assert len(sentences) >= 10
    assert all("플로깅" in each and "{" not in each for each in sentences)


def test_challenges_given_before_come_last_the_oldest_first() -> None:
    suiting = list(Challenge.objects.suiting(location="mountain", work_type="office", category="PLOGGING"))
    Challenge.objects.filter(category__key="PLOGGING").exclude(pk__in=[row.pk for row in suiting]).update(active=False)
    given = [challenge.title for challenge in suiting[:-1]]
    titles = [challenge["title"] for challenge in written(given=given)["challenges"]]
    assert titles == [suiting[-1].title, *given[:2]]


def test_a_thin_category_is_filled_from_its_neighbours() -> None:
    kept = Challenge.objects.suiting(location="mountain", work_type="office", category="PLOGGING")[:1].get()
    Challenge.objects.filter(category__key="PLOGGING").exclude(pk=kept.pk).update(active=False)
    challenges = written()["challenges"]
    assert challenges[0]["title"] == kept.title
    assert all(challenge["category"] != "PLOGGING" for challenge in challenges[1:])


def test_a_catalogue_that_is_too_small_is_said_to_be() -> None:
    Challenge.objects.filter(pk__gt=Challenge.objects.order_by("pk")[0].pk).update(active=False)
    with pytest.raises(ProviderError, match="only 1 active"):
        pieces()


@pytest.mark.parametrize("sqlstate", [None, "55P03"])
def test_what_was_read_lately_finishes_answers_while_the_database_is_gone_or_locked(
    monkeypatch: pytest.MonkeyPatch, sqlstate: str | None
) -> None:
    def refuse(**_: Any) -> None:
        raise caused(OperationalError("no connection"), sqlstate)

    monkeypatch.setattr(catalog, "_lately", {})
    first = [challenge["title"] for challenge in written()["challenges"]]
    more = [challenge["title"] for challenge in written(given=first)["challenges"]]
    monkeypatch.setattr(catalog, "suitable", refuse)
    assert {challenge["title"] for challenge in written(given=first)["challenges"]} == set(more)
    assert pieces(seed=1) == pieces(seed=1)
    monkeypatch.setattr(catalog, "_lately", {})
    with pytest.raises(OperationalError):
        written()


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
    without_challenges |= {"explain", "question", "which", "tip"}
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
