"""``manage.py setup`` on an empty database, and again."""

from pathlib import Path

from challenges.seeding import seeded_rows
from chatbot.nlu.safety.word_lists import seeded_words
from chatbot.search.seeding import seeded_documents
from tests.e2e import databases
from tests.e2e.server import manage


def test_an_empty_database_is_made_ready_and_nothing_is_done_twice(tmp_path: Path) -> None:
    try:
        first, again = manage(tmp_path, "setup"), manage(tmp_path, "setup")
        assert databases.sql(tmp_path, "SELECT count(*) > 100 FROM challenges_challenge") == [(True,)]
        assert databases.sql(tmp_path, "SELECT count(*) FROM chatbot_promptversion") == [(2,)]
        assert databases.sql(tmp_path, "SELECT count(*) FROM auth_user") == [(0,)]
        assert first.splitlines()[1:] == [
            "Prompts: base-info, free-text.",
            "Roles: Prompt editor, Prompt publisher, Catalogue editor, Support, Operator.",
            f"Word lists: {len(list(seeded_words()))} words added.",
            f"Documents: {len(list(seeded_documents()))} added.",
        ]
        rows = len(list(seeded_rows()))
        assert again.splitlines() == [
            f"Catalogue: 0 added, 0 refreshed, {rows} left as they are.",
            "Prompts: nothing to add.",
            "Roles: nothing to add.",
            "Word lists: 0 words added.",
            "Documents: 0 added.",
        ]
    finally:
        databases.remove_data(tmp_path)
