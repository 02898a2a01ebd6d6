"""The studio escapes texts of people and models on every page."""

import json
from typing import Any

import pytest
from django.test import Client

from challenges.models import Category
from chatbot.models import CheckStatus, Generation, Outcome, PromptCheck, PromptSample, PromptVersion, SampleRun
from chatbot.prompts.content import PromptContent
from chatbot.prompts.drafts import save_draft
from chatbot.providers.configured import provider_names
from tests.chatbot.admin.studio.asking import PAGES, SELECTION, address, post, save, text
from tests.prompts import USER_TEXT, base_info, checked, content, make_live, make_version

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"
ATTACKS = (
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "</textarea>" + SCRIPT,
    "</pre>" + SCRIPT,
    "{location.__class__}",
    "{{location.__class__}}",
    "{{ location | safe }}",
    "{% now %}",
    "{% debug %}{{ settings.SECRET_KEY }}",
    "{x:>5000000}",
    "%(secret)s %s %d",
    "{{{{location}}}}",
    "{{loca{{location}}tion}}",
    "{{}}{{",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "\0\ud800",
    "\u2028\u2029]]><!--",
)
NASTY = SCRIPT + "<img src=x onerror=alert(1)> {{location.__class__}} {% now %} %(x)s"


def shown(response: Any) -> str:
    assert response.status_code == 200, response
    html: str = response.content.decode()
    for mark in ("<script>alert", "<img src=x", "class 'str'"):
        assert mark not in html
    return html


def everywhere(client: Client) -> dict[str, str]:
    """Every page that can show such texts, with its contents."""
    places = [address(page) for page in PAGES]
    numbers = base_info().versions.values_list("number", flat=True)
    places += [f"{address('compare')}?left={number}&right=draft" for number in numbers]
    places += [f"/admin/chatbot/{name}/" for name in ("prompttemplate", "promptversion", "promptsample", "generation")]
    for model, name in ((PromptVersion, "promptversion"), (PromptSample, "promptsample"), (Generation, "generation")):
        for key in model._default_manager.values_list("pk", flat=True):
            places.append(f"/admin/chatbot/{name}/{key}/change/")
    return {place: shown(client.get(place)) for place in places}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", ["system_text", "user_text", "model"])
def test_a_draft_is_text(editor: Client, field: str, attack: str) -> None:
    make_version()
    response = post(editor, "save", text(**SELECTION, **{field: f"{attack} {USER_TEXT}"}))
    assert response.status_code == 200
    preview = response.json()["data"]["preview"]
    assert not any(mark in preview["system"] + preview["user"] for mark in ("<script", "<img", "</pre", "</text"))
    for page in PAGES:
        shown(editor.get(address(page)))
    other = post(editor, "save", text(system_text=f"다르게 {attack}"))
    assert other.status_code == 409
    differences = other.json()["data"]["differences"]
    assert not any(mark in differences["system"] + differences["user"] for mark in ("<script", "<img", "</pre"))


def test_what_the_page_hands_its_script_is_what_was_written(editor: Client) -> None:
    save(editor, system_text="</script>" + NASTY)
    html = shown(editor.get(address("editor")))
    start = html.index('<script id="studio-config"')
    config = json.loads(html[html.index(">", start) + 1 : html.index("</script>", start)])
    assert config["draft"]["system_text"] == "</script>" + NASTY
    assert len(config["state"]["problems"]) == 1


def test_what_is_rendered_is_not_looked_at_again(editor: Client) -> None:
    Category.objects.filter(key="VEGAN").update(label="{{location}}<b>")
    Category.objects.get(key="VEGAN").save()  # what a person's save does: the options are read again
    preview = save(editor, system_text="{{{{category}}}} {category.__class__}", **SELECTION)["preview"]
    assert preview["system"] == '{{<mark title="category">{{location}}&lt;b&gt;</mark>}} {category.__class__}'


