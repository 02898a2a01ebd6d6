"""A check is valid only for its content, its providers, and its contract with the samples."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from chatbot.models import CheckStatus, PromptCheck, PromptSample, PromptTemplate
from chatbot.prompts import gate
from chatbot.prompts.contracts import BASE_INFO, TEMPLATES, Variable
from chatbot.prompts.gate import Fingerprint, fingerprint, holds, last_check, passed_check
from tests.prompts import CONTENT, base_info, checked, content

pytestmark = pytest.mark.django_db

SOURCES = ["openai:a", "catalog"]


@pytest.fixture
def template() -> PromptTemplate:
    return base_info()


@pytest.fixture
def bound(template: PromptTemplate) -> Fingerprint:
    return fingerprint(template, CONTENT, SOURCES)


def test_a_passed_check_opens_the_gate(template: PromptTemplate, bound: Fingerprint) -> None:
    assert passed_check(template, bound) is None
    check = checked(template, CONTENT, SOURCES)
    assert passed_check(template, bound) == check
    assert passed_check(template, fingerprint(base_info(), replace(CONTENT), list(SOURCES))) == check
    assert holds(check, bound)


def test_it_speaks_for_its_own_template_alone(template: PromptTemplate, bound: Fingerprint) -> None:
    checked(template, CONTENT, SOURCES)
    assert passed_check(PromptTemplate.objects.create(key="other"), bound) is None


@pytest.mark.parametrize(
    "change",
    [
        {"system_text": "다르게"},
        {"user_text": CONTENT.user_text + "!"},
        {"model": "m"},
        {"temperature": 0.1},
        {"max_tokens": 100},
    ],
)
def test_any_edit_makes_it_stale(template: PromptTemplate, change: dict[str, Any]) -> None:
    check = checked(template, CONTENT, SOURCES)
    edited = fingerprint(template, content(**change), SOURCES)
    assert passed_check(template, edited) is None
    assert not holds(check, edited)


@pytest.mark.parametrize("providers", [["openai:b", "catalog"], ["catalog", "openai:a"], ["openai:a"], []])
def test_other_sources_make_it_stale(template: PromptTemplate, providers: list[str]) -> None:
    check = checked(template, CONTENT, SOURCES)
    present = fingerprint(template, CONTENT, providers)
    assert passed_check(template, present) is None
    assert not holds(check, present)


@pytest.mark.parametrize(
    "change",
    [
        {"location": "beach"},
        {"work_type": "field"},
        {"category": "MEDIA"},
        {"message": "다른 거"},
        {"contains": ["채소"]},
        {"excludes": ["고기"]},
        {"title_min": 2},
        {"title_max": 9},
        {"names_category": False},
        {"length_min": 3},
        {"length_max": 90},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_sample_makes_it_stale(template: PromptTemplate, change: dict[str, Any]) -> None:
    sample = PromptSample.objects.filter(template=template)[2]
    assert (sample.location, sample.work_type, sample.category) != ("beach", "field", "MEDIA")
    checked(template, CONTENT, SOURCES)
    PromptSample.objects.filter(pk=sample.pk).update(**change)
    assert passed_check(template, fingerprint(template, CONTENT, SOURCES)) is None


def test_a_sample_more_or_less_makes_it_stale_and_its_return_valid_again(template: PromptTemplate) -> None:
    check = checked(template, CONTENT, SOURCES)
    added = PromptSample.objects.create(template=template, location="city", work_type="sales", category="VEGAN")
    assert passed_check(template, fingerprint(template, CONTENT, SOURCES)) is None
    added.delete()
    assert passed_check(template, fingerprint(template, CONTENT, SOURCES)) == check
    PromptSample.objects.filter(template=template)[0].delete()
    assert passed_check(template, fingerprint(template, CONTENT, SOURCES)) is None


def test_the_samples_of_another_template_do_not_matter(template: PromptTemplate, bound: Fingerprint) -> None:
    other = PromptTemplate.objects.create(key="other")
    PromptSample.objects.create(template=other, location="city", work_type="office", category="VEGAN")
    assert fingerprint(template, CONTENT, SOURCES) == bound


def test_a_changed_contract_makes_it_stale(
    template: PromptTemplate, bound: Fingerprint, monkeypatch: pytest.MonkeyPatch
) -> None:
    contracts = [
        replace(BASE_INFO, variables=(*BASE_INFO.variables, Variable("season", "봄", required=False))),
        replace(BASE_INFO, output_schema={"type": "object"}),
        replace(BASE_INFO, max_length=100),
    ]
    found = {bound.contract_hash}
    for contract in contracts:
        monkeypatch.setattr(gate, "TEMPLATES", {**TEMPLATES, template.key: contract})
        found.add(fingerprint(template, CONTENT, SOURCES).contract_hash)
    monkeypatch.undo()
    monkeypatch.setattr(gate, "OUTPUT_FORMAT", "{}")
    found.add(fingerprint(template, CONTENT, SOURCES).contract_hash)
    assert len(found) == 5


@pytest.mark.parametrize(("key", "bound_to"), [("base-info", 1), ("free-text", 2)])
def test_it_is_bound_to_the_formats_that_the_template_uses(
    key: str, bound_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = PromptTemplate.objects.get(key=key)
    found = {fingerprint(template, CONTENT, SOURCES).contract_hash}
    for name in ("OUTPUT_FORMAT", "TALK_FORMAT"):
        with monkeypatch.context() as patched:
            patched.setattr(gate, name, "{}")
            found.add(fingerprint(template, CONTENT, SOURCES).contract_hash)
    assert len(found) == 1 + bound_to


@pytest.mark.parametrize("status", [status for status in CheckStatus if status != CheckStatus.PASSED])
def test_a_later_check_that_did_not_pass_closes_the_gate(template: PromptTemplate, status: CheckStatus) -> None:
    checked(template, CONTENT, SOURCES)
    later = checked(template, CONTENT, SOURCES, status=status)
    bound = fingerprint(template, CONTENT, SOURCES)
    assert passed_check(template, bound) is None
    assert last_check(template, CONTENT.hash) == later
    again = checked(template, CONTENT, SOURCES)
    assert passed_check(template, bound) == again


def test_a_failed_check_of_another_content_closes_nothing(template: PromptTemplate, bound: Fingerprint) -> None:
    check = checked(template, CONTENT, SOURCES)
    checked(template, content(system_text="다르게"), SOURCES, status=CheckStatus.FAILED)
    checked(template, CONTENT, ["other"], status=CheckStatus.FAILED)
    assert passed_check(template, bound) == check


def test_the_last_check_is_found_whether_or_not_it_still_holds(template: PromptTemplate) -> None:
    assert last_check(template, CONTENT.hash) is None
    check = checked(template, CONTENT, ["gone"])
    assert last_check(template, CONTENT.hash) == check
    assert not holds(check, fingerprint(template, CONTENT, SOURCES))


def test_a_check_keeps_what_it_is_bound_to(template: PromptTemplate, bound: Fingerprint) -> None:
    check = PromptCheck.objects.get(pk=checked(template, CONTENT, SOURCES).pk)
    assert {name: getattr(check, name) for name in asdict(bound)} == {
        "content_hash": CONTENT.hash,
        "sources": "openai:a → catalog",
        "contract_hash": bound.contract_hash,
    }
