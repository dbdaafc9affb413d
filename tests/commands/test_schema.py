"""`cnncalc schema`: the JSON Schemas, and what they say of the program's own output."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from cnncalc import bundled

NETWORKS = bundled.names()[:: max(1, len(bundled.names()) // 5)]


# Commands whose JSON has a schema, each in all of its forms.
WRITTEN = {
    "summary": [
        "lenet5",
        "siamese",
        "r3d_18",
        "resnet50 --batch 4",
        "lenet5 --convention thop",
        "crnn --convention fvcore",
    ],
    "field": [
        "lenet5",
        "siamese",
        "resnet50 --through-gates",
        "vgg16 conv5_3 --at 3,4",
        "lenet5 F6",
        "siamese distance",
    ],
    "memory": ["lenet5", "siamese --arena", "ghostnet_100 --order best --dtype int8 --weights-dtype float16"],
    "sharing": ["lenet5", "siamese", "mobilenet_v2"],
    "reconcile": ["lenet5", "crnn", "mobilenet_v2"],
    "compare": [
        "lenet5 siamese vgg16",
        "lenet5 siamese --relative-to lenet5 --batch 2",
        "lenet5 vgg16 --at 16,224",
        "lenet5 vgg16 unet --stages",
        "lenet5 crnn --convention fvcore --relative-to lenet5",
    ],
    "diff": ["vgg16 vgg19", "lenet5 lenet5", "lenet5 siamese --batch 2"],
    "check": [
        "vgg16 --max params=1 --expect output=[1000] --assert params()>1 nowhere.yaml",
        "vgg16 --max macs=1 --convention thop",
    ],
    "lint": ["vgg16 resnet50", "nowhere.yaml"],
    "explain": [
        "resnet50",
        "siamese",
        "alexnet conv1 --dtype float16",
        "alexnet conv2",
        "vgg16 fc6 --language zh",
        "vgg16 conv3_3",
        "mobilenet_v1 conv2_1.dw",
        "unet softmax",
    ],
    "layers": ["", "conv", "add"],
    "rules": ["--list", "--explain CNN003"],
}
# Whose schema is not named after the command.
COMMANDS = {"rules": "lint"}
CASES = [(command, rest) for command, cases in WRITTEN.items() for rest in cases]


def written(run, command: str, rest: str) -> Any:
    return json.loads(run(COMMANDS.get(command, command), *rest.split(), "--format", "json", status=None).stdout)


def schema_of(run, command: str) -> Draft202012Validator:
    schema = json.loads(run("schema", command).stdout)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture
def summary_schema(run) -> Draft202012Validator:
    return schema_of(run, "summary")


@pytest.mark.parametrize(("command", "rest"), CASES)
def test_what_is_written_is_as_its_schema_says(run, command: str, rest: str) -> None:
    facts, schema = written(run, command, rest), schema_of(run, command)
    schema.validate(facts)
    for key in facts:
        assert not schema.is_valid(renamed(facts, key)), key


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
