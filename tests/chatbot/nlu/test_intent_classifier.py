"""What is learned from labelled messages and from the rows of the database."""

import pytest

from challenges.catalog import Options
from chatbot.models import Intent
from chatbot.nlu.analyser_manager import names_of
from chatbot.nlu.facets import FACETS
from chatbot.nlu.intent_classifier import LearnedAnalyser, labelled, wanted_part
from chatbot.nlu.morphemes import MorphemeAnalyser
from tests.chatbot.nlu.seeded import seeded_topics


def test_the_table_is_large_and_speaks_of_every_category(known: Options) -> None:
    rows = labelled()
    assert len(rows) >= 1500
    assert {row.category for row in rows} == {"", *known.categories}
    assert {row.intent for row in rows} <= set(Intent.values)
    assert {facet for row in rows for facet in row.facets} <= set(FACETS)
    assert len({row.message for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ("우편함 말고 메일함이 터질 것 같아", "DIGITAL_CARBON"),
        ("자가용만 타고 다니는 게 찔려요", "CARBON_FOOTPRINT"),
        ("구멍 난 바지를 꿰매 입으려고", "UPCYCLING"),
        ("밥을 자꾸 남겨서 버려요", "ZERO_WASTE"),
        ("보일러를 하루 종일 틀어 놔요", "ENERGY_SAVING"),
        ("공원에 휴지가 굴러다녀서 주울까 해", "PLOGGING"),
        ("오늘 뭐 하면 좋을까", ""),
    ],
)
def test_a_topic_is_known_by_what_one_does(message: str, category: str, analyser: MorphemeAnalyser) -> None:
    opinion = analyser.opinion(message)
    assert opinion is not None
    assert opinion.category == category


def test_what_is_refused_says_nothing_of_the_topic() -> None:
    assert wanted_part("채식 말고 폰 정리") == "폰 정리"
    assert wanted_part("줍는 건 말고") == "줍는 건 말고"


def test_a_new_category_is_learned_from_its_rows(known: Options) -> None:
    taught = LearnedAnalyser(names_of(known))
    rows = [
        "물 아끼기",
        "수도꼭지",
        "양치컵",
        "빗물 받기",
        "절수",
        "수도꼭지를 꼭 잠그고 양치해요",
        "양치할 때 수도꼭지를 잠가요",
        "빗물을 모아 화분에 물을 줘요",
        "양치할 때 물을 컵에 받아서 써요",
        "설거지물을 받아 놓고 써요",
        "수도꼭지에서 물이 새는지 살펴봐요",
    ]
    taught.learn([*seeded_topics(known), *((row, "WATER") for row in rows)])
    opinion = taught.opinion("수도꼭지를 틀어 놓고 양치해요")
    assert opinion is not None
    assert opinion.leaning == "WATER"


def test_without_learning_there_is_no_opinion() -> None:
    assert LearnedAnalyser(frozenset()).opinion("다른 거") is None
