import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from chatbot.admin.results import results
from chatbot.models import Generation, PromptVersion

pytestmark = pytest.mark.django_db


def generation(source: str, outcome: str, enforcement: str = "as_it_came") -> None:
    Generation.objects.create(
        prompt_version=PromptVersion.objects.get(),
        source=source,
        location="city",
        work_type="office",
        category="VEGAN",
        seed=1,
        outcome=outcome,
        enforcement=enforcement,
        event_count=1,
    )


def test_answers_are_counted_by_model_and_by_how_the_contract_was_kept(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for source, outcome, enforcement in (
        ("openai:a", "completed", "as_it_came"),
        ("openai:a", "completed", "mended"),
        ("openai:a", "completed", "mended"),
        ("openai:a", "stopped", "as_it_came"),
        ("openai:a", "failed", "as_it_came"),
        ("catalog", "completed", "as_it_came"),
    ):
        generation(source, outcome, enforcement)
    version = PromptVersion.objects.get()
    with django_assert_num_queries(1):
        assert results(version) == [
            {"source": "catalog", "answers": 1, "kept": [1, 0, 0, 0, 0], "failed": 0},
            {"source": "openai:a", "answers": 3, "kept": [1, 2, 0, 0, 0], "failed": 1},
        ]


def test_the_table_is_on_the_versions_page(admin_client: Client) -> None:
    generation("openai:<b>a</b>", "completed")
    address = reverse("admin:chatbot_promptversion_change", args=[PromptVersion.objects.get().pk])
    page = admin_client.get(address).content.decode()
    assert "openai:&lt;b&gt;a&lt;/b&gt;" in page
