"""Where things are kept. How each variable is refused is in test_environment, with all others."""

import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from leafresh import places


def test_the_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret-key"
    key = places.secret_key("LEAFRESH_NO_SUCH_KEY", file, shared=True)
    assert len(key) >= 50
    assert places.secret_key("LEAFRESH_NO_SUCH_KEY", file, shared=False) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_earlier_secret_keys_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert places.earlier_secret_keys("LEAFRESH_NO_SUCH_KEYS") == []
    monkeypatch.setenv("LEAFRESH_NO_SUCH_KEYS", " one, two ,")
    assert places.earlier_secret_keys("LEAFRESH_NO_SUCH_KEYS") == ["one", "two"]


def test_a_secret_key_from_the_environment_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAFRESH_SECRET_KEY", "from-outside")
    assert places.secret_key("LEAFRESH_SECRET_KEY", tmp_path / "secret-key", shared=True) == "from-outside"
    assert list(tmp_path.iterdir()) == []


def test_a_fleet_whose_key_was_left_empty_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAFRESH_SECRET_KEY", " ")
    with pytest.raises(ImproperlyConfigured, match=r"^LEAFRESH_SECRET_KEY is empty\. All processes need the same one"):
        places.secret_key("LEAFRESH_SECRET_KEY", tmp_path / "secret-key", shared=True)
    assert list(tmp_path.iterdir()) == []
    assert places.secret_key("LEAFRESH_SECRET_KEY", tmp_path / "secret-key", shared=False)  # alone, it makes one
