"""How the answers of a prompt version came out, model by model."""

from collections import Counter
from typing import Any

from django.db.models import Count
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from chatbot.models import Enforcement, Generation, Outcome, PromptVersion


def results(version: PromptVersion) -> list[dict[str, Any]]:
    """A row per answer source: how many answers, how their contract was kept, how many failed. One query."""
    counted = (
        Generation.objects.filter(prompt_version=version)
        .values("source", "outcome", "enforcement")
        .annotate(number=Count("pk"))
        .order_by("source")
    )
    kept: dict[str, Counter[str]] = {}
    failed: Counter[str] = Counter()
    for row in counted:
        kept.setdefault(row["source"], Counter())
        if row["outcome"] == Outcome.COMPLETED:
            kept[row["source"]][row["enforcement"]] += row["number"]
        elif row["outcome"] == Outcome.FAILED:
            failed[row["source"]] += row["number"]
    return [
        {
            "source": source,
            "answers": counts.total(),
            "kept": [counts[how] for how in Enforcement.values],
            "failed": failed[source],
        }
        for source, counts in kept.items()
    ]


def results_table(version: PromptVersion) -> SafeString:
    context = {"rows": results(version), "ways": [how.label for how in Enforcement]}
    return render_to_string("admin/chatbot/results.html", context)
