"""The schemas of requests and responses, for validation and for the OpenAPI document."""

from typing import Generic, Literal, TypeVar

from ninja import Field, Schema

T = TypeVar("T")

_SESSION_TOKEN = "What `start` named, for clients without cookies; the header `X-Leafresh-Session-Token` does the same"  # noqa: S105  a description


class Envelope(Schema, Generic[T]):
    status: int = Field(200, description="The HTTP status")
    message: str = Field(..., description="A sentence in Korean")
    data: T


class BaseInfo(Schema):
    """A selection. Each value is a key, a label or an alias; upper and lower case are equal."""

    location: str | None = Field(None, examples=["도시"])
    workType: str | None = Field(None, examples=["사무직"])
    category: str | None = Field(None, examples=["비건"])
    sessionId: str | None = Field(None, description="1–128 visible ASCII characters; made by the server when absent")
    sessionToken: str | None = Field(None, description=_SESSION_TOKEN)


class FreeText(Schema):
    message: str | None = Field(None, description="2–500 characters", examples=["더 쉬운 거 없어?"])
    sessionId: str | None = Field(None, description="The session to go on with; made by the server when absent")
    sessionToken: str | None = Field(None, description=_SESSION_TOKEN)


class ChallengeOut(Schema):
    title: str = Field(..., description="1–10 characters", examples=["채소 한 끼"])
    description: str = Field(..., examples=["오늘 점심은 채소로만 차려 보세요."])
    category: str = Field(..., examples=["VEGAN"])
    label: str = Field(..., examples=["비건"])


class HelpLineOut(Schema):
    name: str = Field(..., description="Who answers", examples=["자살예방 상담전화"])
    number: str = Field(..., description="What to dial", examples=["109"])


class HelpOut(Schema):
    lines: list[HelpLineOut]


class AnswerOut(Schema):
    kind: Literal["recommendation", "explanation", "smalltalk", "declined", "help"]
    recommend: str
    challenges: list[ChallengeOut]
    help: HelpOut | None = Field(None, description="The numbers that `recommend` tells, of the kind `help` alone")
    stopped: bool | None = Field(None, description="true when a person stopped the generation; absent otherwise")


class OptionOut(Schema):
    key: str
    label: str
    description: str
    emoji: str


class OptionsOut(Schema):
    locations: list[OptionOut]
    workTypes: list[OptionOut]
    categories: list[OptionOut]


class StopOut(Schema):
    generationId: str
    outcome: Literal["running", "completed", "stopped", "abandoned", "failed", "interrupted"]


class FeedbackIn(Schema):
    sessionId: str | None = Field(None, description="The session that asked for the generation; required")
    sessionToken: str | None = Field(None, description=_SESSION_TOKEN)
    thumb: str | None = Field(None, description="Required", json_schema_extra={"enum": ["up", "down"]})
    reason: str | None = Field(None, description="500 characters at most", examples=["회사에서 하기 어려워요."])


class FeedbackOut(Schema):
    thumb: Literal["up", "down"]
    reason: str = Field(..., description="Empty when none was given")


class RatedOut(Schema):
    generationId: str
    feedback: FeedbackOut | None


class LabelledOut(Schema):
    key: str
    label: str


class NoticeOut(Schema):
    kind: Literal["category-changed"]
    from_: LabelledOut = Field(..., alias="from")
    to: LabelledOut
    undo: str = Field(..., description="The message that takes it back", examples=["비건으로 바꿔줘"])


class TurnOut(Schema):
    generationId: str
    askedAt: str
    request: dict[str, str] = Field(
        ..., description="location, workType and category by key; of a message also `message` and `intent`"
    )
    promptVersion: str
    source: str
    outcome: str
    answer: AnswerOut | None
    notices: list[NoticeOut] = Field(..., description="What is still worth knowing of it: that it changed the category")
    feedback: FeedbackOut | None = Field(..., description="What the session thinks of the answer")


class ConversationOut(Schema):
    sessionId: str
    turns: list[TurnOut] = Field(..., description="The newest ones, or those before `before`, in order")
    hasMore: bool = Field(..., description="Whether there are turns before these")
    before: str | None = Field(..., description="What to send as `before` to get them; null when there are none")


class InvalidFieldsOut(Schema):
    invalidFields: list[str]
