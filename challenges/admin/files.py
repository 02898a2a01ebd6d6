"""The files that rows of the admin are exported to and imported from: CSV for spreadsheets, JSON for programs."""

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import tablib  # type: ignore[import-untyped]  # tablib ships no types
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from import_export.formats import base_formats

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 5000
MAX_COLUMNS = 50

_FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r\n")
"""A spreadsheet treats a cell with one of these first characters as a formula (OWASP, “CSV Injection”)."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class UnreadableFile(ValueError):
    """Says to a person what is wrong with the file as a whole."""


class FileRows(tablib.Dataset):  # type: ignore[misc]  # tablib ships no types
    """The rows of a file. ``numbers`` are their places in it, as a spreadsheet counts."""

    def __init__(self, rows: Sequence[Sequence[Any]], headers: Sequence[str], numbers: Sequence[int]) -> None:
        super().__init__(*map(tuple, rows), headers=headers)
        self.numbers = numbers


class SpreadsheetCSV(base_formats.CSV):  # type: ignore[misc]  # import-export ships no types
    """CSV that Excel opens with Korean intact, and that cannot smuggle a formula into it.

    Written in UTF-8 with a byte order mark. Read as spreadsheets save it: in UTF-8, UTF-16 or CP949; with commas,
    semicolons or tabs; with blank rows, empty columns or a first line ``sep=``. A cell that would be a formula gets an
    apostrophe in front, which reading takes away again. (The library's ``IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT``
    removes a leading “=”, knows no other sign and cannot be undone.)
    """

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"

    def create_dataset(self, in_stream: bytes, **_kwargs: Any) -> FileRows:
        check_size(len(in_stream))
        text, first = _without_separator_line(_decoded(in_stream))
        lines = _lines(text)
        filled = [(number, line) for number, line in enumerate(lines, first) if any(cell.strip() for cell in line)]
        if not filled:
            raise UnreadableFile(_("The file is empty."))
        names, rows = _column_names(filled[0][1]), filled[1:]
        check_rows(len(rows))
        used = [index for index, name in enumerate(names) if name]
        for number, line in rows:
            extra = [
                cell for index, cell in enumerate(line) if cell.strip() and (index >= len(names) or not names[index])
            ]
            if extra:
                words = _("Row %(number)s has “%(text)s” in a column without a name.")
                raise UnreadableFile(words % {"number": number, "text": extra[0][:40]})
        cells = [[_unguarded(line[index]) if index < len(line) else "" for index in used] for _number, line in rows]
        return FileRows(cells, [names[index] for index in used], [number for number, _line in rows])

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        rows = [[guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in dataset]
        text: str = tablib.Dataset(*rows, headers=dataset.headers).export("csv", **kwargs)
        return text.encode("utf-8-sig")


class CatalogJSON(base_formats.JSON):  # type: ignore[misc]  # import-export ships no types
    """A list of JSON objects. They are read by key: the library reads them by position and would mix up columns."""

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"

    def create_dataset(self, in_stream: bytes, **_kwargs: Any) -> FileRows:
        check_size(len(in_stream))
        try:
            rows = json.loads(_decoded(in_stream))
        except (ValueError, RecursionError) as error:
            place = _(" (line %(line)d)") % {"line": error.lineno} if isinstance(error, json.JSONDecodeError) else ""
            raise UnreadableFile(_("The file is not JSON%(place)s.") % {"place": place}) from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UnreadableFile(_("The file must be a list of JSON objects."))
        check_rows(len(rows))
        headers: dict[str, None] = {}
        for row in rows:
            headers.update(dict.fromkeys(row))
            check_columns(len(headers))
        cells = [[row.get(name, "") for name in headers] for row in rows]
        return FileRows(cells, list(headers), range(1, len(rows) + 1))

    def export_data(self, dataset: tablib.Dataset, **_kwargs: Any) -> str:
        return json.dumps(dataset.dict, ensure_ascii=False, indent=2)


def check_size(size: int) -> None:
    """Raises UnreadableFile for a file that is too large to be read."""
    if size > MAX_BYTES:
        values = {"size": filesizeformat(size), "limit": filesizeformat(MAX_BYTES)}
        raise UnreadableFile(_("The file has %(size)s; at most %(limit)s are taken. Split it.") % values)


def check_rows(count: int) -> None:
    """Raises UnreadableFile for more rows than are imported at once."""
    if count > MAX_ROWS:
        values = {"count": f"{count:,}", "limit": f"{MAX_ROWS:,}"}
        raise UnreadableFile(_("The file has %(count)s rows; at most %(limit)s are taken at once. Split it.") % values)


def check_columns(count: int) -> None:
    """Raises UnreadableFile for more columns than any kind of row has: every row gets a cell for each."""
    if count > MAX_COLUMNS:
        raise UnreadableFile(_("The file has more than %(limit)s columns.") % {"limit": MAX_COLUMNS})


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableFile(_("This is a workbook, not a text. In the spreadsheet, save it as “CSV UTF-8”."))
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    if encoding is None and b"\0" in raw[:100]:
        encoding = "utf-16-be" if raw[:1] == b"\0" else "utf-16-le"
    for name in [encoding] if encoding else ["utf-8", "cp949"]:
        try:
            return raw.decode(name)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(
        _("The file is no text in UTF-8, UTF-16 or CP949. Save it as “CSV UTF-8” and choose it again.")
    )


def _without_separator_line(text: str) -> tuple[str, int]:
    """The text without Excel's first line ``sep=,``, and the number of its first line."""
    first, _end, rest = text.partition("\n")
    return (rest, 2) if first.strip().strip('"').lower().startswith("sep=") else (text, 1)


def _lines(text: str) -> list[list[str]]:
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=head.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False))
    except csv.Error:
        raise UnreadableFile(_("The file is no CSV.")) from None


def _column_names(cells: Sequence[str]) -> list[str]:
    names = ["_".join(_unguarded(cell).split()).lower() for cell in cells]
    named = Counter(filter(None, names))
    check_columns(named.total())
    twice = next((name for name, count in named.items() if count > 1), None)
    if twice:
        raise UnreadableFile(_("There are two columns with the name “%(name)s”.") % {"name": twice})
    return names


def guarded(text: str) -> str:
    """``text`` as a cell that no spreadsheet treats as a formula."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA_STARTS) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and guarded(text) != text else text
