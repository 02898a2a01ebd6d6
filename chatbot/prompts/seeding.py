"""What a new installation starts with: the first version of every template, and a pinned sample for every category."""

from pathlib import Path

from challenges.models import Category, Location, WorkType
from chatbot.models import PromptSample, PromptTemplate, ReleaseKind
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.exchange import read_prompt
from chatbot.prompts.publishing import create_version, release

SEED = Path(__file__).parent / "seed"


def load_seed() -> list[str]:
    """Makes templates that are missing, each with its first version live and its samples. Returns their keys."""
    added = []
    for key in TEMPLATES:
        template, _ = PromptTemplate.objects.get_or_create(key=key)
        if template.live_version is None:
            seed = read_prompt((SEED / f"{key}.toml").read_bytes())
            first = create_version(template=template, content=seed.content, note=seed.note)
            release(first, kind=ReleaseKind.AUTOMATIC, why=seed.note)
            added.append(key)
        if not template.samples.exists():
            PromptSample.objects.bulk_create(_samples(template))
    return added


def _samples(template: PromptTemplate) -> list[PromptSample]:
    """One for each active category, with locations and work types in turn. None as long as nothing can be picked."""
    locations = list(Location.objects.filter(active=True).values_list("key", flat=True))
    work_types = list(WorkType.objects.filter(active=True).values_list("key", flat=True))
    categories = list(Category.objects.filter(active=True).values_list("key", flat=True))
    if not locations or not work_types:
        return []
    return [
        PromptSample(
            template=template,
            location=locations[number % len(locations)],
            work_type=work_types[(number + number // len(locations)) % len(work_types)],
            category=category,
            seeded=True,
        )
        for number, category in enumerate(categories)
    ]
