"""``python -m benchmarks.enlarging CATEGORIES CHALLENGES``: fills the database of LEAFRESH_DATA_DIR up to so many."""

import os
import sys


def enlarge(categories: int, challenges: int) -> None:
    """Categories are called 연습주제1, 연습주제2 …; challenges are made up from the seed's."""
    from benchmarks.retrieval_load import fill
    from challenges.models import Category, Challenge

    for number in range(Category.objects.count(), categories):
        Category.objects.create(key=f"BENCH_{number}", label=f"연습주제{number}", order=1000 + number)
    if challenges > Challenge.objects.count():
        fill(challenges)


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leafresh.settings")
    django.setup()
    enlarge(int(sys.argv[1]), int(sys.argv[2]))


if __name__ == "__main__":
    main()
