"""Importing and exporting the catalogue."""

import csv
import io
import json
import tempfile
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import tablib  # type: ignore[import-untyped]  # tablib ships no types
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from challenges.admin.files import MAX_BYTES, MAX_ROWS, CatalogJSON, SpreadsheetCSV
from challenges.models import Category, Challenge, ImportUpload, Location, WorkType

pytestmark = pytest.mark.django_db

CSV, JSON = "0", "1"
_TOO_LONG = "Ensure this value has at most 10 characters (it has 12)."
_ONE_SENTENCE = "Write exactly one sentence, ended by a full stop."
_NOT_KNOWN = "“mars” is not known. Known are: city, beach, mountain, rural."
HEAD = "title,description,category,locations,work_types,active\n"
ROW = "컵 씻어 쓰기,오늘 쓴 컵을 씻어 다시 써요.,ZERO_WASTE,city|beach,office,1\n"


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
    """Row as a spreadsheet counts → field → reasons; or the problems of the file as a whole."""
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
        ("새것,해요.,VEGAN,city,office,글쎄", {"active": ["“글쎄” is neither 1 nor 0."]}),
        ("컵 씻어 쓰기,해요.,VEGAN,city,office,1", {"__all__": ["Row 2 of the file is about the same entry."]}),
    ],
)  # fmt: skip
def test_a_wrong_row_names_row_field_and_reason_and_nothing_is_imported(
    page: Client, row: str, problems: dict[str, list[str]]
) -> None:
    before = _rows(Challenge)
    preview = _preview(page, f"{HEAD}{ROW}{row}\n")
    assert _problems(preview) == {3: problems}
    assert "confirm_form" not in preview.context
    html = preview.content.decode()
    assert all(f"{field}:" in html for field in problems if field != "__all__")
    assert _rows(Challenge) == before


