"""Parts of the OpenAPI document that schemas cannot describe, such as the events of a stream."""

from typing import Any

from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from chatbot.api.schemas import Envelope, InvalidFieldsOut

STREAM = """
Answers with server-sent events. Every `data:` is one line of JSON in the envelope `{"status", "message", "data"}`.

| event | data | meaning |
| --- | --- | --- |
| `start` | `{"generationId", "sessionId", "category": {"key", "label"}, "promptVersion", "source"}`; in the answer that begins the session also `sessionToken` | the first event |
| `challenge` | `{"token": "…"}`, or the bare string with `tokens=text` | text to show next; joined, it is the answer laid out |
| `item` | `{"index", "title", "description", "category", "label"}` | a challenge is complete |
| `rewrite` | `{"length": n}` | keep the first n UTF-16 units of the text, what follows replaces the rest; rare |
| `notice` | `{"kind", …}` | something the person should know: `category-changed` (`from`, `to`, and `undo`, the message that takes it back), `assumed` (parts of the selection that nobody told), `fallback` |
| `close` | `{"kind", "recommend", "challenges": […]}`, `"stopped": true` when stopped, `"help": {"lines": [{"name", "number"}]}` of the kind `help` | the answer; ends the stream |
| `error` | `null`, or details | there is no answer; ends the stream |

`stream-open`, `stream-reset` (forget the text shown so far) and `keep-alive` have empty data.

Event ids are `generation-<id>:<n>`, n = 1, 2, 3 …. A request with `Last-Event-ID` (or `lastEventId` in the query)
gets what follows, never a second generation; at the terminal event it gets 204. The same request of the same session
joins its running generation.

The session belongs to the client that began it. Its first answer sets a cookie and names `sessionToken`, in `start` and in
the header `X-Leafresh-Session-Token`. Once the client has come back with either, requests for the session without one get
403. The token is sent in that header, or as `sessionToken` in the query or the body.

A client whose `Accept` names `text/event-stream` gets errors as HTTP 200 and one `error` event; others get the HTTP
status and the envelope as JSON.
"""

ANSWER = """
Waits and answers with the finished answer in the envelope, or streams as `GET` does when `Accept` names
`text/event-stream`. The headers `X-Leafresh-Generation` and `X-Leafresh-Session` name the generation and the session.
"""

FREE_TEXT = """
The session's past decides what is said: its selection, the category that is talked about, what it was given. Without a
session the bot assumes what it has to and says so. `kind` tells what the answer is: `recommendation` has three
challenges; `explanation`, `smalltalk`, `declined` (abuse) and `help` (somebody in danger) say all in `recommend`.

"""


def refusals(*statuses: int) -> dict[int, Any]:
    """The responses with these statuses, without data."""
    return dict.fromkeys(statuses, Envelope[None])


def parameter(name: str, description: str, *, place: str = "query", **schema: object) -> dict[str, Any]:
    """An optional parameter that the view itself reads. It is a string unless ``schema`` has another type."""
    schema = {"type": "string", **schema}
    return {"in": place, "name": name, "required": False, "schema": schema, "description": description}


REFUSALS: dict[int, Any] = {400: Envelope[InvalidFieldsOut | None], **refusals(403, 422, 429, 503)}

_EXAMPLE = """\
event: start
id: generation-7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10:1
data: {"status":200,"message":"추천을 시작합니다.","data":{"generationId":"7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10","sessionId":"5f0f6c0b9d3e4a7c8a1b2c3d4e5f6071","category":{"key":"VEGAN","label":"비건"},"promptVersion":"base-info@1","source":"catalog","sessionToken":"0b6c…"}}

event: challenge
id: generation-7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10:2
data: {"status":200,"message":"토큰 생성","data":{"token":"도시에서 시작하는 "}}
"""

STREAM_RESPONSES: dict[str, Any] = {
    "parameters": [
        parameter("Last-Event-ID", "The id of the last event received: go on behind it", place="header"),
        parameter("lastEventId", "The same, for clients that cannot send the header, which counts before it"),
    ],
    "responses": {
        200: {
            "description": "A stream of events",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        204: {"description": "The client has seen the terminal event: nothing follows"},
    },
}


class Document(OpenAPISchema):
    """The OpenAPI document as validators and generators of clients take it.

    ninja names the operations of a router that is there twice alike, and has a parameter's examples as a list.
    """

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        known = set(self.all_operation_ids)
        self.all_operation_ids.clear()  # ninja prints a warning for each that is known
        details: dict[str, Any] = super().operation_details(operation)
        if details["operationId"] in known:
            details["operationId"] += "_again"
        self.all_operation_ids |= known | {details["operationId"]}
        return details

    def _extract_parameters(self, model: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._extract_parameters(model)
        for parameter in parameters:
            parameter.pop("examples", None)  # its schema has them
        return parameters
