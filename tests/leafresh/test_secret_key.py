"""The secret key: given, or made once. How each other variable is refused is in test_variables."""

import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from leafresh.environment import kept_secret_key
from tests.leafresh.test_variables import configured, start


def test_the_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret-key"
    key = kept_secret_key(file)
    assert len(key) >= 50
    assert kept_secret_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_without_a_key_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "secret-key"
    file.write_text("\n", "ascii")
    with pytest.raises(ImproperlyConfigured, match=f"^The secret key file '{file}' is empty"):
        kept_secret_key(file)


def test_earlier_secret_keys_are_listed() -> None:
    assert configured()["SECRET_KEY_FALLBACKS"] == []
    read = configured(LEAFRESH_SECRET_KEY_FALLBACKS=" one, two ,")
    assert read["SECRET_KEY_FALLBACKS"] == ["one", "two"]


def test_a_secret_key_from_the_environment_leaves_no_file(tmp_path: Path) -> None:
    started = start(tmp_path, LEAFRESH_SECRET_KEY="from-outside", REDIS_URL="redis://127.0.0.1:1/0")
    assert (started.returncode, started.stderr) == (0, "")
    assert not (tmp_path / "secret-key").exists()


def test_a_fleet_whose_key_was_left_empty_does_not_start(tmp_path: Path) -> None:
    started = start(tmp_path, LEAFRESH_SECRET_KEY=" ", REDIS_URL="redis://127.0.0.1:1/0")
    assert started.returncode == 1
    assert started.stderr.startswith("LEAFRESH_SECRET_KEY is empty. All processes need the same one")
    assert list(tmp_path.iterdir()) == []
    started = start(tmp_path, LEAFRESH_SECRET_KEY=" ", REDIS_URL="")  # alone, it makes one
    assert (started.returncode, started.stderr) == (0, "")
    assert (tmp_path / "secret-key").exists()
