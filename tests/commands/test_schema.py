"""`cnncalc schema`: the JSON Schemas, and what they say of the program's own output."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from cnncalc import bundled

NETWORKS = bundled.names()[:: max(1, len(bundled.names()) // 5)]


@pytest.fixture
def summary_schema(run) -> Draft202012Validator:
    schema = json.loads(run("schema", "summary").stdout)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_schema_of_specs_is_printed_unless_told(run) -> None:
    text = run("schema").stdout
    assert text == run("schema", "spec").stdout
    Draft7Validator.check_schema(json.loads(text))


def test_a_file_is_written(run, tmp_path) -> None:
    path = tmp_path / "cnncalc.schema.json"
    assert run("schema", "--output", str(path)).stdout == ""
    assert json.loads(path.read_text(encoding="utf-8"))["title"] == "cnncalc spec"


def test_another_word_is_refused(run) -> None:
    assert "'spec', 'summary'" in run("schema", "specs", status=2).stderr


@pytest.mark.parametrize("network", NETWORKS)
def test_summaries_are_as_their_schema_says(run, summary_schema: Draft202012Validator, network: str) -> None:
    summary_schema.validate(json.loads(run("summary", network, "--format", "json").stdout))


def renamed(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    return {f"{name}s" if name == key else name: value for name, value in mapping.items()}


def test_a_changed_key_of_a_summary_is_refused(run, summary_schema: Draft202012Validator) -> None:
    summary = json.loads(run("summary", "lenet5", "--format", "json").stdout)
    assert summary_schema.is_valid(summary)
    for key in summary:
        assert not summary_schema.is_valid(renamed(summary, key)), key
    first, *rest = summary["layers"]
    for key in first:
        assert not summary_schema.is_valid({**summary, "layers": [renamed(first, key), *rest]}), key
    for key in summary["totals"]:
        assert not summary_schema.is_valid({**summary, "totals": renamed(summary["totals"], key)}), key
