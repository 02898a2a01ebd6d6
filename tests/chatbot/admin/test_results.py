"""How the answers of versions came out, counted in few queries."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from chatbot.admin.results import Results, results, sources_table
from chatbot.models import ChatSession, Feedback, Generation, PromptVersion, Purpose
from tests.prompts import base_info, make_live, make_version, superuser

pytestmark = pytest.mark.django_db


def first() -> PromptVersion:
    return PromptVersion.objects.get(template__key="base-info", number=1)


def generation(version: PromptVersion | None, outcome: str, enforcement: str = "as_it_came", **more: Any) -> Generation:
    selection = {"location": "city", "work_type": "office", "category": "VEGAN"}
    values = {"source": "openai:a", "seed": 1, "event_count": 1, **selection, **more}
    return Generation.objects.create(prompt_version=version, outcome=outcome, enforcement=enforcement, **values)


def thumb(generation: Generation, thumb: str) -> None:
    session = ChatSession.objects.create(key=f"s{Feedback.objects.count()}")
    Feedback.objects.create(session=session, generation=generation, thumb=thumb)


def facts(result: Results) -> dict[str, Any]:
    names = ("answers", "ways", "failed", "first_token_ms", "up", "down")
    return {name: getattr(result, name) for name in names}


NOTHING = {"answers": 0, "ways": [0, 0, 0, 0, 0], "failed": 0, "first_token_ms": None, "up": 0, "down": 0}


def test_every_version_has_its_own_figures(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    one, two, three = first(), make_version(), make_version(system_text="셋")
    liked = generation(one, "completed", first_token_ms=100)
    generation(one, "completed", "mended", first_token_ms=300)
    generation(one, "completed", "filled", first_token_ms=900)
    generation(one, "failed", first_token_ms=200)
    for outcome in ("stopped", "abandoned", "interrupted"):
        generation(one, outcome)
    disliked = generation(two, "completed", "repaired", first_token_ms=0)
    for opinion in ("up", "up", "down"):
        thumb(liked, opinion)
    thumb(disliked, "down")
    with django_assert_num_queries(4):
        found = results([one.pk, two.pk, three.pk])
    assert {version: facts(result) for version, result in found.items()} == {
        one.pk: {"answers": 3, "ways": [1, 1, 0, 0, 1], "failed": 1, "first_token_ms": 200, "up": 2, "down": 1},
        two.pk: {"answers": 1, "ways": [0, 0, 1, 0, 0], "failed": 0, "first_token_ms": 0, "up": 0, "down": 1},
        three.pk: NOTHING,
    }


def test_what_runs_and_what_nobody_asked_for_does_not_count() -> None:
    one = first()
    for purpose in (Purpose.TRIAL, Purpose.CHECK):
        generation(one, "completed", purpose=purpose, first_token_ms=5)
        generation(None, "completed", purpose=purpose, first_token_ms=5)
    with translation.override("en"):
        assert "Nothing was written with it yet." in sources_table(one)
    generation(one, "running", event_count=None)
    assert facts(results([one.pk])[one.pk]) == NOTHING
    assert results([]) == {}


@pytest.mark.parametrize(
    ("times", "median"),
    [([], None), ([7], 7), ([9, 1], 1), ([3, 1, 2], 2), ([4, 3, 2, 1], 2), ([5, 5, 5, 1], 5)],
)
def test_the_lower_median_of_the_times_that_are_known(times: list[int], median: int | None) -> None:
    for time in times:
        generation(first(), "completed", first_token_ms=time)
    generation(first(), "failed", first_token_ms=None)
    assert results([first().pk])[first().pk].first_token_ms == median


def test_the_table_has_a_row_for_each_source(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for outcome, enforcement in (
        *(("completed", "as_it_came"), ("completed", "mended"), ("completed", "mended")),
        *(("stopped", "as_it_came"), ("failed", "as_it_came")),
    ):
        generation(first(), outcome, enforcement, source="openai:<b>a</b>")
    answered = generation(first(), "completed", source="catalog")
    for opinion in ("up", "up", "down"):
        thumb(answered, opinion)
    version = first()
    with django_assert_num_queries(2):
        table = sources_table(version)
    cells = table.replace("<td", "|<td").split("<tbody>")[1]
    rows = [[cell.split(">")[-1].strip() for cell in row.split("</td>")[:-1]] for row in cells.split("<tr>")[1:]]
    assert rows == [
        ["1", "1", "0", "0", "0", "0", "0", "2", "1"],
        ["3", "1", "2", "0", "0", "0", "1", "0", "0"],
    ]
    assert table.index(">catalog<") < table.index(">openai:&lt;b&gt;a&lt;/b&gt;<")


def test_the_live_version_is_seen_beside_the_one_before(client: Client) -> None:
    client.force_login(superuser())
    for _ in range(3):
        generation(first(), "completed", "mended", first_token_ms=120)
    generation(first(), "completed", first_token_ms=100)
    version = make_version()
    make_live(version)
    generation(version, "failed")
    address = reverse("admin:chatbot_prompttemplate_change", args=[base_info().pk])
    columns = client.get(address, headers={"accept-language": "en"}).context["columns"]
    assert [str(version) for version in columns["versions"]] == ["base-info@2", "base-info@1"]
    assert columns["rows"] == [
        ("answers", [0, 4]),
        ("as it came", ["0", "1 (25%)"]),
        ("mended as it streamed", ["0", "3 (75%)"]),
        ("repaired", ["0", "0"]),
        ("asked again", ["0", "0"]),
        ("filled from the catalogue", ["0", "0"]),
        ("failed", [1, 0]),
        ("median time to first token", ["–", "120 ms"]),
        ("thumbs up", [0, 0]),
        ("thumbs down", [0, 0]),
    ]
