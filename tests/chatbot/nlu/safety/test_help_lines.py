"""The help lines for people in danger."""

from pytest_django import Settings

from chatbot.nlu.safety.help_lines import HelpLine, help_line, lines_in


def test_a_setting_has_a_name_and_a_number() -> None:
    assert help_line("자살예방 상담전화 109") == HelpLine("자살예방 상담전화 109", "109", "자살예방 상담전화")
    assert help_line("119") == HelpLine("119", "119", "소방·구급")
    assert help_line("02-123-4567") == HelpLine("02-123-4567", "02-123-4567", "02-123-4567")
    assert help_line("가까운 보건소") == HelpLine("가까운 보건소", "", "가까운 보건소")


def test_the_lines_come_as_the_sentence_tells_them(settings: Settings) -> None:
    settings.LEAFRESH_HELP_LINE = "청소년 상담 1388"
    sentence = "먼저 119로, 그다음 청소년 상담 1388로 전화해 주세요. 2024년에도요."
    assert lines_in(sentence) == (
        {"name": "소방·구급", "number": "119"},
        {"name": "청소년 상담", "number": "1388"},
    )
