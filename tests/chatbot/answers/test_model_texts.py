"""What models really write, through the composer: what a person reads in the end, and what is noted about it."""

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.answers.composer import Composed, Composer, Retracted, Shown
from chatbot.answers.placeholders import OUTPUT_FORMAT
from chatbot.answers.rules import LONG_LENGTH, layout
from tests.chatbot.answers import strategies
from tests.chatbot.answers.test_composer import replayed
from tests.provider import ANSWER, CHALLENGES, TEXT

SENTENCE = ANSWER["recommend"]
LUNCH, LATTE, SOUP = (challenge["title"] for challenge in CHALLENGES)
TITLES = [LUNCH, LATTE, SOUP]
DRAFT = '{"recommend":"비건 초안이에요.","challenges":[]}'
COPIED = (
    '{"recommend": "한 문장", "challenges": [{"title": "1~10자", "description": "한 문장", "category": "카테고리 키"}]}'
)


def said(sentence: str) -> str:
    """The good answer with another sentence, which is put in as it is."""
    return TEXT.replace(SENTENCE, sentence)


def changed(index: int, **parts: str) -> str:
    """The good answer with one challenge changed."""
    challenges = [{**each, **parts} if number == index else each for number, each in enumerate(CHALLENGES)]
    return json.dumps({**ANSWER, "challenges": challenges}, ensure_ascii=False)


def read(*pieces: str) -> tuple[Composer, list[Composed]]:
    """The composer after the pieces, and what it showed."""
    composer = Composer(category="VEGAN", labels={"VEGAN": "비건", "PLOGGING": "플로깅"})
    composed = [item for piece in pieces for item in composer.feed(piece)]
    composed += composer.finish()
    composed += composer.resume()
    return composer, composed


WRAPPED: dict[str, str] = {
    "a channel before": f"<|channel|>analysis<|message|>{DRAFT}<|end|><|channel|>final<|message|>{TEXT}",
    "another tag of thinking": f"<thinking>{DRAFT}</thinking>{TEXT}",
    "brackets of thinking": f"[THINK]{DRAFT}[/THINK]{TEXT}",
    "thinking behind": f"{TEXT}<think>{DRAFT}</think>",
    "an end of thinking behind": f"{TEXT}</think> The user wants vegan.",
    "an end of thinking inside": said(f"{SENTENCE}</think>"),
    "a brace too many": f"{{{TEXT}",
    "in a list": f"[{TEXT}]",
    "brackets without end": f"{TEXT}}}]}}]}}]}}]",
    "no closing brackets": TEXT[:-2] + " " * 3000,
    "a channel of comments": f"<|channel|>commentary<|message|>{TEXT}<|end|>",
    "comments and commas": TEXT.replace("}, {", "},\n// 둘째\n{").replace("}]}", "},]}"),
    "keys in capitals": re.sub(r'"(recommend|challenges|title|description)"', lambda key: key[0].title(), TEXT),
    "numbered challenges": json.dumps({"recommend": SENTENCE, "challenges": dict(enumerate(CHALLENGES))}),
}
"""Ways to write the good answer that need no mending."""

