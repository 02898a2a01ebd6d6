"""One way to ask what a message means."""

from collections.abc import Callable, Sequence

import pytest

from challenges.catalog import Options
from chatbot.nlu.intents.understand import understand
from chatbot.nlu.intents.understanding import GivenChallenge, Situation, Understanding
from chatbot.nlu.morphemes import Language
from chatbot.nlu.safety.word_lists import WordLists

Understand = Callable[..., Understanding]

SHOWN = (
    GivenChallenge("텀블러 쓰기", "카페에 갈 때 텀블러를 챙겨요.", "ZERO_WASTE"),
    GivenChallenge("장바구니 챙기기", "장 볼 때 장바구니를 챙겨요.", "ZERO_WASTE"),
    GivenChallenge("손수건 쓰기", "휴지 대신 손수건을 써요.", "ZERO_WASTE"),
)


@pytest.fixture(scope="session")
def understood(known: Options, language: Language, words: WordLists) -> Understand:
    """``understood(message, current="VEGAN")``: in a session that began with plogging and was shown challenges."""

    def ask(
        message: str,
        current: str = "ZERO_WASTE",
        base: str = "PLOGGING",
        shown: Sequence[GivenChallenge] = SHOWN,
        options: Options = known,
    ) -> Understanding:
        situation = Situation(base, current, shown)
        return understand(message, language=language, known=options, words=words, situation=situation)

    return ask
