"""Loading the word lists: each word once, without changing edits of an admin."""

import pytest

from challenges import revisions
from chatbot.models.knowledge import ListedWord, WordKind
from chatbot.nlu.safety.word_lists import load_word_lists, seeded_lists, seeded_words, word_lists

pytestmark = pytest.mark.django_db


def test_the_lists_are_loaded_with_the_database() -> None:
    assert word_lists.get(revisions.read()) == seeded_lists()
    assert ListedWord.objects.count() == len(list(seeded_words()))


def test_loading_again_adds_nothing() -> None:
    assert load_word_lists() == 0


def test_what_an_admin_deleted_or_edited_stays_so() -> None:
    ListedWord.objects.filter(word="병신").delete()
    ListedWord.objects.filter(word="시발").update(kind=WordKind.FINE, note="for once")
    assert load_word_lists() == 0
    assert not ListedWord.objects.filter(word="병신").exists()
    assert ListedWord.objects.get(word="시발").kind == WordKind.FINE


def test_a_change_is_seen_at_once() -> None:
    before = word_lists.get(revisions.read())
    assert "뽀로롱" not in before.abuse
    ListedWord.objects.create(word="뽀로롱", kind=WordKind.ABUSE)
    assert "뽀로롱" in word_lists.get(revisions.read()).abuse
