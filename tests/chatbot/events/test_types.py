import json

from hypothesis import given
from hypothesis import strategies as st

from chatbot.events.types import (
    Close,
    Failed,
    Item,
    Rewrite,
    Start,
    Token,
    as_text_token,
    encode_event,
    for_session,
    frame,
)

CHALLENGE = {"title": "채소 한 끼", "description": "채소로 차려 보세요.", "category": "VEGAN", "label": "비건"}


def test_every_event_to_the_byte() -> None:
    start = Start("g", "VEGAN", "비건", "base-info@3", "catalog", "user1")
    encoded = [encode_event(event) for event in (start, Token("도시에서 "), Item(1, CHALLENGE), Rewrite(12))]
    assert encoded == [
        (
            '{"status":200,"message":"추천을 시작합니다.","data":{"generationId":"g","sessionId":"user1",'
            '"category":{"key":"VEGAN","label":"비건"},"promptVersion":"base-info@3","source":"catalog"}}'
        ),
        '{"status":200,"message":"토큰 생성","data":{"token":"도시에서 "}}',
        (
            '{"status":200,"message":"챌린지 완성","data":{"index":1,"title":"채소 한 끼",'
            '"description":"채소로 차려 보세요.","category":"VEGAN","label":"비건"}}'
        ),
        '{"status":200,"message":"문장 수정","data":{"length":12}}',
    ]


def test_terminal_events_to_the_byte() -> None:
    answer = (
        '"kind":"recommendation","recommend":"비건!","challenges":[{"title":"채소 한 끼",'
        '"description":"채소로 차려 보세요.","category":"VEGAN","label":"비건"}]'
    )
    close = Close("recommendation", "비건!", [CHALLENGE])
    assert encode_event(close) == f'{{"status":200,"message":"모든 챌린지 추천 완료","data":{{{answer}}}}}'
    stopped = Close("recommendation", "비건!", [CHALLENGE], stopped=True)
    assert (
        encode_event(stopped) == f'{{"status":200,"message":"추천을 멈췄습니다.","data":{{{answer},"stopped":true}}}}'
    )
    failed = Failed(502, "AI 서버로부터 추천 결과를 받아오는 데 실패했습니다.")
    assert encode_event(failed) == (
        '{"status":502,"message":"AI 서버로부터 추천 결과를 받아오는 데 실패했습니다.","data":null}'
    )


def test_a_frame() -> None:
    assert frame("close", "{}", event_id="c:3", retry_seconds=5) == "event: close\nretry: 5000\ndata: {}\nid: c:3\n\n"
    assert frame("error", "{}") == "event: error\ndata: {}\n\n"


def test_a_start_gets_its_listeners_session() -> None:
    logged = encode_event(Start("g", "VEGAN", "비건", "base-info@3", "catalog"))
    own = encode_event(Start("g", "VEGAN", "비건", "base-info@3", "catalog", '"quoted"'))
    assert for_session(logged, '"quoted"') == own


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_token_is_the_bare_string(text: str) -> None:
    data = encode_event(Token(text))
    assert "\n" not in data
    assert json.loads(data)["data"] == {"token": text}
    assert json.loads(as_text_token(data)) == {"status": 200, "message": "토큰 생성", "data": text}
