from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from challenges.models import Category, Challenge
from chatbot.models import KnowledgeDocument
from chatbot.search.index import Index
from chatbot.search.index_manager import IndexManager, State
from chatbot.search.search import Found
from tests.chatbot.search.conftest import Ask
from tests.chatbot.search.rows import challenge, document, forget_everything

pytestmark = pytest.mark.django_db


@pytest.fixture
def empty() -> None:
    forget_everything()


def titles(found: list[Found]) -> list[str]:
    return [row.title for row in found]


async def test_what_a_question_is_about_is_found_whole(ask: Ask) -> None:
    found = (await ask("우유팩은 어떻게 버려요?"))[0]
    row = await sync_to_async(Challenge.objects.get)(title="우유팩 펼쳐 말리기")
    assert found == Found(
        kind="challenge",
        id=row.pk,
        title="우유팩 펼쳐 말리기",
        text="다 마신 우유팩은 헹군 뒤 펼쳐 말려서 종이와 섞지 말고 종이팩으로 따로 내놓아요.",
        category="ZERO_WASTE",
        label="제로웨이스트",
        score=found.score,
    )
    assert found.score > 0


async def test_the_best_come_first_and_no_more_than_asked_for(ask: Ask) -> None:
    found = await ask("두부 요리", count=5)
    scores = [row.score for row in found]
    assert len(found) == 5
    assert scores == sorted(scores, reverse=True)
    assert (await ask("두부 요리", count=2)) == found[:2]
    assert await ask("두부 요리", count=0) == []


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("핸드폰 화면 밝기", "화면 밝기 낮추기"),  # the row says 휴대폰
        ("엘리베이터 말고 다른 거", "세 층은 계단으로"),  # 승강기
        ("야채 도시락", "도시락에 콩 반찬"),
        ("줍깅 십 분만", "십 분 줍깅"),
        ("계단 오르내리", "세 층은 계단으로"),  # a stem, as the morphemes of a verb are
        ("난방비", "물주머니 품고 자기"),  # 난방
    ],
)
async def test_other_words_for_it_find_it(ask: Ask, question: str, title: str) -> None:
    assert title in titles(await ask(question, count=5, kind="challenge"))


@pytest.mark.usefixtures("empty")
async def test_an_alias_of_a_category_counts_as_its_label(ask: Ask) -> None:
    await sync_to_async(challenge)("비건 간식 찾기", "오늘은 비건 간식을 하나 골라 보세요.", category="VEGAN")
    await sync_to_async(challenge)("두부 부치기", "두부를 노릇하게 부쳐 보세요.", category="VEGAN")
    await sync_to_async(challenge)("집게 챙기기", "가방에 집게를 넣어 두세요.", category="PLOGGING")
    assert titles(await ask("채식주의")) == ["비건 간식 찾기", "두부 부치기"]


async def test_an_alias_that_an_admin_adds_is_understood_at_once(ask: Ask) -> None:
    vegan = await sync_to_async(Category.objects.get)(key="VEGAN")
    vegan.aliases = [*vegan.aliases, "풀때기"]
    await sync_to_async(vegan.save)()
    assert {row.category for row in await ask("풀때기", kind="challenge")} == {"VEGAN"}


async def test_a_new_category_is_found_by_its_names_even_by_a_word_of_asking(ask: Ask) -> None:
    await sync_to_async(Category.objects.create)(
        key="WATER", label="물 살피기", aliases=["질문"], keywords=["수도꼭지"]
    )
    await sync_to_async(challenge)("양치 컵 쓰기", "양치할 땐 컵에 받아 헹궈 보세요.", category="WATER")
    for question in ("물 살피기", "질문", "수도꼭지 챌린지"):
        assert "양치 컵 쓰기" in titles(await ask(question, count=5)), question


