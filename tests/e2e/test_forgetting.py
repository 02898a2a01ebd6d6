"""Erasing sessions on real servers, while other sessions join their answers or send requests."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import httpx

from tests.e2e.fleet import RunningFleet, needs_a_fleet
from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION

OPEN = {"LEAFRESH_SESSION_BINDING": "off", "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "2"}
AT_ONCE = 4
CATEGORIES = ("ZERO_WASTE", "PLOGGING", "VEGAN", "MEDIA", "UPCYCLING", "DIGITAL_CARBON")


async def forget_while_another_joins(urls: Sequence[str], tries: int) -> Counter[str]:
    """The results of the joining sessions' answers as words."""
    chance = random.Random(5)
    outcomes: Counter[str] = Counter()
    async with httpx.AsyncClient(timeout=30) as http:

        async def attempt(number: int) -> None:
            first, second, third = (chance.choice(urls) for _ in range(3))
            selection = {**SELECTION, "category": CATEGORIES[number % len(CATEGORIES)]}
            forgets, joins = f"forgets{number}", f"joins{number}"

            def ask(url: str, session: str) -> "asyncio.Task[httpx.Response]":
                return asyncio.create_task(http.post(url + BASE_INFO, json={**selection, "sessionId": session}))

            one = ask(first, forgets)
            await asyncio.sleep(chance.uniform(0, 0.05))
            other = ask(second, joins)
            await asyncio.sleep(chance.uniform(0, 0.05))
            address = f"/api/chatbot/sessions/{forgets}"
            forgotten = await http.delete(third + address)
            answers = await asyncio.gather(one, other)
            assert (await http.delete(first + address)).status_code == 200  # asked for after it was forgotten
            outcomes[await outcome_of(second, joins, answers[1])] += 1
            outcomes.update(f"HTTP {it.status_code}" for it in (forgotten, answers[0]) if it.status_code != 200)
            assert (await http.get(second + address)).json()["data"]["turns"] == []

        async def outcome_of(url: str, session: str, response: httpx.Response) -> str:
            if response.status_code != 200:
                return f"HTTP {response.status_code}"
            answer = response.json()["data"]
            if answer.get("stopped") or len(answer["challenges"]) != 3:
                return "not whole"
            turns = (await http.get(f"{url}/api/chatbot/sessions/{session}")).json()["data"]["turns"]
            return "whole and kept" if [turn["answer"] for turn in turns] == [answer] else "lost"

        for start in range(0, tries, AT_ONCE):
            await asyncio.gather(*(attempt(number) for number in range(start, start + AT_ONCE)))
    return outcomes


async def test_a_joining_session_keeps_its_answer_while_another_is_erased() -> None:
    with RunningServer(env=OPEN) as server:
        assert await forget_while_another_joins([server.url], 200) == {"whole and kept": 200}
        assert "Traceback" not in server.output


@needs_a_fleet
async def test_who_joins_while_another_forgets_loses_nothing_in_a_fleet() -> None:
    with RunningFleet(2, **OPEN) as fleet:
        urls = [server.url for server in fleet.servers]
        assert await forget_while_another_joins(urls, 200) == {"whole and kept": 200}
        fleet.check_nothing_is_left()
