"""The prompts of a new installation: a first version of each template, and a pinned sample for each category."""

from pathlib import Path

from challenges.models import Category, Location, WorkType
from chatbot.models import PromptSample, PromptTemplate, ReleaseKind
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.files import read_prompt
from chatbot.prompts.releases import create_version, release

SEED = Path(__file__).parent / "seed"

MESSAGES = (
    "{category} 챌린지 추천해 줘",
    "더 쉬운 거 없어?",
    "아이랑 같이 할 수 있는 거 있을까요?",
    "사무실에서 할 만한 거 알려 줘",
    "돈 안 드는 걸로 부탁해요",
    "오늘 저녁에 집에서 해 볼 만한 거",
    "친구들이랑 다 같이 할 수 있는 거 추천해줘",
    "조금 더 어려운 것도 도전해 보고 싶어",
)
"""Messages for the samples of prompts that answer messages. ``{category}`` is the label of the picked category."""

LAST_MESSAGE = "2번 더 자세히 알려 줘"
"""The message of another sample, which asks for an answer without challenges."""


def load_prompts() -> list[str]:
    """Creates missing templates, each with a live first version and samples. Returns their keys."""
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
    """A sample for each active category. Locations, work types and messages alternate.

    A prompt that answers messages gets one more sample, for an answer without challenges. Without active options there
    are no samples.
    """
    locations = list(Location.objects.filter(active=True).values_list("key", flat=True))
    work_types = list(WorkType.objects.filter(active=True).values_list("key", flat=True))
    categories = list(Category.objects.filter(active=True).values_list("key", "label"))
    if not locations or not work_types or not categories:
        return []
    messages = MESSAGES if TEMPLATES[template.key].answers_a_message else ("",)
    samples = [
        PromptSample(
            template=template,
            location=locations[number % len(locations)],
            work_type=work_types[(number + number // len(locations)) % len(work_types)],
            category=category,
            message=messages[number % len(messages)].replace("{category}", label),
            seeded=True,
        )
        for number, (category, label) in enumerate(categories)
    ]
    if messages is MESSAGES:
        first = {name: getattr(samples[0], name) for name in ("location", "work_type", "category")}
        samples.append(PromptSample(template=template, message=LAST_MESSAGE, seeded=True, **first))
    return samples
