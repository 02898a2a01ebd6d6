"""The OpenAPI document, as programs read it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client


@pytest.fixture(scope="module")
def document() -> Any:
    return Client().get("/api/openapi.json").json()


def operations(document: Any) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def test_every_operation_has_a_name_of_its_own_that_can_name_a_function(document: Any) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert len(names) == len(set(names)) > 10
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z_]+", name)] == []


def test_parameters_are_as_the_specification_has_them(document: Any) -> None:
    """`examples` of a parameter are an object. Each parameter is there once."""
    for operation in operations(document):
        parameters = operation["parameters"]
        assert all(isinstance(parameter.get("examples", {}), dict) for parameter in parameters)
        assert len({(parameter["in"], parameter["name"]) for parameter in parameters}) == len(parameters)


def test_reading_the_document_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Client().get("/api/openapi.json")
    assert capsys.readouterr() == ("", "")
