"""Versions in the admin, and the results of their answers in few queries."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries, Settings

from chatbot.admin.studio.versions import Results, results, sources_table
from chatbot.models import ChatSession, Feedback, Generation, PromptVersion, Purpose
from tests.chatbot.admin.studio.asking import address
from tests.prompts import USER_TEXT, base_info, make_live, make_version, person

pytestmark = pytest.mark.django_db

LIST = "/admin/chatbot/promptversion/"


def change(version: PromptVersion) -> str:
    return reverse("admin:chatbot_promptversion_change", args=[version.pk])


def names(client: Client, query: dict[str, str]) -> list[str]:
    return [str(row) for row in client.get(LIST, query).context["cl"].result_list]


def test_a_version_shows_its_texts_its_releases_and_how_it_does(operator: Client) -> None:
    version = make_version(system_text="차분하게.", note="더 차분하게", author=person("writer"), temperature=0.5)
    page = operator.get(change(version)).content.decode()
    texts = ("차분하게.", USER_TEXT, "더 차분하게", "writer", "0.5", version.content_hash, "It was never live.")
    for text in (*texts, "Nothing was written with it yet."):
        assert text in page, text
    assert "<textarea" not in page
    make_live(version)
    page = operator.get(change(version)).content.decode()
    assert re.search(r"automatic · [\d: -]+ · – · in place of base-info@1<br>Because a test says so\.", page)


def test_a_version_leads_to_its_comparisons(operator: Client) -> None:
    compare = address("compare")
    links = (f"{compare}?left=2&amp;right=draft", f"{compare}?left=2&amp;right=live")
    version = make_version()
    page = operator.get(change(version)).content.decode()
    assert all(link in page for link in (*links, address("change")))
    make_live(version)
    page = operator.get(change(version)).content.decode()
    assert [link in page for link in links] == [True, False]


def test_versions_are_found_by_note_and_text_and_the_newest_is_first(operator: Client) -> None:
    make_version(note="더 다정하게")
    make_version(system_text="바다 이야기")
    assert names(operator, {}) == ["base-info@3", "base-info@2", "free-text@1", "base-info@1"]
    assert names(operator, {"q": "더 다정하게"}) == ["base-info@2"]
    assert names(operator, {"q": "바다 이야기"}) == ["base-info@3"]
    assert names(operator, {"template__id__exact": str(base_info().pk), "q": "없는 것"}) == []


def test_the_list_marks_what_is_live(operator: Client) -> None:
    make_live(make_version())
    rows = operator.get(LIST).content.decode().split("<tr")
    assert [("live" in re.sub("<[^>]*>", "", row), "base-info@2" in row) for row in rows if ">base-info@" in row] == [
        (True, True),
        (False, False),
    ]


def test_authors_of_versions_cannot_be_deleted(root: Client) -> None:
    writer = person("writer")
    make_version(author=writer)
    response = root.post(reverse("admin:auth_user_delete", args=[writer.pk]), {"post": "yes"})
    assert response.status_code in {200, 403}
    assert User.objects.filter(pk=writer.pk).exists()


# --- results ---------------------------------------------------------------------------------------------------------


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


def test_running_generations_and_trials_do_not_count() -> None:
    one = first()
    for purpose in (Purpose.TRIAL, Purpose.CHECK):
        generation(one, "completed", purpose=purpose, first_token_ms=5)
        generation(None, "completed", purpose=purpose, first_token_ms=5)
    with translation.override("en"):
        assert "Nothing was written with it yet." in sources_table(one)
    generation(one, "running", event_count=None)
    assert facts(results([one.pk])[one.pk]) == NOTHING
    assert results([]) == {}


def test_what_its_model_did_not_write_says_nothing_of_a_prompt(settings: Settings) -> None:
    settings.LEAFRESH_FALLBACK_MODELS = ["openai:b"]
    one = first()
    thumb(generation(one, "completed", source="catalog", first_token_ms=1), "up")
    thumb(generation(one, "completed", source="openai:b", first_token_ms=1), "up")
    assert facts(results([one.pk])[one.pk]) == NOTHING
    generation(one, "completed", first_token_ms=900)
    assert facts(results([one.pk])[one.pk]) == {**NOTHING, "answers": 1, "ways": [1, 0, 0, 0, 0], "first_token_ms": 900}


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


def test_the_live_version_is_seen_beside_the_one_before(operator: Client) -> None:
    for _ in range(3):
        generation(first(), "completed", "mended", first_token_ms=120)
    generation(first(), "completed", first_token_ms=100)
    version = make_version()
    make_live(version)
    generation(version, "failed")
    columns = operator.get(address("change")).context["columns"]
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
