import itertools

import pytest
from django.db import connection, transaction

from challenges import revisions
from challenges.models import Category, Location, Revision

pytestmark = pytest.mark.django_db


def test_any_change_gives_a_new_token() -> None:
    tokens = {revisions.read()["options"]}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE challenges_category SET emoji = 'x' WHERE key = 'VEGAN'")
    tokens.add(revisions.read()["options"])
    Location.objects.create(key="island", label="섬")
    tokens.add(revisions.read()["options"])
    Location.objects.filter(key="island").delete()
    tokens.add(revisions.read()["options"])
    assert len(tokens) == 4


def test_a_rolled_back_change_does_not_lend_its_token_to_the_next() -> None:
    before = revisions.read()["options"]
    seen = []
    for label in ("하나", "둘"):
        with transaction.atomic():
            Category.objects.create(key="NEW", label=label)
            seen.append(revisions.read()["options"])
            transaction.set_rollback(True)
    assert revisions.read()["options"] == before
    assert len({before, *seen}) == 3


def test_a_missing_row_means_no_caching() -> None:
    Revision.objects.all().delete()
    numbers = itertools.count(1)
    cached = revisions.Cached("options", lambda: next(numbers))
    assert (cached.get(), cached.get()) == (1, 2)


def test_installing_again_is_harmless() -> None:
    before = revisions.read()
    revisions.install_triggers()
    assert revisions.read() == before
