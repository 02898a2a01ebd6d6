"""A real HTTP server that speaks OpenAI's chat-completions protocol, and misbehaves on command.

The model's name says how: a client that asks for ``openai:truncated`` meets the method ``truncated``.
"""

import asyncio
import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

CHALLENGES = [
    {"title": "채소 한 끼", "description": "오늘 점심은 채소로만 차려 보세요.", "category": "VEGAN"},
    {"title": "두유 라떼", "description": "우유 대신 두유를 골라 보세요.", "category": "VEGAN"},
    {"title": "버섯 국물 내기", "description": "멸치 대신 버섯으로 국물을 내 보세요.", "category": "VEGAN"},
]
ANSWER: dict[str, Any] = {"recommend": "비건 생활, 오늘 한 끼부터 함께 시작해 볼까요?", "challenges": CHALLENGES}
TEXT = json.dumps(ANSWER, ensure_ascii=False)
ENGLISH = {"title": "Tumbler", "description": "Bring your own tumbler to work today.", "category": "VEGAN"}


def with_challenges(*challenges: dict[str, str], **changes: Any) -> str:
    return json.dumps({**ANSWER, "challenges": list(challenges), **changes}, ensure_ascii=False)


def pieces_of(text: str, size: int = 3) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def more(count: int) -> list[dict[str, str]]:
    return [{**CHALLENGES[0], "title": f"{number}번째 새 실천"} for number in range(count)]


class Reply:
    """One response, written by hand so that it can be wrong."""

    def __init__(self, writer: asyncio.StreamWriter, model: str, is_held: Callable[[], bool], held_behind: int) -> None:
        self.writer = writer
        self.is_held = is_held
        self.held_behind = held_behind
        self._model = model

    async def begin(self, status: str = "200 OK", content_type: str = "text/event-stream", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.raw("\r\n".join([*lines, "", ""]).encode())

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def data(self, value: Any) -> None:
        await self.raw(f"data: {json.dumps(value)}\n\n".encode())

    async def chunk(self, content: str | None, finish: str | None = None) -> None:
        delta = {} if content is None else {"content": content}
        await self.data(self._chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish}]))

    async def delta(self, finish: str | None = None, *, usage: Any = None, **delta: Any) -> None:
        parts = {} if usage is None else {"usage": usage}
        await self.data(self._chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish}], **parts))

    async def usage(self, tokens_in: Any = 321, tokens_out: Any = 123) -> None:
        await self.data(self._chunk(choices=[], usage=_usage(tokens_in, tokens_out)))

    async def text(self, pieces: Iterable[str], *, pause: float = 0) -> None:
        """Begins, and writes the pieces as a well-behaved model would, without an end."""
        await self.begin()
        await self.data(self._chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}]))
        for piece in pieces:
            await self.chunk(piece)
            if pause:
                await asyncio.sleep(pause)

    async def end(self, finish: str = "stop") -> None:
        await self.chunk(None, finish)
        await self.usage()
        await self.raw(b"data: [DONE]\n\n")

    async def whole(self, text: str, size: int = 3) -> None:
        await self.text(pieces_of(text, size))
        await self.end()

    async def error(self, status: str, message: str, **headers: str) -> None:
        await self.begin(status, "application/json", **headers)
        await self.raw(json.dumps({"error": {"message": message, "type": "e", "code": None}}).encode())

    async def complete(self, content: str) -> None:
        """One JSON object instead of a stream."""
        message = {"role": "assistant", "content": content}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        whole = {"id": "c", "object": "chat.completion", "created": 1, "model": self._model, "choices": choices}
        await self.begin(content_type="application/json")
        await self.raw(json.dumps({**whole, "usage": _usage(321, 123)}).encode())

    def _chunk(self, **parts: Any) -> dict[str, Any]:
        return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": self._model, **parts}