MENDED: dict[str, tuple[str, dict[str, int]]] = {
    "curly quotes": (re.sub(r'"([^"]*)"', r"“\1”", TEXT), {"quotes": 1}),
    "thinking that nobody began": (f"음, {DRAFT} 별로야</think>{TEXT}", {"taken_back": 1}),
    "thinking that broke off": (f"음, {DRAFT[:24]} 별로야</think>{TEXT}", {"taken_back": 1}),
    "a final channel": (f"{DRAFT}<|channel|>final<|message|>{TEXT}", {"taken_back": 1}),
    "tokens of a channel were stripped": (f"analysis{DRAFT}assistantfinal{TEXT}", {"taken_back": 1}),
    "a whole answer as thinking": (f"{TEXT.replace('비건', '비건 초안')}</think>{TEXT}", {"taken_back": 1}),
    "the copied format first": (f"{COPIED}\n{TEXT}", {"placeholder": 3}),
    "the copied example first": (f"{OUTPUT_FORMAT}\n{TEXT}", {"placeholder": 7}),
    "parameters of a tool": (f'{{"name":"answer","parameters":{TEXT}}}', {"wrapped": 1}),
    "under a key": (f'{{"answer":{TEXT}}}', {"wrapped": 1}),
    "arguments as a string": (json.dumps({"name": "a", "arguments": TEXT}), {"wrapped": 1}),
    "a tool call in a tag": (f'<tool_call>{{"name":"a","arguments":{TEXT}}}</tool_call>', {"wrapped": 1}),
    "tool calls": (json.dumps({"tool_calls": [{"function": {"arguments": TEXT}}]}), {"wrapped": 1}),
    "parts of content": (json.dumps({"content": [{"type": "text", "text": TEXT}]}), {"wrapped": 1}),
    "everything in the sentence": (json.dumps({"recommend": TEXT}), {"wrapped": 1}),
    "letters taken apart": (unicodedata.normalize("NFD", TEXT), {"title": 3}),
    "a token at the end": (said(f"{SENTENCE}<|im_end|></s>"), {"control_tokens": 1}),
    "escapes escaped twice": (said(SENTENCE.replace(" 오늘", "\\\\n\\\\uc624늘")), {"escapes": 1}),
    "nothing to be seen": (said(f"\u200b{SENTENCE}\ufeff"), {"invisible": 1}),
    "bold and code": (said(f"**{SENTENCE}** `"), {"markup": 1}),
}


@pytest.mark.parametrize("text", WRAPPED.values(), ids=WRAPPED)
def test_the_good_answer_is_found(text: str) -> None:
    composer, composed = read(text)
    assert (composer.answer.recommend, composer.titles, dict(composer.mends)) == (SENTENCE, TITLES, {})
    assert not [item for item in composed if isinstance(item, Retracted)]


@pytest.mark.parametrize(("text", "mends"), MENDED.values(), ids=MENDED)
def test_the_good_answer_is_found_and_what_was_done_is_noted(text: str, mends: dict[str, int]) -> None:
    composer, composed = read(text)
    assert (composer.answer.recommend, composer.titles) == (SENTENCE, TITLES)
    assert {name: count for name, count in composer.mends.items() if name in mends} == mends
    assert replayed(composed) == layout(composer.answer)


@pytest.mark.parametrize(
    ("written", "shown", "mend"),
    [
        ('오늘은 "비건" 생활, 한 끼부터!', '오늘은 "비건" 생활, 한 끼부터!', "quotes"),
        ('오늘은 "비건", "채식" 생활!', '오늘은 "비건", "채식" 생활!', "quotes"),
        ("비건 오늘 \ufffd\ufffd 한 끼", "비건 오늘 한 끼", "unreadable"),
        ("비건 &amp;amp; &#39;한 끼&#39; <b>시작</b>해요.", "비건 & '한 끼' 시작해요.", "markup"),
        ("[비건](http://a.example/b_(c)) 생활을 해요.", "비건 생활을 해요.", "markup"),
        ("> 비건 ~~채소~~ _두부_를 먹어요.", "비건 채소 두부를 먹어요.", "markup"),
        ("| 비건 | 한 끼 |", "비건 한 끼", "markup"),
        ("비건\x07\u202e 한▁끼", "비건 한 끼", "invisible"),
        ("- 비건 한 끼", "비건 한 끼", "markup"),
        ("비건 해요~~ 좋아요.", "비건 해요~ 좋아요.", "markup"),
        ("{이름}님, 비건 한 끼 {{어때요}}?", "님, 비건 한 끼 ?", "template"),
        ("비건 한 끼<0x0A>시작<｜end▁of▁sentence｜>해요.", "비건 한 끼 시작해요.", "control_tokens"),
        ("비건에서 중요한(重要) 한 끼예요.", "비건에서 중요한(重要) 한 끼예요.", ""),
        ("비건 영화 <나의 문어 선생님> 어때요? 1 < 2 & 3", "비건 영화 <나의 문어 선생님> 어때요? 1 < 2 & 3", ""),
        ("비건 snake_case 10~20분", "비건 snake_case 10~20분", ""),
        ("비건 &lt;img src=x onerror=alert(1)&gt; 시작해요.", "비건 시작해요.", "markup"),
        (r"비건 \\u003cb\\u003e시작\\u003c/b\\u003e해요.", "비건 시작해요.", "escapes"),
        ("비건 <<b>script>alert(1)<</b>/script>", "비건 < script>alert(1)< /script>", "markup"),
        ("비건 <img src=x onerror=alert(1)", "비건 < img src=x onerror=alert(1)", ""),
    ],
)
def test_a_sentence_is_shown_without_what_nobody_should_see(written: str, shown: str, mend: str) -> None:
    composer, _ = read(said(written))
    assert composer.answer.recommend == shown
    assert (mend in composer.mends) if mend else not composer.mends


