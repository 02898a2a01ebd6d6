"""What a generation is to do: a prompt rendered for a selection, and the sources that may answer it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from challenges.catalog import Options, Selection
from chatbot.errors import ApplicationError
from chatbot.models import Purpose
from chatbot.prompts.contracts import OUTPUT_FORMAT, TEMPLATES
from chatbot.prompts.live import Prompt
from chatbot.sources.base import AnswerSource, SourceRequest
from chatbot.sources.configured import configured_sources


@dataclass(frozen=True, slots=True)
class Commission:
    """What is to be answered, under which prompt, by whom: ``sources`` in the order in which they are tried.

    ``labels`` are all categories' labels by key; ``variables`` what was put into the prompt, but for the output format.
    """

    prompt: Prompt
    sources: list[AnswerSource]
    request: SourceRequest
    labels: Mapping[str, str]
    variables: Mapping[str, str]
    purpose: Purpose = Purpose.PUBLIC


def variables_of(selection: Selection) -> dict[str, str]:
    """What a selection puts into a prompt."""
    return {
        "location": selection.location.label,
        "workType": selection.work_type.label,
        "category": selection.category.label,
    }


def values_for(variables: Mapping[str, str]) -> dict[str, str]:
    """Every value that a prompt is rendered with."""
    return {**variables, "output_format": OUTPUT_FORMAT}


def commission(
    prompt: Prompt,
    selection: Selection,
    *,
    known: Options,
    seed: int,
    given: Sequence[str] = (),
    purpose: Purpose = Purpose.PUBLIC,
) -> Commission:
    """``known`` is what can be picked today. Raises ApplicationError when there is nobody to write."""
    content = prompt.content
    sources = configured_sources(model=content.model, temperature=content.temperature, max_tokens=content.max_tokens)
    if not sources:
        raise ApplicationError(503, "답변을 쓸 모델이 설정되지 않았습니다. 관리자에게 문의해 주세요.", retry_after=60)
    variables = variables_of(selection)
    system_prompt, user_prompt = prompt.render(values_for(variables))
    return Commission(
        prompt=prompt,
        sources=sources,
        request=SourceRequest(
            system_prompt,
            user_prompt,
            selection,
            given,
            seed,
            output_schema=TEMPLATES[prompt.template_key].output_schema,
        ),
        labels={key: choice.label for key, choice in known.categories.items()},
        variables=variables,
        purpose=purpose,
    )
