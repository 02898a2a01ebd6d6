"""Static files through WhiteNoise, without making other requests wait for a thread."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from asgiref.sync import markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise ships no types
    """WhiteNoise's middleware is sync only, which would hold a thread around every view; here only files do."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        super().__init__(get_response)
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        file = None
        if request.path_info.startswith(self.static_prefix):
            file = await sync_to_async(self._find)(request.path_info)
        if file is None:
            passed_on: HttpResponseBase = await self.get_response(request)
            return passed_on
        response: HttpResponseBase = await sync_to_async(self.serve)(file, request)
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = _read_in_thread(iter(response))
        return response

    def _find(self, path: str) -> object:
        return self.find_file(path) if self.autorefresh else self.files.get(path)


async def _read_in_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    def read() -> bytes:
        return next(chunks, b"")

    while chunk := await sync_to_async(read)():
        yield chunk