@pytest.mark.parametrize(
    ("sentence", "mend"),
    [
        ("비건 생활, 오늘 한 끼부터 一起开始吧！", "foreign_words"),
        ("비건 생활, 오늘 한 끼부터 เริ่มกันเลย!", "foreign_words"),
        ("비건 생활 (오늘 한 끼부터 一起开始吧今天就开始) 해요.", "foreign_words"),
        ("비건 생활, let us start it together today and be happy!", "foreign_words"),
        ("Let us start a vegan day!", "foreign_sentence"),
        ('비건 한 끼", "challenges: [', "json_text"),
        ("한 문장", "placeholder"),
        ("...", "foreign_sentence"),
    ],
)
def test_a_sentence_that_cannot_stay_waits_with_good_challenges_for_another(sentence: str, mend: str) -> None:
    composer, composed = read(said(sentence))
    assert (composer.visible, composer.titles, composer.mends[mend]) == (False, TITLES, 1)
    assert replayed(composed) == ""
    composed += composer.feed(json.dumps({"recommend": SENTENCE}))
    assert composer.complete
    assert replayed(composed) == layout(composer.answer)
    assert composer.answer.recommend == SENTENCE


@pytest.mark.parametrize(
    ("parts", "mend"),
    [
        ({"title": "채소 一餐"}, "foreign_words"),
        ({"description": "오늘 점심은 蔬菜로만 차려 보세요."}, "foreign_words"),
        ({"title": "두\ufffd 라떼"}, "unreadable"),
        ({"title": "1~10자"}, "placeholder"),
        ({"title": "{제목}"}, "placeholder"),
        ({"title": '채소", "description": "'}, "json_text"),
        ({"description": "한 문장."}, "placeholder"),
        ({"description": "무엇을 하면 되는지 알려 주는 한 문장"}, "placeholder"),
    ],
)
def test_a_challenge_that_cannot_be_shown_leaves_the_others(parts: dict[str, str], mend: str) -> None:
    composer, composed = read(changed(0, **parts))
    assert (composer.titles, composer.mends[mend]) == ([LATTE, SOUP], 1)
    assert replayed(composed) == layout(composer.answer)


def test_half_a_character_is_never_shown() -> None:
    composer, _ = read(TEXT.replace(LATTE, "두\\ud83d 라떼"))
    assert (composer.titles, composer.mends["unreadable"]) == ([LUNCH, SOUP], 1)


def test_titles_are_cleaned_of_markup_and_quotes() -> None:
    composer, _ = read(changed(0, title='[채소](http://a) "한" 끼').replace('\\"', '"'))
    assert composer.titles[0] == LUNCH


def test_a_title_keeps_its_range() -> None:
    assert read(changed(0, title="10~20분 걷기"))[0].titles[0] == "10~20분 걷기"


def test_a_loop_is_shown_once() -> None:
    composer, composed = read('{"recommend": "' + "비건 생활은 정말 좋아요. " * 500)
    assert replayed(composed) == "비건 생활은 정말 좋아요."
    assert composer.mends["said_again"] == 1


