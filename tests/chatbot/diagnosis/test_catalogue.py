import pytest

from challenges.coverage import Coverage
from challenges.models import Challenge
from chatbot.diagnosis import catalogue
from chatbot.diagnosis.finding import ok, warning


def covered(**counts: int) -> Coverage:
    cells = {(key, "city", "office"): count for key, count in counts.items()}
    return Coverage((), (), (), counts=cells, totals=counts)


@pytest.mark.django_db
def test_the_curated_catalogue_covers_every_selection() -> None:
    assert list(catalogue.check()) == [ok("At least 6 challenges suit each of the 128 selections.")]


@pytest.mark.django_db
def test_an_empty_catalogue_cannot_answer() -> None:
    Challenge.objects.update(active=False)
    assert [found.level for found in catalogue.check()] == ["fault"]


def test_thin_selections_are_named() -> None:
    assert catalogue.judge(covered(VEGAN=5, MEDIA=6, PLOGGING=0)) == warning(
        "2 of 3 selections have fewer than 6 suitable challenges: VEGAN/city/office (5), PLOGGING/city/office (0).",
        "python manage.py load_catalogue, or add challenges for them in the admin.",
    )


def test_not_all_of_many_are_named() -> None:
    message = catalogue.judge(covered(**{f"C{number}": 1 for number in range(25)})).message
    assert message.endswith("C19/city/office (1) and 5 more.")
