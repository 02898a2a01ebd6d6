"""The page of the settings."""

from leafresh.settings_docs import PAGE, settings_page
from tests.deploy.documents import setting_names


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == settings_page(), "run `make settings-docs`"


def test_every_setting_has_its_row_and_its_reason() -> None:
    rows = [line.strip("| ").split(" | ") for line in settings_page().splitlines() if line.startswith("| `")]
    assert {name.strip("`") for name, _, _ in rows} == setting_names()
    assert len(rows) == len(setting_names()) > 10
    assert [name for name, default, reason in rows if not default or not reason.endswith(".")] == []


def test_defaults_of_this_machine_are_not_in_the_page() -> None:
    assert str(PAGE.parents[1]) not in settings_page()
