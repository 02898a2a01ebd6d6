"""The form in which a new version of a prompt is written."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.contracts import TEMPLATES, TemplateContract
from chatbot.prompts.rendering import Problem, check


class PromptTextField(forms.CharField):
    """A prompt's text with the line ends it was written with: browsers send a carriage return with each."""

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return text if text is None else text.replace("\r\n", "\n").replace("\r", "\n")


class PromptVersionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """Its template is fixed: the texts it starts with are those of that template's live version."""

    system_text = PromptTextField(required=False)
    user_text = PromptTextField(required=False)
    model = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = PromptVersion
        fields = ("template", "system_text", "user_text", "model", "temperature", "max_tokens", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("system_text", 14), ("user_text", 10)):
            field: Any = PromptVersion._meta.get_field(name)
            self.fields[name].label = capfirst(field.verbose_name)
            self.fields[name].widget = UnfoldAdminTextareaWidget(attrs={"rows": rows, "class": "font-mono"})

        model: Any = self.fields.get("model")
        if model is None:  # a version that is read
            return
        model.label = capfirst(PromptVersion._meta.get_field("model").verbose_name)
        model.choices = [("", _("the configured one")), *((name, name) for name in settings.LEAFRESH_CHAT_MODELS)]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        template: PromptTemplate | None = cleaned.get("template")
        contract = TEMPLATES.get(template.key) if template else None
        if template and contract is None:
            raise ValidationError(_("Nothing uses the template “%(key)s” any more."), params={"key": template.key})
        if contract and "system_text" in cleaned and "user_text" in cleaned:
            texts = {"system_text": cleaned["system_text"], "user_text": cleaned["user_text"]}
            for problem in check(contract, **texts):
                for field in _places(problem, contract, texts):
                    self.add_error(field, _explain(problem, contract, texts))
        return cleaned


def _places(problem: Problem, contract: TemplateContract, texts: dict[str, str]) -> list[str]:
    """The fields to show the problem at: an unknown name where it is written, everything else at the user text."""
    if problem.code != "unknown":
        return ["user_text"]
    return [name for name, text in texts.items() if problem in check(contract, system_text="", user_text=text)]


def _explain(problem: Problem, contract: TemplateContract, texts: dict[str, str]) -> str:
    known = ", ".join(f"{{{{{variable.name}}}}}" for variable in contract.variables)
    words = {
        "blank": _("The user text must not be blank."),
        "too_long": _("Both texts together have %(length)d characters; %(limit)d are allowed."),
        "unknown": _("{{%(name)s}} is not known here. Known are: %(known)s."),
        "missing": _("{{%(name)s}} must appear in the system text or the user text."),
    }
    length = sum(map(len, texts.values()))
    return words[problem.code] % {
        "name": problem.name,
        "known": known,
        "length": length,
        "limit": contract.max_length,
    }
