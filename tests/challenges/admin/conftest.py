"""Fixtures for the tests of the catalogue's admin."""

import pytest
from django.test import Client


@pytest.fixture
def page(admin_client: Client, known_types: None) -> Client:
    """A superuser's browser, in English."""
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return admin_client
