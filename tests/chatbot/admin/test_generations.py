"""Reading generations."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from challenges.models import Category
from chatbot.models import ChatSession, Generation, Outcome, PromptVersion, Purpose, Turn
from tests.chatbot.admin.conversations import live_version, make, message_turn, staff
from tests.prompts import make_version

pytestmark = pytest.mark.django_db

LIST = "/admin/chatbot/generation/"


def _shown(page: Client, query: dict[str, Any]) -> list[Any]:
    return [row.pk for row in page.get(LIST, query).context["cl"].result_list]


def test_list_shows_labels_outcome_and_times(page: Client) -> None:
    make()
    html = page.get(LIST).content.decode()
    for text in ("비건", "바닷가", "영업직", "base-info@1", "catalogue", "completed", "0.32 s", "2.14 s"):
        assert text in html, text


def test_a_selection_that_is_gone_is_shown_by_its_key(page: Client) -> None:
    make(category="WATER")
    assert "WATER" in page.get(LIST).content.decode()
    Category.objects.filter(key="VEGAN").update(active=False)
    assert "비건" in page.get(f"{LIST}{make().pk}/change/").content.decode()


def test_filters(page: Client) -> None:
    make()
    failed = make(
        outcome=Outcome.FAILED, answer=None, error="모델이 대답하지 않았어요", source="openai:x", category="MEDIA"
    )
    other = make_version()
    newer = make(prompt_version=other)
    assert _shown(page, {"outcome__exact": "failed"}) == [failed.pk]
    assert _shown(page, {"source": "openai:x"}) == [failed.pk]
    assert _shown(page, {"category": "MEDIA"}) == [failed.pk]
    assert _shown(page, {"prompt_version": str(other.pk)}) == [newer.pk]
    assert len(_shown(page, {"started_at__gte": "2000-01-01 00:00:00+09:00"})) == 3
    assert len(_shown(page, {"outcome__exact": "", "source": "", "prompt_version": "x"})) == 3


@pytest.mark.parametrize(
    ("purpose", "words"), [(Purpose.TRIAL, "trial in the studio"), (Purpose.CHECK, "check before publishing")]
)
def test_what_a_draft_wrote_is_called_what_it_was_for(page: Client, purpose: Purpose, words: str) -> None:
    """A draft is no version, so there is none to name."""
    real = make()
    tried = make(prompt_version=None, purpose=purpose)
    tried_live = make(purpose=purpose)
    assert _shown(page, {"purpose__exact": purpose}) == [tried_live.pk, tried.pk]
    assert _shown(page, {"purpose__exact": "public"}) == [real.pk]
    assert _shown(page, {"prompt_version": str(live_version().pk)}) == [tried_live.pk, real.pk]
    cells = re.findall(r"<td[^>]*field-version[^>]*>(.*?)</td>", page.get(LIST).content.decode(), re.DOTALL)
    assert [re.sub(r"<[^>]*>", "", cell).strip() for cell in cells] == ["base-info@1", words, "base-info@1"]
    for generation, times in {tried: 2, tried_live: 1}.items():
        html = page.get(f"{LIST}{generation.pk}/change/").content.decode()
        assert len(re.findall(rf">\s*{words}\s*<", html)) == times
        assert "It belongs to no session." in html
    assert "for a person" in page.get(f"{LIST}{real.pk}/change/").content.decode()


@pytest.mark.parametrize("may_read_prompts", [True, False])
def test_the_prompt_is_shown_to_those_who_may_read_prompts(may_read_prompts: bool) -> None:
    generation = make(system_prompt="비밀 지침", user_prompt="고른 것", raw_text="날것")
    client = staff("view_generation", "view_turn", *(["view_promptversion"] if may_read_prompts else []))
    html = client.get(f"{LIST}{generation.pk}/change/").content.decode()
    for text in ("비밀 지침", "고른 것", "날것"):
        assert (text in html) is may_read_prompts, text
    assert "sources tried" in html.lower()


def test_search_by_id(page: Client) -> None:
    wanted = make()
    make()
    for term in (str(wanted.pk), wanted.pk.hex, str(wanted.pk)[:8], f" {str(wanted.pk)[:13]} "):
        assert _shown(page, {"q": term}) == [wanted.pk], term
    assert _shown(page, {"q": "없는 것"}) == []


def test_detail_shows_the_answer_as_a_person_sees_it_and_everything_escaped(page: Client) -> None:
    generation = make()
    Turn.objects.create(session=ChatSession.objects.create(key="abc&<b>"), generation=generation)
    html = page.get(f"{LIST}{generation.pk}/change/").content.decode()
    for text in ("1. 두부 1", "3. 두부 3", "비건 · VEGAN", "너는 도우미야.", "42", "0.32 s", "abc&amp;&lt;b&gt;"):
        assert text in html, text
    assert "<script>x()" not in html
    assert html.count("&lt;script&gt;x()") == 2
    assert "<b>부쳐" not in html
    assert "&quot;recommend&quot;" not in html


def test_a_message_is_shown_with_its_understanding_and_search_results(page: Client) -> None:
    generation = message_turn().generation
    html = page.get(f"{LIST}{generation.pk}/change/").content.decode()
    for text in (
        "비건으로 바꿔줘 &lt;script&gt;",
        "Wants another category, by its name",
        "채식 &lt;script&gt;",
        "phone-1",
    ):
        assert text in html, text
    assert ">\n\nrecommendation\n<" in html
    assert "<script>x()" not in html


def test_the_message_of_a_trial_is_shown_without_a_session(page: Client) -> None:
    message = "<message>\n더 쉬운 거 <b>없어</b>?\n</message>"
    trial = make(prompt_version=None, purpose=Purpose.TRIAL, variables={"message": message})
    html = page.get(f"{LIST}{trial.pk}/change/").content.decode()
    assert ">더 쉬운 거 &lt;b&gt;없어&lt;/b&gt;?</p>" in html
    assert 'class="understood"' not in html


def test_a_selection_has_no_message(page: Client) -> None:
    assert "field-message" not in page.get(f"{LIST}{make().pk}/change/").content.decode()


def test_the_list_is_filtered_by_template(page: Client) -> None:
    selected = make()
    version = PromptVersion.objects.get(template__key="free-text")
    written = make(prompt_version=version)
    make(prompt_version=None, purpose=Purpose.TRIAL)
    assert _shown(page, {"template": "free-text"}) == [written.pk]
    assert _shown(page, {"template": "base-info"}) == [selected.pk]
    assert len(_shown(page, {"template": ""})) == 3


def test_detail_of_a_failure_names_its_error(page: Client) -> None:
    generation = make(outcome=Outcome.FAILED, answer=None, error="<i>timeout</i>", first_token_ms=None)
    html = page.get(f"{LIST}{generation.pk}/change/").content.decode()
    assert "&lt;i&gt;timeout&lt;/i&gt;" in html
    assert "There is no answer." in html


def test_a_generation_is_never_written(page: Client) -> None:
    generation = make()
    assert page.get(f"{LIST}add/").status_code == 403
    assert page.post(f"{LIST}{generation.pk}/change/", {}).status_code == 403
    assert page.post(f"{LIST}{generation.pk}/delete/", {"post": "yes"}).status_code == 403


def test_list_costs_the_same_for_any_number_of_rows(page: Client) -> None:
    counts = []
    for rows in (10, 200):
        while Generation.objects.count() < rows:
            make()
            make(prompt_version=None, purpose=Purpose.TRIAL)
        make_version(system_text=f"{rows}")
        with CaptureQueriesContext(connection) as queries:
            assert len(_shown(page, {"all": ""})) == rows
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 11


def test_staff_without_permission_is_turned_away(client: Client) -> None:
    address = f"{LIST}{make().pk}/change/"
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert client.get(LIST).status_code == client.get(address).status_code == 403
    assert staff("view_generation").get(LIST).status_code == 200
