"""Rows for tests."""

from challenges.models import Category, Challenge, Location, WorkType
from chatbot.models import KnowledgeDocument


def challenge(
    title: str,
    description: str,
    *,
    category: str = "ZERO_WASTE",
    locations: tuple[str, ...] = ("city", "beach", "mountain", "rural"),
    work_types: tuple[str, ...] = ("office", "field", "sales", "remote"),
    active: bool = True,
) -> Challenge:
    made = Challenge.objects.create(
        title=title, description=description, category=Category.objects.get(key=category), active=active
    )
    made.locations.set(Location.objects.filter(key__in=locations))
    made.work_types.set(WorkType.objects.filter(key__in=work_types))
    return made


def document(title: str, text: str, *, link: str = "", category: str = "", active: bool = True) -> KnowledgeDocument:
    return KnowledgeDocument.objects.create(
        title=title,
        text=text,
        link=link,
        category=Category.objects.get(key=category) if category else None,
        active=active,
    )


def forget_everything() -> None:
    Challenge.objects.all().delete()
    KnowledgeDocument.objects.all().delete()
