import uuid

from chatbot.errors import InvalidFields, TooManyGenerations
from chatbot.events.subscription import Numbered
from chatbot.events.types import Token, encode_event
from chatbot.websocket import messages_out

ID = uuid.UUID("00000000-0000-4000-8000-000000000000")


def test_an_event_keeps_its_data_to_the_byte() -> None:
    data = encode_event(Token('가 "나"\n'))
    assert messages_out.numbered(Numbered("challenge", 7, data), ID, request_id=None) == (
        f'{{"event":"challenge","id":"generation-{ID}:7","data":{data}}}'
    )


def test_a_request_id_is_echoed() -> None:
    assert messages_out.numbered(Numbered("close", 1, "{}"), ID, request_id='a "b" \\') == (
        f'{{"event":"close","id":"generation-{ID}:1","requestId":"a \\"b\\" \\\\","data":{{}}}}'
    )


def test_signs_have_no_data() -> None:
    assert messages_out.sign(messages_out.RESET, request_id=None) == '{"event":"stream-reset"}'
    assert messages_out.sign(messages_out.UP_TO_DATE, request_id="1") == '{"event":"up-to-date","requestId":"1"}'


def test_the_outcome_of_a_stop() -> None:
    assert messages_out.stopped({"outcome": "stopped"}, request_id=None) == (
        '{"event":"stopped","data":{"status":200,"message":"성공","data":{"outcome":"stopped"}}}'
    )
    assert messages_out.stopped(None, request_id="1") == (
        '{"event":"stopped","requestId":"1","data":{"status":200,"message":"성공","data":null}}'
    )


def test_refusals() -> None:
    assert messages_out.refusal(InvalidFields(["category"]), request_id="1") == (
        '{"event":"error","requestId":"1","data":{"status":400,'
        '"message":"유효하지 않은 선택 항목이 포함되어 있습니다.","data":{"invalidFields":["category"]}}}'
    )
    assert '"retryAfter":5,"data":{"status":503,' in messages_out.refusal(TooManyGenerations(), request_id=None)