@pytest.mark.parametrize(
    ("kind", "text", "problems"),
    [
        ("challenge", "title,work_type\n새것,office\n", ["Unknown columns: work_type."]),
        ("challenge", "id,title\nabc,새것\n", {2: {"id": ["“abc” is not a whole number."]}}),
        ("location", "key,label,order\nisland,섬,-1\n", {2: {"order": ["“-1” is not a whole number."]}}),
        ("location", "key,label,aliases\nisland,섬,바다\n", {2: {"__all__": ["“바다” already belongs to 바닷가."]}}),
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


def test_a_confirmation_is_taken_by_another_process(
    page: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = _preview(page, HEAD + ROW)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # another machine has other files
    _confirm(page, preview)
    assert Challenge.objects.filter(title="컵 씻어 쓰기").exists()
    assert "already imported" in _confirm(page, preview).content.decode()
    assert not ImportUpload.objects.exists()


def test_a_change_of_somebody_else_after_the_preview_is_not_overwritten(page: Client) -> None:
    first = Challenge.objects.order_by("pk")[0]
    preview = _preview(page, f"id,title\n{first.pk},새 제목\n")
    Challenge.objects.filter(pk=first.pk).update(title="다른 제목")
    assert "Nothing was imported" in _confirm(page, preview).content.decode()
    first.refresh_from_db()
    assert first.title == "다른 제목"


def test_a_preview_writes_no_row_of_the_catalogue(page: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        preview = _preview(page, HEAD + "".join(ROW.replace("씻어 쓰기", f"{number}") for number in range(50)))
    assert preview.context["result"].totals["new"] == 50
    writes = [each["sql"] for each in queries if each["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}]
    assert [sql for sql in writes if "importupload" not in sql] == []
    assert len(queries) < 40  # whatever the number of rows


def test_files_that_nobody_confirms_are_removed(page: Client) -> None:
    _preview(page, HEAD + ROW)
    ImportUpload.objects.update(created_at=timezone.now() - timedelta(hours=2))
    _preview(page, HEAD + ROW)
    assert ImportUpload.objects.count() == 1
    for _number in range(ImportUpload.KEPT_COUNT + 2):
        _preview(page, HEAD + ROW)
    assert ImportUpload.objects.count() == ImportUpload.KEPT_COUNT


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("title\n" + "가\n" * (MAX_ROWS + 1), "The file has 5,001 rows; at most 5,000 are taken at once. Split it."),
        ("title\n" + "a" * MAX_BYTES, "The file has 5.0\xa0MB; at most 5.0\xa0MB are taken. Split it."),
        ("title,Title\n가,나\n", "There are two columns with the name “title”."),
        (",".join(f"c{number}" for number in range(51)), "The file has more than 50 columns."),
        ("title,\n가,나\n", "Row 2 has “나” in a column without a name."),
        (b"PK\x03\x04 a workbook", "This is a workbook, not a text."),
        (b"\x89PNG\r\n\xff\xd8", "The file is no text in UTF-8, UTF-16 or CP949."),
    ],
)
def test_a_file_that_is_not_taken_says_why(page: Client, content: bytes | str, sentence: str) -> None:
    assert sentence in str(_problems(_preview(page, content))["import_file"])


def test_json_with_other_keys_in_each_row_is_refused_before_cells_are_made(page: Client) -> None:
    rows = json.dumps([{f"{row}-{column}": "" for column in range(6)} for row in range(10)])
    problems = _problems(_preview(page, rows, file_format=JSON))
    assert "The file has more than 50 columns." in str(problems["import_file"])


TABS = HEAD.replace(",", "\t") + ROW.replace(",", "\t")


@pytest.mark.parametrize(
    "content",
    [
        HEAD + ",,,,,\n\n" + ROW + ",,,,,\n",
        HEAD.replace("\n", ",,\n") + ROW.replace("\n", ",,\n"),
        HEAD.replace("title", " Title ").replace("work_types", "Work types") + ROW,
        "sep=;\n" + HEAD.replace(",", ";") + ROW.replace(",", ";"),
        (HEAD + ROW).replace(",", ";").replace("\n", "\r\n"),
        TABS.encode("utf-16"),
        TABS.encode("utf-16-le"),
    ],
    ids=["blank rows", "empty columns", "headers in other letters", "sep=", "semicolons", "UTF-16", "UTF-16 unmarked"],
)
def test_a_spreadsheet_as_excel_leaves_it_is_read(page: Client, content: bytes | str) -> None:
    _import(page, content)
    assert Challenge.objects.get(title="컵 씻어 쓰기").category.key == "ZERO_WASTE"


@pytest.mark.parametrize(("written", "active"), [("예", True), ("아니요", False), ("TRUE", True), ("X", False)])
def test_a_switch_and_several_options_are_written_as_people_do(page: Client, written: str, active: bool) -> None:
    row = f'컵 씻어 쓰기,해요.,비건,"도시, 산",사무직;영업직,{written}\n'
    _import(page, HEAD + row)
    made = Challenge.objects.get(title="컵 씻어 쓰기")
    assert made.active is active
    assert {option.key for option in made.locations.all()} == {"city", "mountain"}
    assert {option.key for option in made.work_types.all()} == {"office", "sales"}


def test_headers_may_be_the_labels_of_the_form(page: Client) -> None:
    page.defaults["HTTP_ACCEPT_LANGUAGE"] = "ko"
    fields: list[Any] = [Challenge._meta.get_field(name) for name in HEAD.strip().split(",")]
    with translation.override("ko"):
        labels = ",".join(str(field.verbose_name) for field in fields)
    assert labels.startswith("제목,")
    _import(page, f"{labels}\n{ROW}")


def test_a_number_may_have_become_a_decimal(page: Client) -> None:
    first = Challenge.objects.order_by("pk")[0]
    _import(page, f"id,title\n{first.pk}.0,새 제목\n")
    first.refresh_from_db()
    assert first.title == "새 제목"


def test_row_numbers_are_those_of_the_spreadsheet(page: Client) -> None:
    preview = _preview(page, f"{HEAD}\n,,,,,\n{ROW}\n,해요.,VEGAN,city,office,1\n")
    assert list(_problems(preview)) == [6]


def test_emoji_that_an_encoding_lost_are_refused(page: Client) -> None:
    exported = _export(page, "category").decode("utf-8-sig").encode("cp949", "replace")
    problems = _problems(_preview(page, exported, kind="category"))
    assert problems[2] == {"emoji": ["“?” is no emoji. Save the file as UTF-8, or leave it empty."]}
    assert len(problems) == Category.objects.count()


def test_two_rows_may_swap_what_only_one_can_have(page: Client) -> None:
    one, two = Challenge.objects.order_by("pk")[:2]
    _import(page, f"id,title\n{one.pk},새 제목\n{two.pk},{one.title}\n")
    two.refresh_from_db()
    assert two.title == one.title


def test_a_preview_shows_the_options_that_a_row_would_have(page: Client) -> None:
    first = Challenge.objects.order_by("pk")[0]
    first.locations.set(Location.objects.filter(key="city"))
    html = _preview(page, f"id,title,locations\n{first.pk},{first.title},beach|rural\n").content.decode()
    assert "<del>city</del> <ins>beach|rural</ins>" in html


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
