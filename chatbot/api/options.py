"""What can be picked."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from challenges.catalog import Choice, options
from chatbot.api.envelope import envelope
from chatbot.api.schemas import Envelope, OptionsOut

router = Router(tags=["options"])


@router.get("/options", summary="Locations, work types and categories, in order", response=Envelope[OptionsOut])
async def read(request: HttpRequest) -> HttpResponseBase:
    known = await sync_to_async(options.get)()
    kinds = {"locations": known.locations, "workTypes": known.work_types, "categories": known.categories}
    return envelope({name: [_shown(choice) for choice in choices.values()] for name, choices in kinds.items()})


def _shown(choice: Choice) -> dict[str, str]:
    return {
        "key": choice.key,
        "label": choice.label,
        "description": choice.description,
        "emoji": choice.emoji,
    }
