"""Fixtures for the tests of the admin."""

from pathlib import Path

import pytest
from django.test import Client
from import_export import tmp_storages


@pytest.fixture(autouse=True)
def _like_a_page_that_was_shown(known_types: None) -> None:
    """Tests of the admin count SQL statements."""


@pytest.fixture(autouse=True)
def _imports_stay_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmp_storages.tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def page(admin_client: Client) -> Client:
    """A superuser's browser, in English."""
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return admin_client
