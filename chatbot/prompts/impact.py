"""The blast radius of a change: what the last real requests would have been told under two contents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatbot.models import Generation, PromptTemplate, Purpose
from chatbot.prompts.content import PromptContent
from chatbot.prompts.differences import Change, differences, excerpt


@dataclass(frozen=True, slots=True)
class Impact:
    """One kind of request, how often it was among the last, and how its prompt would change."""

    category: str
    variables: Mapping[str, str]
    count: int
    system: Sequence[Change]
    user: Sequence[Change]

    @property
    def changed(self) -> bool:
        return has_changed(self.system) or has_changed(self.user)


def has_changed(changes: Sequence[Change]) -> bool:
    """Whether anything came or went."""
    return any(change.kind in {"insert", "delete"} for change in changes)


def last_requests(template: PromptTemplate, count: int) -> list[dict[str, str]]:
    """The variables of the last requests of real people, the newest first. One query."""
    rows = Generation.objects.filter(purpose=Purpose.PUBLIC, prompt_version__template=template)
    found = rows.order_by("-started_at").values_list("category", "variables")[:count]
    return [{"category_key": category, **variables} for category, variables in found if variables]


def impacts(
    requests: Sequence[Mapping[str, str]], *, before: PromptContent, after: PromptContent, constants: Mapping[str, str]
) -> list[Impact]:
    """How each request's prompt would change, the same requests counted together, by category. ``constants`` are values
    that are the same for every request."""
    counted: dict[tuple[tuple[str, str], ...], int] = {}
    for request in requests:
        key = tuple(sorted(request.items()))
        counted[key] = counted.get(key, 0) + 1
    found = []
    for key, count in counted.items():
        request = dict(key)
        category = request.pop("category_key")
        old, new = (content.render({**request, **constants}) for content in (before, after))
        system, user = (list(excerpt(differences(*texts))) for texts in zip(old, new, strict=True))
        found.append(Impact(category, request, count, system, user))
    return sorted(found, key=lambda impact: (impact.category, -impact.count))
