import re

import pytest

from challenges.models import Category, SeedRecord
from chatbot.models import KnowledgeDocument
from chatbot.search.corpus import LONGEST_PASSAGE
from chatbot.search.seeding import load_documents, seeded_documents

pytestmark = pytest.mark.django_db


@pytest.fixture
def nothing_loaded() -> None:
    KnowledgeDocument.objects.all().delete()
    SeedRecord.objects.filter(kind="document").delete()


@pytest.mark.usefixtures("nothing_loaded")
def test_every_category_has_documents() -> None:
    assert load_documents() == [document.title for _, _, document in seeded_documents()]
    for category in Category.objects.all():
        assert KnowledgeDocument.objects.filter(category=category, active=True).count() >= 2


def test_loading_again_adds_nothing() -> None:
    assert load_documents() == []


def test_what_an_admin_edited_or_deleted_stays_so() -> None:
    edited, deleted, *_ = KnowledgeDocument.objects.all()
    KnowledgeDocument.objects.filter(pk=edited.pk).update(title="새 제목", text="새 글", active=False)
    deleted.delete()
    assert load_documents() == []
    assert KnowledgeDocument.objects.values_list("title", "text", "active").get(pk=edited.pk) == (
        "새 제목",
        "새 글",
        False,
    )
    assert not KnowledgeDocument.objects.filter(title=deleted.title).exists()


@pytest.mark.usefixtures("nothing_loaded")
def test_a_title_that_an_admin_used_first_stays_the_admins() -> None:
    KnowledgeDocument.objects.create(title="대기전력이 새는 곳 찾기", text="우리 글")
    assert "대기전력이 새는 곳 찾기" not in load_documents()
    assert KnowledgeDocument.objects.get(title="대기전력이 새는 곳 찾기").text == "우리 글"


@pytest.mark.usefixtures("nothing_loaded")
def test_a_document_whose_category_is_missing_waits_for_it() -> None:
    of_vegan = [document.title for _, category, document in seeded_documents() if category == "VEGAN"]
    Category.objects.filter(key="VEGAN").update(key="PLANTS")
    assert of_vegan
    assert not {*of_vegan} & {*load_documents()}
    Category.objects.filter(key="PLANTS").update(key="VEGAN")
    assert load_documents() == of_vegan


@pytest.mark.parametrize(("key", "category", "document"), list(seeded_documents()))
def test_the_texts_are_short_and_polite(key: str, category: str, document: KnowledgeDocument) -> None:
    paragraphs = document.text.split("\n\n")
    assert 3 <= len(paragraphs) <= 6
    for paragraph in paragraphs:
        assert len(paragraph) <= LONGEST_PASSAGE
        assert all(
            sentence.endswith(("요", "죠")) for sentence in re.findall(r"[^.!?]+", paragraph) if sentence.strip()
        )
