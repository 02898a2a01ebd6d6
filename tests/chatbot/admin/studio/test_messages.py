"""Editing a prompt that answers messages: trying a message, its understanding, and the answers."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client
from pytest_django import Settings

from chatbot.dialogue.prompt_values import quoted
from chatbot.models import CheckStatus, Generation, Outcome, PromptDraft, PromptSample, PromptVersion
from chatbot.prompts.drafts import save_draft
from tests.chatbot.admin.studio.asking import SELECTION, address, aget, apost, member, post, text, until
from tests.prompts import ANSWERING, free_text

pytestmark = pytest.mark.django_db

SIDES = {"left": "live", "right": "draft", **SELECTION}
TOO_SHORT = "A message has 2 to 500 visible characters."
FIXED = "No model is asked: insults, danger and attempts to change the rules are answered in fixed words."
UNFIT = ["", " ", "ㅇ", "\u200b\u200b\u200b", "가" * 501, "\ud800"]


@pytest.fixture
def script(db: None) -> AsyncClient:
    """An editor whose draft of ``free-text`` is ``ANSWERING`` at revision 1."""
    user = member("Prompt editor")
    save_draft(template=free_text(), revision=0, content=ANSWERING, by=user)
    client = AsyncClient()
    client.force_login(user)
    return client


async def at(name: str, *rest: object) -> str:
    return await sync_to_async(lambda: address(name, *rest, template=free_text()))()


async def tried(script: AsyncClient, message: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The understanding, and the reports of both sides."""
    data = (await apost(script, await at("trials"), {**SIDES, "message": message}))["data"]
    reports = [await until(lambda side=data[side]: aget(script, side["report"])) for side in ("left", "right")]  # type: ignore[misc]
    return data["understood"], reports


# --- trials ----------------------------------------------------------------------------------------------------------


async def test_both_sides_answer_the_same_message(script: AsyncClient) -> None:
    understood, reports = await tried(script, "더 쉬운 거 없어?")
    assert understood == {
        "intent": "Understood: wants what was given, but different",
        "reasons": ["“쉬운” says how it should be: easier."],
        "withoutModel": "",
    }
    assert [(report["kind"], report["outcome"]) for report in reports] == [("recommendation", "completed")] * 2
    rows = [row async for row in Generation.objects.order_by("started_at")]
    assert [row.variables["message"] for row in rows] == ["<message>\n더 쉬운 거 없어?\n</message>"] * 2
    assert rows[0].seed == rows[1].seed
    assert rows[1].user_prompt.startswith("비건\n<history>\n사람: 도시, 사무직, 비건 챌린지를 골랐어요.\n도우미: ")


@pytest.mark.parametrize(
    ("message", "kind", "fixed"),
    [
        ("안녕", "small talk", ""),
        ("2번 자세히", "explanation", ""),
        ("야 이 병신아", "declined", FIXED),
        ("죽고 싶어", "help", FIXED),
    ],
)
async def test_not_every_message_leads_to_challenges(script: AsyncClient, message: str, kind: str, fixed: str) -> None:
    understood, reports = await tried(script, message)
    assert (understood["withoutModel"], [report["kind"] for report in reports]) == (fixed, [kind] * 2)
    async for row in Generation.objects.all():
        assert row.answer is not None
        assert (row.answer["challenges"], row.answer["recommend"] != "") == ([], True)


@pytest.mark.parametrize("message", UNFIT)
async def test_what_people_cannot_send_is_not_tried(script: AsyncClient, message: str) -> None:
    envelope = await apost(script, await at("trials"), {**SIDES, "message": message})
    assert (envelope["status"], envelope["message"]) == (422, TOO_SHORT)
    assert not await Generation.objects.aexists()


async def test_a_message_is_a_text(script: AsyncClient) -> None:
    for message in (None, 3, ["x"]):
        envelope = await apost(script, await at("trials"), {**SIDES, "message": message})
        assert (envelope["status"], envelope["message"]) == (422, "message must be a text.")


# --- preview ---------------------------------------------------------------------------------------------------------


def preview(client: Client, message: str) -> Any:
    return post(client, "preview", {**SELECTION, "message": message}, template=free_text()).json()


def test_the_preview_is_what_the_model_would_get(editor: Client) -> None:
    shown = preview(editor, "더 쉬운 <b>거</b> 없어?")["data"]["preview"]
    assert '<mark title="message">&lt;message&gt;\n더 쉬운 &lt;b&gt;거&lt;/b&gt; 없어?\n' in shown["user"]
    assert '<mark title="context">&lt;context&gt;\n이 사람은 조건에 맞는 챌린지를 원합니다.' in shown["user"]
    assert shown["understood"]["intent"] == "Understood: wants what was given, but different"
    talk = preview(editor, "2번 자세히")["data"]["preview"]
    assert "설명할 챌린지:" in talk["user"]
    assert "두세 문장" in talk["system"]
    assert "세 개의 챌린지" not in talk["system"]
    assert not Generation.objects.exists()


