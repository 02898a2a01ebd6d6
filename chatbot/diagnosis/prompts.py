"""Whether every prompt template has a live version that can be used."""

from collections.abc import Iterator

from chatbot.diagnosis.finding import Finding, fault, ok
from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.contracts import TEMPLATES, TemplateContract
from chatbot.prompts.rendering import Problem
from chatbot.prompts.rendering import check as check_text


def check() -> Iterator[Finding]:
    live = {
        template.key: template.live_version
        for template in PromptTemplate.objects.select_related("live_version__template")
    }
    for key, contract in TEMPLATES.items():
        version = live.get(key)
        if version is None:
            yield fault(
                f"The prompt {key} has no live version, so nothing can be recommended with it.",
                "python manage.py load_prompts, or publish a version in the admin.",
            )
        else:
            yield judge(contract, version)


def judge(contract: TemplateContract, version: PromptVersion) -> Finding:
    problems = list(check_text(contract, system_text=version.system_text, user_text=version.user_text))
    if not problems:
        return ok(f"The prompt {contract.key} is live as {version} and keeps its contract.")
    return fault(
        f"The live prompt {version} breaks its contract: {'; '.join(map(describe, problems))}.",
        "Publish a corrected version in the admin, or an earlier one again.",
    )


def describe(problem: Problem) -> str:
    match problem.code:
        case "blank":
            return "its user text is blank"
        case "too_long":
            return "it is too long"
        case "unknown":
            return f"it uses the unknown variable {{{{{problem.name}}}}}"
        case "missing":
            return f"it lacks {{{{{problem.name}}}}}"
        case "unbalanced":
            return f"its double braces {problem.name} have no partner"
        case "invisible":
            return f"it holds the invisible character {problem.name}"
        case "model":
            return f"its model {problem.name} is not among the configured ones (LEAFRESH_CHAT_MODELS)"
        case "bounds":
            return f"its {problem.field} is not within {problem.name}"
        case code:
            return f"{code} {problem.name}".strip()
