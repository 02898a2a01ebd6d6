"""``manage.py load_word_lists``: loads words of abuse and danger that were never loaded before."""

from typing import Any

from django.core.management.base import BaseCommand

from chatbot.nlu.safety.word_lists import load_word_lists


class Command(BaseCommand):
    help = "Load the word lists of abuse and danger. Words that were edited or deleted stay so."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Word lists: {load_word_lists()} words added.")
