from chatbot.answers.schema import Answer, Challenge, layout


def test_layout() -> None:
    one = Challenge("하나", "하나를 해 보세요.", "VEGAN", "비건")
    two = Challenge("둘", "둘을 해 보세요.", "VEGAN", "비건")
    assert layout(Answer("비건!", (one, two))) == "비건!\n\n1. 하나\n하나를 해 보세요.\n\n2. 둘\n둘을 해 보세요."
    assert layout(Answer("비건!")) == "비건!"
    assert layout(Answer("")) == ""