@pytest.mark.usefixtures("empty")
async def test_a_named_place_prefers_what_is_done_there(ask: Ask) -> None:
    await sync_to_async(challenge)("어디서나 줍기", "쓰레기를 주워 보세요.", category="PLOGGING")
    await sync_to_async(challenge)("모래밭 줍기", "쓰레기를 주워 보세요.", category="PLOGGING", locations=("beach",))
    assert titles(await ask("해안가에서 쓰레기 줍기")) == ["모래밭 줍기", "어디서나 줍기"]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("탬블러 들고 다니기", "텀블러로 첫 한 잔"),
        ("청바쥐로 주머니 만들기", "청바지로 주머니"),
        ("체식 식당", "채식 식당 가 보기"),
        ("디지탈 탄소", "화면 밝기 낮추기"),
    ],
)
async def test_a_wrong_letter_is_forgiven(ask: Ask, question: str, title: str) -> None:
    assert title in titles(await ask(question, count=5, kind="challenge"))


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("버스정류장쓰레기줍기", "정류장 한 바퀴"),
        ("냉장고파먹기", "냉장고 비우는 점심"),
        ("안쓰는방불끄기", "빈방 불 끄기"),
        ("메일 휴지통비우는법", "메일 휴지통 비우기"),
    ],
)
async def test_missing_spaces_are_forgiven(ask: Ask, question: str, title: str) -> None:
    assert titles(await ask(question, kind="challenge"))[0] == title


@pytest.mark.usefixtures("empty")
async def test_a_word_that_was_meant_beats_one_that_is_only_like_it(ask: Ask) -> None:
    await sync_to_async(challenge)("페트병 모으기", "페트병을 모아 보세요.")
    await sync_to_async(challenge)("패트병 모으기", "패트병을 모아 보세요.")
    assert titles(await ask("패트병"))[0] == "패트병 모으기"


@pytest.mark.usefixtures("empty")
async def test_what_suits_the_selection_comes_first(ask: Ask) -> None:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("산 컵 쓰기", {"locations": ("mountain",), "work_types": ("field",)}),
        ("도시 컵 쓰기", {"locations": ("city",), "work_types": ("field",)}),
        ("사무 컵 쓰기", {"locations": ("mountain",), "work_types": ("office",)}),
        ("채식 컵 쓰기", {"category": "VEGAN", "locations": ("mountain",), "work_types": ("field",)}),
    ]
    for title, options in rows:
        await sync_to_async(challenge)(title, "여러 번 쓰는 컵을 챙겨 보세요.", **options)

    async def first(**wanted: str) -> str:
        return titles(await ask("여러 번 쓰는 컵", **wanted))[0]

    assert await first(location="city") == "도시 컵 쓰기"
    assert await first(work_type="office") == "사무 컵 쓰기"
    assert await first(category="VEGAN") == "채식 컵 쓰기"
    assert await first(category="VEGAN", location="city", work_type="office") == "채식 컵 쓰기"
    assert len(await ask("여러 번 쓰는 컵", category="VEGAN", count=9)) == 4


async def test_the_selection_finds_nothing_by_itself(ask: Ask) -> None:
    assert await ask("ㅁㄴㅇㄹ", category="VEGAN", location="city", work_type="office") == []


async def test_one_category_only(ask: Ask) -> None:
    found = await ask("두부 요리", category="MEDIA", only_category=True, count=50)
    assert {row.category for row in found} <= {"MEDIA"}
    assert {row.category for row in await ask("환경 책", category="MEDIA", only_category=True)} == {"MEDIA"}
    assert await ask("두부 요리", category="NO_SUCH", only_category=True) == []


async def test_given_titles_are_left_out(ask: Ask) -> None:
    first, *others = await ask("두부 요리", kind="challenge", count=4)
    assert await ask("두부 요리", kind="challenge", count=3, exclude_titles=[first.title]) == others


async def test_one_kind_only(ask: Ask) -> None:
    assert {row.kind for row in await ask("우유팩", kind="document")} == {"document"}
    assert {row.kind for row in await ask("우유팩", kind="challenge")} == {"challenge"}


async def test_the_passage_that_answers_comes_with_its_link(ask: Ask) -> None:
    text = "사막 이야기예요.\n\n낙타는 혹에 지방을 모아 두어요.\n\n선인장은 물을 모아 두어요."
    made = await sync_to_async(document)("사막의 동식물", text, link="https://example.org/desert")
    found = await ask("낙타 혹에는 뭐가 들었어?")
    assert found == [
        Found(
            kind="document",
            id=made.pk,
            title="사막의 동식물",
            text="낙타는 혹에 지방을 모아 두어요.",
            category="",
            label="",
            score=found[0].score,
            link="https://example.org/desert",
        )
    ]


