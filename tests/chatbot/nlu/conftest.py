"""A fixture that understands a message."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import pytest

from challenges.catalog import Options
from chatbot.answers.rules import RECOMMENDATION, Challenge
from chatbot.nlu.intents.understand import understand
from chatbot.nlu.intents.understanding import TurnInput, Understanding
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.nlu.safety.word_lists import WordLists
from chatbot.sessions.memory import Exchange, Memory

Understand = Callable[..., Understanding]

SHOWN = (
    Challenge("텀블러 쓰기", "카페에 갈 때 텀블러를 챙겨요.", "ZERO_WASTE", "제로웨이스트"),
    Challenge("장바구니 챙기기", "장 볼 때 장바구니를 챙겨요.", "ZERO_WASTE", "제로웨이스트"),
    Challenge("손수건 쓰기", "휴지 대신 손수건을 써요.", "ZERO_WASTE", "제로웨이스트"),
)


@pytest.fixture(scope="session")
def understood(known: Options, analyser: MorphemeAnalyser, words: WordLists) -> Understand:
    """``understood(message, current="VEGAN")``: in a session that began with plogging and was shown challenges."""

    def ask(
        message: str,
        current: str = "ZERO_WASTE",
        base: str = "PLOGGING",
        shown: Sequence[Challenge] = SHOWN,
        options: Options = known,
    ) -> Understanding:
        answer = {"kind": RECOMMENDATION, "recommend": "", "challenges": [asdict(each) for each in shown]}
        memory = Memory(base_category=base, category=current, exchanges=[Exchange("", "", "", current, answer)])
        return understand(TurnInput(message, memory, options, words, analyser))

    return ask
