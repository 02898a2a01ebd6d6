import pytest

from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.errors import FieldRequired


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (BaseInfoRequest(None, "사무직", "비건"), "location은 필수입니다."),
        (BaseInfoRequest("도시", " ", "비건"), "workType은 필수입니다."),
        (BaseInfoRequest("도시", "사무직", ""), "category는 필수입니다."),
    ],
)
def test_a_selection_is_needed_whole(request_: BaseInfoRequest, message: str) -> None:
    with pytest.raises(FieldRequired) as caught:
        request_.checked()
    assert caught.value.message == message
