"""The chat page when the server dies in the middle of a sentence."""

import signal

from playwright.sync_api import Page, expect

from tests.e2e import sse
from tests.e2e.browser import Phone
from tests.e2e.chat import conversation, expect_state, pick, start
from tests.e2e.server import RunningServer

PACE = {"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "60"}
MIDDLE_OF_A_SENTENCE = ".challenge:nth-child(2):not(.complete) .description:not(:empty)"


def read_to_the_middle(page: Page, server: RunningServer) -> None:
    """Picks a selection, and waits until the answer is in the middle of a card's description."""
    pick(page, server.url)
    start(page)
    page.locator(MIDDLE_OF_A_SENTENCE).wait_for()


def test_a_server_that_dies_and_comes_back_is_found_again(visitor: Phone) -> None:
    with RunningServer(env=PACE) as server:
        read_to_the_middle(visitor.page, server)
        server.stop(signal.SIGKILL)
        expect_state(visitor.page, "reconnecting")
        with RunningServer(env=PACE, data_dir=server.data_dir, port=server.port) as again:
            expect_state(visitor.page, "done")

            [answer] = visitor.answers
            assert visitor.shown == sse.laid_out(answer)
            assert len(answer["challenges"]) == 3
            expect(visitor.page.locator(".turn")).to_have_count(1)
            expect(visitor.page.locator(".challenge.complete")).to_have_count(3)
            outcomes = [turn["outcome"] for turn in conversation(visitor, again)]
            assert outcomes[-1] == "completed"
            assert outcomes.count("completed") == 1
