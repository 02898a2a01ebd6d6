import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.answers.composer import Completed, Composed, Composer, Retracted, Shown
from chatbot.answers.rules import Answer, Challenge, fold, layout, utf16_length
from tests.chatbot.answers import strategies

LABELS = {"VEGAN": "비건", "PLOGGING": "플로깅"}

LUNCH = {"title": "채소 한 끼", "description": "오늘 점심은 채소로만 차려 보세요.", "category": "VEGAN"}
LATTE = {"title": "두유 라떼", "description": "우유 대신 두유를 골라 보세요.", "category": "VEGAN"}
SOUP = {"title": "버섯 국물 내기", "description": "멸치 대신 버섯으로 국물을 내 보세요.", "category": "VEGAN"}
GOOD: dict[str, Any] = {"recommend": "비건, 오늘 한 끼부터 시작해요.", "challenges": [LUNCH, LATTE, SOUP]}


def composer(**options: Any) -> Composer:
    return Composer(**{"category": "VEGAN", "labels": LABELS, **options})


def compose(answer: Any, target: Composer) -> list[Composed]:
    """The composed parts for the answer's JSON, with neighbouring texts joined."""
    joined: list[Composed] = []
    for item in target.feed(answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)):
        last = joined[-1] if joined else None
        if isinstance(item, Shown) and isinstance(last, Shown):
            joined[-1] = Shown(last.text + item.text)
        else:
            joined.append(item)
    return joined


def challenge(source: dict[str, str], **changes: str) -> Challenge:
    return Challenge(
        **{"title": source["title"], "description": source["description"], "category": "VEGAN"}
        | {"label": "비건"}
        | changes
    )


def titles(answer: Answer) -> list[str]:
    return [item.title for item in answer.challenges]


def test_a_good_answer_is_shown_as_it_is() -> None:
    target = composer()
    assert compose(GOOD, target) == [
        Shown("비건, 오늘 한 끼부터 시작해요.\n\n1. 채소 한 끼\n오늘 점심은 채소로만 차려 보세요."),
        Completed(1, challenge(LUNCH)),
        Shown("\n\n2. 두유 라떼\n우유 대신 두유를 골라 보세요."),
        Completed(2, challenge(LATTE)),
        Shown("\n\n3. 버섯 국물 내기\n멸치 대신 버섯으로 국물을 내 보세요."),
        Completed(3, challenge(SOUP)),
    ]
    assert target.complete
    assert target.answer == Answer(GOOD["recommend"], (challenge(LUNCH), challenge(LATTE), challenge(SOUP)))
    assert target.retraction is None


def test_the_sentence_is_shown_while_it_is_written() -> None:
    target = composer()
    assert target.feed('{"recommend": "비건, 오') == [Shown("비건, 오")]
    assert target.feed("늘 ") == [Shown("늘")]
    assert target.feed("한") == [Shown(" 한")]


def test_a_title_is_not_shown_before_it_is_complete_and_described() -> None:
    target = composer()
    target.feed('{"recommend": "비건!", "challenges": [{"title": "채소')
    assert target.feed(' 한 끼", "description": "') == []
    assert target.feed("오늘") == [Shown("\n\n1. 채소 한 끼\n오늘")]


def test_a_sentence_without_its_category_gets_a_clause() -> None:
    target = composer()
    shown = compose({**GOOD, "recommend": "오늘 한 끼부터 시작해요. "}, target)[0]
    assert isinstance(shown, Shown)
    assert shown.text.startswith("오늘 한 끼부터 시작해요. 오늘은 비건 챌린지를 골라 봤어요.\n\n1. ")
    assert target.answer.recommend == "오늘 한 끼부터 시작해요. 오늘은 비건 챌린지를 골라 봤어요."


def test_titles_lose_numbering_and_what_is_too_long() -> None:
    target = composer()
    long = {**LATTE, "title": "2. **두유로 만드는 고소한 라떼**"}
    numbered = {**SOUP, "title": "③ 버섯 국물"}
    compose({**GOOD, "challenges": [LUNCH, long, numbered]}, target)
    assert titles(target.answer) == ["채소 한 끼", "두유로 만드는", "버섯 국물"]


def test_titles_are_counted_in_nfc() -> None:
    target = composer()
    decomposed = unicodedata.normalize("NFD", "버섯으로 국물내기")
    compose({**GOOD, "challenges": [LUNCH, LATTE, {**SOUP, "title": decomposed}]}, target)
    assert titles(target.answer)[2] == "버섯으로 국물내기"


def test_repetitions_are_left_out_unseen() -> None:
    target = composer(given=["채소  한끼"])
    assert compose({**GOOD, "challenges": [LUNCH, LATTE, LATTE]}, target) == [
        Shown("비건, 오늘 한 끼부터 시작해요.\n\n1. 두유 라떼\n우유 대신 두유를 골라 보세요."),
        Completed(1, challenge(LATTE)),
    ]
    assert not target.complete


