"""The chat page in a real browser, against a real server: picking, and reading along."""

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e import sse
from tests.e2e.browser import Phone, phone
from tests.e2e.chat import action, expect_answers, expect_state, is_growth, pick, recommend, say, start, titles
from tests.e2e.server import RunningServer


def test_a_selection_becomes_a_sentence_and_three_cards(visitor: Phone, slow_server: RunningServer) -> None:
    pick(visitor.page, slow_server.url)
    start(visitor.page)
    expect_state(visitor.page, "writing")
    expect_state(visitor.page, "done")

    [answer] = visitor.answers
    assert visitor.shown == sse.laid_out(answer)
    assert len(answer["challenges"]) == 3
    expect(visitor.page.locator(".challenge.complete")).to_have_count(3)
    assert len(visitor.history) > 30  # smoother than the events, which come every 50 ms
    assert is_growth(visitor.history)
    assert visitor.complaints == []


def test_what_is_missing_is_said_and_gets_the_focus(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    pick(page, server.url, ("도시",))
    start(page)
    expect(page.get_by_role("group").nth(1).get_by_role("alert")).not_to_be_empty()
    expect(page.get_by_role("radio", name="사무직", exact=True)).to_be_focused()

    page.get_by_role("radio", name="사무직", exact=True).check()
    expect(page.locator("#picker").get_by_role("alert")).to_have_count(0)


def test_listeners_hear_whole_sentences_and_whole_cards(visitor: Phone, slow_server: RunningServer) -> None:
    recommend(visitor.page, slow_server.url)

    [answer] = visitor.answers
    heard = visitor.page.locator("#announcements p").all_text_contents()
    assert heard[0] == answer["recommend"]
    assert len(heard) == 5
    for line, challenge in zip(heard[1:], answer["challenges"], strict=False):
        assert challenge["title"] in line
        assert challenge["description"] in line
    expect(visitor.page.locator("#turns [aria-live]")).to_have_count(0)


def test_again_gives_other_challenges(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    recommend(page, server.url)
    action(page, "again")
    expect_answers(page, 2)

    assert not set(titles(page, 0)) & set(titles(page, 1))
    assert visitor.shown == sse.laid_out(visitor.answers[1])


def test_choices_that_do_not_load_can_be_asked_for_again(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    page.route("**/options", lambda route: route.abort(), times=1)
    page.goto(server.url)
    failure = page.locator("#picker .failure")
    expect(failure.get_by_role("alert")).not_to_be_empty()
    failure.get_by_role("button").click()
    expect(page.get_by_role("radio")).to_have_count(16)
    expect(failure).to_have_count(0)


def test_back_leads_to_the_choices(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    recommend(page, server.url)
    action(page, "choose")
    expect(page.get_by_role("radio", name="비건", exact=True)).to_be_checked()
    page.get_by_role("radio", name="플로깅", exact=True).check()
    start(page)
    expect_answers(page, 2)
    page.go_back()
    expect(page.locator("#picker")).to_be_visible()
    page.go_forward()
    expect(page.locator("#picker")).to_be_hidden()
    assert [answer["challenges"][0]["category"] for answer in visitor.answers] == ["VEGAN", "PLOGGING"]


def test_it_works_where_nothing_can_be_stored(visitor: Phone, server: RunningServer) -> None:
    visitor.context.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error() } })")
    recommend(visitor.page, server.url)
    action(visitor.page, "again")
    expect(visitor.page.locator(".challenge.complete")).to_have_count(6)
    assert not set(titles(visitor.page, 0)) & set(titles(visitor.page, 1))


def test_what_a_model_took_back_disappears(visitor: Phone, server: RunningServer) -> None:
    """A hand-written stream with what is rare: a rewrite, counted in UTF-16 units, and events that come twice."""
    answer = '{"kind":"recommendation","recommend":"초록 🌿비건 한 끼","challenges":[]}'
    events = [
        ("challenge", '{"token":"초록 🌿비"}'),
        ("challenge", '{"token":"탄길"}'),
        ("rewrite", '{"length":5}'),
        ("challenge", '{"token":"비건 한 끼"}'),
        ("close", answer),
    ]
    frames = [
        f'event: {name}\nid: generation-x:{number}\ndata: {{"status":200,"message":"","data":{data}}}\n\n'
        for number, (name, data) in enumerate(events, start=1)
    ]
    body = "".join([*frames[:2], frames[1], *frames[2:]])
    visitor.page.route(
        "**/base-info?*", lambda route: route.fulfill(content_type="text/event-stream", body=body), times=1
    )
    visitor.page.emulate_media(reduced_motion="reduce")  # shows at once what comes
    pick(visitor.page, server.url)
    start(visitor.page)
    expect_state(visitor.page, "done")
    assert visitor.history == ["", "초록 🌿비", "초록 🌿비탄길", "초록 🌿", "초록 🌿비건 한 끼"]


def test_the_policy_of_the_page_is_kept(visitor: Phone, server: RunningServer) -> None:
    recommend(visitor.page, server.url)
    say(visitor.page, "2번 자세히")
    expect_answers(visitor.page, 2)
    assert visitor.complaints == []

    def stricter(route: Route) -> None:
        response = route.fetch()
        policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
        route.fulfill(response=response, headers={**response.headers, "content-security-policy": policy})

    visitor.page.route(f"{server.url}/", stricter)
    visitor.page.reload()
    expect(visitor.page.locator(".turn")).to_have_count(2)
    assert visitor.complaints == []


@pytest.mark.parametrize("width", [320, 360])
def test_a_narrow_phone_needs_no_sideways_scrolling(browser: Browser, server: RunningServer, width: int) -> None:
    with phone(browser, width=width, height=640) as visitor:
        visitor.page.goto(server.url)
        expect(visitor.page.get_by_role("radio")).to_have_count(16)
        assert not visitor.scrolls_sideways()
        recommend(visitor.page, server.url)
        assert not visitor.scrolls_sideways()


def test_the_language_can_be_changed_and_stays(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    page.goto(server.url)
    expect(page.get_by_role("button", name="챌린지 추천받기")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("button", name="Recommend challenges")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.goto(server.url)
    expect(page.get_by_role("button", name="Recommend challenges")).to_be_visible()
    expect(page.locator(".option").first).to_have_attribute("lang", "ko")
    page.get_by_role("link", name="한국어").click()
    expect(page.get_by_role("button", name="챌린지 추천받기")).to_be_visible()
