"""Fixtures for the tests of the admin."""

import pytest
from django.test import Client


@pytest.fixture(autouse=True)
def _like_a_page_that_was_shown(known_types: None) -> None:
    """Tests of the admin count SQL statements."""


@pytest.fixture
def page(admin_client: Client) -> Client:
    """A superuser's browser, in English."""
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return admin_client
