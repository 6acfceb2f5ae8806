"""The JSON formats: golden, valid by the published schemas, and readable back."""

from __future__ import annotations

import base64
import json
import pathlib
from collections.abc import Callable, Iterator

import jsonschema
import msgspec
import pytest

from envcensus.model.census import Census, Metrics, Stream, Survey
from envcensus.report import document, formats, jsonl
from envcensus.report.options import RenderOptions
from envcensus.report.schema import schemas
from envcensus.report.text import encode

Golden = Callable[[str, str], None]
OPTIONS = RenderOptions(version="0")
DOCS = pathlib.Path(__file__).parents[3] / "docs" / "schema"
EMPTY = Census(surveys=(), skipped=(), metrics=Metrics(), generated=0.0)


def validate(value: object, name: str) -> None:
    jsonschema.Draft202012Validator(schemas()[name]).validate(value)


@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_json(census: Census, golden: Golden, filled: bool) -> None:
    text = "".join(formats.render("json", census if filled else EMPTY, OPTIONS))
    golden("report.json" if filled else "empty.json", text)
    validate(json.loads(text), "census-1.schema.json")
    read = msgspec.json.decode(text, type=document.CensusDocument)
    assert read.summary.complete is not filled
    assert read.version == document.VERSION


@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_jsonl(census: Census, golden: Golden, filled: bool) -> None:
    text = "".join(formats.render("jsonl", census if filled else EMPTY, OPTIONS))
    golden("report.jsonl" if filled else "empty.jsonl", text)
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        validate(line, "census-line-1.schema.json")
    kinds = [line["record"] for line in lines]
    assert kinds == (["header", *["environment"] * 3, "skipped", "trailer"] if filled else ["header", "trailer"])


def test_both_say_the_same(census: Census) -> None:
    whole = json.loads("".join(formats.render("json", census, OPTIONS)))
    lines = [json.loads(line) for line in "".join(formats.render("jsonl", census, OPTIONS)).splitlines()]
    assert [{k: v for k, v in line.items() if k != "record"} for line in lines[1:4]] == whole["environments"]
    assert lines[-1]["summary"] == whole["summary"]


@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_envs(census: Census, golden: Golden, filled: bool) -> None:
    text = "".join(formats.render_envs("json", census if filled else EMPTY, OPTIONS))
    golden("envs.json" if filled else "envs-empty.json", text)
    validate(json.loads(text), "environments-1.schema.json")
    lines = "".join(formats.render_envs("jsonl", census if filled else EMPTY, OPTIONS)).splitlines()
    for line in lines:
        validate(json.loads(line), "census-line-1.schema.json")
    assert json.loads(lines[-1])["summary"]["environments"] == (3 if filled else 0)


def test_an_undecodable_path_keeps_its_bytes(census: Census) -> None:
    record = json.loads("".join(formats.render("json", census, OPTIONS)))["environments"][1]
    assert record["path"] == "/srv/b\ufffd"
    assert base64.b64decode(record["path_base64"]) == b"/srv/b\xff"


def test_lines_are_written_as_environments_come(census: Census) -> None:
    taken = 0

    def surveys() -> Iterator[Survey]:
        nonlocal taken
        for survey in census.surveys:
            taken += 1
            yield survey

    lines = jsonl.render(Stream(surveys(), 0.0), OPTIONS)
    assert json.loads(next(lines))["record"] == "header"
    assert taken == 0
    assert json.loads(next(lines))["path"] == "/srv/a"
    assert taken == 1


def test_shown_states(census: Census) -> None:
    text = "".join(formats.render("json", census, RenderOptions(show=frozenset({"current"}))))
    first = json.loads(text)["environments"][0]
    assert [p["name"] for p in first["packages"]] == ["idna"]
    assert first["summary"]["outdated"] == 3


def test_nothing_in_json_steers_a_terminal() -> None:
    hostile = "\x9b2J\u202e\U000e0041\x7f\x1b\udcff"
    encoded = encode(document.SkippedRecord("a", hostile, "b"))
    assert encoded.isprintable()
    assert json.loads(encoded)["where"] == hostile.replace("\udcff", "\ufffd")


@pytest.mark.parametrize("seconds", [None, 1e300, -1e300, float("nan"), float("inf")])
def test_impossible_times(seconds: float | None) -> None:
    assert document.timestamp(seconds) == ""


def test_published_schemas_are_the_generated_ones() -> None:
    for name, schema in schemas().items():
        assert json.loads((DOCS / name).read_text()) == json.loads(json.dumps(schema)), (
            "run python docs/schema/generate.py"
        )
        jsonschema.Draft202012Validator.check_schema(schema)
