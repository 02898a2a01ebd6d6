import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.prompts.contracts import BASE_INFO, TemplateContract, Variable
from chatbot.prompts.rendering import Problem, check, render

CONTRACT = TemplateContract(
    "t", (Variable("category", "비건"), Variable("mood", "맑음", required=False)), max_length=40
)


def problems(system_text: str, user_text: str) -> list[Problem]:
    return list(check(CONTRACT, system_text=system_text, user_text=user_text))


def test_each_name_is_replaced_once() -> None:
    assert render("{{category}}·{{ category }}·{{mood}}", {"category": "비건", "mood": "맑음"}) == "비건·비건·맑음"


NO_MARKERS = [
    '{"recommend": "한 문장"}',
    "{category}",
    "{location.__class__}",
    "{% now %}",
    "{x:>5000000}",
    "{{}}",
    "$category",
]


@pytest.mark.parametrize("text", [*NO_MARKERS, "{{unknown}}", "{{category.__class__}}", "\\1 \\g<0>"])
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert render(text, {"category": "비건"}) == text


@given(st.text())
def test_values_are_strings_and_never_looked_at_again(value: str) -> None:
    assert render("<{{category}}>", {"category": value, "mood": "맑음"}) == f"<{value}>"
    assert render("{{category}}", {"category": "{{mood}}", "mood": value}) == "{{mood}}"


def test_nested_markers_are_replaced_once() -> None:
    assert render("{{ {{category}} }}", {"category": "mood", "mood": "맑음"}) == "{{ mood }}"


def test_a_good_prompt_has_no_problems() -> None:
    assert problems("친절하게 {{mood}}", "{{category}} 추천") == []


def test_problems_are_all_named() -> None:
    assert problems("{{weather}} {{a.b}}", " " * 40) == [
        Problem("blank"),
        Problem("too_long"),
        Problem("unknown", "a.b"),
        Problem("unknown", "weather"),
        Problem("missing", "category"),
    ]


def test_base_info_is_given_the_selection_and_the_output_format() -> None:
    assert BASE_INFO.names == {"location", "workType", "category", "output_format"}
