"""Importing and exporting the catalogue."""

import csv
import io
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tablib  # type: ignore[import-untyped]  # tablib ships no types
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client
from import_export import tmp_storages

from challenges.admin.lists import CatalogJSON, SpreadsheetCSV
from challenges.models import Category, Challenge, Location, WorkType

pytestmark = pytest.mark.django_db

CSV, JSON = "0", "1"
_TOO_LONG = "Ensure this value has at most 10 characters (it has 12)."
_ONE_SENTENCE = "Write exactly one sentence, ended by a full stop."
_NOT_KNOWN = "“mars” is not known. Known are: city, beach, mountain, rural."
HEAD = "title,description,category,locations,work_types,active\n"
ROW = "컵 씻어 쓰기,오늘 쓴 컵을 씻어 다시 써요.,ZERO_WASTE,city|beach,office,1\n"


@pytest.fixture(autouse=True)
def _imports_stay_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmp_storages.tempfile, "tempdir", str(tmp_path))


def _preview(page: Client, content: bytes | str, *, kind: str = "challenge", file_format: str = CSV) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    posted = {"import_file": SimpleUploadedFile("file", raw), "format": file_format, "resource": "0"}
    return page.post(f"/admin/challenges/{kind}/import/", posted)


def _confirm(page: Client, preview: Any, kind: str = "challenge") -> Any:
    posted = preview.context["confirm_form"].initial
    return page.post(f"/admin/challenges/{kind}/process_import/", posted, follow=True)


def _import(page: Client, content: bytes | str, **options: Any) -> None:
    preview = _preview(page, content, **options)
    assert "confirm_form" in preview.context, _problems(preview)
    _confirm(page, preview, options.get("kind", "challenge"))


def _problems(preview: Any) -> Any:
    """Row number → field → reasons; or the problems of the file as a whole."""
    if "result" not in preview.context:
        return preview.context["form"].errors
    result = preview.context["result"]
    if result.base_errors:
        return [str(problem.error) for problem in result.base_errors]
    return {row.number: row.error_dict for row in result.invalid_rows} | dict(result.row_errors())


def _export(page: Client, kind: str, file_format: str = CSV) -> bytes:
    response = page.post(f"/admin/challenges/{kind}/export/", {"format": file_format, "resource": "0"})
    return response.content


def _rows(model: type[Model]) -> list[dict[str, Any]]:
    rows = list(model._default_manager.order_by("pk").values())
    if model is Challenge:
        for row in rows:
            challenge = Challenge.objects.get(pk=row["id"])
            row["options"] = [list(challenge.locations.all()), list(challenge.work_types.all())]
    return rows


@pytest.mark.parametrize("file_format", [CSV, JSON])
@pytest.mark.parametrize(
    ("kind", "model"),
    [("challenge", Challenge), ("category", Category), ("location", Location), ("worktype", WorkType)],
)
def test_what_was_exported_imports_without_a_change(
    page: Client, kind: str, model: type[Model], file_format: str
) -> None:
    before = _rows(model)
    exported = _export(page, kind, file_format)
    preview = _preview(page, exported, kind=kind, file_format=file_format)
    totals = preview.context["result"].totals
    assert (totals["new"], totals["update"], totals["skip"]) == (0, 0, len(before)), _problems(preview)
    _confirm(page, preview, kind)
    assert _rows(model) == before
    assert _export(page, kind, file_format) == exported


def test_a_deleted_catalogue_comes_back_from_its_export(page: Client) -> None:
    exported = _export(page, "challenge")
    before = {row["title"]: (row["description"], row["options"]) for row in _rows(Challenge)}
    Challenge.objects.all().delete()
    _import(page, exported)
    assert {row["title"]: (row["description"], row["options"]) for row in _rows(Challenge)} == before


def test_csv_is_what_a_korean_excel_opens(page: Client) -> None:
    exported = _export(page, "location")
    assert exported.startswith(b"\xef\xbb\xbfkey,label,")
    assert "바닷가" in exported.decode("utf-8-sig")
    assert "바닷가" in _export(page, "location", JSON).decode()


@pytest.mark.parametrize(
    "encode", [str.encode, lambda text: text.encode("utf-8-sig"), lambda text: text.encode("cp949")]
)
def test_csv_is_read_as_excel_and_others_write_it(page: Client, encode: Callable[[str], bytes]) -> None:
    _import(page, encode(HEAD + ROW))
    made = Challenge.objects.get(title="컵 씻어 쓰기")
    assert made.category.key == "ZERO_WASTE"
    assert [location.key for location in made.locations.all()] == ["city", "beach"]
    assert LogEntry.objects.count() == 1


def test_the_id_decides_then_the_title(page: Client) -> None:
    first, second = Challenge.objects.order_by("pk")[:2]
    _import(page, f"id,title\n{first.pk},새 제목\n")
    first.refresh_from_db()
    assert first.title == "새 제목"
    decomposed = unicodedata.normalize("NFD", second.title)
    preview = _preview(page, f"id,title,active\n999999,{decomposed},0\n")
    assert preview.context["result"].totals["update"] == 1
    _confirm(page, preview)
    second.refresh_from_db()
    assert not second.active