@pytest.mark.parametrize("message", UNFIT)
def test_an_invalid_message_is_reported_and_does_not_prevent_saving(editor: Client, message: str) -> None:
    envelope = preview(editor, message)
    assert (envelope["status"], envelope["message"]) == (422, TOO_SHORT)
    body = {**text(), **SELECTION, "message": message, "user_text": ANSWERING.user_text}
    saved = post(editor, "save", body, template=free_text()).json()
    assert (saved["status"], saved["data"]["preview"]) == (200, None)
    assert PromptDraft.objects.get().user_text == ANSWERING.user_text


# --- pages -----------------------------------------------------------------------------------------------------------


def test_a_message_is_asked_for_where_it_is_answered(editor: Client) -> None:
    for name in ("editor", "compare"):
        asked, not_asked = (
            editor.get(address(name, template=template)).content.decode() for template in (free_text(), None)
        )
        assert ('data-pick="message"' in asked, 'data-pick="message"' in not_asked) == (True, False)
        assert "더 쉬운 거 없어?</textarea>" in asked


def test_the_editor_explains_every_variable(editor: Client) -> None:
    for name in ("editor", "change"):
        page = editor.get(address(name, template=free_text())).content.decode()
        for words in (
            "The conversation before, the oldest message first",
            "&lt;message&gt;\n더 쉬운 거 없어?",
            "{{workType}}",
        ):
            assert words in page, (name, words)


def requested(message: str, **changes: Any) -> None:
    quotes = {name: quoted(name, f"{message} {name}") for name in ("history", "context")}
    variables = {"category": "비건", "location": "도시", "workType": "사무직", "message": quoted("message", message)}
    version = PromptVersion.objects.get(template=free_text(), number=1)
    facts = {**SELECTION, "prompt_version": version, "variables": {**variables, **quotes}, **changes}
    Generation.objects.create(source="catalog", seed=1, outcome=Outcome.COMPLETED, event_count=1, **facts)


def test_the_blast_radius_shows_messages_only_with_permission(operator: Client, editor: Client) -> None:
    save_draft(template=free_text(), revision=0, content=ANSWERING, by=None)
    for number in range(7):
        requested(f"<b>비밀 {number}</b>")
    requested("고마워", answer={"kind": "smalltalk", "recommend": "네.", "challenges": []})
    response = operator.get(address("impact", template=free_text()))
    rows = response.context["groups"]["비건"]
    assert [(row["name"], row["count"], row["more_messages"]) for row in rows] == [
        ("비건 · 도시 · 사무직", 7, 2),
        ("비건 · 도시 · 사무직 · small talk", 1, 0),
    ]
    page = response.content.decode()
    assert "“&lt;b&gt;비밀 6&lt;/b&gt;”" in page
    assert "&lt;b&gt;비밀 6&lt;/b&gt; history" in page
    assert "<b>비밀" not in page
    hidden = editor.get(address("impact", template=free_text())).content.decode()
    assert "비밀" not in hidden
    assert "What people said is shown to those who may see generations." in hidden


# --- checks ----------------------------------------------------------------------------------------------------------


async def test_a_check_shows_the_messages_of_the_samples(script: AsyncClient) -> None:
    await PromptSample.objects.filter(category="VEGAN").adelete()
    begun = (await apost(script, await at("checks"), {"revision": 1}))["data"]
    to = await at("check", begun["id"])
    progress = await until(lambda: aget(script, to))
    assert progress["status"] == CheckStatus.PASSED, progress["runs"]
    names = [run["name"] for run in progress["runs"]]
    assert names[1].endswith(" · “더 쉬운 거 없어?”")
    assert names[-1].startswith("비건 · ")
    assert names[-1].endswith(" · “챌린지 추천해 줘”")
    kinds = [(run["kind"], len(run["answer"]["challenges"])) for run in progress["runs"]]
    assert sorted(set(kinds)) == [("explanation", 0), ("recommendation", 3)]


async def test_a_check_tells_which_message_no_model_is_asked(script: AsyncClient, settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:unreachable"
    settings.LEAFRESH_CHAT_MODELS = ["openai:unreachable"]
    await PromptSample.objects.filter(template__key="free-text").aupdate(message="죽고 싶어")
    begun = (await apost(script, await at("checks"), {"revision": 1}))["data"]
    to = await at("check", begun["id"])
    progress = await until(lambda: aget(script, to))
    assert progress["status"] == CheckStatus.FAILED
    words = "This message is always answered without a model, so it does not test the prompt. Use another message."
    assert [run["reasons"] for run in progress["runs"]] == [[words]] * progress["total"]
