import itertools

import pytest
from pytest_django import DjangoAssertNumQueries

from challenges import revisions
from challenges.catalog import InvalidSelection, Options, has_new, options, suitable
from challenges.models import Category, Challenge, Location

pytestmark = pytest.mark.django_db


@pytest.fixture
def known() -> Options:
    return options.get()


def titles(seed: int, given: tuple[str, ...] = (), count: int = 3) -> list[str]:
    selection = options.get().select(location="beach", work_type="field", category="PLOGGING")
    return [challenge.title for challenge in suitable(selection=selection, given=given, seed=seed, count=count)]


def titles_of(category: str) -> list[str]:
    return list(Challenge.objects.filter(category__key=category).order_by("title").values_list("title", flat=True))


def suiting_titles() -> list[str]:
    suiting = Challenge.objects.suiting(location="beach", work_type="field", category="PLOGGING")
    return list(suiting.values_list("title", flat=True))


def test_options_are_in_order(known: Options) -> None:
    assert list(known.locations) == ["city", "beach", "mountain", "rural"]
    assert [choice.label for choice in known.work_types.values()] == ["사무직", "현장직", "영업직", "재택근무"]
    assert len(known.categories) == 8


@pytest.mark.parametrize("location", ["city", "CITY", "도시", " 도시 ", "시내"])
def test_a_selection_by_key_label_or_alias(known: Options, location: str) -> None:
    selection = known.select(location=location, work_type="사무직", category="upcycle")
    assert (selection.location.key, selection.work_type.key, selection.category.label) == ("city", "office", "업사이클")


@pytest.mark.parametrize(
    ("older", "key"),
    [("바다", "beach"), ("해변", "beach"), ("산간", "mountain"), ("시골", "rural")],
)
def test_older_names_of_locations(known: Options, older: str, key: str) -> None:
    assert known.select(location=older, work_type="재택", category="에너지절약").location.key == key


def test_all_wrong_values_are_named(known: Options) -> None:
    with pytest.raises(InvalidSelection) as caught:
        known.select(location="달", work_type="office", category="은하")
    assert caught.value.fields == ["location", "category"]


def test_an_inactive_option_cannot_be_selected_at_once() -> None:
    options.get()
    Location.objects.filter(key="beach").update(active=False)
    assert "beach" not in options.get().locations
    with pytest.raises(InvalidSelection):
        options.get().select(location="바다", work_type="office", category="VEGAN")


def test_every_selection_has_at_least_six_challenges(known: Options) -> None:
    for location, work_type, category in itertools.product(known.locations, known.work_types, known.categories):
        suiting = Challenge.objects.suiting(location=location, work_type=work_type, category=category)
        assert suiting.count() >= 6, (location, work_type, category)


def test_the_same_seed_gives_the_same_others_vary() -> None:
    assert titles(1) == titles(1)
    assert len({tuple(titles(seed)) for seed in range(0, 2**31, 2**31 // 50)}) >= 20


def test_every_suiting_challenge_is_given_now_and_then() -> None:
    suiting = Challenge.objects.suiting(location="beach", work_type="field", category="PLOGGING")
    given = set(itertools.chain(*(titles(seed) for seed in range(0, 2**31, 2**31 // 200))))
    assert given == set(suiting.values_list("title", flat=True))


def test_those_given_before_come_last_the_oldest_first() -> None:
    everything = titles(5, count=6)
    assert titles(9, given=tuple(everything[:3])) != everything[:3]
    assert not set(titles(9, given=tuple(everything[:3]))) & set(everything[:3])
    all_given = tuple(suiting_titles())
    assert titles(9, given=(*all_given, *titles_of("PLOGGING"))) == list(all_given[:3])


def test_new_ones_of_the_category_come_before_those_given() -> None:
    found = titles(9, given=tuple(suiting_titles()))
    assert set(found) <= set(titles_of("PLOGGING")) - set(suiting_titles())
    last = tuple(titles_of("PLOGGING")[1:])
    assert titles(9, given=last)[0] == titles_of("PLOGGING")[0]


def test_whether_anything_new_is_left() -> None:
    assert has_new("PLOGGING", titles_of("PLOGGING")[1:])
    assert not has_new("PLOGGING", titles_of("PLOGGING"))


def test_one_statement_is_enough(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    selection = options.get().select(location="beach", work_type="field", category="PLOGGING")
    with django_assert_num_queries(1):
        assert [c.category.key for c in suitable(selection=selection, given=(), seed=1, count=3)] == ["PLOGGING"] * 3


def test_what_is_known_is_read_again_only_after_a_change(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    options.get()
    with django_assert_num_queries(1):
        options.get()
    current = revisions.read()
    with django_assert_num_queries(0):
        options.get(current)
    Category.objects.filter(key="VEGAN").update(label="채식 생활")
    assert options.get().categories["VEGAN"].label == "채식 생활"
    Category.objects.create(key="WATER", label="물 아끼기")
    assert "WATER" in options.get().categories
    Category.objects.filter(key="WATER").delete()
    assert "WATER" not in options.get().categories


def test_a_text_that_is_too_long_to_be_a_name_is_not_looked_at(known: Options) -> None:
    with pytest.raises(InvalidSelection) as caught:
        known.select(location="도시", work_type="사무직", category="ᅡ" * 2_000_000)
    assert caught.value.fields == ["category"]
