"""Generations, conversations, files and staff for tests of the admin."""

from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chatbot.models import ChatSession, Feedback, Generation, Intent, Outcome, PromptVersion, Turn
from tests.prompts import base_info

SCRIPT = "<script>x()</script>"
ANSWER = {
    "kind": "recommendation",
    "recommend": "비건 <script>x()</script> 도전을 골라 봤어요!",
    "challenges": [
        {"title": f"두부 {n}", "description": "두부를 <b>부쳐</b> 봐요.", "category": "VEGAN", "label": "비건"}
        for n in (1, 2, 3)
    ],
}


def live_version() -> PromptVersion:
    version = base_info().live_version
    assert version
    return version


def make(**changed: Any) -> Generation:
    values = {
        "prompt_version": live_version(),
        "source": "catalogue",
        "location": "beach",
        "work_type": "sales",
        "category": "VEGAN",
        "system_prompt": "너는 도우미야.",
        "user_prompt": "<script>x()</script> 바닷가",
        "seed": 7,
        "outcome": Outcome.COMPLETED,
        "answer": ANSWER,
        "event_count": 42,
        "first_token_ms": 320,
        "duration_ms": 2140,
    }
    return Generation.objects.create(**{**values, **changed})


def message_turn(message: str = f"비건으로 바꿔줘 {SCRIPT}", *, session: str = "phone-1", **turn: Any) -> Turn:
    """A turn that changed the category to vegan, with search results. ``turn`` overrides its fields."""
    values = {
        "intent": Intent.CHANGE,
        "reasons": [{"code": "name_wanted", "words": ["비건", SCRIPT], "category": "VEGAN"}],
        "moved_from": "ZERO_WASTE",
        "found": [
            {"kind": "document", "id": 0, "title": f"채식 {SCRIPT}", "link": "https://a.example/?a&b", "score": 2.345},
        ],
        **turn,
    }
    generation = values.pop("generation", None) or make(variables={"message": f"<message>\n{message}\n</message>"})
    kept, _new = ChatSession.objects.get_or_create(
        key=session,
        defaults={"location": "beach", "work_type": "sales", "base_category": "ZERO_WASTE", "category": "VEGAN"},
    )
    return Turn.objects.create(session=kept, generation=generation, message=message, **values)


def thought(turn: Turn, thumb: str = "up", reason: str = "") -> Feedback:
    return Feedback.objects.create(session=turn.session, generation=turn.generation, thumb=thumb, reason=reason)


def staff(*rights: str) -> Client:
    """A staff user with only these permissions, who uses English."""
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def upload(page: Client, address: str, content: str) -> Any:
    """The preview of importing a CSV file into the list at the address."""
    posted = {"import_file": SimpleUploadedFile("file", content.encode()), "format": "0", "resource": "0"}
    return page.post(f"{address}import/", posted)


def confirm(page: Client, address: str, preview: Any) -> None:
    page.post(f"{address}process_import/", preview.context["confirm_form"].initial)


def invalid_rows(preview: Any) -> dict[int, Any]:
    """Row number → field → reasons."""
    return {row.number: row.error_dict for row in preview.context["result"].invalid_rows}
