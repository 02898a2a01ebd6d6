"""Sends requests to the studio as its pages and scripts do."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, User
from django.test import AsyncClient, Client
from django.urls import reverse

from chatbot.models import PromptTemplate
from chatbot.runtime import runtime
from tests.prompts import CONTENT, base_info

ENGLISH = "en"
JSON = "application/json"
SELECTION = {"location": "city", "work_type": "office", "category": "VEGAN"}
PAGES = ("change", "editor", "compare", "impact")


def member(role: str) -> User:
    """A member of the staff in the role's group."""
    user = User.objects.create_user(role.lower().replace(" ", "-"), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": ENGLISH})
    client.force_login(user)
    return client


def address(name: str, *rest: object, template: PromptTemplate | None = None) -> str:
    return reverse(f"admin:chatbot_prompttemplate_{name}", args=[(template or base_info()).pk, *rest])


def text(**changes: Any) -> dict[str, Any]:
    """The body with which the editor's script saves ``tests.prompts.CONTENT`` as the first draft, with changes."""
    fields = {"system_text": CONTENT.system_text, "user_text": CONTENT.user_text, "model": ""}
    return {"revision": 0, **fields, "temperature": None, "max_tokens": None, **changes}


def post(client: Client, name: str, body: object, *rest: object, template: PromptTemplate | None = None) -> Any:
    """A script's request, its body as JSON unless it is text already."""
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(address(name, *rest, template=template), data, content_type=JSON)


def save(client: Client, **changes: Any) -> Any:
    """Saves the draft, which must succeed, and returns the data of the response."""
    response = post(client, "save", text(**changes))
    assert response.status_code == 200, response.content.decode()
    return response.json()["data"]


async def apost(client: AsyncClient, to: str, body: object = None) -> Any:
    """As a coroutine: sends a request to an address, and returns the envelope."""
    response = await client.post(to, json.dumps(body), content_type=JSON, headers={"accept-language": ENGLISH})
    return json.loads(response.content)


async def aget(client: AsyncClient, at: str) -> Any:
    response = await client.get(at, headers={"accept-language": ENGLISH})
    return json.loads(response.content)


async def at(name: str, *rest: object) -> str:
    return await sync_to_async(address)(name, *rest)


async def until(asked: Callable[[], Awaitable[Any]]) -> Any:
    """Repeats ``asked`` until its response is no longer marked as running."""
    async with asyncio.timeout(60):
        while (found := await asked())["data"]["running"]:
            await asyncio.sleep(0.01)
    await runtime().registry.drain()
    return found["data"]
