"""Writing with faulty providers: the answer keeps the contract, and no text is taken back without a rewrite."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from challenges.catalog import Choice, Selection
from chatbot.answers.composer import Completed, Composed, Composer, Retracted
from chatbot.answers.rules import layout
from chatbot.generation import answer_writer
from chatbot.generation.answer_writer import AnswerWriter, Record
from chatbot.generation.coalescer import LoopLag
from chatbot.models import Enforcement
from chatbot.providers.base import Provider, ProviderError, ProviderRequest
from tests.chatbot.answers import strategies
from tests.chatbot.answers.test_composer import GOOD, LUNCH, keeps_contract, replayed

SELECTION = Selection(Choice("city", "도시"), Choice("office", "사무직"), Choice("VEGAN", "비건"))


class Speaker:
    """A provider that writes the given text, and may then fail."""

    def __init__(self, name: str, pieces: Sequence[str], *, hosted: bool = True, breaks: bool = False) -> None:
        self.name = name
        self.hosted = hosted
        self.asked: list[ProviderRequest] = []
        self._pieces = pieces
        self._breaks = breaks

    async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        self.asked.append(request)
        for piece in self._pieces:
            yield piece
        if self._breaks:
            raise ProviderError(f"{self.name}: broke")


def catalogue() -> Speaker:
    """A provider that completes any unfinished answer."""
    more = [{**LUNCH, "title": f"{word} 요리하기"} for word in ("콩", "쌀", "밀")]
    return Speaker("catalog", [json.dumps({**GOOD, "challenges": [*GOOD["challenges"], *more]})], hosted=False)


class Sink:
    subscriber_count = 1

    def __init__(self) -> None:
        self.composed: list[Composed] = []
        self.notices: list[str] = []

    def show(self, composed: Composed) -> None:
        self.composed.append(composed)

    def notice(self, provider: str, challenges: list[int]) -> None:
        self.notices.append(f"{provider} {challenges}")


def write(*providers: Provider) -> tuple[Composer, list[Composed], list[str], Record]:
    sink = Sink()
    composer = Composer(category="VEGAN", labels={"VEGAN": "비건", "PLOGGING": "플로깅"})

    async def run() -> Record:
        request = ProviderRequest("", "", SELECTION, (), 1)
        writing = AnswerWriter(
            providers=providers,
            request=request,
            composer=composer,
            sink=sink,
            loop_lag=LoopLag(asyncio.get_running_loop()),
        )
        await writing.write()
        return writing.record

    record = async_to_sync(run)()
    return composer, sink.composed, sink.notices, record


@hypothesis_settings(deadline=None)
@given(st.data())
def test_whatever_models_say_the_answer_keeps_the_contract(data: st.DataObject) -> None:
    models = []
    for number in range(data.draw(st.integers(1, 3))):
        noise = data.draw(
            strategies.answers.flatmap(strategies.serialized) | strategies.text | st.just(json.dumps(GOOD))
        )
        whole = data.draw(strategies.before) + noise[: data.draw(st.integers(0, len(noise)))]
        models.append(Speaker(f"m{number}", data.draw(strategies.cut(whole)), breaks=data.draw(st.booleans())))
    composer, composed, _, record = write(*models, catalogue())
    assert composer.complete
    keeps_contract(composer.answer)
    assert replayed(composed) == layout(composer.answer)
    shown = [item.challenge for item in composed if isinstance(item, Completed)]
    assert shown[-3:] == list(composer.answer.challenges)
    assert record.tried[-1]["error"] == ""


def test_what_is_missing_is_asked_for_once_with_the_reason() -> None:
    model = Speaker("m", [json.dumps({**GOOD, "challenges": GOOD["challenges"][:2]})])
    composer, _, notices, record = write(model, catalogue())
    assert composer.complete
    first, again = model.asked
    assert (first.why, first.missing) == ("", 3)
    assert (list(again.already), again.missing) == (["채소 한 끼", "두유 라떼"], 1)
    assert record.tried[-1] == {"source": "catalog", "error": "", "challenges": [3]}
    assert again.why == "챌린지 1개가 없거나 형식에 맞지 않았습니다."
    assert (notices, record.enforcement, record.wrote) == (["catalog [3]"], Enforcement.FILLED, "m")


def test_stand_ins_are_tried_in_order() -> None:
    silent, prose = Speaker("silent", []), Speaker("prose", ["죄송합니다."])
    good: Any = Speaker("good", [json.dumps(GOOD)])
    composer, _, notices, record = write(silent, prose, good, catalogue())
    assert composer.answer.recommend == GOOD["recommend"]
    assert (notices, record.wrote, record.enforcement) == (["prose []", "good []"], "good", Enforcement.AS_IT_CAME)


def test_challenges_that_could_not_be_used_are_named_as_the_reason() -> None:
    first = GOOD["challenges"][0]
    model = Speaker("m", [json.dumps({**GOOD, "challenges": [first, first, first]})])
    _, _, _, record = write(model, catalogue())
    assert record.tried[0]["unusable"] == {"repetition": 2}
    assert record.tried[0]["error"] == "m: parts of the answer could not be used (repetition 2)"


class Talker(Speaker):
    """Says one text after the other, the last one again and again."""

    def __init__(self, name: str, *texts: str) -> None:
        super().__init__(name, [])
        self._texts = list(texts)

    async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        self.asked.append(request)
        yield self._texts.pop(0) if len(self._texts) > 1 else self._texts[0]


@pytest.mark.parametrize("sentence", ["Let us start a vegan day!", "비건 생활, 오늘 한 끼부터 一起开始吧！", "한 문장"])
def test_good_challenges_stay_while_the_sentence_is_asked_for_again(sentence: str) -> None:
    model = Talker("m", json.dumps({**GOOD, "recommend": sentence}), json.dumps({"recommend": GOOD["recommend"]}))
    composer, composed, notices, record = write(model, catalogue())
    assert composer.answer.recommend == GOOD["recommend"]
    assert composer.titles == [each["title"] for each in GOOD["challenges"]]
    assert replayed(composed) == layout(composer.answer)
    again = model.asked[1]
    assert (again.missing, again.lacks_sentence, again.why) == (0, True, "recommend 문장을 쓸 수 없습니다.")
    assert (notices, record.enforcement, record.wrote) == ([], Enforcement.ASKED_AGAIN, "m")


def test_good_challenges_stay_with_a_sentence_of_the_catalogue() -> None:
    model = Talker("m", json.dumps({**GOOD, "recommend": "Let us start a vegan day!"}))
    composer, _, notices, _ = write(model, catalogue())
    assert composer.titles == [each["title"] for each in GOOD["challenges"]]
    assert notices == ["catalog []"]


def test_a_draft_is_taken_back_once_the_thinking_ends() -> None:
    draft = json.dumps({"recommend": "비건 초안이에요.", "challenges": []})
    composer, composed, _, record = write(Talker("m", f"음, {draft} 별로야</think>{json.dumps(GOOD)}"))
    assert composer.answer.recommend == GOOD["recommend"]
    assert [item for item in composed if isinstance(item, Retracted)] == [Retracted(0)]
    assert record.enforcement == Enforcement.MENDED


def test_an_answer_that_replaces_a_complete_draft_has_the_time_of_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.generation.answer_writer.USAGE_SECONDS", 0.05)
    better = json.dumps({**GOOD, "recommend": "비건, 이렇게 시작해요."})

    class Slow(Speaker):
        async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
            self.asked.append(request)
            yield f"{json.dumps(GOOD)} 별로야</think>{better[:60]}"
            await asyncio.sleep(0.5)
            yield better[60:]

    model = Slow("m", [])
    composer, composed, _, record = write(model, catalogue())
    assert (composer.answer.recommend, composer.complete) == ("비건, 이렇게 시작해요.", True)
    assert replayed(composed) == layout(composer.answer)
    assert ([each["error"] for each in record.tried], len(model.asked)) == ([""], 1)


def test_a_model_that_only_breaks_lines_is_not_waited_for(settings: Settings) -> None:
    settings.LEAFRESH_TOKEN_SILENCE_SECONDS = 0.1

    class Breaker(Speaker):
        async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
            self.asked.append(request)
            yield '{"recommend": "비건 생활을 시작해요.'
            while True:
                await asyncio.sleep(0.01)
                yield "\\n" * 300

    composer, _, _, record = write(Breaker("m", []), catalogue())
    assert composer.answer.recommend == "비건 생활을 시작해요."
    assert record.tried[0]["error"] == "m: nothing to read for 0.1 s"


class Endless(Speaker):
    """A provider that is silent until the deadline of its request, and then says so itself."""

    async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        await asyncio.sleep(request.deadline - asyncio.get_running_loop().time())
        yield ""
        raise ProviderError(f"{self.name}: out of time")


def test_a_provider_ends_a_call_that_takes_too_long_before_the_writer_does(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so the circuit breaker counts the failure: a call that the writer cancels tells nothing about the model."""
    settings.LEAFRESH_ANSWER_SECONDS = 0.1
    monkeypatch.setattr(answer_writer, "GRACE_SECONDS", 60)
    composer, _, notices, record = write(Endless("endless", []), catalogue())
    assert composer.complete
    assert (record.errors, notices) == ("endless: out of time", ["catalog []"])
