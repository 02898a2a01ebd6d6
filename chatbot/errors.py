"""Errors that clients and people see. ``chatbot.api.envelope`` turns them into an HTTP response or an event."""

from collections.abc import Mapping, Sequence


class ApplicationError(Exception):
    """A request that cannot be answered.

    ``status`` is the status of the HTTP response and of the envelope. ``message`` explains in Korean what is wrong and
    what to do. ``retry_after`` is in seconds.
    """

    def __init__(
        self, status: int, message: str, data: Mapping[str, object] | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.data = data
        self.retry_after = retry_after


class FieldRequired(ApplicationError):
    """A parameter is missing or blank. ``field`` is its name on the wire."""

    def __init__(self, field: str) -> None:
        particle = "는" if field in {"category", "lastEventId", "message", "sessionId"} else "은"
        super().__init__(400, f"{field}{particle} 필수입니다.")


class InvalidFields(ApplicationError):
    """Values that are not a known key, label or alias. ``fields`` are the names of these parameters on the wire."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__(400, "유효하지 않은 선택 항목이 포함되어 있습니다.", {"invalidFields": fields})


class FieldsNotText(ApplicationError):
    """Values that are not strings. ``fields`` are the names of these parameters on the wire."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__(400, "문자열이 아닌 값이 포함되어 있습니다.", {"invalidFields": fields})


class MalformedSessionId(ApplicationError):
    def __init__(self) -> None:
        super().__init__(422, "sessionId는 공백 없는 ASCII 문자 1자 이상 128자 이하여야 합니다.")


class PageSize(ApplicationError):
    """The parameter ``limit`` is not between 1 and ``most``."""

    def __init__(self, most: int) -> None:
        super().__init__(422, f"limit은 1 이상 {most} 이하의 정수여야 합니다.")


class UnknownTurn(ApplicationError):
    """The parameter ``before`` is not the generation of a turn in the conversation."""

    def __init__(self) -> None:
        super().__init__(422, "before는 이 대화에 있는 턴의 generationId여야 합니다.")


class MessageLength(ApplicationError):
    """A message is too short or too long. ``least`` counts visible characters, ``most`` counts all characters."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(422, f"message는 보이는 글자로 {least}자 이상, 모두 {most}자 이하여야 합니다.")


class UnknownThumb(ApplicationError):
    """``allowed`` are the valid thumbs."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(422, f"thumb은 {', '.join(allowed)} 중 하나여야 합니다.")


class ReasonTooLong(ApplicationError):
    """The reason of a feedback is too long. ``limit`` is in characters."""

    def __init__(self, limit: int) -> None:
        super().__init__(422, f"reason은 {limit}자 이하여야 합니다.")


class TooManyRequests(ApplicationError):
    """The session or the client's address is above its rate. The client may try again after ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            429, f"요청이 너무 많습니다. {_korean_time(seconds)} 후에 다시 시도해 주세요.", retry_after=seconds
        )


def _korean_time(seconds: int) -> str:
    """A time in Korean, rounded up: 45초, 2분, 3시간."""
    if seconds < 60:
        return f"{seconds}초"
    minutes = -(-seconds // 60)
    return f"{minutes}분" if minutes < 60 else f"{-(-seconds // 3600)}시간"


class TooManyGenerations(ApplicationError):
    def __init__(self) -> None:
        super().__init__(
            503, "지금은 이용자가 많아 추천을 시작할 수 없습니다. 잠시 후 다시 시도해 주세요.", retry_after=5
        )


class Busy(ApplicationError):
    """All threads that the request needs are in use, and their queues are full."""

    SCOPE_KEY = "leafresh.is_busy"
    """The key in an ASGI scope for a function that tells whether the threads of the request are full."""

    def __init__(self) -> None:
        super().__init__(503, "지금은 요청이 몰려 처리할 수 없습니다. 잠시 후 다시 시도해 주세요.", retry_after=5)


class ShuttingDown(ApplicationError):
    def __init__(self) -> None:
        super().__init__(503, "서버를 다시 시작하고 있습니다. 잠시 후 다시 시도해 주세요.", retry_after=5)


class ServiceUnavailable(ApplicationError):
    """The database does not answer."""

    def __init__(self) -> None:
        super().__init__(503, "지금은 서비스를 이용할 수 없습니다. 잠시 후 다시 시도해 주세요.", retry_after=5)


class GenerationFailed(ApplicationError):
    """No provider finished an answer."""

    def __init__(self) -> None:
        super().__init__(502, "AI 서버로부터 추천 결과를 받아오는 데 실패했습니다.")


class HostNotAllowed(ApplicationError):
    """The ``Host`` header names no allowed host."""

    def __init__(self) -> None:
        super().__init__(400, "허용되지 않은 호스트입니다. 서버의 LEAFRESH_ALLOWED_HOSTS에 이 주소를 추가해 주세요.")


class BodyTooLarge(ApplicationError):
    """The body of the request is larger than the server accepts."""

    SCOPE_KEY = "leafresh.body_too_large"
    """The key in an ASGI scope for the maximum size in bytes."""

    def __init__(self) -> None:
        super().__init__(413, "요청 본문이 너무 큽니다.")


class NotOwner(ApplicationError):
    """The client did not prove that it owns the session."""

    def __init__(self) -> None:
        super().__init__(
            403,
            "다른 곳에서 시작한 대화입니다. 대화를 시작할 때 받은 쿠키나 sessionToken(X-Leafresh-Session-Token 헤더)을 "
            "함께 보내 주세요.",
        )


class NotFound(ApplicationError):
    def __init__(self) -> None:
        super().__init__(404, "요청한 대상을 찾을 수 없습니다.")
