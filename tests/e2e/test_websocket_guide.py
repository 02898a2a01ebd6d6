"""The example of docs/websocket.md, in a real browser."""

import re

from tests.e2e.browser import Line, chromium, phone
from tests.e2e.server import ROOT, RunningServer
from tests.e2e.sse import laid_out

CLIENT, USE = re.findall(r"```js\n(.*?)```", (ROOT / "docs/websocket.md").read_text("utf-8"), flags=re.DOTALL)

SCRIPT = f"""(address) => {{
  {CLIENT}
  const show = (answer) => (window.answer = answer);
  {USE}
  window.chat = chat;
  window.shown = () => text;
}}"""


def test_the_example_loses_nothing_when_the_line_is_cut() -> None:
    with (
        RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "30"}) as server,
        Line(server.url) as line,
        chromium() as browser,
        phone(browser) as visitor,
    ):
        page = visitor.page
        page.goto(f"{line.url}/health")  # the chat page's own policy forbids the script that waits here
        page.evaluate(SCRIPT, f"{line.url.replace('http', 'ws', 1)}/ws/chatbot/guided")
        page.wait_for_function("shown().length > 20")
        before = page.evaluate("shown()")
        line.cut()
        page.wait_for_function("chat.socket.readyState === WebSocket.CLOSED")
        line.mend()
        page.wait_for_function("window.answer")
        text, answer = page.evaluate("[shown(), answer]")
        assert text.startswith(before)
        assert text == laid_out(answer)
        assert page.evaluate("chat.unanswered.size") == 0
        assert server.sql("SELECT bound FROM chatbot_chatsession WHERE key = 'guided'") == [(True,)]
        page.evaluate("window.answer = null; chat.ask({ type: 'say', message: '비건 말고 플로깅으로 추천해줘' })")
        page.wait_for_function("window.answer")
        assert {challenge["category"] for challenge in page.evaluate("answer.challenges")} == {"PLOGGING"}
        page.evaluate("Object.assign(window, { answer: null, old: chat.socket })")
        page.evaluate("chat.silence = 1; chat.watch(); chat.silence = 45_000")
        page.wait_for_function("chat.socket !== old")  # nothing was said for so long
        page.evaluate("chat.ask({ type: 'say', message: '비건으로 바꿔줘' })")
        page.wait_for_function("window.answer")
        assert {challenge["category"] for challenge in page.evaluate("answer.challenges")} == {"VEGAN"}
