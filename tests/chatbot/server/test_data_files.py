import stat
from pathlib import Path

import pytest

from chatbot.server.data_files import keep_private, readable_by_others


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("before", "after"), [(0o755, 0o700), (0o644, 0o600), (0o660, 0o600), (0o500, 0o500)])
def test_what_is_ours_is_kept_from_others(tmp_path: Path, before: int, after: int) -> None:
    path = tmp_path / "kept"
    path.mkdir()
    path.chmod(before)
    keep_private(path)
    assert mode(path) == after


def test_what_is_shared_by_design_stays_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, home, missing = tmp_path / "shared", tmp_path / "home", tmp_path / "missing"
    for path, bits in ((shared, 0o1777), (home, 0o755)):
        path.mkdir()
        path.chmod(bits)
    monkeypatch.setenv("HOME", str(home))
    for path in (shared, home, missing):
        keep_private(path)
    assert (mode(shared), mode(home)) == (0o1777, 0o755)
    assert readable_by_others(shared, home, missing) == [shared, home]


def test_what_belongs_to_another_user_is_left_to_him(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept"
    path.mkdir()
    path.chmod(0o755)
    monkeypatch.setattr("chatbot.server.data_files.os.geteuid", lambda: path.stat().st_uid + 1)
    keep_private(path)
    assert mode(path) == 0o755