def test_a_sentence_has_a_bound() -> None:
    endless = " ".join(f"비건 생활은 {number}번째로 좋아요." for number in range(500))
    _, composed = read(f'{{"recommend": "{endless}')
    assert LONG_LENGTH <= len(replayed(composed)) < LONG_LENGTH + 30
    composer, composed = read('{"recommend": "' + "비건 그리고 " * 500)
    assert (replayed(composed), composer.mends["too_long"]) == ("", 1)


def test_what_is_no_progress_is_not_taken_for_it() -> None:
    composer = Composer(category="VEGAN", labels={"VEGAN": "비건"})
    composer.feed('{"recommend": "비건 생활은 정말 좋아요. 비건 생활은 정말 좋아요. ')
    before = composer.progress
    composer.feed("\\n\\n\\t" * 50 + "비건 생활은 정말 좋아요. " * 50)
    assert composer.progress == before
    composer.feed("오늘은 우유 대신 두유를 골라 마셔 보면 어떨까요")
    assert composer.progress > before


@pytest.mark.parametrize(
    "behind",
    [
        '{"recommend":""}',
        '{"challenges":[]}',
        DRAFT,
        changed(1, description="Only English here."),
        '{"recommend":"비건',
    ],
)
def test_a_complete_answer_stays_if_no_better_one_comes_after_thinking(behind: str) -> None:
    composer, composed = read(f"{TEXT}\n</think>\n{behind}")
    assert (composer.answer.recommend, composer.titles) == (SENTENCE, TITLES)
    assert [item for item in composed if isinstance(item, Retracted)] == []
    assert replayed(composed) == layout(composer.answer)


def test_a_complete_answer_is_replaced_by_a_complete_one_after_thinking() -> None:
    better = said("비건 생활, 이렇게 시작해요.")
    composer, composed = read(f"{TEXT}\n</think>\n{better}")
    assert (composer.answer.recommend, composer.titles) == ("비건 생활, 이렇게 시작해요.", TITLES)
    assert composer.mends["taken_back"] == 1
    assert replayed(composed) == layout(composer.answer)


def test_two_answers_complete_each_other() -> None:
    composer, _ = read(f"{DRAFT}\n{TEXT}")
    assert (composer.answer.recommend, composer.titles) == ("비건 초안이에요.", TITLES)


texts = st.sampled_from([*WRAPPED.values(), *(text for text, _ in MENDED.values())])
bits = st.lists(
    st.sampled_from(
        [
            *(
                '"',
                "\\",
                "\\u",
                "\\\\n",
                "{",
                "}",
                "[",
                "]",
                ",",
                ":",
                "“",
                "”",
                "<",
                ">",
                "&",
                "&amp;",
                "&lt;",
                "&gt;",
                "<b>",
                "_",
                "~~",
                "|",
            ),
            *(
                "<think>",
                "</think>",
                "<|channel|>final<|message|>",
                "<|im_end|>",
                "[채소](http",
                "一",
                "\ufffd",
                "\u1100",
            ),
            *(
                "\u1161",
                "\u0301",
                "비건",
                " ",
                ". ",
                "한 문장",
                "비건 생활은 정말 좋아요. ",
                '", "challenges": [{"title": "',
                "a",
            ),
        ]
    ),
    max_size=12,
).map("".join)


@given(st.data())
def test_the_answer_is_the_same_however_its_text_is_cut(data: st.DataObject) -> None:
    whole = data.draw(texts)
    place = data.draw(st.integers(0, len(whole)))
    whole = whole[:place] + data.draw(bits) + whole[place:]
    composer, composed = read(whole)
    in_pieces, composed_in_pieces = read(*data.draw(strategies.cut(whole)))
    assert in_pieces.answer == composer.answer
    assert in_pieces.mends == composer.mends
    assert replayed(composed) == replayed(composed_in_pieces) == layout(composer.answer)


@given(bits, bits)
def test_nobody_ever_sees_json_or_thinking(before: str, inside: str) -> None:
    _, composed = read(before + said(inside))
    shown = "".join(item.text for item in composed if isinstance(item, Shown))
    for token in ("recommend", "challenges", '"title"', "{", "}", "</think>", "<|", "\ufffd", "&amp;"):
        assert token not in shown
    assert re.search("<[A-Za-z/!?]", shown) is None
