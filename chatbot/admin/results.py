"""How the answers of prompt versions came out. Trials and checks do not count: nobody was answered by them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from chatbot.models import Enforcement, Feedback, Generation, Outcome, PromptVersion, Purpose, Thumb


@dataclass(slots=True)
class Results:
    """Of one version. ``kept`` counts complete answers by how their contract was kept; the median time to the first
    token is in milliseconds, None when there is none."""

    kept: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    first_token_ms: int | None = None
    thumbs: Counter[str] = field(default_factory=Counter)

    @property
    def answers(self) -> int:
        return self.kept.total()

    @property
    def up(self) -> int:
        return self.thumbs[Thumb.UP]

    @property
    def down(self) -> int:
        return self.thumbs[Thumb.DOWN]

    @property
    def ways(self) -> list[int]:
        """``kept`` in the order of ``Enforcement``."""
        return [self.kept[how] for how in Enforcement.values]


def results(versions: Sequence[int]) -> Mapping[int, Results]:
    """By version. Two queries, and one more for each version that has answered."""
    found = {version: Results() for version in versions}
    timed: Counter[int] = Counter()
    rows = Generation.objects.filter(prompt_version__in=versions, purpose=Purpose.PUBLIC).order_by()
    counted = rows.values_list("prompt_version", "outcome", "enforcement").annotate(
        Count("pk"), Count("first_token_ms")
    )
    for version, outcome, enforcement, number, with_time in counted:
        timed[version] += with_time
        if outcome == Outcome.COMPLETED:
            found[version].kept[enforcement] += number
        elif outcome == Outcome.FAILED:
            found[version].failed += number
    for version, number in timed.items():
        if number:
            found[version].first_token_ms = _median(version, number)
    given = Feedback.objects.filter(generation__prompt_version__in=versions).order_by()
    for version, thumb, number in given.values_list("generation__prompt_version", "thumb").annotate(Count("pk")):
        found[version].thumbs[thumb] = number
    return found


def _median(version: int, number: int) -> int | None:
    """The lower median of ``number`` times, by counting up to the middle."""
    rows = Generation.objects.filter(prompt_version=version, purpose=Purpose.PUBLIC, first_token_ms__isnull=False)
    times: Any = rows.order_by("first_token_ms").values_list("first_token_ms", flat=True)
    middle = list(times[(number - 1) // 2 : (number - 1) // 2 + 1])
    return middle[0] if middle else None


def sources_table(version: PromptVersion) -> SafeString:
    """A row per answer source: how many answers, how their contract was kept, how many failed, what people thought.
    Two queries."""
    rows = Generation.objects.filter(prompt_version=version, purpose=Purpose.PUBLIC).order_by("source")
    found: dict[str, Results] = {}
    counted = rows.values_list("source", "outcome", "enforcement").annotate(Count("pk"))
    for source, outcome, enforcement, number in counted:
        result = found.setdefault(source, Results())
        if outcome == Outcome.COMPLETED:
            result.kept[enforcement] += number
        elif outcome == Outcome.FAILED:
            result.failed += number
    given = Feedback.objects.filter(generation__prompt_version=version).order_by()
    for source, thumb, number in given.values_list("generation__source", "thumb").annotate(Count("pk")):
        found.setdefault(source, Results()).thumbs[thumb] = number
    context = {"results": found.items(), "ways": [how.label for how in Enforcement]}
    return render_to_string("admin/chatbot/results.html", context)
