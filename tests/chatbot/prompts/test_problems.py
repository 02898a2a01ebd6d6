"""In any text, variables are replaced once, and no code runs."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatbot.prompts.content import Segment, render, segments
from chatbot.prompts.contracts import BASE_INFO, TemplateContract, Variable
from chatbot.prompts.problems import SHOWN_NAME, Problem, check, describe

CONTRACT = TemplateContract(
    "t", (Variable("category", "비건"), Variable("mood", "맑음", required=False)), max_length=40
)
ROOMY = TemplateContract("t", CONTRACT.variables, max_length=2_000_000)
VALUES = {"category": "비건", "mood": "맑음"}
MEGABYTE = 1 << 20

TEXTS = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["{", "}", "{{", "}}", "category", " mood ", "a", "\n", "\\1", "\0", "\u202e", "\ud800", "👩‍🌾"]
        )
    ).map("".join),
)


def problems(system_text: str, user_text: str, contract: TemplateContract = CONTRACT) -> list[Problem]:
    return list(check(contract, system_text=system_text, user_text=user_text))


def found_in(text: str) -> list[Problem]:
    """The problems of a user text that is otherwise good."""
    return problems("{{category}}", text, ROOMY)


def test_each_name_is_replaced_once() -> None:
    assert render("{{category}}·{{ category }}·{{mood}}", VALUES) == "비건·비건·맑음"


def test_a_rendered_text_tells_which_words_are_values() -> None:
    assert list(segments("오늘 {{ category }}, {{unknown}} {{mood}}!", VALUES)) == [
        Segment("오늘 "),
        Segment("비건", "category"),
        Segment(", {{unknown}} "),
        Segment("맑음", "mood"),
        Segment("!"),
    ]


NO_MARKERS = [
    '{"recommend": "한 문장"}',
    '{"a":{"b":{}}}',
    "{category}",
    "{location.__class__}",
    "{0}",
    "{category!r}",
    "{% now %}",
    "{# comment #}",
    "{x:>5000000}",
    "$category",
    "${category}",
    "%(category)s",
    "\\1 \\g<0> \\",
]
WRONG_BRACKETS = [
    *("{category}", "${category}", "$category", "｛｛category｝｝", "{{{category}}}", "[[category]]"),
    *("%(category)s", "<%category%>", "{ category }"),
]
UNKNOWN = ["{{unknown}}", "{{category.__class__}}", "{{location.__class__}}", "{{category|upper}}", "{{7*7}}", "{{}}"]


@pytest.mark.parametrize("text", [*NO_MARKERS, *UNKNOWN, "{{", "}}", "{{category", "category}}", "\0\u202e\ud800"])
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert render(text, VALUES) == text


@pytest.mark.parametrize("text", [text for text in NO_MARKERS if text not in WRONG_BRACKETS])
def test_what_looks_like_another_language_is_only_text(text: str) -> None:
    assert found_in(text) == []


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_name_that_is_not_known_is_pointed_at(text: str) -> None:
    assert found_in(f"안녕 {text}.") == [Problem("unknown", text[2:-2], "user_text", 3, 3 + len(text))]


@given(TEXTS)
@example("{{category}}")
@example("\\1 \\g<0>")
def test_values_are_strings_and_never_looked_at_again(value: str) -> None:
    assert render("<{{category}}>", {"category": value, "mood": "맑음"}) == f"<{value}>"
    assert render("{{category}}{{mood}}", {"category": "{{mood}}", "mood": value}) == "{{mood}}" + value


def test_nested_markers_are_replaced_once_and_refused() -> None:
    assert render("{{ {{category}} }}", {"category": "mood", "mood": "맑음"}) == "{{ mood }}"
    assert found_in("{{ {{category}} }}") == [
        Problem("unbalanced", "{{", "user_text", 0, 2),
        Problem("unbalanced", "}}", "user_text", 16, 18),
    ]


def test_a_marker_may_stand_inside_the_braces_of_json() -> None:
    text = '{"category": "{{category}}", "nested": {"again":{{category}}}}'
    assert found_in(text) == []
    assert render(text, VALUES) == '{"category": "비건", "nested": {"again":비건}}'


@pytest.mark.parametrize("written", WRONG_BRACKETS)
def test_a_variable_in_other_brackets_is_pointed_at(written: str) -> None:
    expected = Problem("brackets", written, "user_text", 3, 3 + len(written))
    assert found_in(f"가나 {written}에서 {{{{category}}}}") == [expected]


@pytest.mark.parametrize("written", ["$categories", "{categories}", "category", "[category]", '{"category": 1}'])
def test_words_that_only_look_like_variables_are_left_alone(written: str) -> None:
    assert found_in(f"{written} {{{{category}}}}") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("안녕 {{category", [("{{", 3, 5)]),
        ("안녕 category}}", [("}}", 11, 13)]),
        ("{{category}", [("{{", 0, 2)]),
        ("{category}}", [("}}", 9, 11)]),
        ("{{cat{egory}}", [("{{", 0, 2), ("}}", 11, 13)]),
        ('{"a": 1}}', [("}}", 7, 9)]),
        ('{{"a": {}}', [("{{", 0, 2), ("}}", 8, 10)]),
    ],
)
def test_double_braces_without_a_partner_are_pointed_at(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert found_in(text) == [Problem("unbalanced", braces, "user_text", start, end) for braces, start, end in expected]


@pytest.mark.parametrize(
    "character",
    "\0\x08\x1b\x7f\x85\u061c\u200b\u200e\u2028\u202e\u2066\u2069\u206f\ufeff\ufffd\ud800\udfff\U000e0041",
)
def test_invisible_characters_are_reported(character: str) -> None:
    assert problems(f"가{character}나 {{{{category}}}}", "다") == [
        Problem("invisible", f"U+{ord(character):04X}", "system_text", 1, 2)
    ]


@pytest.mark.parametrize("text", ["한\t줄\n두 줄\r\n", "👩\u200d🌾", "\u1112\u1161\u11ab", "e\u0301", "a\u00a0b"])
def test_what_people_write_is_not_invisible(text: str) -> None:
    assert found_in(text) == []


def test_a_good_prompt_has_no_problems() -> None:
    assert problems("친절하게 {{mood}}", "{{category}} 추천") == []


def test_problems_are_all_named_with_their_places() -> None:
    assert problems("{{weather}} {{a.b}}", " " * 40) == [
        Problem("blank", field="user_text"),
        Problem("too_long", "59"),
        Problem("unknown", "weather", "system_text", 0, 11),
        Problem("unknown", "a.b", "system_text", 12, 19),
        Problem("missing", "category"),
    ]


def test_both_texts_together_have_the_maximum_length_of_the_contract() -> None:
    marker = "{{category}}"
    assert problems(marker, "가" * (40 - len(marker))) == []
    assert problems(marker, "가" * (41 - len(marker))) == [Problem("too_long", "41")]


def test_a_name_of_any_length_is_shown_in_part() -> None:
    (problem,) = found_in("{{" + "가" * 1000 + "}}")
    assert problem == Problem("unknown", "가" * SHOWN_NAME, "user_text", 0, 1004)


@pytest.mark.parametrize(
    "text",
    [
        "가" * MEGABYTE,
        "{" * MEGABYTE,
        "}" * MEGABYTE,
        "{{" + "a" * MEGABYTE,
        "{{a" * (MEGABYTE // 3),
        "{{{a" * (MEGABYTE // 4),
        "{}" * (MEGABYTE // 2),
        "{{category}}" * (MEGABYTE // 12),
        " " * MEGABYTE,
    ],
    ids=["words", "open", "close", "unfinished", "unfinished often", "triple", "pairs", "markers", "spaces"],
)
def test_a_megabyte_is_checked_and_rendered(text: str) -> None:
    assert Problem("too_long", str(len(text))) in problems("", text)
    assert render(text, VALUES) == text.replace("{{category}}", "비건")


@given(TEXTS)
def test_segments_joined_are_the_rendered_text(text: str) -> None:
    runs = list(segments(text, VALUES))
    assert "".join(run.text for run in runs) == render(text, VALUES)
    assert all(run.text == VALUES[run.name] for run in runs if run.name)
    assert "".join(f"{{{{{run.name}}}}}" if run.name else run.text for run in runs).count("{{") == text.count("{{")


@given(TEXTS, TEXTS)
def test_every_problem_points_into_its_text(system_text: str, user_text: str) -> None:
    texts = {"system_text": system_text, "user_text": user_text}
    for problem in problems(system_text, user_text, ROOMY):
        place = texts.get(problem.field, "")[problem.start : problem.end]
        match problem.code:
            case "unbalanced":
                assert place == problem.name
            case "unknown":
                assert place[2:-2].strip()[:SHOWN_NAME] == problem.name
            case "invisible":
                assert problem.name == f"U+{ord(place):04X}"
            case code:
                assert (code, place) in {("blank", ""), ("missing", "")}


@given(TEXTS)
def test_without_double_braces_nothing_is_unbalanced(text: str) -> None:
    while "{{" in text or "}}" in text:
        text = text.replace("{{", "{").replace("}}", "}")
    assert "unbalanced" not in {problem.code for problem in problems("", text, ROOMY)}


@given(
    st.recursive(
        st.none() | st.text("가a ", max_size=3), lambda inner: st.dictionaries(st.text("ab", max_size=2), inner)
    )
)
def test_json_needs_no_escaping(value: object) -> None:
    for separators in ((",", ":"), (", ", ": ")):
        text = json.dumps(value, ensure_ascii=False, separators=separators)
        assert render(text, VALUES) == text
        assert "unbalanced" not in {problem.code for problem in problems("", text, ROOMY)}


def test_base_info_is_given_the_selection_and_the_output_format() -> None:
    assert BASE_INFO.names == {"location", "workType", "category", "output_format"}


def test_problems_in_words() -> None:
    described = {
        Problem("too_long", "20001"): "it is too long",
        Problem("unbalanced", "}}", "user_text", 1, 3): "its double braces }} have no partner",
        Problem("invisible", "U+200B", "user_text", 1, 2): "it holds the invisible character U+200B",
        Problem("model", "x", "model"): "its model x is not among the configured ones (LEAFRESH_CHAT_MODELS)",
        Problem("bounds", "0–2", "temperature"): "its temperature is not within 0–2",
        Problem("new_code", "x"): "new_code x",
    }
    assert [describe(problem) for problem in described] == list(described.values())
