"""What the tests of the admin share."""

import pytest
from django.test import Client


@pytest.fixture
def page(admin_client: Client) -> Client:
    """A superuser's browser, in English."""
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return admin_client
