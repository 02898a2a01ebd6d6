import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError

from challenges.models import Category, Challenge, Location

pytestmark = pytest.mark.django_db

SENTENCE = "컵을 챙겨 보세요."


def challenge(**fields: object) -> Challenge:
    category = Category.objects.get(key="VEGAN")
    return Challenge(**{"title": "새 챌린지", "description": SENTENCE, "category": category, **fields})


@pytest.mark.parametrize(
    "fields",
    [{"title": ""}, {"title": "  "}, {"title": "열한 글자가 되는 제목"}, {"description": " "}],
)
def test_the_database_keeps_what_the_forms_keep(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        challenge(**fields).full_clean()
    with pytest.raises((IntegrityError, DataError)):  # PostgreSQL itself knows how long a column may be
        challenge(**fields).save()


def test_a_title_is_unique_in_the_database() -> None:
    challenge().save()
    with pytest.raises(IntegrityError):
        challenge().save()


@pytest.mark.parametrize("fields", [{"key": " "}, {"label": ""}, {"key": "VEGAN"}, {"label": "비건"}])
def test_an_option_has_a_key_and_a_label_of_its_own(fields: dict[str, str]) -> None:
    with pytest.raises(IntegrityError):
        Category.objects.create(**{"key": "WATER", "label": "물", **fields})


def test_titles_are_kept_in_nfc() -> None:
    decomposed = challenge(title=unicodedata.normalize("NFD", "물병 챙기기"))
    decomposed.full_clean()
    assert decomposed.title == "물병 챙기기"


@pytest.mark.parametrize("aliases", [["시티", "산"], ["CITY", "시골"], ["비 치", "바닷 가"]])
def test_a_name_leads_to_one_option_only(aliases: list[str]) -> None:
    with pytest.raises(ValidationError):
        Location(key="island", label="섬", aliases=aliases).full_clean()


@pytest.mark.parametrize("aliases", [["", "섬마을"], "섬마을", [5], {"a": 1}])
def test_aliases_are_a_list_of_words(aliases: object) -> None:
    with pytest.raises(ValidationError):
        Location(key="island", label="섬", aliases=aliases).full_clean()


def test_a_key_has_no_spaces() -> None:
    with pytest.raises(ValidationError):
        Location(key="big city", label="대도시").full_clean()
