"""Pages of the docs lead to each other, and name files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README_LINES = 120
OWNED = "challenges|chatbot|leafresh|tests|benchmarks|deploy|scripts|docs"
MADE = {"benchmarks/results"}
"""What a command makes."""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose_of(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives to the page's headings."""
    titles = re.findall(r"^#+ (.+)$", prose_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links_of(page: Path) -> list[str]:
    """Where the page's links and pictures lead, without other sites."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose_of(page))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(rf"`((?:{OWNED})/[\w./-]*\w)/?`", prose_of(page))
    assert [path for path in named if not (ROOT / path).exists() and path not in MADE] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_programs_that_are_named_exist(page: Path) -> None:
    named = re.findall(rf"python -m ((?:{OWNED})[\w.]*)", page.read_text("utf-8"))
    places = [ROOT / name.replace(".", "/") for name in named]
    assert [name_of(it) for it in places if not it.is_dir() and not it.with_suffix(".py").is_file()] == []


def test_the_table_of_where_to_find_things_names_modules_that_exist() -> None:
    """A room of `chatbot/`, or a room with the names of its modules: `api`: throttling, client address."""
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Where to find things")[2]
    cells = [line.rpartition(" | ")[2].rstrip(" |") for line in table.splitlines() if line.startswith("| ")][2:]
    places = [place for cell in cells for place in re.findall(r"`([a-z]+)`(?:: ([a-z ,]+))?", cell)]
    assert len(places) > 30
    paths = [ROOT / "chatbot" / room / name for room, names in places for name in names.split(", ")]
    paths = [path.with_name(path.name.replace(" ", "_")) for path in paths]
    assert [name_of(it) for it in paths if not it.is_dir() and not it.with_suffix(".py").is_file()] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = ((page.parent / link.partition("#")[0]).resolve() for link in links_of(page))
        waiting += [target for target in targets if target.suffix == ".md" and target.is_file()]
    assert {name_of(page) for page in PAGES} - {name_of(page) for page in reached} == set()


def test_every_picture_is_shown() -> None:
    pictures = {path for path in (ROOT / "docs/images").rglob("*") if path.is_file()}
    shown = {(page.parent / link).resolve() for page in PAGES for link in links_of(page)}
    assert {name_of(picture) for picture in pictures - shown} == set()


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= README_LINES


def test_decisions_have_their_parts_and_stand_in_the_index() -> None:
    folder = ROOT / "docs/decisions"
    records = sorted(page for page in folder.glob("*.md") if page.name != "README.md")
    for number, record in enumerate(records, 1):
        text = record.read_text("utf-8")
        assert record.name.startswith(f"{number:04}-")
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == ["Context", "Decision", "Consequence"], record.name
    assert [link for link in links_of(folder / "README.md") if "/" not in link] == [it.name for it in records]
