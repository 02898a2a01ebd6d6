"""The titles that sessions were given before there was a table of them."""

from django.db import migrations

BATCH = 500


def note_given(apps, schema_editor):
    turns = apps.get_model("chatbot", "Turn").objects.filter(generation__answer__isnull=False).order_by("pk")
    given_titles = apps.get_model("chatbot", "GivenTitle")
    last = 0
    while batch := list(turns.filter(pk__gt=last).values_list("pk", "session_id", "generation__answer")[:BATCH]):
        rows = {}
        for turn, session_id, answer in batch:
            for place, item in enumerate((answer or {}).get("challenges", ())):
                title = item["title"][:100]
                rows[session_id, title] = given_titles(session_id=session_id, title=title, turn=turn, place=place)
        given_titles.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=["session", "title"],
            update_fields=["turn", "place"],
        )
        last = batch[-1][0]


class Migration(migrations.Migration):
    atomic = False  # short transactions; a second run does no harm

    dependencies = [("chatbot", "0007_bounded_sessions")]

    operations = [migrations.RunPython(note_given, migrations.RunPython.noop)]
