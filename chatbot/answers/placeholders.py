"""The output format in prompts, and the placeholders that a model may copy from it.

Small models copy the format. So it is an example with real texts. Neither these texts nor the words that describe a
field are ever part of an answer.
"""

import re
import unicodedata
from functools import cache

EXAMPLE = (
    ("수건 두 번 쓰기", "젖은 수건을 말려서 내일 아침에 한 번 더 써 보세요."),
    ("창가 자리 앉기", "창가에 앉아 전등 없이 햇빛으로 책을 읽어 보세요."),
    ("컵 하나로 지내기", "컵 하나를 정해 두고 설거지를 줄이며 지내 보세요."),
)
"""Titles and descriptions of an example. None of them is in the catalogue."""

EXAMPLE_SENTENCE = "이런 작은 일도 지구를 돕는다니 근사하죠, 생활 속 실천을 함께 시작해요."
EXAMPLE_TALK = "그렇게 말씀해 주시니 기뻐요. 궁금한 것이 있으면 편하게 물어봐 주세요."
CATEGORY_NAME = "카테고리 이름"

_CHALLENGES = ",\n".join(
    f'  {{"title": "{title}", "description": "{description}", "category": "{CATEGORY_NAME}"}}'
    for title, description in EXAMPLE
)
OUTPUT_FORMAT = f'{{"recommend": "{EXAMPLE_SENTENCE}", "challenges": [\n{_CHALLENGES}\n]}}'
"""The value of ``{{output_format}}``: the JSON that the scanner reads."""

TALK_FORMAT = f"""\
{{"recommend": "두세 문장", "challenges": []}}
예: {{"recommend": "{EXAMPLE_TALK}", "challenges": []}}"""

"""The value of ``{{output_format}}`` when no challenges are asked for: small talk, or one of them explained."""

_WORDS = (
    *("한 문장", "두세 문장", "1~10자", "1~10자, description의 요약", CATEGORY_NAME, "카테고리 키", "카테고리"),
    *("무엇을 하면 되는지 알려 주는 한 문장", "추천 문장", "챌린지 제목", "챌린지 설명", "제목", "설명", "문장"),
    *("recommend", "title", "description", "category", "string", "text", "한국어 한 문장", "친근한 한 문장"),
)
_MORE = re.compile(r"[^\w]|_")


def _squeezed(text: str) -> str:
    """The letters and digits only, because models add quotes, dots and brackets."""
    return _MORE.sub("", unicodedata.normalize("NFC", text)).casefold()


@cache
def _placeholders() -> frozenset[str]:
    texts = (*_WORDS, EXAMPLE_SENTENCE, EXAMPLE_TALK, *(text for pair in EXAMPLE for text in pair))
    return frozenset(_squeezed(text) for text in texts)


@cache
def _beginnings() -> frozenset[str]:
    return frozenset(text[:length] for text in _placeholders() for length in range(len(text) + 1))


def is_placeholder(text: str) -> bool:
    """Whether the text is copied from the format."""
    return _squeezed(text) in _placeholders()


def may_be_placeholder(text: str) -> bool:
    """Whether the text may become a placeholder with more text."""
    return _squeezed(text) in _beginnings()
