"""Large catalogues: further categories and made-up challenges in the database."""

import itertools
import random
from collections.abc import Iterator

from django.db.models import F, Value
from django.db.models.functions import Concat

from challenges.models import Category, Challenge

SYLLABLES = "가나다라마바사아자차고노도로모보소오조초구누두루무부수우주추기니디리미비시이지치한솔별빛강들길숲"


def enlarge(categories: int, challenges: int) -> None:
    """Adds categories called 연습주제1, 연습주제2 … and made-up challenges, until there are so many."""
    for number in range(Category.objects.count(), categories):
        Category.objects.create(key=f"BENCH_{number}", label=f"연습주제{number}", order=1000 + number)
    if challenges > Challenge.objects.count():
        fill(challenges)


def fill(rows: int) -> None:
    """Adds challenges until there are ``rows``. Each has the locations and work types of its model."""
    models = list(Challenge.objects.prefetch_related("locations", "work_types"))
    words = sorted({word for model in models for word in model.description.split()})
    made = made_up(random.Random(1), [model.description for model in models], words)  # noqa: S311  repeatable, no secret
    wanted = rows - len(models)
    for start in range(0, wanted, 5000):
        batch = [
            Challenge(title=title, description=text, category_id=models[number % len(models)].category_id)
            for number, (title, text) in enumerate(itertools.islice(made, min(5000, wanted - start)))
        ]
        pairs = list(zip(Challenge.objects.bulk_create(batch), itertools.cycle(models), strict=False))
        places, works = Challenge.locations.through, Challenge.work_types.through
        places.objects.bulk_create(
            places(challenge_id=row.pk, location_id=place.pk) for row, model in pairs for place in model.locations.all()
        )
        works.objects.bulk_create(
            works(challenge_id=row.pk, worktype_id=work.pk) for row, model in pairs for work in model.work_types.all()
        )


def made_up(chance: random.Random, sentences: list[str], words: list[str]) -> Iterator[tuple[str, str]]:
    """Different titles and sentences, without end: three words are changed and one is invented."""
    for number in itertools.count():
        spoken = sentences[number % len(sentences)].split()
        for _ in range(3):
            spoken[chance.randrange(len(spoken) - 1)] = chance.choice(words)
        invented = "".join(chance.choices(SYLLABLES, k=chance.choice((2, 3))))
        yield f"{invented} {number:x}"[:10], f"{invented} {' '.join(spoken)}"[:200]


def touch(step: int) -> None:
    """Changes the text of every ``step``th row."""
    rows = Challenge.objects.annotate(place=F("pk") % step).filter(place=0)
    rows.update(description=Concat(Value("새로 "), F("description")))
