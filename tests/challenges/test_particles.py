import pytest

from challenges.text import particle, with_particle


@pytest.mark.parametrize(
    ("word", "particles", "whole"),
    [
        ("비건", "은/는", "비건은"),
        ("제로웨이스트", "은/는", "제로웨이스트는"),
        ("플로깅", "을/를", "플로깅을"),
        ("문화 공유", "이/가", "문화 공유가"),
        ("비건", "으로/로", "비건으로"),
        ("쓰레기통", "으로/로", "쓰레기통으로"),
        ("디지털", "으로/로", "디지털로"),
        ("119", "으로/로", "119로"),
        ("상담전화 109", "으로/로", "상담전화 109로"),
        ("1388", "으로/로", "1388로"),
        ("1393", "으로/로", "1393으로"),
        ("vegan", "은/는", "vegan은"),
        ("‘텀블러’", "이/가", "‘텀블러’가"),
        ("", "은/는", "는"),
    ],
)
def test_the_particle_that_suits(word: str, particles: str, whole: str) -> None:
    assert with_particle(word, particles) == whole
    assert word + particle(word, particles) == whole
