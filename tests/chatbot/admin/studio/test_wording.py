"""Every code of the prompts has its own sentence. HTML escapes the texts of people, not the studio's marks."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from chatbot.admin.studio.wording import (
    difference_html,
    failure_text,
    marker,
    problem_text,
    refusal_text,
    rendered_html,
    selection_text,
    stale_text,
    variable_text,
)
from chatbot.evaluation import judge
from chatbot.models import CheckStatus, PromptCheck
from chatbot.prompts import releases
from chatbot.prompts.content import Segment
from chatbot.prompts.contracts import BASE_INFO, TEMPLATES
from chatbot.prompts.diff import Change
from chatbot.prompts.gate import Fingerprint
from chatbot.prompts.problems import Problem
from chatbot.prompts.releases import InvalidPrompt, NotReleased

KNOWN = "{{location}}, {{workType}}, {{category}}, {{output_format}}"


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def codes(module: Any, pattern: str) -> set[str]:
    """The codes that a module's source names."""
    return set(re.findall(pattern, Path(module.__file__).read_text("utf-8")))


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (Problem("blank"), "The user text must not be blank."),
        (Problem("too_long", "20001"), "Both texts together have 20,001 characters; 20,000 are allowed."),
        (Problem("unknown", ""), "A name is missing between the double braces."),
        (Problem("unknown", "%s"), f"{{{{%s}}}} is not known here. Known are: {KNOWN}."),
        (Problem("missing", "category"), "{{category}} must appear in the system text or the user text."),
        (
            Problem("unbalanced", "{{"),
            "These double braces have no partner. A variable is written like {{location}}.",
        ),
        (Problem("invisible", "U+200B"), "There is an invisible character here (U+200B): delete it."),
        (Problem("model", "x:y"), "The model x:y is not among those that can be chosen (LEAFRESH_CHAT_MODELS)."),
        (Problem("bounds", "0–2", field="temperature"), "“Temperature” must be within 0–2."),
    ],
)
def test_problems(problem: Problem, words: str) -> None:
    assert problem_text(problem, BASE_INFO) == words


REASONS: dict[str, tuple[dict[str, Any], str]] = {
    "no_answer": ({"outcome": "failed", "error": "timeout"}, "There was no answer: failed. timeout"),
    "refused": ({"error": "busy"}, "It could not be tried: busy"),
    "without_model": (
        {},
        "This message is always answered without a model, so it does not test the prompt. Use another message.",
    ),
    "other_source": (
        {"asked": "a", "source": "b", "error": ""},
        "The model a could not do it, so b had to answer.",
    ),
    "repaired": ({}, "The answer was not valid JSON and had to be repaired."),
    "asked_again": ({}, "Challenges were missing or could not be used, so the model had to be asked again."),
    "filled": ({}, "Challenges were missing or could not be used, so the catalogue had to fill in."),
    "category_missing": ({"label": "비건"}, "The sentence does not name the category “비건”."),
    "title_bounds": (
        {"title": "%s", "length": 2, "least": 3, "most": 10},
        "The title “%s” has 2 characters; 3 to 10 are expected.",
    ),
    "lacks": ({"words": "두부"}, "The answer does not contain “두부”."),
    "contains": ({"words": "두부"}, "The answer contains “두부”."),
    "too_short": ({"length": 1, "bound": 2}, "The sentence has 1 characters; at least 2 are expected."),
    "too_long": ({"length": 3, "bound": 2}, "The sentence has 3 characters; at most 2 are expected."),
}


@pytest.mark.parametrize("code", REASONS)
def test_reasons(code: str) -> None:
    values, words = REASONS[code]
    assert failure_text({"code": code, **values}) == words


def test_every_reason_has_words() -> None:
    assert codes(judge, r'"code": "(\w+)"') | {"refused"} <= set(REASONS) | {"repaired", "asked_again", "filled"}
    assert failure_text({"code": "of another release"}) == "of another release"


def test_refusals() -> None:
    known = codes(releases, r'NotReleased\("(\w+)"\)')
    assert known == {
        *("forbidden", "no_note", "unchanged", "unchecked", "no_override_reason", "never_live", "unused_template")
    }
    assert len({refusal_text(NotReleased(code)) for code in known}) == len(known)
    assert refusal_text(InvalidPrompt([Problem("blank")])) == "The text has 1 problem: correct it first."
    assert refusal_text(InvalidPrompt([Problem("blank")] * 2)) == "The text has 2 problems: correct them first."


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (Fingerprint("b", "s", "c"), "The text has changed since the check."),
        (Fingerprint("a", "t", "c"), "Another model would write now (t) than at the check (s)."),
        (
            Fingerprint("a", "s", "d"),
            "The samples, the options or the template's contract have changed since the check.",
        ),
    ],
)
def test_why_a_check_no_longer_holds(now: Fingerprint, words: str) -> None:
    check = PromptCheck(content_hash="a", sources="s", contract_hash="c", status=CheckStatus.PASSED)
    assert stale_text(check, now) == words


def test_a_selection_is_called_what_it_is_called_today() -> None:
    labels = {"category": {"VEGAN": "비건"}, "location": {"city": "도시"}, "work_type": {}}
    selection = {"category": "VEGAN", "location": "city", "work_type": "gone", "contains": []}
    assert selection_text(selection, labels) == "비건 · 도시 · gone"
    assert (
        selection_text({**selection, "message": "더 <b>쉬운</b> 거"}, labels)
        == "비건 · 도시 · gone · “더 <b>쉬운</b> 거”"
    )


def test_every_variable_is_explained() -> None:
    for contract in TEMPLATES.values():
        for variable in contract.variables:
            assert variable_text(variable.name), variable
    assert variable_text("of another release") == ""


def test_a_marker_is_written_as_in_a_text() -> None:
    assert marker("location") == "{{location}}"


def test_a_difference() -> None:
    changes = [
        Change("equal", "가 <b> {0} "),
        Change("delete", "{location.__class__}"),
        Change("insert", "<script>&amp;"),
        Change("gap", "<i>"),
        Change("equal", "\n끝"),
    ]
    assert difference_html(changes) == (
        "가 &lt;b&gt; {0} <del>{location.__class__}</del><ins>&lt;script&gt;&amp;amp;</ins>"
        ' <span class="gap" title="equal text left out">[…]</span> \n끝'
    )
    assert difference_html([]) == ""


def test_a_rendered_prompt() -> None:
    segments = [Segment("{} <b>"), Segment('"{}" <i>', "location"), Segment(""), Segment("x", '"><script>')]
    assert rendered_html(segments) == (
        '{} &lt;b&gt;<mark title="location">&quot;{}&quot; &lt;i&gt;</mark>'
        '<mark title="&quot;&gt;&lt;script&gt;">x</mark>'
    )
