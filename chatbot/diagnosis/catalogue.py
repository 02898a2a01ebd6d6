"""Whether enough challenges suit every selection."""

from collections.abc import Iterator

from challenges.coverage import MINIMUM, Coverage, coverage
from chatbot.answers.schema import CHALLENGES
from chatbot.diagnosis.finding import Finding, fault, ok, warning

NAMED = 20
"""So many thin selections are named; one who has more does not mend them one by one."""


def check() -> Iterator[Finding]:
    yield judge(coverage())


def judge(found: Coverage) -> Finding:
    """Thin selections are only a warning: they are answered with challenges of other places or ways of working."""
    if sum(found.totals.values()) < CHALLENGES:
        return fault(
            f"The catalogue has fewer than {CHALLENGES} active challenges, so it cannot answer.",
            "python manage.py load_catalogue, or activate challenges in the admin.",
        )
    thin = found.thin(MINIMUM)
    if not thin:
        return ok(f"At least {MINIMUM} challenges suit each of the {len(found.counts)} selections.")
    names = [f"{'/'.join(cell)} ({found.counts[cell]})" for cell in thin]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return warning(
        f"{len(thin)} of {len(found.counts)} selections have fewer than {MINIMUM} suitable challenges: "
        f"{', '.join(names[:NAMED])}{more}.",
        "python manage.py load_catalogue, or add challenges for them in the admin.",
    )
