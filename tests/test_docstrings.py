"""Docstrings and comments name only code that exists."""

import ast
import builtins
import io
import re
import tokenize
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("challenges", "chatbot", "leafresh", "tests", "benchmarks")
EXTERNAL = {
    "IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT",  # a setting of django-import-export
    "send_event",  # a function of django-eventstream
    "client_max_body_size",  # a directive of nginx
    "clock_getcpuclockid",  # a function of libc
}
"""Names that only other software has."""

WORD = re.compile(r"[A-Za-z_]\w*")
LITERAL = re.compile(r"``([^`]+)``")
IDENTIFIER = re.compile(r"_?[a-zA-Z][a-z0-9]*(?:_[a-z0-9]+)+|(?:[A-Z][a-z]+)+|[A-Z]+(?:_[A-Z]+)+")
"""Names in snake case, camel case and upper case. Other words may be values on the wire."""

RAISES = re.compile(r"\b[Rr]aises ((?:[A-Z]\w+)(?:(?:, and|,| and| or) [A-Z]\w+)*)")


@dataclass(frozen=True)
class Module:
    """The names in a module's code, and its docstrings and comments with the numbers of their lines."""

    names: frozenset[str]
    texts: list[tuple[int, str]]


@cache
def files() -> list[Path]:
    found = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
    return [path for path in found if path.parent.name != "migrations"]


@cache
def read(path: Path) -> Module:
    source = path.read_text("utf-8")
    names: set[str] = set(path.relative_to(ROOT).with_suffix("").parts)
    texts: dict[ast.AST, tuple[int, str]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            texts[node.value] = (node.lineno, node.value.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in texts:
            names.update(WORD.findall(node.value))
        for field in ("id", "attr", "arg", "name", "asname"):
            if isinstance(name := getattr(node, field, None), str):
                names.update(WORD.findall(name))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
    return Module(frozenset(names), [*texts.values(), *comments])


@cache
def known_names() -> frozenset[str]:
    """The names in Python code, and the words in files of other kinds."""
    names = {*dir(builtins), *EXTERNAL}.union(*(read(path).names for path in files()))
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.suffix in {".toml", ".js", ".ts", ".html", ".json"}:
                names.update(WORD.findall(path.read_text("utf-8")))
                names.add(path.stem)
    return frozenset(names)


def names_in(text: str) -> list[str]:
    """The names in a docstring or comment: those between double backticks, and those after "Raises"."""
    quoted = [word for literal in LITERAL.findall(text) for word in WORD.findall(literal) if IDENTIFIER.fullmatch(word)]
    return quoted + [name for names in RAISES.findall(text) for name in re.findall(r"[A-Z]\w+", names)]


def test_names_in_docstrings_exist() -> None:
    missing = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in files()
        for line, text in read(path).texts
        for name in names_in(text)
        if name not in known_names()
    ]
    assert missing == []


def dotted_names_in(text: str) -> list[str]:
    """The names of our modules between double backticks, such as the name of a package and a module."""
    return re.findall(rf"``((?:{'|'.join(PACKAGES)})(?:\.\w+)+)", text)


def is_there(name: str) -> bool:
    """Whether the dotted name is a package, a module, or a name in a module."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = ROOT.joinpath(*parts[:length])
        for path in (module.with_suffix(".py"), module / "__init__.py"):
            if path.is_file():
                return read(path).names.issuperset(parts[length:])
        if module.is_dir():
            return length == len(parts)
    return False


def test_modules_in_docstrings_exist() -> None:
    found = [
        (path, line, name) for path in files() for line, text in read(path).texts for name in dotted_names_in(text)
    ]
    assert [f"{path.relative_to(ROOT)}:{line}: {name}" for path, line, name in found if not is_there(name)] == []