async def test_a_document_is_found_once(ask: Ask) -> None:
    await sync_to_async(document)("낙타", "낙타는 사막에 살아요.\n\n낙타는 혹이 있어요.\n\n낙타는 느려요.")
    assert titles(await ask("낙타", count=9)) == ["낙타"]


async def test_inactive_rows_are_never_found(ask: Ask) -> None:
    await sync_to_async(challenge)("낙타 그리기", "낙타를 그려 보세요.", active=False)
    await sync_to_async(document)("낙타 이야기", "낙타는 사막에 살아요.", active=False)
    await sync_to_async(challenge)("낙타 빗질", "낙타를 빗겨 주세요.", category="MEDIA")
    await sync_to_async(document)("낙타 책", "낙타는 책에 나와요.", category="MEDIA")
    assert sorted(titles(await ask("낙타"))) == ["낙타 빗질", "낙타 책"]
    await sync_to_async(Category.objects.filter(key="MEDIA").update)(active=False)
    assert await ask("낙타") == []


async def test_the_next_search_knows_what_changed(ask: Ask) -> None:
    made = await sync_to_async(challenge)("낙타 그리기", "낙타를 그려 보세요.")
    assert titles(await ask("낙타")) == ["낙타 그리기"]
    await sync_to_async(Challenge.objects.filter(pk=made.pk).update)(description="기린을 그려요.", title="기린 그리기")
    assert await ask("낙타") == []
    assert titles(await ask("기린")) == ["기린 그리기"]
    await sync_to_async(made.delete)()
    assert await ask("기린") == []


async def test_a_row_that_suits_other_places_is_known_at_once(ask: Ask) -> None:
    made = await sync_to_async(challenge)("낙타 그리기", "낙타를 그려 보세요.", locations=("city",))
    await sync_to_async(challenge)("낙타 만들기", "낙타를 지어 보세요.", locations=("city",))
    await sync_to_async(made.locations.clear)()
    assert titles(await ask("낙타", location="city"))[0] == "낙타 만들기"


@pytest.mark.parametrize(
    "question",
    [
        "",
        "  \n",
        "?!…",
        "🌱🌱",
        "ㅋㅋㅋㅋ",
        "추천해 줘",
        "그거 어떻게 하는 거야?",
        "비트코인 지금 사도 돼?",
        "대통령이 누구야",
    ],
)
async def test_nothing_is_found_for_what_is_no_question_of_ours(ask: Ask, question: str) -> None:
    assert await ask(question) == []


@pytest.mark.usefixtures("empty")
async def test_an_empty_catalogue_finds_nothing(ask: Ask) -> None:
    assert await ask("우유팩은 어떻게 버려요?", category="VEGAN") == []


def test_a_search_costs_two_statements(ask: Ask) -> None:
    async_to_sync(ask)("우유팩 분리배출")
    with CaptureQueriesContext(connection) as queries:
        kinds = {row.kind for row in async_to_sync(ask)("우유팩 분리배출")}
    assert kinds == {"challenge", "document"}
    assert len(queries) == 3  # the revisions, which the caller reads


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(max_size=500))
def test_no_question_is_an_error(ask: Ask, question: str) -> None:
    found = async_to_sync(ask)(question)
    assert all(row.score > 0 for row in found)


async def test_what_went_away_while_it_was_looked_for_is_left_out(
    ask: Ask, manager: IndexManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Index | None] = []
    look = manager.index

    async def first_index(wanted: State) -> Index | None:
        """The index that running searches keep."""
        if not made:
            made.append(await look(wanted))
        return made[0]

    monkeypatch.setattr(manager, "index", first_index)
    await sync_to_async(document)("낙타", "낙타는 사막에 살아요.\n\n낙타는 지방을 모아요.")
    await sync_to_async(challenge)("낙타 그리기", "낙타를 그려 보세요.")
    assert len(await ask("낙타 지방")) == 2
    await sync_to_async(KnowledgeDocument.objects.filter(title="낙타").update)(text="낙타는 사막에 살아요.")
    await sync_to_async(Challenge.objects.filter(title="낙타 그리기").update)(active=False)
    assert await ask("낙타 지방") == []
