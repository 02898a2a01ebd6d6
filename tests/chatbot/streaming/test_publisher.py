import asyncio
import uuid

from chatbot.streaming.channels import channel_of
from chatbot.streaming.event_log import event_log
from chatbot.streaming.events import Rewrite
from chatbot.streaming.publisher import Publisher


def published(generation_id: uuid.UUID) -> list[str]:
    """Tokens' texts and other events' names, as they stand in the log."""
    events = event_log.after(channel_of(generation_id), 0, 100)
    return [
        event.data.partition('"token":"')[2].removesuffix('"}}') if event.type == "challenge" else event.type
        for event in events
    ]


async def test_the_first_fragment_goes_at_once_the_next_together() -> None:
    generation_id = uuid.uuid4()
    publisher = Publisher(generation_id, coalesce_seconds=0.02)
    publisher.text("가")
    assert published(generation_id) == ["가"]
    publisher.text("나")
    publisher.text("다")
    assert published(generation_id) == ["가"]
    await asyncio.sleep(0.05)
    assert published(generation_id) == ["가", "나다"]
    publisher.text("라")
    assert published(generation_id) == ["가", "나다", "라"]
    assert publisher.count == 3


async def test_other_events_come_behind_the_text_before_them() -> None:
    generation_id = uuid.uuid4()
    publisher = Publisher(generation_id)
    publisher.text("가")
    publisher.text("나")
    publisher.send(Rewrite(1))
    publisher.text("다")
    publisher.flush()
    assert published(generation_id) == ["가", "나", "rewrite", "다"]


async def test_discarded_text_never_appears() -> None:
    generation_id = uuid.uuid4()
    publisher = Publisher(generation_id, coalesce_seconds=0.01)
    publisher.text("가")
    publisher.text("나")
    publisher.discard()
    await asyncio.sleep(0.03)
    assert published(generation_id) == ["가"]
