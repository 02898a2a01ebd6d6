import unicodedata
from typing import Literal

import pytest

from challenges.text import is_one_sentence, lookup_name, nfc


@pytest.mark.parametrize("written", ["에너지 절약", "에너지절약", " 에너지\u00a0절약 "])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_are_compared_without_space_and_composition(written: str, form: Literal["NFC", "NFD"]) -> None:
    assert lookup_name(unicodedata.normalize(form, written)) == "에너지절약"


@pytest.mark.parametrize("written", ["ZERO_WASTE", "zero_waste", "Zero_Waste", "ＺＥＲＯ＿ＷＡＳＴＥ"])
def test_names_are_compared_without_case_and_width(written: str) -> None:
    assert lookup_name(written) == "zero_waste"


def test_nfc_trims() -> None:
    assert nfc(" " + unicodedata.normalize("NFD", "산") + "\n") == "산"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("텀블러를 챙겨 보세요.", True),
        ("정말요?!", True),
        ("1.5리터 병을 다시 써 보세요.", True),
        ("챙겨 보세요", False),
        ("챙겨 보세요. 좋아요.", False),
        ("챙겨\n보세요.", False),
        ("", False),
    ],
)
def test_one_sentence(text: str, is_one: bool) -> None:
    assert is_one_sentence(text) is is_one