def test_a_fourth_challenge_is_not_read() -> None:
    target = composer()
    compose({**GOOD, "challenges": [LUNCH, LATTE, SOUP, {**LUNCH, "title": "넷째"}]}, target)
    assert titles(target.answer) == ["채소 한 끼", "두유 라떼", "버섯 국물 내기"]


def test_challenges_written_before_the_sentence_are_shown_behind_it() -> None:
    target = composer()
    backwards = {"challenges": GOOD["challenges"], "recommend": GOOD["recommend"]}
    composed = compose(backwards, target)
    assert composed[0] == Shown("비건, 오늘 한 끼부터 시작해요.\n\n1. 채소 한 끼\n오늘 점심은 채소로만 차려 보세요.")
    assert target.complete


def test_a_description_written_before_its_title_waits_for_it() -> None:
    target = composer()
    turned = {"description": LUNCH["description"], "title": LUNCH["title"]}
    compose({**GOOD, "challenges": [turned, LATTE, SOUP]}, target)
    assert target.answer.challenges[0] == challenge(LUNCH)


def test_a_known_category_is_kept_an_unknown_one_replaced() -> None:
    target = composer()
    compose({**GOOD, "challenges": [{**LUNCH, "category": "PLOGGING"}, {**LATTE, "category": "X"}, SOUP]}, target)
    assert target.answer.challenges[0] == challenge(LUNCH, category="PLOGGING", label="플로깅")
    assert target.answer.challenges[1] == challenge(LATTE)


def test_what_was_shown_of_an_unfinished_challenge_can_be_taken_back() -> None:
    target = composer()
    whole = json.dumps(GOOD, ensure_ascii=False)
    shown = compose(whole[: whole.index("두유를")], target)
    kept = "비건, 오늘 한 끼부터 시작해요.\n\n1. 채소 한 끼\n오늘 점심은 채소로만 차려 보세요."
    assert shown[-1] == Shown("\n\n2. 두유 라떼\n우유 대신")
    assert target.retraction == Retracted(len(kept))
    assert layout(target.answer) == kept


def test_an_unfinished_sentence_is_kept_as_far_as_it_was_shown() -> None:
    target = composer()
    target.feed('{"recommend": "비건, 오늘 한')
    assert target.retraction is None
    assert target.answer == Answer("비건, 오늘 한")


def replayed(composed: list[Composed]) -> str:
    text = ""
    for item in composed:
        match item:
            case Shown():
                text += item.text
            case Retracted():
                text = text.encode("utf-16-le")[: item.length * 2].decode("utf-16-le")
    return text


def test_another_source_goes_on_behind_what_is_complete() -> None:
    target = composer()
    first = compose({"recommend": GOOD["recommend"], "challenges": [LATTE]}, target)
    composed = [*first, *target.resume(), *compose(GOOD, target)]
    assert not [item for item in composed if isinstance(item, Retracted)]
    assert titles(target.answer) == ["두유 라떼", "채소 한 끼", "버섯 국물 내기"]
    assert target.answer.recommend == GOOD["recommend"]
    assert replayed(composed) == layout(target.answer)


def test_a_sentence_that_broke_off_is_taken_back() -> None:
    target = composer()
    first = target.feed('{"recommend": "비건, 오늘 한')
    again = target.resume()
    assert again == [Retracted(0)]
    composed = [*first, *again, *compose(GOOD, target)]
    assert replayed(composed) == layout(target.answer)
    assert target.answer.recommend == GOOD["recommend"]


def test_a_sentence_that_had_ended_is_kept_though_the_rest_broke_off() -> None:
    target = composer()
    first = target.feed('{"recommend": "비건, 한 끼부터 시작해요.')
    assert target.resume() == []
    assert replayed([*first, *compose(GOOD, target)]) == layout(target.answer)
    assert target.answer.recommend == "비건, 한 끼부터 시작해요."


def test_a_challenge_that_broke_off_is_taken_back() -> None:
    target = composer()
    whole = json.dumps(GOOD, ensure_ascii=False)
    first = target.feed(whole[: whole.index("두유를")])
    again = target.resume()
    assert again == [
        Retracted(len("비건, 오늘 한 끼부터 시작해요.\n\n1. 채소 한 끼\n오늘 점심은 채소로만 차려 보세요."))
    ]
    assert replayed([*first, *again, *compose(GOOD, target)]) == layout(target.answer)


def test_an_english_answer_is_not_shown() -> None:
    target = composer()
    english = {"title": "Tumbler", "description": "Bring your own tumbler today.", "category": "VEGAN"}
    assert compose({"recommend": "Let us go vegan!", "challenges": [english]}, target) == []
    assert not target.visible
    assert target.mends["foreign_sentence"] == 1


