"""The impact of a change: how the prompts of the last real requests would differ between two contents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chatbot.dialogue.prompt_values import quoted, unquoted
from chatbot.models import Generation, PromptTemplate, Purpose
from chatbot.prompts.content import PromptContent
from chatbot.prompts.contracts import RECOMMENDATION, TemplateContract, output_format
from chatbot.prompts.diff import Change, differences, excerpt

LONGEST_QUOTE = 200
"""How many characters of people's messages, and of search results, are shown in a changed prompt."""

LONGEST_MESSAGE = 80
"""How many characters are shown of each message, where several requests are counted together."""


@dataclass(frozen=True, slots=True)
class Request:
    """The values in the prompt of a real request. ``category`` is a key; ``kind`` is the kind of the answer."""

    category: str
    variables: Mapping[str, str]
    kind: str = RECOMMENDATION


@dataclass(frozen=True, slots=True)
class Impact:
    """A group of similar requests: their number among the last requests, and how their prompt would change.

    ``variables`` are the values that all of them share. ``messages`` are people's messages, shortened, each listed
    once.
    """

    category: str
    variables: Mapping[str, str]
    count: int
    system: Sequence[Change]
    user: Sequence[Change]
    kind: str = RECOMMENDATION
    messages: Sequence[str] = ()

    @property
    def changed(self) -> bool:
        return has_changed(self.system) or has_changed(self.user)


@dataclass(slots=True)
class _Group:
    """Requests that differ only in people's messages and in the search results for them."""

    newest: Request
    count: int = 0
    messages: dict[str, None] = field(default_factory=dict)


def has_changed(changes: Sequence[Change]) -> bool:
    """Whether any text was added or removed."""
    return any(change.kind in {"insert", "delete"} for change in changes)


def last_requests(template: PromptTemplate, count: int) -> list[Request]:
    """The last real requests (no trials, no checks), the newest first. One query."""
    rows = Generation.objects.filter(purpose=Purpose.PUBLIC, prompt_version__template=template)
    found = rows.order_by("-started_at").values_list("category", "variables", "answer__kind")[:count]
    return [Request(category, variables, kind or RECOMMENDATION) for category, variables, kind in found if variables]


def impacts(
    requests: Sequence[Request],
    *,
    before: PromptContent,
    after: PromptContent,
    contract: TemplateContract,
    with_quotes: bool = True,
) -> list[Impact]:
    """How the prompts of the requests would change. Similar requests are one Impact; sorted by category.

    The newest request represents its group. People's messages and search results are shortened. Without ``with_quotes``
    the contract's sample values replace them, for viewers who may not read conversations.
    """
    found = []
    for group in _grouped(requests, contract):
        request = group.newest
        quotes = _shortened(request, contract) if with_quotes else dict(contract.quoted)
        values = {**request.variables, **quotes, "output_format": output_format(request.kind)}
        old, new = (content.render(values) for content in (before, after))
        system, user = (list(excerpt(differences(*texts))) for texts in zip(old, new, strict=True))
        common = _common(request, contract)
        messages = tuple(group.messages) if with_quotes else ()
        found.append(Impact(request.category, common, group.count, system, user, request.kind, messages))
    return sorted(found, key=lambda impact: (impact.category, -impact.count))


def _grouped(requests: Sequence[Request], contract: TemplateContract) -> list[_Group]:
    groups: dict[tuple[object, ...], _Group] = {}
    for request in requests:
        key = (request.category, request.kind, *sorted(_common(request, contract).items()))
        group = groups.setdefault(key, _Group(request))
        group.count += 1
        if "message" in request.variables:
            message = " ".join(unquoted("message", request.variables["message"]).split())
            group.messages.setdefault(_cut(message, LONGEST_MESSAGE))
    return list(groups.values())


def _common(request: Request, contract: TemplateContract) -> dict[str, str]:
    return {name: value for name, value in sorted(request.variables.items()) if name not in contract.quoted}


def _shortened(request: Request, contract: TemplateContract) -> dict[str, str]:
    texts = {name: unquoted(name, request.variables.get(name, "")) for name in contract.quoted}
    return {name: quoted(name, _cut(text, LONGEST_QUOTE)) for name, text in texts.items()}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most].rstrip()}…"
