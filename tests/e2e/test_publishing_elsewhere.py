"""A prompt that goes live in another process."""

from tests.e2e.server import RunningServer, manage
from tests.e2e.sse import SELECTION, stream

RELEASE = """
from dataclasses import replace
from chatbot.models import PromptTemplate, ReleaseKind
from chatbot.prompts.content import PromptContent
from chatbot.prompts.releases import create_version, release
template = PromptTemplate.objects.get(key="base-info")
content = PromptContent.of(template.live_version)
changed = replace(content, user_text=content.user_text + " 다정하게요.")
release(create_version(template=template, content=changed, note="x"), kind=ReleaseKind.AUTOMATIC, why="x")
"""


def version(server: RunningServer) -> str:
    """The prompt version that the next public stream names."""
    events = list(stream(server.url, **SELECTION))
    return str(events[0].payload["promptVersion"])


def test_the_next_stream_uses_what_another_process_released() -> None:
    with RunningServer() as server:
        assert version(server) == "base-info@1"
        manage(server.data_dir, "shell", "-c", RELEASE)
        assert version(server) == "base-info@2"
