"""Who works in the studio."""

import pytest
from django.test import Client

from tests.chatbot.admin.studio.asking import member, signed_in
from tests.prompts import superuser


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
