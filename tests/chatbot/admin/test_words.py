"""The word lists, and the form for trying a message."""

import inspect
import unicodedata
from typing import Any

import pytest
from django.test import AsyncClient, Client
from django.urls import resolve
from pytest_django import DjangoAssertNumQueries

from challenges.models import Category
from chatbot.models import ListedWord, WordKind
from tests.chatbot.admin.conversations import confirm, invalid_rows, message_turn, staff, upload

pytestmark = pytest.mark.django_db

LIST = "/admin/chatbot/listedword/"
TRY = f"{LIST}try/"


@pytest.fixture(autouse=True)
def _few_words(db: None) -> None:
    ListedWord.objects.all().delete()
    ListedWord.objects.create(word="Fuck", kind=WordKind.ABUSE)
    ListedWord.objects.create(word="죽고 싶다", kind=WordKind.SELF_HARM, note="109")


def _add(page: Client, word: str, kind: str = "abuse") -> Any:
    return page.post(f"{LIST}add/", {"word": word, "kind": kind, "note": ""})


def test_a_word_is_kept_in_nfc(page: Client) -> None:
    assert _add(page, unicodedata.normalize("NFD", " 시발 ")).status_code == 302
    assert ListedWord.objects.filter(word="시발", kind="abuse").exists()


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("fuck", "“Fuck” is listed already, under “abuse”."),
        ("ＦＵＣＫ", "“Fuck” is listed already, under “abuse”."),
        ("죽고　 싶다", "“죽고 싶다” is listed already, under “self-harm”."),
        (unicodedata.normalize("NFD", "죽고 싶다"), "“죽고 싶다” is listed already, under “self-harm”."),
        (" ", "This field is required."),
    ],
)
def test_a_word_is_listed_once_however_it_is_written(page: Client, word: str, words: str) -> None:
    response = _add(page, word, "fine")
    assert response.context["adminform"].form.errors == {"word": [words]}
    assert ListedWord.objects.count() == 2


def test_a_word_that_was_listed_twice_before_can_still_be_edited(page: Client) -> None:
    twin = ListedWord.objects.create(word="fuck", kind=WordKind.ABUSE)
    address = f"{LIST}{twin.pk}/change/"
    assert page.post(address, {"word": "fuck", "kind": "abuse", "note": "x"}).status_code == 302
    assert page.post(address, {"word": "죽고 싶다", "kind": "abuse", "note": "x"}).status_code == 200


def test_the_list_is_filtered_and_searched_as_duplicates_are_found(page: Client) -> None:
    def shown(**query: str) -> list[str]:
        return [row.word for row in page.get(LIST, query).context["cl"].result_list]

    assert shown() == ["Fuck", "죽고 싶다"]
    assert shown(kind__exact="self_harm") == ["죽고 싶다"]
    for term in ("ｆｕ", "FUCK", unicodedata.normalize("NFD", "죽고"), "109", "없음"):
        expected = {"ｆｕ": ["Fuck"], "FUCK": ["Fuck"], "없음": []}.get(term, ["죽고 싶다"])
        assert shown(q=term) == expected, term


def test_what_was_exported_imports_without_a_change(page: Client) -> None:
    ListedWord.objects.create(word="=1+1", kind=WordKind.FINE)
    exported = page.post(f"{LIST}export/", {"format": "0", "resource": "0"}).content
    assert exported.decode("utf-8-sig") == (
        "word,kind,note\r\nFuck,abuse,\r\n'=1+1,fine,\r\n죽고 싶다,self_harm,109\r\n"
    )
    totals = upload(page, LIST, exported.decode("utf-8-sig")).context["result"].totals
    assert (totals["new"], totals["update"], totals["skip"]) == (0, 0, 3)


