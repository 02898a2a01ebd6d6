"""The files that the catalogue is exported to and imported from: CSV for spreadsheets, JSON for programs."""

import json
from typing import Any

import tablib  # type: ignore[import-untyped]  # tablib ships no types
from import_export.formats import base_formats

_FORMULA_STARTS = "=+-@＝＋－＠\t\r\n"
"""What makes a spreadsheet take a cell for a formula (OWASP, “CSV Injection”)."""


class SpreadsheetCSV(base_formats.CSV):  # type: ignore[misc]  # import-export ships no types
    """CSV that Excel opens with Korean intact, and that cannot smuggle a formula into it.

    Written in UTF-8 with a byte order mark; read in UTF-8 with or without one, or in CP949, in which a Korean Excel
    saves. A cell that would be a formula gets an apostrophe in front, which reading takes away again. (The library's
    ``IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT`` removes a leading “=”, knows no other sign and cannot be undone.)
    """

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> tablib.Dataset:
        try:
            text = in_stream.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = in_stream.decode("cp949")
        return _map_cells(super().create_dataset(text, **kwargs), _unguard)

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        text: str = _map_cells(dataset, guarded).export("csv", **kwargs)
        return text.encode("utf-8-sig")


class CatalogueJSON(base_formats.JSON):  # type: ignore[misc]  # import-export ships no types
    """A list of objects. Read by their keys: the library would go by position and mix up columns."""

    def create_dataset(self, in_stream: str, **_kwargs: Any) -> tablib.Dataset:
        rows = json.loads(in_stream)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TypeError("a list of objects is needed")
        headers = list(dict.fromkeys(name for row in rows for name in row))
        return tablib.Dataset(*[[row.get(name, "") for name in headers] for row in rows], headers=headers)

    def export_data(self, dataset: tablib.Dataset, **_kwargs: Any) -> str:
        return json.dumps(dataset.dict, ensure_ascii=False, indent=2)


def _map_cells(dataset: tablib.Dataset, change: Any) -> tablib.Dataset:
    rows = [[change(cell) if isinstance(cell, str) else cell for cell in row] for row in dataset]
    return tablib.Dataset(*rows, headers=dataset.headers)


def _is_guarded(text: str) -> bool:
    return text.lstrip("'")[:1] in tuple(_FORMULA_STARTS)


def guarded(text: str) -> str:
    """``text`` as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _is_guarded(text) else text


def _unguard(text: str) -> str:
    return text[1:] if text.startswith("'") and _is_guarded(text) else text
