"""Every reason of a decision has a sentence."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from chatbot.admin.labels import reason_text
from chatbot.nlu.intents.entities import MatchedBy
from chatbot.nlu.intents.mention_roles import Role
from chatbot.nlu.safety.danger_classifier import KINDS

LABELS = {"location": {"beach": "바닷가"}, "work_type": {"sales": "영업직"}, "category": {"VEGAN": "비건"}}
CHATBOT = Path(settings.BASE_DIR) / "chatbot"
FILES = [
    *(CHATBOT / "nlu/intents").glob("*.py"),
    *(CHATBOT / "nlu/safety").glob("*.py"),
    CHATBOT / "dialogue/plan.py",
]


def _codes() -> set[str]:
    """The codes in the source: wherever a dictionary has a ``code``, and what ``notices`` makes of lexicon names."""
    trees = [ast.parse(file.read_text("utf-8")) for file in FILES]
    return {code for tree in trees for node in ast.walk(tree) for code in _codes_of(node, tree)}


def _codes_of(node: ast.AST, tree: ast.Module) -> Iterator[str]:
    match node:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "code":
                    yield from _values(value, tree)
        case ast.Call(func=ast.Attribute(attr="notices"), args=[ast.Constant(value=str(name)), *_]):
            yield name.partition(".")[0]


def _values(value: ast.expr, tree: ast.Module) -> Iterator[str]:
    source = ast.unparse(value)
    match value:
        case ast.Constant(value=str(code)):
            yield code
        case ast.IfExp(body=body, orelse=other):
            yield from _values(body, tree)
            yield from _values(other, tree)
        case ast.Name(id=name):
            assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
            named = [node.value for node in assigned if [ast.unparse(target) for target in node.targets] == [name]]
            assert named, source
            for each in named:
                yield from _values(each, tree)
        case ast.JoinedStr():
            if source == "f'{found.kind}_weighed'":
                yield from (f"{kind}_weighed" for kind in KINDS[1:])
                return
            assert source == "f'{mention.by}_{role}'"
            yield from (f"{by}_{role}" for by in MatchedBy for role in Role)
        case ast.Attribute():
            assert source == "found.kind"
            yield from KINDS[1:]
        case _:
            assert source == "name.partition('.')[0]", f"how does {source} make codes?"


def _reason(code: str) -> dict[str, object]:
    of_options = {"category": "VEGAN", "location": "beach", "work_type": "sales", "facet": "easier"}
    return {"code": code, "words": ["첫째", "둘째"], "title": "제목", **of_options}


def test_every_code_of_the_source_has_words_in_both_languages() -> None:
    codes = _codes()
    assert {"name_wanted", "keyword_missing", "emergency", "self_harm", "rules", "any", "other", "facet"} <= codes
    for language in ("en", "ko"):
        with translation.override(language):
            unsaid = {code for code in codes if reason_text(_reason(code), LABELS).startswith(code)}
            assert unsaid == set()


@pytest.mark.parametrize(
    ("reason", "english", "korean"),
    [
        (
            {"code": "name_wanted", "words": ["비건"], "category": "VEGAN"},
            "“비건” names the category 비건: it is wanted.",
            "“비건”: 카테고리 ‘비건’의 이름 → 원하는 것입니다.",
        ),
        (
            {"code": "keyword_of_others", "words": ["고기"], "category": "GONE"},
            "“고기” is a keyword of the category GONE: it is said of other people.",
            "“고기”: 카테고리 ‘GONE’의 키워드 → 다른 사람 이야기입니다.",
        ),
        (
            {"code": "facet", "words": ["쉬운"], "facet": "easier"},
            "“쉬운” says how it should be: easier.",
            "“쉬운”: ‘더 쉽게’ 하고 싶다는 뜻입니다.",
        ),
        (
            {"code": "sign", "words": ["👍", "❤"]},
            "It consists of signs: “👍”, “❤”.",
            "기호뿐입니다: “👍”, “❤”.",
        ),
        ({"code": "new_code", "words": ["a", "b"]}, "new_code a b", "new_code a b"),
        ({"code": "name_new", "words": []}, "name_new", "name_new"),
        (
            {"code": "facet", "words": "odd", "facet": "new"},
            " says how it should be: new.",
            ": ‘new’ 하고 싶다는 뜻입니다.",
        ),
        ({}, "", ""),
    ],
)
def test_a_reason_is_a_sentence_and_what_is_not_known_is_shown_as_it_is(
    reason: dict[str, object], english: str, korean: str
) -> None:
    for language, words in {"en": english, "ko": korean}.items():
        with translation.override(language):
            assert reason_text(reason, LABELS) == words
