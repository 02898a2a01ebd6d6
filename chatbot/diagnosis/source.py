"""Whether the configured answer source can write an answer that keeps the contract."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import asdict, dataclass

from asgiref.sync import async_to_sync

from challenges.catalog import Options, Selection, options
from chatbot.answers.composer import Composer
from chatbot.diagnosis.contract import broken_rules
from chatbot.diagnosis.finding import Finding, fault, ok, warning
from chatbot.prompts.contracts import BASE_INFO
from chatbot.prompts.live import Prompt, live_prompts
from chatbot.recommending.commission import commission
from chatbot.sources.base import AnswerSource, SourceError, SourceRequest
from chatbot.sources.configured import configured_sources

SEED = 1


@dataclass(frozen=True, slots=True)
class Written:
    """A source's text, and what the composer made of it."""

    text: str
    composer: Composer
    seconds: float


def check(*, timeout: float) -> Iterator[Finding]:
    known = options.get()
    if not (known.locations and known.work_types and known.categories):
        yield fault("Nothing can be picked: a kind of option has no active row.", "python manage.py load_catalogue")
        return
    prompt = live_prompts.get().get(BASE_INFO.key)
    if prompt is None:
        yield warning("No answer could be tried: there is no live prompt.", "python manage.py load_prompts")
        return
    for source in configured_sources():
        yield examine(source, known=known, prompt=prompt, timeout=timeout)


def examine(source: AnswerSource, *, known: Options, prompt: Prompt, timeout: float) -> Finding:
    """Lets the source write one answer, for the first selection there is."""
    selection = Selection(
        *(next(iter(kind.values())) for kind in (known.locations, known.work_types, known.categories))
    )
    request = commission(prompt, selection, known=known, seed=SEED).request
    labels = {key: choice.label for key, choice in known.categories.items()}
    composer = Composer(category=selection.category.key, labels=labels)
    remedy = "Check the settings of the answer source, or leave them out to answer from the catalogue."
    try:
        written = async_to_sync(_write)(source, request, composer, timeout)
    except SourceError as error:
        return fault(f"The answer source {source.name} cannot write: {error}", remedy)
    except TimeoutError:
        return fault(f"The answer source {source.name} had not finished an answer after {timeout:g} s.", remedy)
    return judge(written, source=source.name, label=selection.category.label)


def judge(written: Written, *, source: str, label: str) -> Finding:
    """A fault when no client can be given the answer, a warning when it had to be mended first."""
    answer = written.composer.answer
    challenges = [asdict(challenge) for challenge in answer.challenges]
    broken = list(broken_rules(answer.recommend, challenges, label=label))
    if broken:
        return fault(
            f"The answer source {source} wrote no usable answer: {'; '.join(broken)}.",
            "Try the prompt in the admin with this source, or choose another model.",
        )
    mended = list(_raw_problems(written.text, label))
    if mended:
        return warning(
            f"The answer source {source} wrote an answer that had to be mended: {'; '.join(mended)}.",
            "Clients get the mended one. Make the prompt clearer in the admin.",
        )
    return ok(f"The answer source {source} wrote an answer that keeps the contract, in {written.seconds:.1f} s.")


def _raw_problems(text: str, label: str) -> Iterator[str]:
    try:
        raw = json.loads(text)
    except ValueError:
        raw = None
    if not isinstance(raw, dict):
        yield "it is not plain JSON"
        return
    yield from broken_rules(raw.get("recommend"), raw.get("challenges"), label=label)


async def _write(source: AnswerSource, request: SourceRequest, composer: Composer, timeout: float) -> Written:
    """Reads to the end, to judge the text as it was written. Raises TimeoutError when the answer is not complete."""
    text = ""
    began = time.monotonic()
    try:
        async with asyncio.timeout(timeout), aclosing(source.stream(request)) as pieces:
            async for piece in pieces:
                text += piece
                composer.feed(piece)
    except TimeoutError:
        if not composer.complete:
            raise
    return Written(text, composer, time.monotonic() - began)
