"""What a new installation starts with: the first version of every template, and a pinned sample for every category."""

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
"""What people say, for samples of prompts that answer it; ``{category}`` is the label of the one that is picked."""

LAST_MESSAGE = "2번 더 자세히 알려 줘"
"""One more sample, for the answers that have no challenges."""


def load_prompts() -> list[str]:
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
    """One for each active category, with locations, work types and, where the prompt answers them, messages in turn;
    then one more of another kind. None as long as nothing can be picked."""
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