def test_mends_are_counted() -> None:
    target = composer(given=["두유 라떼"])
    numbered = {**SOUP, "title": "1. 버섯 국물", "description": "**버섯**으로 국물을 내 보세요 🍄.", "category": "?"}
    more = [{**LUNCH, "title": f"{word} 한 끼"} for word in ("콩", "쌀", "밀")]
    compose({"recommend": "오늘 시작해요.", "challenges": [LUNCH, LATTE, numbered, *more]}, target)
    assert target.mends == {
        "category_added": 1,
        "repetition": 1,
        "title": 1,
        "markup": 1,
        "emoji": 1,
        "category_replaced": 1,
        "superfluous": 2,
    }


@pytest.mark.parametrize("name", ["PLOGGING", "plogging", "플로깅", " 플로깅 ", "줍깅"])
def test_a_category_may_be_named_as_people_name_it(name: str) -> None:
    target = composer(names={"줍깅": "PLOGGING"})
    compose({"recommend": "비건 어때요.", "challenges": [{**LUNCH, "category": name}]}, target)
    assert [(each.category, each.label) for each in target.answer.challenges] == [("PLOGGING", "플로깅")]
    assert "category_replaced" not in target.mends


@given(st.data())
def test_what_is_shown_is_always_the_layout_of_the_answer(data: st.DataObject) -> None:
    target = composer(given=data.draw(st.lists(strategies.korean, max_size=3)))
    composed: list[Composed] = []
    for _ in range(data.draw(st.integers(1, 3))):
        noise = data.draw(strategies.answers.flatmap(strategies.serialized) | strategies.text)
        whole = data.draw(strategies.before) + noise[: data.draw(st.integers(0, len(noise)))]
        composed += [item for piece in data.draw(strategies.cut(whole)) for item in target.feed(piece)]
        keeps_contract(target.answer)
        if data.draw(st.booleans()):
            composed += target.resume()
    if target.retraction is not None:
        composed.append(target.retraction)
    assert replayed(composed) == layout(target.answer)


@given(st.data())
def test_a_good_source_always_completes_what_bad_ones_began(data: st.DataObject) -> None:
    target = composer()
    noise = data.draw(strategies.answers.flatmap(strategies.serialized) | strategies.text)
    composed = target.feed(noise[: data.draw(st.integers(0, len(noise)))])
    extra = {**LUNCH, "title": "콩 한 줌"}
    composed += target.resume()
    composed += target.feed(json.dumps({**GOOD, "challenges": [*GOOD["challenges"], extra]}))
    assert target.complete
    assert replayed(composed) == layout(target.answer)
    keeps_contract(target.answer)


def keeps_contract(answer: Answer) -> None:
    """Checks rules for every answer, complete or not."""
    assert len(answer.challenges) <= 3
    assert len({fold(item.title) for item in answer.challenges}) == len(answer.challenges)
    for item in answer.challenges:
        assert 1 <= len(unicodedata.normalize("NFC", item.title)) <= 10
        assert item.description
        assert "\n" not in item.description
        assert LABELS[item.category] == item.label


def test_utf16_length_counts_as_javascript_does() -> None:
    assert utf16_length("가😀") == 3


def test_the_composer_waits_for_the_words_of_a_title() -> None:
    known: dict[str, list[str]] = {}
    composer = Composer(category="VEGAN", labels={"VEGAN": "비건"}, given=["채소 먹기"], split=known.get)
    text = (
        '{"recommend":"비건으로 시작해요.","challenges":['
        '{"title":"채소를 먹기","description":"채소를 드세요.","category":"VEGAN"},'
        '{"title":"두유 라떼","description":"두유를 마셔요.","category":"VEGAN"}]}'
    )
    composer.feed(text)
    assert composer.unknown == ["채소 먹기", "채소를 먹기"]
    known.update({"채소 먹기": ["채소"], "채소를 먹기": ["채소"]})
    assert composer.go_on() == []  # a repetition
    assert composer.unknown == ["두유 라떼"]
    assert composer.feed(" ") == []
    known["두유 라떼"] = ["두유", "라떼"]
    composed = composer.go_on()
    assert [each.challenge.title for each in composed if isinstance(each, Completed)] == ["두유 라떼"]
    assert (composer.unknown, composer.mends["repetition"]) == ([], 1)


def test_what_the_catalogue_writes_needs_no_words() -> None:
    def unused(title: str) -> list[str]:
        raise AssertionError(title)

    composer = Composer(category="VEGAN", labels={"VEGAN": "비건"}, given=["채소 먹기"] * 600, split=unused)
    composer.allow_given()
    composer.feed(
        '{"recommend":"비건으로 시작해요.","challenges":[{"title":"두유 라떼","description":"두유를 마셔요."}]}'
    )
    assert [each.title for each in composer.answer.challenges] == ["두유 라떼"]