def _usage(tokens_in: Any, tokens_out: Any) -> dict[str, Any]:
    return {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": 444}


class Behaviours:
    """How a model can be: each method is a model's name. ``body`` is what was asked; ``is_first`` holds for every other
    request of the model."""

    def __init__(self, script: list[str], request_number: int, *, is_first: bool = True) -> None:
        self._script = script
        self._request_number = request_number
        self._is_first = is_first

    async def scripted(self, reply: Reply, body: dict[str, Any]) -> None:
        """Says what it was told to, one text after the other."""
        await reply.whole(self._script.pop(0))

    async def normal(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(TEXT)

    async def one_byte_per_packet(self, reply: Reply, body: dict[str, Any]) -> None:
        whole = f"data: {json.dumps(reply._chunk(choices=[{'index': 0, 'delta': {'content': TEXT}}]))}\n\n"
        await reply.begin()
        for byte in whole.encode():
            await reply.raw(bytes([byte]))
        await reply.end()

    async def fenced_with_prose(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(f"물론이죠! {{추천}} 드릴게요.\n```json\n{TEXT}\n```\n즐거운 하루 되세요.")

    async def thinks_first(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(f"<think>흠, {with_challenges()} 이건 아니지</think>\n{TEXT}")

    async def challenges_as_string(self, reply: Reply, body: dict[str, Any]) -> None:
        text = json.dumps(CHALLENGES, ensure_ascii=False)
        await reply.whole(json.dumps({**ANSWER, "challenges": text}, ensure_ascii=False))

    async def long_titles(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(
            with_challenges(*({**item, "title": item["title"] + " 하고 오늘도" * 5} for item in CHALLENGES))
        )

    async def numbered_titles(self, reply: Reply, body: dict[str, Any]) -> None:
        numbered = ({**item, "title": f"{index}. {item['title']}"} for index, item in enumerate(CHALLENGES, start=1))
        await reply.whole(with_challenges(*numbered))

    async def two_challenges(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(with_challenges(*CHALLENGES[:2]))

    async def two_then_the_third(self, reply: Reply, body: dict[str, Any]) -> None:
        asked_again = "앞선 답변에는 문제가 있었습니다" in body["messages"][-1]["content"]
        await reply.whole(with_challenges(CHALLENGES[2]) if asked_again else with_challenges(*CHALLENGES[:2]))

    async def four_challenges(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(with_challenges(*CHALLENGES, *more(1)))

    async def ten_challenges(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(with_challenges(*CHALLENGES, *more(7)))

    async def duplicates(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(with_challenges(CHALLENGES[0], CHALLENGES[0], CHALLENGES[0]))

    async def english(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(with_challenges(ENGLISH, ENGLISH, ENGLISH, recommend="Let us start a vegan day!"))

    async def english_challenges(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(with_challenges(CHALLENGES[0], ENGLISH, CHALLENGES[1]))

    async def emoji_split(self, reply: Reply, body: dict[str, Any]) -> None:
        escaped = json.dumps({**ANSWER, "recommend": "비건 😀👩‍🌾 생활을 시작해요."})
        await reply.whole(escaped, size=1)

    async def escapes_split(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(json.dumps(ANSWER), size=2)

    async def empty(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole("")

    async def whitespace_forever(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.begin()
        while True:
            await reply.chunk(" \n")
            await asyncio.sleep(0.02)

    async def never_stops(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text([])
        while True:
            await reply.chunk("비건 이야기는 끝이 없어요. ")
            await asyncio.sleep(0.001)

    async def truncated(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text(pieces_of(TEXT[: TEXT.index("두유를")]))
        await reply.end("length")

    async def single_quotes(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole(str(ANSWER))

    async def cut_before(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text([])

    async def cut_at_first_character(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text([TEXT[: TEXT.index("비건") + 1]])
        reply.writer.transport.abort()

    async def cut_after(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text(pieces_of(TEXT[: TEXT.index("한 끼부터")]), pause=0.002)
        reply.writer.transport.abort()

    async def no_finish_marker(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text(pieces_of(TEXT))

    async def status_400(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.error("400 Bad Request", "bad request, key sk-secret-123")

    async def no_schema(self, reply: Reply, body: dict[str, Any]) -> None:
        if "response_format" in body:
            await reply.error("400 Bad Request", "response_format is not supported")
        else:
            await reply.whole(TEXT)

    async def status_401(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.error("401 Unauthorized", "Incorrect API key provided: sk-secret-123")

    async def status_429(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.error("429 Too Many Requests", "slow down", Retry_After="30")

    async def status_500(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.error("500 Internal Server Error", "oops")

    async def status_503(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.error("503 Service Unavailable", "overloaded")

    async def late(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.begin()
        await asyncio.sleep(20)
        await reply.whole(TEXT)

    async def silent_in_the_middle(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text(pieces_of(TEXT[: TEXT.index("두유를")]))
        await asyncio.sleep(20)

    async def invalid_utf8(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.begin()
        await reply.raw(b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"\xff\xfe\xc3"}}]}\n\n')
        await reply.end()

    async def error_in_stream(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text(pieces_of(TEXT[: TEXT.index("두유 라떼")]))
        await reply.data({"error": {"message": "engine died, key sk-secret-123", "type": "server_error"}})

    async def reasons_first(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text([])
        for _ in range(15):
            await reply.delta(reasoning_content="비건이라면 ")
            await asyncio.sleep(0.1)
        await reply.delta(reasoning=f"초안은 {with_challenges()} 별로다")
        for piece in pieces_of(TEXT):
            await reply.chunk(piece)
        await reply.end()

    async def only_reasons(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text([])
        for piece in pieces_of(TEXT):
            await reply.delta(reasoning_content=piece)
        await reply.end()

    async def reasons_too_long(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text([])
        await reply.delta(reasoning_content="비건이라면 무엇이 좋을까. ")
        await reply.end("length")

    async def calls_a_tool(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text([])
        call = {"index": 0, "id": "call", "type": "function", "function": {"name": "answer", "arguments": ""}}
        await reply.delta(tool_calls=[call])
        for piece in pieces_of(TEXT):
            await reply.delta(tool_calls=[{"index": 0, "function": {"arguments": piece}}])
        await reply.end("tool_calls")

    async def no_stream_options(self, reply: Reply, body: dict[str, Any]) -> None:
        if "stream_options" in body:
            extra = {"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs"}
            await reply.begin("422 Unprocessable Entity", "application/json")
            await reply.raw(json.dumps({"detail": [extra]}).encode())
        else:
            await reply.whole(TEXT)

    async def no_completion_tokens(self, reply: Reply, body: dict[str, Any]) -> None:
        if "max_completion_tokens" in body:
            await reply.error("400 Bad Request", "Unrecognized request argument supplied: max_completion_tokens")
        else:
            await reply.whole(TEXT)

    async def no_max_tokens(self, reply: Reply, body: dict[str, Any]) -> None:
        if "max_tokens" in body:
            told = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            await reply.error("400 Bad Request", told)
        else:
            await reply.whole(TEXT)

    async def only_max_tokens(self, reply: Reply, body: dict[str, Any]) -> None:
        """Ignores ``max_completion_tokens``."""
        await reply.whole(TEXT if body.get("max_tokens") else "비건 이야기는 끝이 없어요. " * 1000)

    async def refuses_without_a_word(self, reply: Reply, body: dict[str, Any]) -> None:
        if "stream_options" in body or "response_format" in body:
            await reply.error("422 Unprocessable Entity", "Unprocessable Entity")
        else:
            await reply.whole(TEXT)

    async def no_schema_404(self, reply: Reply, body: dict[str, Any]) -> None:
        if "response_format" in body:
            await reply.error("404 Not Found", "No endpoints found that support structured outputs")
        else:
            await reply.whole(TEXT)

    async def no_schema_422(self, reply: Reply, body: dict[str, Any]) -> None:
        if "response_format" in body:
            await reply.error("422 Unprocessable Entity", "Failed to deserialize the JSON body into the target type")
        else:
            await reply.whole(TEXT)

    async def no_schema_in_stream(self, reply: Reply, body: dict[str, Any]) -> None:
        if "response_format" in body:
            await reply.begin()
            await reply.data({"error": {"code": 400, "message": "json_schema is not supported"}})
        else:
            await reply.whole(TEXT)

    async def no_schema_500(self, reply: Reply, body: dict[str, Any]) -> None:
        if "response_format" in body:
            await reply.error("500 Internal Server Error", "Failed to initialize samplers, key sk-secret-123")
        else:
            await reply.whole(TEXT)

    async def no_schema_empty(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole("" if "response_format" in body else TEXT)

    async def no_system_role(self, reply: Reply, body: dict[str, Any]) -> None:
        if body["messages"][0]["role"] == "system":
            await reply.error("400 Bad Request", "System role not supported")
        else:
            await reply.whole(TEXT)

    async def no_temperature(self, reply: Reply, body: dict[str, Any]) -> None:
        if "temperature" in body:
            await reply.error("400 Bad Request", "Unsupported value: 'temperature' does not support 0.3 here.")
        else:
            await reply.whole(TEXT)

    async def refuses_everything(self, reply: Reply, body: dict[str, Any]) -> None:
        """One after the other, as servers do that check strictly."""
        for name in ("response_format", "stream_options", "max_completion_tokens", "temperature"):
            if name in body:
                await reply.error("400 Bad Request", f"Unknown field: {name}")
                return
        await reply.whole(TEXT)

    async def cumulative_usage(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text([])
        for number, piece in enumerate(pieces_of(TEXT), start=1):
            await reply.delta(content=piece, usage=_usage(321, number))
        await reply.chunk(None, "stop")
        await reply.usage()
        await reply.usage()
        await reply.raw(b"data: [DONE]\n\n")

    async def negative_usage(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text(pieces_of(TEXT))
        await reply.chunk(None, "stop")
        await reply.usage(321, -35)

    async def huge_usage(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text(pieces_of(TEXT))
        await reply.chunk(None, "stop")
        await reply.usage(99999999999, 123)

    async def dies_before_the_first_byte(self, reply: Reply, body: dict[str, Any]) -> None:
        if self._is_first:
            reply.writer.transport.abort()
        else:
            await reply.whole(TEXT)

    async def busy_once(self, reply: Reply, body: dict[str, Any]) -> None:
        if self._is_first:
            await reply.error("429 Too Many Requests", "slow down", Retry_After="0")
        else:
            await reply.whole(TEXT)

    async def bad_gateway_once(self, reply: Reply, body: dict[str, Any]) -> None:
        if self._is_first:
            await reply.error("502 Bad Gateway", "bad gateway")
        else:
            await reply.whole(TEXT)

    async def chunks_without_delta(self, reply: Reply, body: dict[str, Any]) -> None:
        """As content filters send them between the others."""
        await reply.text(pieces_of(TEXT[:40]))
        await reply.data({"id": "", "object": "", "choices": None, "prompt_filter_results": []})
        await reply.data(reply._chunk(choices=[{"index": 0, "finish_reason": None, "content_filter_results": {}}]))
        await reply.data(reply._chunk(choices=[{"index": 0, "delta": None, "finish_reason": ""}]))
        for piece in pieces_of(TEXT[40:]):
            await reply.chunk(piece)
        await reply.end()

    async def overloaded_in_the_stream_once(self, reply: Reply, body: dict[str, Any]) -> None:
        """A gateway that has promised 200 before the model's server fails."""
        if self._is_first:
            await reply.begin()
            await reply.raw(b": PROCESSING\n\n")
            failed = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
            await reply.data(reply._chunk(choices=[failed], error={"code": 502, "message": "limit reached (33/32)"}))
        else:
            await reply.whole(TEXT)

    async def not_streamed(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.complete(TEXT)

    async def refusal(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.whole("죄송하지만 그 요청은 도와드릴 수 없습니다.")

    async def obedient(self, reply: Reply, body: dict[str, Any]) -> None:
        """A model that follows the seeded prompt.

        It names the requested category, and writes short titles if the prompt requires them. It uses words of a message
        in its answer, and writes no challenges if the output format has none. Repeats markup, whole and without its
        end. Waits in the middle while the provider holds it.
        """
        await self._obey(reply, body, ("첫째", "둘째", "셋째"))

    async def inventive(self, reply: Reply, body: dict[str, Any]) -> None:
        """The same, with other challenges for every request, of the category asked for (비건 or 플로깅)."""
        await self._obey(
            reply, body, tuple(f"{self._request_number}-{which}" for which in ("첫째", "둘째", "셋째")), is_true=True
        )

    async def _obey(self, reply: Reply, body: dict[str, Any], names: Iterable[str], *, is_true: bool = False) -> None:
        system, user = (message["content"] for message in body["messages"][:2])
        category = found[1] if (found := re.search("주제: (.+)", user)) else "환경"
        markup = found[0] + found[0][:-1] if (found := re.search("<img [^>]*>", system)) else ""
        said = f"“{found[1]}” " if (found := re.search("<message>\n(.+)\n</message>", user)) else ""
        title = "{} 실천" if "10자 이하" in system else "{} 실천을 오늘부터 매일 한 가지씩"
        challenges = [
            {
                "title": title.format(which),
                "description": item["description"] + markup,
                "category": "PLOGGING" if is_true and category == "플로깅" else item["category"],
            }
            for which, item in zip(names, CHALLENGES, strict=True)
        ]
        answer: dict[str, Any] = {
            "recommend": f"{said}{category} 생활을 함께 시작해요.{markup}",
            "challenges": challenges,
        }
        if '"challenges": []' in system:
            answer = {"recommend": f"{said}말씀 잘 들었어요. 천천히 함께해요.{markup}", "challenges": []}
        text = json.dumps(answer, ensure_ascii=False)
        await reply.text(pieces_of(text[: reply.held_behind]), pause=0.005)
        while reply.is_held():
            await asyncio.sleep(0.02)
        for piece in pieces_of(text[reply.held_behind :]):
            await reply.chunk(piece)
        await reply.end()

    async def slow(self, reply: Reply, body: dict[str, Any]) -> None:
        await reply.text(pieces_of(TEXT), pause=0.05)
        await reply.end()


MISBEHAVIOURS = [
    name
    for name in vars(Behaviours)
    if not name.startswith("_") and name not in {"inventive", "obedient", "scripted", "slow"}
]


class Provider:
    """``with Provider() as provider: … provider.url``. ``requests`` are the bodies of requests; ``closed`` is set when
    a client went away before its answer was finished; while ``holds`` is set, what obeys stops behind ``holds_behind``
    characters of its JSON; ``script`` holds the texts of the scripted model."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.closed = threading.Event()
        self.holds = False
        self.holds_behind = 40
        self.script: list[str] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            self.requests.append(body)
            is_first = sum(asked["model"] == body["model"] for asked in self.requests) % 2 == 1
            behave: Callable[[Reply, dict[str, Any]], Any] = getattr(
                Behaviours(self.script, len(self.requests), is_first=is_first), body["model"]
            )
            reply = Reply(writer, body["model"], lambda: self.holds, self.holds_behind)
            answering = asyncio.ensure_future(behave(reply, body))
            leaving = asyncio.ensure_future(reader.read())
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                self.closed.set()
            for part in (answering, leaving):
                part.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(Exception):
                await writer.wait_closed()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
