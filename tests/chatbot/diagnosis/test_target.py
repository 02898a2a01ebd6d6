import pytest

from chatbot.diagnosis.cors import parse_origin
from chatbot.diagnosis.target import Target, is_this_machine


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://Chat.Example.com/", "https://chat.example.com"),
        ("https://chat.example.com:443/leafresh/", "https://chat.example.com/leafresh"),
        ("http://[2001:DB8::1]:8000", "http://[2001:db8::1]:8000"),
        ("https://한국.kr", "https://xn--3e0b707e.kr"),
    ],
)
def test_urls_are_read(url: str, expected: str) -> None:
    assert str(Target.parse(url)) == expected


@pytest.mark.parametrize(
    "url",
    [
        "chat.example.com", "ftp://x", "http://", "http://u:p@x", "http://x?a", "http://x#a", "http://x:99999",
        "http://[x", "http://a..b", f"http://{'a' * 64}",
    ],
)  # fmt: skip
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(It must|It does|Port|Invalid)"):
        Target.parse(url)


def test_an_origin_is_read_as_browsers_write_it() -> None:
    assert parse_origin("https://App.Example.com:443/") == "https://app.example.com"


def test_an_origin_has_no_path() -> None:
    with pytest.raises(ValueError, match="without a path"):
        parse_origin("https://app.example.com/page")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("192.0.2.77", False), ("a.invalid", False)],
)
def test_which_hosts_are_this_machine(host: str, expected: bool) -> None:
    assert is_this_machine(host) is expected
