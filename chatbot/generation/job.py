"""A job: the work of one generation, and the data that its session stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chatbot.events.types import Notice
from chatbot.models import Purpose
from chatbot.prompts.content import Prompt
from chatbot.providers.base import Provider, ProviderRequest
from chatbot.sessions.memory import Note
from chatbot.sessions.ownership import AccessCheck

Key = tuple[object, ...]
"""A single-flight key: ``("session", session id, …)`` or ``("anybody", …)``, followed by the request's values.
Simultaneous requests that share a key get one generation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(ProviderRequest):
    """A rendered prompt, and the providers that may answer it, in the order in which they are tried.

    ``labels`` are the labels of all categories by key, ``names`` their keys by every name. ``variables`` are the values
    in the prompt, except the output format. ``note`` is the data that the turn stores in its session. ``notices`` are
    sent before the answer. ``keys`` are the single-flight keys of the request. ``access`` is the result of checking its
    client.
    """

    prompt: Prompt
    providers: list[Provider]
    labels: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str]
    purpose: Purpose = Purpose.PUBLIC
    note: Note = field(default_factory=Note)
    notices: Sequence[Notice] = ()
    keys: Sequence[Key] = ()
    access: AccessCheck = field(default_factory=AccessCheck)
