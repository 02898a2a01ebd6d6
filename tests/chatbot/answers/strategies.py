"""Hypothesis strategies for the output of models."""

import json
from typing import Any

from hypothesis import strategies as st

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
korean = st.text(st.sampled_from('가나다라마바사아자차카타파하 비건산😀👩‍👩‍👧é"\\/\n\t'), max_size=30)

challenges = st.fixed_dictionaries({"title": korean | text, "description": korean | text, "category": text})
answers = st.fixed_dictionaries(
    {"recommend": korean | text, "challenges": st.lists(challenges, max_size=4)}, optional={"kind": text, "extra": text}
)

prose = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='{<"\x00'), max_size=30)
before = st.one_of(
    st.just(""),
    prose,
    st.just("```json\n"),
    prose.map(lambda words: f"{words} {{placeholder}} {{}} {{ }} < <th "),
    st.tuples(prose, answers).map(lambda pair: f"<think>{pair[0]} {json.dumps(pair[1])}</think>\n"),
    prose.map(lambda words: f'{{"note": "{{\\"recommend\\": 1}}", "of": [{json.dumps(words)}]}} '),
)
after = st.one_of(st.just(""), st.just("\n```"), text, answers.map(json.dumps))


@st.composite
def serialized(draw: st.DrawFn, value: Any) -> str:
    """``value`` as JSON, each string's characters escaped or not at random, white space put in at random."""
    space = draw(st.sampled_from(["", " ", "\n  "]))
    match value:
        case str():
            return '"' + "".join(draw(_character(character)) for character in value) + '"'
        case list():
            return "[" + f",{space}".join(draw(serialized(item)) for item in value) + space + "]"
        case dict():
            items = [f"{draw(serialized(name))}{space}:{space}{draw(serialized(item))}" for name, item in value.items()]
            return "{" + space + f"{space},{space}".join(items) + space + "}"
    return json.dumps(value)


def _character(character: str) -> st.SearchStrategy[str]:
    units = character.encode("utf-16-be")
    escaped = "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))
    if character in '"\\' or ord(character) < 32:
        return st.sampled_from([json.dumps(character)[1:-1], escaped])
    return st.sampled_from([character, character, character, escaped, escaped.upper().replace("\\U", "\\u")])


@st.composite
def cut(draw: st.DrawFn, whole: str) -> list[str]:
    """``whole`` in pieces, some empty."""
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=30)))
    return [whole[start:end] for start, end in zip([0, *places], [*places, len(whole)], strict=True)]
