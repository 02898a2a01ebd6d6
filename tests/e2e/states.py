"""Every state of the chat, each by its name, with what brings a page there and keeps it there.

A state's sentence says what it shows; docs/chat-states.md is made of them.
"""

from playwright.sync_api import expect

from tests.e2e.chat import action, expect_answers, expect_state, recommend, say, start, turn
from tests.e2e.stage import Stage, Step
from tests.e2e.states_of_failure import failed, refused, too_busy, too_often, unreachable
from tests.e2e.states_of_writing import (
    offline,
    reconnecting,
    stopped,
    stopped_before_a_word,
    thinking,
    writing_a_card,
    writing_the_sentence,
)


def _open(stage: Stage) -> None:
    stage.page.unroute_all(behavior="ignoreErrors")
    stage.page.goto(stage.url)
    expect(stage.page.get_by_role("radio")).to_have_count(16)


def choices_loading(stage: Stage) -> None:
    """The choices are on their way."""
    stage.page.route("**/options", lambda route: None)
    stage.page.goto(stage.url)
    expect(stage.page.locator("#loading")).to_be_visible()


def choices_failed(stage: Stage) -> None:
    """The choices could not be loaded, and the person may try again."""
    stage.page.route("**/options", lambda route: route.abort())
    stage.page.goto(stage.url)
    expect(stage.page.locator("#picker .failure").get_by_role("alert")).to_be_visible()


def choices(stage: Stage) -> None:
    """The start: a place, a way of working and a category to pick, or a message to write."""
    _open(stage)


def choice_missing(stage: Stage) -> None:
    """The first group without a choice comes into view, says so and has the focus."""
    stage.page.get_by_role("radio", name="도시", exact=True).check()
    start(stage.page)
    expect(stage.page.locator("#picker").get_by_role("alert")).to_be_visible()


def welcome(stage: Stage) -> None:
    """A conversation may start without choices, with the person's own words or suggested ones."""
    _open(stage)
    action(stage.page, "talk")
    expect(stage.page.locator(".welcome")).to_be_visible()


def too_short(stage: Stage) -> None:
    """A message of one character is too short, and a sentence above the field says so."""
    say(stage.page, "네")
    expect(stage.page.locator("#composer").get_by_role("alert")).to_be_visible()


def too_long(stage: Stage) -> None:
    """A message is too long: the count below the field and a sentence above it say so."""
    say(stage.page, "가" * 501)
    expect(stage.page.locator("#bounds.over")).to_be_visible()
    expect(stage.page.locator("#composer").get_by_role("alert")).to_be_visible()


def assumed(stage: Stage) -> None:
    """A first message without choices gets an answer, and a notice says what was assumed."""
    say(stage.page, "쉬운 거 추천해줘")
    expect_answers(stage.page, 1)
    expect(turn(stage.page, 0).locator(".note")).to_be_visible()


def done(stage: Stage) -> None:
    """An answer: a sentence, three challenges, thumbs, and suggestions for the next message."""
    recommend(stage.page, stage.url)


def _reply(stage: Stage, message: str) -> None:
    count = stage.page.locator(".turn").count()
    say(stage.page, message)
    expect_answers(stage.page, count + 1)


def explanation(stage: Stage) -> None:
    """More about a challenge that was shown."""
    _reply(stage, "2번 자세히")
    expect_state(stage.page, "answered")


def smalltalk(stage: Stage) -> None:
    """An answer to thanks."""
    _reply(stage, "고마워요")
    expect_state(stage.page, "answered")


def declined(stage: Stage) -> None:
    """Abuse is declined, in a friendly way."""
    _reply(stage, "이 멍청한 씨발놈아")
    expect_state(stage.page, "answered")


def help_(stage: Stage) -> None:
    """A person in danger reads where to get help, and is not asked to rate the answer."""
    _reply(stage, "죽고 싶어요")
    expect_state(stage.page, "answered")
    expect(stage.page.locator(".turn").last.locator(".thumbs")).to_have_count(0)


def notice(stage: Stage) -> None:
    """The category was changed by a message, which can be undone."""
    _reply(stage, "플로깅으로 바꿔줘")
    expect(stage.page.locator(".turn").last.locator(".note button")).to_be_visible()


def reloaded(stage: Stage) -> None:
    """After a reload the conversation is there as it was."""
    count = stage.page.locator(".turn").count()
    stage.page.reload()
    expect_answers(stage.page, count)


def toast(stage: Stage) -> None:
    """A challenge was copied."""
    stage.page.locator("button.copy").first.click()
    expect(stage.page.locator(".toast")).to_be_visible()


def reason_open(stage: Stage) -> None:
    """After a thumb the person can give a reason."""
    turn(stage.page, 0).locator("button.down").click()
    expect(turn(stage.page, 0).get_by_role("textbox")).to_be_visible()
    expect(stage.page.locator(".toast")).to_be_visible()


def forgetting(stage: Stage) -> None:
    """Before a conversation is erased, the person is asked."""
    action(stage.page, "forget")
    expect(stage.page.get_by_role("dialog")).to_be_visible()


def forgetting_failed(stage: Stage) -> None:
    """The conversation could not be erased."""
    stage.page.route("**/sessions/*", lambda route: route.abort())
    action(stage.page, "erase")
    expect(stage.page.get_by_role("dialog").get_by_role("alert")).to_be_visible()


def forgotten(stage: Stage) -> None:
    """The conversation is erased, and the chat starts again."""
    stage.page.unroute_all(behavior="ignoreErrors")
    action(stage.page, "erase")
    expect(stage.page.locator("#picker")).to_be_visible()
    expect(stage.page.locator(".toast")).to_be_visible()


def choices_in_english(stage: Stage) -> None:
    """The choices, after the link to English."""
    stage.page.goto(stage.url)
    stage.page.get_by_role("link", name="English").click()
    expect(stage.page.get_by_role("button", name="Recommend challenges")).to_be_visible()
    expect(stage.page.get_by_role("radio")).to_have_count(16)


def answer_in_english(stage: Stage) -> None:
    """The chat speaks English, around answers in Korean."""
    recommend(stage.page, stage.url)
    notice(stage)
    expect(stage.page.get_by_role("button", name="Show me others")).to_be_visible()


def embedded_choices(stage: Stage) -> None:
    """The choices on another site's page."""
    stage.page.goto(stage.embedding)
    expect(stage.page.get_by_role("radio")).to_have_count(16)


def embedded_answer(stage: Stage) -> None:
    """An answer on another site's page, with thanks for a thumb."""
    recommend(stage.page, stage.embedding)
    turn(stage.page, 0).locator("button.up").click()
    expect(stage.page.locator(".toast")).to_be_visible()


PATHS: tuple[tuple[Step, ...], ...] = (
    (choices_loading, choices_failed, choices, choice_missing),
    (failed, too_busy, too_often, refused, unreachable),
    (welcome, too_short, too_long, assumed),
    (thinking, stopped_before_a_word),
    (writing_the_sentence,),
    (writing_a_card, stopped),
    (writing_a_card, reconnecting),
    (writing_a_card, offline),
    (done, toast, reason_open),
    (done, explanation, smalltalk, declined, help_, notice, reloaded, forgetting, forgetting_failed, forgotten),
    (choices_in_english, answer_in_english),
    (embedded_choices, embedded_answer),
)
"""Each state after the one before it on the same page, which is empty at first."""


def name_of(step: Step) -> str:
    return step.__name__.replace("_", " ").strip()


def path_to(step: Step) -> tuple[Step, ...]:
    """The shortest way to it."""
    return min((path[: path.index(step) + 1] for path in PATHS if step in path), key=len)
