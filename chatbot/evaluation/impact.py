"""The blast radius of a change: what the last real requests would have been told under two contents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chatbot.dialogue.prompt_values import quoted, unquoted
from chatbot.models import Generation, PromptTemplate, Purpose
from chatbot.prompts.content import PromptContent
from chatbot.prompts.contracts import RECOMMENDATION, TemplateContract, output_format
from chatbot.prompts.diff import Change, differences, excerpt

LONGEST_QUOTE = 200
"""Characters of what people said, and of what was looked up for them, that a changed prompt is shown with."""

LONGEST_MESSAGE = 80
"""Characters of each of the messages of requests that are counted together."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was put into the prompt of a real request. ``category`` is a key, ``kind`` that of the answer."""

    category: str
    variables: Mapping[str, str]
    kind: str = RECOMMENDATION


@dataclass(frozen=True, slots=True)
class Impact:
    """One kind of request, how often it was among the last, and how its prompt would change.

    ``variables`` are what its requests have in common; ``messages`` what people said in them, each once, cut short.
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
class _Alike:
    """Requests that differ in nothing but what people said and what was found for it."""

    newest: Request
    count: int = 0
    messages: dict[str, None] = field(default_factory=dict)


def has_changed(changes: Sequence[Change]) -> bool:
    """Whether anything came or went."""
    return any(change.kind in {"insert", "delete"} for change in changes)


def last_requests(template: PromptTemplate, count: int) -> list[Request]:
    """The last requests of real people, the newest first. One query."""
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
    """How the requests' prompts would change, those alike counted together, by category.

    What people said, and what was looked up for it, is cut short; the newest stands for all that are alike. Without
    quotes the contract's samples stand in its place: who may not read it does not need it to judge a change.
    """
    found = []
    for alike in _counted(requests, contract):
        request = alike.newest
        quotes = _shortened(request, contract) if with_quotes else dict(contract.quoted)
        values = {**request.variables, **quotes, "output_format": output_format(request.kind)}
        old, new = (content.render(values) for content in (before, after))
        system, user = (list(excerpt(differences(*texts))) for texts in zip(old, new, strict=True))
        common = _common(request, contract)
        messages = tuple(alike.messages) if with_quotes else ()
        found.append(Impact(request.category, common, alike.count, system, user, request.kind, messages))
    return sorted(found, key=lambda impact: (impact.category, -impact.count))


def _counted(requests: Sequence[Request], contract: TemplateContract) -> list[_Alike]:
    counted: dict[tuple[object, ...], _Alike] = {}
    for request in requests:
        key = (request.category, request.kind, *sorted(_common(request, contract).items()))
        alike = counted.setdefault(key, _Alike(request))
        alike.count += 1
        if "message" in request.variables:
            message = " ".join(unquoted("message", request.variables["message"]).split())
            alike.messages.setdefault(_cut(message, LONGEST_MESSAGE))
    return list(counted.values())


def _common(request: Request, contract: TemplateContract) -> dict[str, str]:
    return {name: value for name, value in sorted(request.variables.items()) if name not in contract.quoted}


def _shortened(request: Request, contract: TemplateContract) -> dict[str, str]:
    said = {name: unquoted(name, request.variables.get(name, "")) for name in contract.quoted}
    return {name: quoted(name, _cut(text, LONGEST_QUOTE)) for name, text in said.items()}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most].rstrip()}…"