def test_an_import_adds_and_changes_rows_or_reports_errors(
    page: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    preview = upload(
        page, LIST, "word,kind,note\nfuck,abuse,\n새말,odd,\n헌말,abuse,\n헌말,fine,\nＨＩ,abuse,\nhi,fine,\n"
    )
    assert invalid_rows(preview) == {
        2: {"word": ["“Fuck” is listed already, under “abuse”."]},
        3: {"kind": ["Value 'odd' is not a valid choice."]},
        5: {"__all__": ["Row 4 of the file is about the same entry."]},
        7: {"word": ["“ＨＩ” is listed already, under “abuse”."]},
    }
    rows = "".join(f"말{number},abuse,\n" for number in range(100))
    with django_assert_max_num_queries(520):  # five for a row; none reads the whole list
        preview = upload(page, LIST, f"word,kind,note\n죽고 싶다,self_harm,\n{rows}")
    confirm(page, LIST, preview)
    assert ListedWord.objects.count() == 102
    assert ListedWord.objects.get(word="죽고 싶다").note == ""


def test_a_person_with_only_the_view_permission_may_try_a_message() -> None:
    word = ListedWord.objects.get(word="Fuck")
    client = staff("view_listedword")
    assert client.get(LIST).status_code == 200
    assert client.get(TRY, {"message": "안녕"}).status_code == 200
    for address in (f"{LIST}add/", f"{LIST}{word.pk}/change/", f"{LIST}{word.pk}/delete/", f"{LIST}import/"):
        assert client.post(address, {"word": "새말", "kind": "abuse"}).status_code == 403, address
    assert client.post(TRY, {"message": "안녕"}).status_code == 405


def test_others_may_not_try() -> None:
    client = staff("view_knowledgedocument")
    assert client.get(TRY, {"message": "안녕"}).status_code == 403
    client.logout()
    assert client.get(TRY, {"message": "안녕"})["location"] == (
        "/admin/login/?next=/admin/chatbot/listedword/try/%3Fmessage%3D%25EC%2595%2588%25EB%2585%2595"
    )
    part = client.get(TRY, {"message": "안녕"}, headers={"hx-request": "true"})
    assert (part.status_code, part.headers["HX-Refresh"], part.content) == (200, "true", b"")


def _tried(page: Client, message: str, category: str = "") -> Any:
    response = page.get(TRY, {"message": message, "category": category})
    assert response.status_code == 200
    return response.context["tried"]


def test_a_message_is_understood_with_the_words_as_they_are(page: Client) -> None:
    tried = _tried(page, "fuck you")
    assert (tried["intent"], tried["facts"], tried["reasons"]) == ("Abuse", [], ["“Fuck” is abuse."])
    assert ">\n\ndeclined\n<" in tried["kind"]
    assert _add(page, "fuck you", "fine").status_code == 302
    assert _tried(page, "fuck you")["intent"] != "Abuse"
    tried = _tried(page, "요즘 정말 죽고 싶어요")
    assert (tried["intent"], tried["reasons"]) == ("Somebody is in danger", ["“죽고 싶다” tells of self-harm."])


def test_a_message_is_understood_with_the_aliases_of_today_in_the_category_that_is_talked_about(page: Client) -> None:
    tried = _tried(page, "비건으로 바꿔줘", "ZERO_WASTE")
    assert tried["intent"] == "Wants another category, by its name"
    assert ("category", "비건") in tried["facts"]
    assert tried["reasons"][0] == "“비건” names the category 비건: it is wanted."
    assert _tried(page, "비건으로 바꿔줘", "VEGAN")["intent"] != tried["intent"]
    tried = _tried(page, "2번 자세히 알려줘", "VEGAN")
    second = Category.objects.get(key="VEGAN").challenges.filter(active=True).order_by("pk")[1]
    assert tried["intent"] == "Wants to know more about one challenge"
    assert ("challenge", second.title) in tried["facts"]


def test_the_answer_is_a_part_of_the_page_for_its_script_and_a_page_without(page: Client) -> None:
    message = "<script>x()</script> 비건"
    whole = page.get(TRY, {"message": message}).content.decode()
    part = page.get(TRY, {"message": message}, headers={"hx-request": "true"}).content.decode()
    assert "<html" in whole
    assert "<html" not in part
    for html in (whole, part):
        assert "<script>x()" not in html
        assert "&lt;script&gt;x()" in html
        assert "“비건” names the category 비건" in html
    html = page.get(LIST).content.decode()
    assert 'hx-get="/admin/chatbot/listedword/try/"' in html
    assert "Try a message" in html


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"message": " "}, "This field is required."),
        ({"message": "가" * 501}, "at most 500 characters"),
        ({"message": "안녕", "category": "GONE"}, "GONE is not one of the available choices"),
        ({"message": "a\0b"}, "Null characters are not allowed."),
        ({}, "This field is required."),
    ],
)
def test_an_invalid_message_is_reported(page: Client, query: dict[str, str], words: str) -> None:
    response = page.get(TRY, query)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert "tried" not in response.context


async def test_trying_is_a_coroutine_that_holds_no_thread(async_client: AsyncClient, admin_user: Any) -> None:
    assert inspect.iscoroutinefunction(resolve(TRY).func)
    await async_client.aforce_login(admin_user)
    response = await async_client.get(TRY, {"message": "안녕"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("비건", "“비건” is in the name of something that people can pick: 비건"),
        ("요", "“요” is a single character: very many messages contain it."),
        ("점심밥", "Of the last 300 messages it would have refused 1: 점심밥 메뉴 추천해 줘"),
    ],
)
def test_a_word_that_would_refuse_ordinary_people_is_warned_of_once(page: Client, word: str, why: str) -> None:
    message_turn("점심밥 메뉴 추천해 줘")
    response = _add(page, word, "abuse")
    assert why in "".join(response.context["adminform"].form.non_field_errors())
    assert not ListedWord.objects.filter(word=word).exists()
    again = {
        name: response.context["adminform"].form[name].value() or "" for name in ("word", "kind", "note", "warned")
    }
    assert page.post(f"{LIST}add/", again).status_code == 302
    assert ListedWord.objects.filter(word=word).exists()


@pytest.mark.parametrize(("rights", "end"), [(["view_turn"], ": 점심밥 메뉴 추천해 줘"), ([], ".")])
def test_the_warning_quotes_messages_to_those_who_may_read_them(rights: list[str], end: str) -> None:
    message_turn("점심밥 메뉴 추천해 줘")
    response = _add(staff("view_listedword", "add_listedword", *rights), "점심밥")
    assert response.context["adminform"].form.non_field_errors() == [
        f"Of the last 300 messages it would have refused 1{end}",
        "Save again if it is meant all the same.",
    ]


def test_an_exception_and_a_word_that_nobody_says_need_no_warning(page: Client) -> None:
    assert _add(page, "비건", "fine").status_code == 302
    assert _add(page, "나쁜말말", "abuse").status_code == 302


def test_an_import_refuses_what_the_form_would_warn_of(page: Client) -> None:
    preview = upload(page, LIST, "word,kind\n요,abuse\n나쁜말말,abuse\n")
    assert list(invalid_rows(preview)) == [2]
    assert "Add it in the form if it is meant." in invalid_rows(preview)[2]["word"]
