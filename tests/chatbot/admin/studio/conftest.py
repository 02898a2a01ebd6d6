"""Clients of the people who use the studio."""

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import AsyncClient, Client

from chatbot.evaluation import checks
from chatbot.prompts.drafts import save_draft
from tests.chatbot.admin.studio.asking import member, signed_in
from tests.prompts import CONTENT, base_info, superuser


@pytest.fixture(autouse=True)
def _quick_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "HEARTBEAT_SECONDS", 0.01)


@pytest.fixture(autouse=True)
def _nobody_has_tried_anything() -> None:
    cache.clear()


@pytest.fixture
def editor(db: None) -> Client:
    return signed_in(member("Prompt editor"))


@pytest.fixture
def publisher(db: None) -> Client:
    return signed_in(member("Prompt publisher"))


@pytest.fixture
def operator(db: None) -> Client:
    return signed_in(member("Operator"))


@pytest.fixture
def root(db: None) -> Client:
    return signed_in(superuser())


@pytest.fixture
def user(db: None) -> User:
    """An editor whose draft of ``base-info`` is ``CONTENT`` at revision 1."""
    user = member("Prompt editor")
    save_draft(template=base_info(), revision=0, content=CONTENT, by=user)
    return user


@pytest.fixture
def script(user: User) -> AsyncClient:
    client = AsyncClient()
    client.force_login(user)
    return client
