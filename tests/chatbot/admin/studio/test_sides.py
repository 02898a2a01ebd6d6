"""What a side of a comparison means."""

import pytest
from django.http import Http404
from django.utils import translation

from chatbot.admin.studio.sides import side, side_label
from chatbot.models import PromptTemplate
from chatbot.prompts.content import PromptContent
from chatbot.prompts.drafts import save_draft
from chatbot.prompts.live import Prompt
from tests.prompts import CONTENT, base_info, content, make_live, make_version

pytestmark = pytest.mark.django_db


def test_a_side_is_the_draft_what_is_live_or_a_version() -> None:
    first = base_info().live_version
    assert first is not None
    version = make_version()
    make_live(version)
    draft = content(system_text="초안")
    save_draft(template=base_info(), revision=0, content=draft, by=None)
    sides = {name: side(base_info(), name) for name in ("draft", "live", "1", "2")}
    live = Prompt("base-info", version.pk, "base-info@2", CONTENT)
    assert sides == {
        "draft": Prompt("base-info", None, "base-info@draft", draft),
        "live": live,
        "1": Prompt("base-info", first.pk, "base-info@1", PromptContent.of(first)),
        "2": live,
    }
    with translation.override("en"):
        assert {name: side_label(base_info(), name, found) for name, found in sides.items()} == {
            "draft": "Draft",
            "live": "base-info@2 (live)",
            "1": "base-info@1",
            "2": "base-info@2 (live)",
        }


@pytest.mark.parametrize("name", ["", "live ", "0", "-1", "3", "1.0", "²", "٢", "9" * 10, "9" * 5000, "Draft"])
def test_other_names_mean_nothing(name: str) -> None:
    with pytest.raises(Http404):
        side(base_info(), name)


def test_a_version_of_another_template_is_none_of_this_one() -> None:
    other = PromptTemplate.objects.create(key="other")
    with pytest.raises(Http404):
        side(other, "1")
    with pytest.raises(Http404):
        side(other, "live")
    assert side(other, "draft").content == PromptContent("", "")
