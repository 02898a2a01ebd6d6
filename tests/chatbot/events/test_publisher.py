import uuid

from chatbot.events.cursor import channel_of
from chatbot.events.log import event_log
from chatbot.events.publisher import Publisher
from chatbot.events.types import Rewrite, Token


async def test_events_are_numbered_in_their_order() -> None:
    generation_id = uuid.uuid4()
    publisher = Publisher(generation_id)
    for event in (Token("가"), Rewrite(1), Token("나")):
        publisher.send(event)
    assert publisher.count == 3
    assert [(event.number, event.name, event.data) for event in event_log.after(channel_of(generation_id), 0, 100)] == [
        (1, "challenge", '{"status":200,"message":"토큰 생성","data":{"token":"가"}}'),
        (2, "rewrite", '{"status":200,"message":"문장 수정","data":{"length":1}}'),
        (3, "challenge", '{"status":200,"message":"토큰 생성","data":{"token":"나"}}'),
    ]
