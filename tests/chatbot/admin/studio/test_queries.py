"""Every page of the studio takes the same number of queries for any amount of data."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Max
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chatbot.models import (
    ChatSession,
    CheckStatus,
    Feedback,
    Generation,
    Outcome,
    PromptCheck,
    PromptRelease,
    PromptSample,
    PromptTemplate,
    PromptVersion,
    ReleaseKind,
    SampleRun,
)
from chatbot.prompts.drafts import save_draft
from chatbot.providers.configured import provider_names
from tests.chatbot.admin.studio.asking import PAGES, SELECTION, address
from tests.prompts import base_info, checked, content

pytestmark = pytest.mark.django_db

BATCH = 5000


def fill(*, versions: int, releases: int, generations: int, feedback: int, samples: int) -> None:
    """Adds so many of each; the last of the versions is live, the one before was, and both have answered."""
    template = base_info()
    writer, _ = User.objects.get_or_create(username="writer")
    add(PromptVersion, versions, (new_version(template, writer, number) for number in numbers_from(template)))
    newest = list(template.versions.order_by("-number")[:2])
    add(PromptRelease, releases, (new_release(template, writer, *pair) for pair in endless((newest[1], newest[0]))))
    release = PromptRelease(template=template, version=newest[0], previous=newest[1], kind=ReleaseKind.AUTOMATIC)
    release.save()
    PromptTemplate.objects.filter(pk=template.pk).update(live_version=newest[0])
    add(Generation, generations, (new_generation(version, n) for n, version in enumerate(endless(newest))))
    session, _ = ChatSession.objects.get_or_create(key="s")
    rated = Generation.objects.filter(feedback=None)[:feedback]
    Feedback.objects.bulk_create(Feedback(session=session, generation=row, thumb="up") for row in rated)
    add(PromptSample, samples, (PromptSample(template=template, **SELECTION) for _ in iter(int, 1)))


def add(model: Any, count: int, rows: Iterator[Any]) -> None:
    model._default_manager.bulk_create(islice(rows, count), batch_size=BATCH)


def endless(rows: Any) -> Iterator[Any]:
    while True:
        yield from zip(rows, reversed(rows), strict=True) if isinstance(rows, tuple) else rows


def numbers_from(template: PromptTemplate) -> Iterator[int]:
    number = template.versions.aggregate(last=Max("number"))["last"]
    while True:
        number += 1
        yield number


def new_version(template: PromptTemplate, writer: User, number: int) -> PromptVersion:
    written = content(system_text=f"{number}번째 글 {{{{category}}}}")
    return PromptVersion(
        template=template, number=number, content_hash=written.hash, note="고침", author=writer, **asdict(written)
    )


def new_release(
    template: PromptTemplate, writer: User, version: PromptVersion, previous: PromptVersion
) -> PromptRelease:
    kind = ReleaseKind.ROLLBACK
    return PromptRelease(template=template, version=version, previous=previous, kind=kind, by=writer, why="x")


def new_generation(version: PromptVersion, number: int) -> Generation:
    return Generation(
        prompt_version=version,
        variables={"location": f"도시 {number % 40}", "workType": "사무직", "category": "비건"},
        source="catalog",
        seed=number,
        outcome=Outcome.COMPLETED,
        event_count=3,
        first_token_ms=number % 1000,
        **SELECTION,
    )


@pytest.fixture
def check() -> PromptCheck:
    draft = save_draft(template=base_info(), revision=0, content=content(system_text="초안"), by=None)
    assert draft.revision == 1
    return checked(base_info(), content(system_text="초안"), provider_names(), status=CheckStatus.FAILED)


def places(check: PromptCheck) -> list[str]:
    live = base_info().live_version
    assert live is not None
    lists = [f"/admin/chatbot/{name}/" for name in ("prompttemplate", "promptversion", "promptsample", "generation")]
    version = reverse("admin:chatbot_promptversion_change", args=[live.pk])
    compared = [f"{address('compare')}?left=1&right=2"]
    return [*(address(page) for page in PAGES), *compared, *lists, version, address("check", check.pk)]


def costs(client: Client, check: PromptCheck) -> list[int]:
    """The number of queries of each place."""
    counts = []
    for place in places(check):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(place).status_code == 200
        counts.append(len(queries))
    return counts


def add_runs(check: PromptCheck, count: int) -> None:
    """Samples of the check that failed with reasons."""
    done = check.runs.count()
    reasons = [{"code": "lacks", "words": "두부"}]
    runs = (
        SampleRun(check_run=check, position=done + n + 1, expected=SELECTION, reasons=reasons) for n in range(count)
    )
    SampleRun.objects.bulk_create(runs)


def test_few_rows_and_many_cost_the_same(operator: Client, check: PromptCheck) -> None:
    fill(versions=3, releases=3, generations=6, feedback=2, samples=3)
    add_runs(check, 3)
    costs(operator, check)  # reads what is remembered between requests
    few = costs(operator, check)
    fill(versions=300, releases=300, generations=300, feedback=300, samples=300)
    add_runs(check, 300)
    many = costs(operator, check)
    assert dict(zip(places(check), many, strict=True)) == dict(zip(places(check), few, strict=True))
    assert max(many) <= 20


def test_years_of_use_cost_the_same(operator: Client, check: PromptCheck) -> None:
    fill(versions=3, releases=3, generations=6, feedback=2, samples=3)
    costs(operator, check)  # reads what is remembered between requests
    few = costs(operator, check)
    fill(versions=10_000, releases=2_000, generations=20_000, feedback=2_000, samples=0)
    assert costs(operator, check) == few
