"""Draws every state of the chat for docs/chat-states.md: ``make pictures`` (a few minutes), or some of them by name.

A state's sheet holds it in Korean and English, in light and dark, on a phone and on a desktop.
"""

import argparse
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Literal

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, Page, ViewportSize

from tests.e2e import states
from tests.e2e.browser import chromium
from tests.e2e.server import ROOT
from tests.e2e.stage import Step, Theatre
from tests.e2e.states import PATHS, name_of

FOLDER, GALLERY = ROOT / "docs" / "images" / "chat", ROOT / "docs" / "chat-states.md"
LANGUAGES = {"Korean": "ko-KR", "English": "en-US"}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {"phone": ViewportSize(width=390, height=844), "desktop": ViewportSize(width=1280, height=800)}
DRAWN_TWICE = {states.choices_in_english, states.answer_in_english}  # each sheet is in English, too
HEIGHT, GAP, CAPTION = 460, 14, 24  # pixels on the sheet
QUALITY = 80
REST = """() => Promise.all(document.querySelector("leafresh-chat").shadowRoot.getAnimations({ subtree: true })
  .filter((it) => it.effect.getComputedTiming().endTime !== Infinity)
  .map((it) => it.finished.catch(() => {})))"""
SHOWN = """() => JSON.stringify([...document.querySelector("leafresh-chat").shadowRoot.querySelectorAll(".answer")]
  .map((it) => it.textContent))"""
HEAD = """# The states of the chat

Each picture shows one state in Korean and English, in light and dark. The sizes are a phone (390 × 844) and a desktop
(1280 × 800). `make pictures` draws them again and writes this page. `tests/e2e/states.py` says what brings the chat
into each state. axe-core checks each state too. Answers are Korean in either language.
"""

Pictures = dict[tuple[str, str, str], Image.Image]


def come_to_rest(page: Page) -> None:
    """Waits until the page has stopped changing, except for endless animations."""
    page.mouse.move(1, 1)  # where it lay, something would look pressed
    before = None
    while before != (before := page.evaluate(SHOWN)):
        page.wait_for_timeout(150)
    page.evaluate(REST)


def taken(page: Page, scheme: Literal["light", "dark"]) -> Image.Image:
    page.emulate_media(color_scheme=scheme)
    page.wait_for_timeout(100)  # all layers are drawn in it
    page.evaluate(REST)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.Resampling.LANCZOS)


def sheet(pictures: Pictures) -> Image.Image:
    """A row for each language."""
    font = ImageFont.load_default(13)
    rows = [[(key, it) for key, it in pictures.items() if key[0] == language] for language in LANGUAGES]
    width = max(sum(it.width + GAP for _, it in row) for row in rows) + GAP
    whole = Image.new("RGB", (width, len(rows) * (HEIGHT + CAPTION + GAP) + GAP), "#8a958d")
    draw = ImageDraw.Draw(whole)
    for number, row in enumerate(rows):
        left, top = GAP, GAP + number * (HEIGHT + CAPTION + GAP)
        for key, picture in row:
            draw.text((left, top + 3), ", ".join(key), font=font, fill="#fff")
            whole.paste(picture, (left, top + CAPTION))
            left += picture.width + GAP
    return whole


@contextmanager
def opened(browser: Browser, locale: str, size: ViewportSize) -> Iterator[Page]:
    with browser.new_context(viewport=size, locale=locale) as context:
        yield context.new_page()


def draw(wanted: Iterable[Step]) -> Iterator[tuple[Step, Pictures]]:
    left = set(wanted)
    with Theatre() as theatre, chromium() as browser:
        for path in PATHS:
            drawn: dict[Step, Pictures] = {step: {} for step in path if step in left}
            left -= drawn.keys()
            for (language, locale), (size_name, size) in product(LANGUAGES.items(), SIZES.items()) if drawn else ():
                with opened(browser, locale, size) as page, theatre.stage(page, language=locale[:2]) as stage:
                    for step in path:
                        step(stage)
                        come_to_rest(page)
                        for scheme in SCHEMES if step in drawn else ():
                            drawn[step][language, size_name, scheme] = taken(page, scheme)
                        page.emulate_media(color_scheme="light")
            yield from drawn.items()


def write_gallery(steps: Iterable[Step]) -> None:
    parts = [HEAD]
    for step in steps:
        name = name_of(step)
        sentence = (step.__doc__ or "").strip()
        parts.append(f"## {name.capitalize()}\n\n{sentence}\n\n![{name}](images/chat/{file_name(step)})\n")
    GALLERY.write_text("\n".join(parts), "utf-8")


def file_name(step: Step) -> str:
    return f"{name_of(step).replace(' ', '-')}.webp"


def main() -> None:
    steps = [step for step in dict.fromkeys(step for path in PATHS for step in path) if step not in DRAWN_TWICE]
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.pictures", description=__doc__)
    parser.add_argument("state", nargs="*", help="only these, such as 'too busy'")
    names = parser.parse_args().state
    FOLDER.mkdir(parents=True, exist_ok=True)
    for step, pictures in draw(it for it in steps if not names or name_of(it) in names):
        sheet(pictures).save(FOLDER / file_name(step), quality=QUALITY, method=6)
    write_gallery(steps)


if __name__ == "__main__":
    main()
