"""Texts as HTML: all that was written is escaped, all that is ours is not."""

from django.utils import translation

from chatbot.admin.studio.markup import difference_html, rendered_html
from chatbot.prompts.diff import Change
from chatbot.prompts.rendering import Segment


def test_a_difference() -> None:
    changes = [
        Change("equal", "가 <b> {0} "),
        Change("delete", "{location.__class__}"),
        Change("insert", "<script>&amp;"),
        Change("gap", "<i>"),
        Change("equal", "\n끝"),
    ]
    with translation.override("en"):
        assert difference_html(changes) == (
            "가 &lt;b&gt; {0} <del>{location.__class__}</del><ins>&lt;script&gt;&amp;amp;</ins>"
            ' <span class="gap" title="equal text left out">[…]</span> \n끝'
        )
    assert difference_html([]) == ""


def test_a_rendered_prompt() -> None:
    segments = [Segment("{} <b>"), Segment('"{}" <i>', "location"), Segment(""), Segment("x", '"><script>')]
    assert rendered_html(segments) == (
        '{} &lt;b&gt;<mark title="location">&quot;{}&quot; &lt;i&gt;</mark>'
        '<mark title="&quot;&gt;&lt;script&gt;">x</mark>'
    )
