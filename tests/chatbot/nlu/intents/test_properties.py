"""Every text has an understanding, which is always the same, within a short time."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.nlu.intents.understanding import Understanding
from tests.chatbot.nlu.conftest import SHOWN, Understand
from tests.chatbot.nlu.intents.test_messages import rows

WORDS = sorted({word for row in rows() for word in row["message"].split()})
ODD = st.sampled_from(
    [
        "\ud800",
        "\udfff",
        "\0",
        "\u200b",
        "👨‍👩‍👧",
        "ㅋㅋ",
        "ᄇ",
        "ᅵ",
        "ᆫ",
        "e\u0301",
        "１",
        "①",
        "½",
        "\n",
        "?",
        "🥗",
        "한",
    ]
)
ANYTHING = st.text(st.characters(), max_size=500)
TALK = st.lists(st.one_of(st.sampled_from(WORDS), ODD), max_size=60).map(" ".join)
GLUED = st.lists(st.one_of(st.sampled_from(WORDS), ODD), max_size=60).map("".join)


@settings(max_examples=150, deadline=None)
@given(
    message=st.one_of(ANYTHING, TALK, GLUED).map(lambda text: text[:500]),
    current=st.sampled_from(["", "VEGAN", "GONE"]),
)
def test_any_text_is_understood_the_same_each_time(understood: Understand, message: str, current: str) -> None:
    meaning = understood(message, current)
    assert isinstance(meaning, Understanding)
    assert understood(message, current) == meaning
    assert meaning.reasons
    assert meaning.number is None or 0 <= meaning.number < len(SHOWN)


def test_long_messages_take_no_longer_than_they_should(understood: Understand) -> None:
    for message in ["가" * 500, "ㅋ" * 500, "시" * 500, "비건 말고 " * 80, "🥗" * 250, "a1!" * 160, "다른 거 " * 120]:
        understood(message[:500])  # compiles and caches
        began = time.process_time()
        understood(message[:500])
        assert time.process_time() - began < 1, message[:20]