def test_versions_releases_and_samples_are_text(root: Client) -> None:
    version = make_version(note=NASTY, system_text=NASTY.replace("{{location.__class__}}", ""))
    make_live(version)
    save(root, temperature=0.5, user_text=f"{USER_TEXT} <b>")
    answer = post(root, "publish", {"revision": 1, "note": NASTY, "override": NASTY})
    assert answer.status_code == 200
    root.post(address("roll_back"), {"version": "1", "why": NASTY})
    PromptSample.objects.update(contains=[NASTY], excludes=["\u202e" + SCRIPT], message=NASTY)
    Category.objects.filter(key="VEGAN").update(label=NASTY[:20])
    pages = everywhere(root)
    assert pages[address("change")].count("&lt;script&gt;") >= 4
    assert "&lt;script&gt;" in pages["/admin/chatbot/promptsample/"]
    assert "&lt;script&gt;" in pages[f"/admin/chatbot/promptversion/{version.pk}/change/"]


def test_answers_of_models_are_text(root: Client) -> None:
    challenge = dict.fromkeys(("title", "description", "category", "label"), NASTY)
    live = base_info().live_version
    Generation.objects.create(
        prompt_version=live,
        source="openai:" + SCRIPT,
        location=SCRIPT,
        work_type=SCRIPT,
        category=SCRIPT,
        variables={"location": NASTY, "workType": NASTY, "category": NASTY},
        tried=[{"source": SCRIPT, "error": NASTY, "challenges": []}],
        mends={SCRIPT: 1},
        raw_text=NASTY,
        system_prompt=NASTY,
        user_prompt=NASTY,
        seed=1,
        outcome=Outcome.COMPLETED,
        answer={"kind": "recommendation", "recommend": NASTY, "challenges": [challenge] * 3},
        error=SCRIPT,
        event_count=1,
    )
    save_draft(template=base_info(), revision=0, content=content(), by=None)
    pages = everywhere(root)
    assert "&lt;script&gt;" in pages[address("impact")]
    assert "&lt;script&gt;" in pages["/admin/chatbot/generation/"]


def test_what_came_of_a_check_is_sent_as_it_is_and_never_as_a_page(editor: Client) -> None:
    check = nasty_check()
    response = editor.get(address("check", check.pk))
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    run = json.loads(response.content)["data"]["runs"][0]
    assert (run["name"], run["raw"], run["answer"]["recommend"]) == (f"{SCRIPT} · {SCRIPT} · {SCRIPT}", NASTY, NASTY)
    assert run["reasons"] == [
        f"The answer does not contain “{NASTY}”.",
        f"The title “{NASTY}” has 99 characters; 1 to 10 are expected.",
        "<script>",
    ]
    assert run["mends"] == f"{SCRIPT} 2"


def nasty_check() -> PromptCheck:
    live = base_info().live_version
    assert live is not None
    check = checked(base_info(), PromptContent.of(live), provider_names(), status=CheckStatus.FAILED)
    SampleRun.objects.create(
        check_run=check,
        position=1,
        expected=dict.fromkeys(("location", "work_type", "category"), SCRIPT),
        ended=True,
        reasons=[
            {"code": "lacks", "words": NASTY},
            {"code": "title_bounds", "title": NASTY, "length": 99, "least": 1, "most": 10},
            {"code": "<script>"},
        ],
        answer={"kind": "recommendation", "recommend": NASTY, "challenges": []},
        raw_text=NASTY,
        report={"mends": {SCRIPT: 2}},
    )
    return check


@pytest.mark.parametrize("name", [*ATTACKS, "0", "-1", "1.5", "9" * 5000, "٢", "draft\0"])
def test_sides_are_names_and_nothing_else(editor: Client, name: str) -> None:
    for place in ("left", "right"):
        response = editor.get(address("compare"), {place: name.replace("\ud800", "")}, follow=True)
        assert response.redirect_chain == [(address("change"), 302)]
        html = response.content.decode()
        assert "There is no such version to compare." in html
        assert "alert(1)" not in html