def test_options_are_understood_by_label_too_and_blank_cells_keep_a_switch(page: Client) -> None:
    _import(page, HEAD + "컵 씻어 쓰기,오늘 쓴 컵을 씻어요.,제로웨이스트,도시| 바다 |city,사무직,\n")
    made = Challenge.objects.get(title="컵 씻어 쓰기")
    assert [location.key for location in made.locations.all()] == ["city", "beach"]
    assert made.active
    Challenge.objects.filter(pk=made.pk).update(active=False)
    _import(page, f"id,title,active\n{made.pk},컵 씻기,\n")
    made.refresh_from_db()
    assert (made.title, made.active) == ("컵 씻기", False)


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        ("열한글자가넘는제목이에요,해요.,VEGAN,city,office,1", {"title": [_TOO_LONG]}),
        (",해요.,VEGAN,city,office,1", {"title": ["This field cannot be blank."]}),
        ("새것,하나예요. 둘이에요.,VEGAN,city,office,1", {"description": [_ONE_SENTENCE]}),
        ("새것,해요.,VEGAN,,office,1", {"locations": ["At least one is needed."]}),
        ("새것,해요.,VEGAN,city,|,1", {"work_types": ["At least one is needed."]}),
        ("새것,해요.,VEGAN,city|mars,office,1", {"locations": [_NOT_KNOWN]}),
        ("새것,해요.,,city,office,1", {"category": ["This field cannot be null."]}),
        ("새것,해요.,VEGAN,city,office,네", {"active": ["“네” is neither 1 nor 0."]}),
        ("컵 씻어 쓰기,해요.,VEGAN,city,office,1", {"__all__": ["Row 1 of the file is about the same entry."]}),
    ],
)  # fmt: skip
def test_a_wrong_row_names_row_field_and_reason_and_nothing_is_imported(
    page: Client, row: str, problems: dict[str, list[str]]
) -> None:
    before = _rows(Challenge)
    preview = _preview(page, f"{HEAD}{ROW}{row}\n")
    assert _problems(preview) == {2: problems}
    assert "confirm_form" not in preview.context
    html = preview.content.decode()
    assert all(f"{field}:" in html for field in problems if field != "__all__")
    assert _rows(Challenge) == before


@pytest.mark.parametrize(
    ("kind", "text", "problems"),
    [
        ("challenge", "title,work_type\n새것,office\n", ["Unknown columns: work_type."]),
        ("challenge", "id,title\nabc,새것\n", {1: {"id": ["“abc” is not a whole number."]}}),
        ("location", "key,label,order\nisland,섬,-1\n", {1: {"order": ["“-1” is not a whole number."]}}),
        ("location", "key,label,aliases\nisland,섬,바다\n", {1: {"__all__": ["“바다” already belongs to 바닷가."]}}),
        ("location", "label\n섬\n", ["key"]),
    ],
)
def test_other_wrong_files(page: Client, kind: str, text: str, problems: Any) -> None:
    preview = _preview(page, text, kind=kind)
    found = _problems(preview)
    if isinstance(problems, list):
        assert problems[0] in found[0]
        assert "Traceback" not in preview.content.decode()
    else:
        assert found == problems


@pytest.mark.parametrize(
    ("content", "file_format"),
    [
        (b"\xff\xfe\x00\x01", CSV),
        ("title\n", CSV),
        ("a,b\n1,2,3\n", CSV),
        ("{", JSON),
        ('{"title": 1}', JSON),
        ("[1]", JSON),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_at_the_field(
    page: Client, content: bytes | str, file_format: str
) -> None:
    assert "import_file" in _problems(_preview(page, content, file_format=file_format))


def test_a_catalogue_that_changed_after_the_preview_imports_nothing(page: Client) -> None:
    preview = _preview(page, HEAD + ROW + ROW.replace("컵 씻어 쓰기", "다른 것").replace("ZERO_WASTE", "VEGAN"))
    Category.objects.get(key="VEGAN").challenges.all().delete()
    Category.objects.get(key="VEGAN").documents.all().delete()
    Category.objects.get(key="VEGAN").delete()
    response = _confirm(page, preview)
    assert "Nothing was imported" in response.content.decode()
    assert not Challenge.objects.filter(title="컵 씻어 쓰기").exists()
    assert "already imported" in _confirm(page, preview).content.decode()


def test_json_is_read_by_key(page: Client) -> None:
    rows = [
        {"title": "하나", "description": "해요.", "category": "VEGAN", "locations": "city", "work_types": "office"},
        {"work_types": "field", "locations": "rural", "category": "MEDIA", "description": "봐요.", "title": "둘"},
    ]
    _import(page, json.dumps(rows), file_format=JSON)
    made = Challenge.objects.get(title="둘")
    assert (made.description, made.category.key, made.locations.get().key) == ("봐요.", "MEDIA", "rural")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t=", "'=", "''@"])
def test_a_cell_is_never_a_formula_and_comes_back(start: str) -> None:
    text = f"{start}cmd|'/c calc'!A1"
    written = SpreadsheetCSV().export_data(tablib.Dataset([text, "보통 '글'"], headers=["a", "b"]))
    cells = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))[1]
    assert cells == [f"'{text}", "보통 '글'"]
    assert SpreadsheetCSV().create_dataset(written)[0] == (text, "보통 '글'")


def test_json_keeps_a_formula_as_it_is() -> None:
    written = CatalogJSON().export_data(tablib.Dataset(["=1"], headers=["a"]))
    assert json.loads(written) == [{"a": "=1"}]


def test_script_in_a_file_stays_text(page: Client) -> None:
    rows = HEAD + ROW.replace("오늘", "<script>x()</script>") + "<script>x(,y,<b>,<i>,<u>,<s>\n"
    for content in (rows, HEAD + ROW.replace("오늘", "<script>x()</script>")):
        html = _preview(page, content).content.decode()
        assert "<script>x(" not in html
        assert "&lt;script&gt;x(" in html
