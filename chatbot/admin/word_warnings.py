"""What an editor is warned of before a word is listed: it would refuse people who say nothing wrong."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from challenges.catalog import Options, options
from chatbot.models import Turn, WordKind
from chatbot.models.knowledge import spelling
from chatbot.nlu.analyser_manager import names_of
from chatbot.nlu.rough import RoughAnalyser
from chatbot.nlu.safety.abuse import abuse
from chatbot.nlu.safety.word_lists import WordLists, word_lists

READ_MESSAGES = 300
"""The newest messages of people that the word is tried with."""

SHOWN_MESSAGES = 3


def warnings(word: str, kind: str, *, quote: bool) -> list[str]:
    """Why it may be a mistake to list the word; empty for an exception, which refuses nobody. Two SQL statements.

    ``quote`` is whether the editor may read the messages that it would have refused; else they are only counted.
    """
    if kind == WordKind.FINE:
        return []
    known = options.get()
    checks = (_short(word), _names(word, known), _messages(word, known, quote=quote))
    return [text for check in checks for text in check]


def too_common(word: str, kind: str) -> list[str]:
    """The warnings that stop an import, because people do not read them one by one."""
    return [] if kind == WordKind.FINE else [*_short(word), *_names(word, options.get())]


def _short(word: str) -> Iterator[str]:
    if len("".join(spelling(word).split())) < 2:
        yield _("“%(word)s” is a single character: very many messages contain it.") % {"word": word}


def _names(word: str, known: Options) -> Iterator[str]:
    """Names of what can be picked that the word would mark."""
    marked = [name for name in sorted(names_of(known)) if _marks(word, name, known)]
    if marked:
        values = {"word": word, "names": ", ".join(marked[:SHOWN_MESSAGES])}
        yield _("“%(word)s” is in the name of something that people can pick: %(names)s.") % values


def _messages(word: str, known: Options, *, quote: bool) -> Iterator[str]:
    """Recent messages that the word would have refused, and no other word did."""
    newest = Turn.objects.exclude(message="").order_by("-pk").values_list("message", flat=True)[:READ_MESSAGES]
    listed = word_lists.get()
    analyser = RoughAnalyser(names_of(known))
    marked = [message for message in newest if _marks(word, message, known)]
    marked = [message for message in marked if not abuse(message, words=listed, analyser=analyser)]
    if not marked:
        return
    values = {"count": len(marked), "of": READ_MESSAGES}
    if quote:
        quoted = " / ".join(marked[:SHOWN_MESSAGES])
        yield _("Of the last %(of)s messages it would have refused %(count)s: %(messages)s") % {
            **values,
            "messages": quoted,
        }
    else:
        yield _("Of the last %(of)s messages it would have refused %(count)s.") % values


def _marks(word: str, text: str, known: Options) -> bool:
    """Whether the word marks the text, found as abuse is."""
    if spelling(word)[:1] not in spelling(text):
        return False
    only = WordLists(abuse=(word,), fine=word_lists.get().fine)
    return abuse(text, words=only, analyser=RoughAnalyser(names_of(known))) == word
