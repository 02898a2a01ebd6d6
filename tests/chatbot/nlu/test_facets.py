"""A facet that is recognised is used: in the prompt, in the admin, in searches and in the catalogue's sentences."""

import random

import pytest
from django.utils import translation

from challenges.catalog import Choice, Selection
from chatbot.admin.labels import reason_text
from chatbot.dialogue.prompt_values import context
from chatbot.models import Intent
from chatbot.nlu.facets import FACETS, Facet
from chatbot.nlu.intents.parsing import lexicon
from chatbot.nlu.intents.understanding import Understanding
from chatbot.providers.base import ProviderRequest, TemplateContext
from chatbot.providers.catalog import sentence
from tests.chatbot.nlu.conftest import Understand

VEGAN = Selection(Choice("city", "도시"), Choice("office", "사무직"), Choice("VEGAN", "비건"))

SAID = {
    "easier": "더 쉬운 거",
    "harder": "어려운 거 해볼래",
    "shorter": "짧은 거",
    "longer": "오래 할 수 있는 거",
    "children": "애들이랑 할만한거",
    "together": "친구랑 같이 할 거",
    "alone": "혼자 할 수 있는 거",
    "at_work": "회사에서 할 거",
    "at_home": "집에서 할 만한 거",
    "indoors": "야외 말고",
    "outdoors": "밖에서 할 거",
    "cheaper": "돈 안 드는 거",
    "fun": "재밌는 거",
}


@pytest.mark.parametrize("facet", FACETS.values(), ids=FACETS)
def test_every_facet_is_recognised_and_used(facet: Facet, understood: Understand) -> None:
    meaning = understood(SAID[facet.key])
    assert facet.key in meaning.facets
    assert facet.prompt in context(meaning, found=(), explained=(), given=())
    reason = next(reason for reason in meaning.reasons if reason.get("facet") == facet.key)
    for language in ("en", "ko"):
        with translation.override(language):
            assert facet.admin[language] in reason_text(reason, {})


@pytest.mark.parametrize("facet", FACETS.values(), ids=FACETS)
def test_every_facet_has_a_sentence(facet: Facet) -> None:
    introduced = TemplateContext(intent=Intent.REFINE, facet=facet.key)
    request = ProviderRequest("", "", VEGAN, (), 1, template_context=introduced)
    said = sentence(request, random.Random(1))
    assert "비건" in said
    if facet.sentences:
        assert said in [pattern.format(category="비건") for pattern in facet.sentences]


def test_the_table_is_whole() -> None:
    assert set(SAID) == set(FACETS) == set(lexicon().facets)
    assert {facet.opposite for facet in FACETS.values()} <= {"", *FACETS}
    with pytest.raises(TypeError, match="prompt"):
        Facet("new", patterns=["새로"], admin={})  # type: ignore[call-arg]


def test_several_facets_are_recognised_together() -> None:
    told = context(Understanding(Intent.REFINE, facets=tuple(FACETS)), found=(), explained=(), given=())
    assert all(facet.prompt in told for facet in FACETS.values())
