"""A new installation can recommend at once, and has samples for all categories."""

import pytest
from asgiref.sync import sync_to_async

from challenges.models import Category, Location, WorkType
from chatbot.evaluation import trial
from chatbot.models import PromptRelease, PromptSample, PromptTemplate, PromptVersion, ReleaseKind
from chatbot.prompts.content import PromptContent, live_prompts
from chatbot.prompts.contracts import BASE_INFO, OUTPUT_FORMAT, TEMPLATES
from chatbot.prompts.seeding import LAST_MESSAGE, MESSAGES, load_prompts
from tests.prompts import base_info, make_live, make_version

pytestmark = pytest.mark.django_db


def sample_facts(key: str = "base-info") -> list[tuple[str, str, str, str, bool]]:
    names = ("category", "location", "work_type", "message", "seeded")
    return list(PromptSample.objects.filter(template__key=key).values_list(*names))


def test_the_seed_is_live_and_asks_for_what_was_learned() -> None:
    live = base_info().live_version
    assert live is not None
    assert (str(live), live.note, live.author) == ("base-info@1", "첫 버전", None)
    values = {variable.name: variable.sample for variable in BASE_INFO.variables}
    system, user = PromptContent.of(live).render({**values, "location": "산", "workType": "재택근무"})
    assert "'비건'라는 말이 들어가며" in system
    assert "10자 이하이고, description을 요약한" in system
    assert "정확히 세 개" in system
    assert system.endswith(OUTPUT_FORMAT)
    assert user.startswith("사는 곳: 산\n일하는 방식: 재택근무\n관심 있는 주제: 비건")
    assert "{{" not in system + user


def test_the_seed_keeps_its_contract_and_its_hash() -> None:
    for version in PromptVersion.objects.all():
        assert list(PromptContent.of(version).problems(TEMPLATES[version.template.key])) == []
        assert version.content_hash == PromptContent.of(version).hash


def test_its_release_has_no_author() -> None:
    first = PromptRelease.objects.get(template=base_info())
    assert (first.kind, first.version, first.previous, first.by, first.why) == (
        *(ReleaseKind.AUTOMATIC, base_info().live_version, None),
        *(None, "첫 버전"),
    )


def test_every_category_has_a_sample_and_every_place_and_work_its_turn() -> None:
    found = sample_facts()
    assert [category for category, *_ in found] == list(Category.objects.values_list("key", flat=True))
    assert {location for _, location, *_ in found} == set(Location.objects.values_list("key", flat=True))
    assert {work_type for _, _, work_type, *_ in found} == set(WorkType.objects.values_list("key", flat=True))
    assert len({(location, work_type) for _, location, work_type, *_ in found}) == len(found) == 8
    assert all(seeded and not message for *_, message, seeded in found)
    for sample in PromptSample.objects.all():
        sample.full_clean()


def test_every_category_has_a_message_too_and_one_asks_for_no_challenges() -> None:
    *found, last = sample_facts("free-text")
    assert [category for category, *_ in found] == list(Category.objects.values_list("key", flat=True))
    labels = dict(Category.objects.values_list("key", "label"))
    assert [message for *_, message, _ in found] == [
        words.replace("{category}", labels[category]) for (category, *_), words in zip(found, MESSAGES, strict=True)
    ]
    assert last == (*found[0][:3], LAST_MESSAGE, True)


@pytest.mark.parametrize("category", ["VEGAN", "MEDIA", "PLOGGING"])
async def test_messages_of_samples_keep_their_category(category: str) -> None:
    """For every category, because more may be added later."""
    prompt = (await sync_to_async(live_prompts.get)())["free-text"]
    picked = await sync_to_async(trial.select)(location="city", work_type="office", category=category)
    kinds = {}
    for words in (*MESSAGES, LAST_MESSAGE, trial.PLAIN_MESSAGE):
        job = await trial.foresee(prompt, picked, words.replace("{category}", picked.category.label))
        assert (job.selection.category.key, trial.asks_no_model(job)) == (category, False)
        kinds[words] = job.kind
    assert {words: kind for words, kind in kinds.items() if kind != "recommendation"} == {LAST_MESSAGE: "explanation"}


def test_loading_again_changes_nothing() -> None:
    make_live(make_version())
    before = [sample_facts(key) for key in TEMPLATES]
    assert load_prompts() == []
    assert str(base_info().live_version) == "base-info@2"
    after = [sample_facts(key) for key in TEMPLATES]
    assert (after, PromptVersion.objects.count(), PromptRelease.objects.count()) == (before, 3, 3)


def test_samples_that_people_chose_stay_as_they_are() -> None:
    PromptSample.objects.exclude(category="VEGAN").delete()
    load_prompts()
    assert [category for category, *_ in sample_facts()] == ["VEGAN"]


def test_before_the_catalogue_there_is_nothing_to_pick() -> None:
    PromptSample.objects.all().delete()
    Location.objects.update(active=False)
    assert load_prompts() == []
    assert sample_facts() == []
    Location.objects.filter(key="rural").update(active=True)
    Category.objects.exclude(key__in=["VEGAN", "MEDIA"]).update(active=False)
    assert load_prompts() == []
    assert [(category, location) for category, location, *_ in sample_facts()] == [
        ("MEDIA", "rural"),
        ("VEGAN", "rural"),
    ]


def test_a_template_that_lost_its_live_version_gets_the_seed_as_a_new_one() -> None:
    PromptTemplate.objects.update(live_version=None)
    assert load_prompts() == ["base-info", "free-text"]
    assert str(base_info().live_version) == "base-info@2"
