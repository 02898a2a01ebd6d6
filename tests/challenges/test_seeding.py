import pytest

from challenges.models import Category, Challenge, Location, SeedRecord
from challenges.seeding import digest, load_catalog, seeded_rows
from challenges.text import is_one_sentence

pytestmark = pytest.mark.django_db


def test_loading_again_changes_nothing() -> None:
    rows = len(list(seeded_rows()))
    assert load_catalog() == {"kept": rows}


def test_what_an_admin_edited_or_deleted_stays_so() -> None:
    edited, moved, deleted = Challenge.objects.order_by("pk")[:3]
    Challenge.objects.filter(pk=edited.pk).update(description="직접 고친 문장이에요.")
    moved.locations.set(Location.objects.filter(key="city"))
    deleted.delete()
    Category.objects.filter(key="VEGAN").update(label="비건 생활")
    assert set(load_catalog()) == {"kept"}
    assert Challenge.objects.get(pk=edited.pk).description == "직접 고친 문장이에요."
    assert [location.key for location in moved.locations.all()] == ["city"]
    assert not Challenge.objects.filter(title=deleted.title).exists()
    assert Category.objects.get(key="VEGAN").label == "비건 생활"


def test_an_unedited_row_of_an_older_seed_is_refreshed() -> None:
    old = Challenge.objects.first()
    assert old is not None
    current = old.description
    Challenge.objects.filter(pk=old.pk).update(description="예전 문장이에요.")
    old.refresh_from_db()
    SeedRecord.objects.filter(kind="challenge", object_id=old.pk).update(digest=digest(old))
    assert load_catalog()["refreshed"] == 1
    assert Challenge.objects.get(pk=old.pk).description == current


def test_a_row_that_an_admin_made_first_is_left_alone() -> None:
    challenge = Challenge.objects.first()
    assert challenge is not None
    SeedRecord.objects.filter(kind="challenge", object_id=challenge.pk).delete()
    assert set(load_catalog()) == {"kept"}
    assert Challenge.objects.filter(title=challenge.title).count() == 1


def test_the_seed_is_as_careful_as_the_forms() -> None:
    challenges = list(Challenge.objects.prefetch_related("locations", "work_types"))
    assert len({"".join(challenge.title.split()) for challenge in challenges}) == len(challenges)
    assert len({challenge.description for challenge in challenges}) == len(challenges)
    for challenge in challenges:
        assert is_one_sentence(challenge.description), challenge.title
        assert challenge.locations.all(), challenge.title
        assert challenge.work_types.all(), challenge.title
