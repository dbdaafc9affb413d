"""The JSON Schema of specs takes what cnncalc takes, and marks what is wrong where it is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match
from looping import every

from cnncalc import bundled
from cnncalc.layers import all_types
from cnncalc.layers.contract import LayerType
from cnncalc.layers.examples import examples
from cnncalc.reports import reference, spec_schema
from cnncalc.spec import records as spec
from cnncalc.text import number

SCHEMA = spec_schema.schema()
VALIDATOR = Draft7Validator(SCHEMA)
GOOD_SPECS = sorted((Path(__file__).parents[1] / "good_specs").glob("*.yaml"))
SPECS = [*(Path(bundled.folder()) / f"{name}.yaml" for name in bundled.names()), *GOOD_SPECS]

every_type = every(all_types())


class CoreLoader(yaml.SafeLoader):
    """Scalars as YAML 1.2's core schema has them, which is how editors read them: `on` and `012` are no traps."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for tag, pattern, first in (
    ("null", r"null|Null|NULL|~|", "nN~\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    starts = ["" if character == "\0" else character for character in first]
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})\Z"), starts)
CoreLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node)))
CoreLoader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(loader.construct_scalar(node)))


def read(text: str) -> Any:
    return yaml.load(text, CoreLoader)


def problem(document: Any) -> tuple[str, str] | None:
    """The place and the message that an editor would show, or None."""
    error = best_match(VALIDATOR.iter_errors(document))
    if error is None:
        return None
    return path_of(error), error.message


def path_of(error: ValidationError) -> str:
    return ".".join(map(str, error.absolute_path))


def in_layers(item: Any) -> dict[str, Any]:
    return {"input": [3, 32, 32], "layers": [item]}


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert json.loads("".join(spec_schema.write())) == SCHEMA


def test_every_reference_leads_somewhere() -> None:
    used = set(re.findall(r'"#/definitions/([^"]+)"', json.dumps(SCHEMA)))
    assert used == set(SCHEMA["definitions"])


@every({str(path): path for path in SPECS})
def test_specs_that_cnncalc_takes_are_taken(path: Path) -> None:
    assert problem(read(path.read_text(encoding="utf-8"))) is None


def test_the_loader_reads_scalars_as_editors_do() -> None:
    assert read("[on, no, 012, 1e6, 5M, ~, 1_000, true, 1:30]") == [
        "on",
        "no",
        12,
        1e6,
        "5M",
        None,
        "1_000",
        True,
        "1:30",
    ]


@every_type
class TestType:
    def test_defaults_are_taken(self, kind: type[LayerType]) -> None:
        settings = {
            key: number(setting.example if setting.required else setting.default)
            for key, setting in kind.settings.items()
        }
        assert problem(in_layers({kind.name: settings})) is None

    def test_examples_of_the_reference_are_taken(self, kind: type[LayerType]) -> None:
        for example in examples(kind):
            assert problem({"input": [3, 8, 8], "layers": read(example)}) is None

    def test_a_name_alone_needs_no_settings(self, kind: type[LayerType]) -> None:
        required = any(setting.required for setting in kind.settings.values())
        assert (problem(in_layers(kind.name)) is not None) == required
        assert (problem(in_layers({kind.name: None})) is not None) == required

    def test_expressions_are_taken_for_every_setting(self, kind: type[LayerType]) -> None:
        assert problem(in_layers({kind.name: dict.fromkeys(kind.settings, "in_channels // 2")})) is None

    def test_an_unknown_setting_is_refused(self, kind: type[LayerType]) -> None:
        required = {key: "width" for key, setting in kind.settings.items() if setting.required}
        found = problem(in_layers({kind.name: {**required, "nonsense": 1}}))
        assert found is not None
        assert found[0].startswith(f"layers.0.{kind.name}")
        if not kind.is_merge:
            assert "'nonsense' was unexpected" in found[1]

    def test_a_setting_beside_the_type_is_refused(self, kind: type[LayerType]) -> None:
        found = problem(in_layers({kind.name: None, "nonsense": 1}))
        assert found is not None

    def test_editors_have_texts_to_show(self, kind: type[LayerType]) -> None:
        layer = SCHEMA["definitions"][f"layer.{kind.name}"]
        assert layer["description"].startswith(reference.summary_of(kind))
        for key, setting in kind.settings.items():
            described = SCHEMA["definitions"][f"layer.{kind.name}.{key}"]
            assert described["description"].startswith(setting.doc)
            assert described.get("default") == (None if setting.required else number(setting.default))

    def test_a_block_cannot_have_its_name(self, kind: type[LayerType]) -> None:
        for signature in (kind.name, f"{kind.name} (filters, kernel=3)"):
            document = {**in_layers("relu"), "blocks": {signature: ["relu"]}}
            assert problem(document) is not None


def frozen(value: Any) -> Any:
    """A value as expressions have it."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value


@given(data=st.data())
def test_values_that_a_setting_decodes_are_taken(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(all_types().values())))
    whole = st.integers(-1, 5)
    lists = st.lists(whole, max_size=4)
    values = st.one_of(
        whole, lists, st.lists(lists, max_size=2), st.booleans(), st.sampled_from(["same", "zero", "all"])
    )
    for key, setting in kind.settings.items():
        value = data.draw(values)
        decodes = setting.check(frozen(value)) is not NotImplemented
        own = Draft7Validator(
            {**SCHEMA["definitions"][f"layer.{kind.name}.{key}"], "definitions": SCHEMA["definitions"]}
        )
        # A text may be an expression, and that only one size is -1 cannot be said: both are left to cnncalc.
        left = isinstance(value, str) or (isinstance(value, list) and value.count(-1) > 1)
        assert own.is_valid(value) == decodes or (left and not decodes)


GOOD = {
    "block names are any words": """
input: [3]
layers: [my_block, {my_block: [64, 7 // 2]}, {my_block: {a: [1, [2]]}, name: b1}]
""",
    "words of other alphabets": """
input: 3
variables: {größe: 1}
blocks: {schicht_α(β=2): [relu]}
layers: [schicht_α]
""",
    "several inputs": "{input: {left: [3, 8, 8], right: [3, 8, 8]}, layers: [add]}",
    "input as an expression": "{input: [3, size, size * 2], variables: {size: 64}, layers: [relu]}",
    "another spec": "{extends: resnet50.yaml, variables: {classes: 10}}",
    "empty keys": "{input: [3], variables: , blocks: , layers: [{batch_norm: }, {layers: }]}",
    "modifiers": """
input: [3, 8, 8]
layers:
  - conv: {filters: width, kernel: 3}
    name: conv{index + 1}
    for: {"width, kernel": [[64, 3], [128, 5]], depth: depths}
    repeat: 2
    when: index > 0
    from: previous
    weights: stem.conv
    training_only: true
  - conv: [64, [3, 3], stride]
    name: 1x1
    from: {a: previous, b: "conv{index}"}
    repeat: depth - 1
    when: true
""",
    "branches": """
input: [3, 8, 8]
layers:
  - add: {residual: [relu, {conv: [64, 3]}], shortcut: }
  - add: [[relu], [], null]
  - concat: {axis: 1, a: [relu], b-1/2: {when: x > 1, layers: [relu], repeat: 2, from: stem, for: {i: [1, 2]}}}
  - concat: {axis: 1, branches: [[relu], []]}
  - multiply:
    from: [previous, stem]
  - branch: {head: [flatten, {linear: 10}]}
  - branch: [[flatten]]
""",
    "numbers in other notations": """
input: [3]
layers: [{opaque: {output: [3], params: 5M, macs: 1e6}}, {dropout: 1/2}]
""",
    "keywords": "{input: [3, 8, 8], layers: [{conv: {filters: 4, kernel: 3, padding: same}}, {layer_norm: channels}]}",
    "lists as the main setting": """
input: [3, 8, 8]
layers: [{permute: [1, 0, 2]}, {reshape: [3, -1]}, {pad: [1, 2, 3, 4]}]
""",
    "outputs": "{input: [3], layers: [relu], outputs: [relu, 'head{1 + 1}']}",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_the_language_has_is_taken(text: str) -> None:
    assert problem(read(text)) is None


WRONG = {
    "{input: [3], layers: [relu], layer: []}": "",
    "{layers: [relu]}": "",
    "{input: [3]}": "",
    "{input: [3], layers: []}": "layers",
    "{input: [3], layers: relu}": "layers",
    "{input: [3, 0], layers: [relu]}": "input.1",
    "{input: [3, 8, 8, 8, 8], layers: [relu]}": "input",
    "{input: {previous: [3]}, layers: [relu]}": "input",
    "{input: [3], variables: [1], layers: [relu]}": "variables",
    "{input: [3], variables: {a-b: 1}, layers: [relu]}": "variables",
    "{input: [3], blocks: {1block: [relu]}, layers: [relu]}": "blocks",
    "{input: [3], blocks: {block(a: [relu]}, layers: [relu]}": "blocks",
    "{input: [3], blocks: {block: relu}, layers: [relu]}": "blocks.block",
    "{input: [3], layers: [{conv: {filters: 64, kernel: 0}}]}": "layers.0.conv.kernel",
    "{input: [3], layers: [{conv: {filters: 64, kernel: 3, bias: 1}}]}": "layers.0.conv.bias",
    "{input: [3], layers: [{conv: {filters: 6.5, kernel: 3}}]}": "layers.0.conv.filters",
    "{input: [3], layers: [{conv: {filters: 64, kernal: 3}}]}": "layers.0.conv",
    "{input: [3], layers: [{conv: {filters: 64}}]}": "layers.0.conv",
    "{input: [3], layers: [{conv: [64]}]}": "layers.0.conv",
    "{input: [3], layers: [{conv: 64}]}": "layers.0.conv",
    "{input: [3], layers: [{conv: [64, 3, 1, 0, 1, 1, true, null, null, 9]}]}": "layers.0.conv",
    "{input: [3], layers: [relu, conv]}": "layers.1",
    "{input: [3], layers: [branch]}": "layers.0",
    "{input: [3], layers: [name]}": "layers.0",
    "{input: [3], layers: [{relu: 1}]}": "layers.0.relu",
    "{input: [3], layers: [{linear: 10, bias: false}]}": "layers.0.bias",
    "{input: [3], layers: [{linear: 10, relu: }]}": "layers.0",
    "{input: [3], layers: [{name: only}]}": "layers.0",
    "{input: [3], layers: [[relu]]}": "layers.0",
    "{input: [3], layers: [{relu: , name: previous}]}": "layers.0.name",
    "{input: [3], layers: [{relu: , name: a b}]}": "layers.0.name",
    "{input: [3], layers: [{relu: , repeat: -1}]}": "layers.0.repeat",
    "{input: [3], layers: [{relu: , for: [1, 2]}]}": "layers.0.for",
    "{input: [3], layers: [{relu: , when: 1}]}": "layers.0.when",
    "{input: [3], layers: [{relu: , training_only: maybe}]}": "layers.0.training_only",
    "{input: [3], layers: [{dropout: 2}]}": "layers.0.dropout",
    "{input: [3], layers: [{my block: 2}]}": "layers.0",
    "{input: [3], layers: [{branch: }]}": "layers.0.branch",
    "{input: [3], layers: [{add: relu}]}": "layers.0.add",
    "{input: [3], layers: [{add: {a: relu}}]}": "layers.0.add.a",
    "{input: [3], layers: [{add: {a: {layer: [relu]}}}]}": "layers.0.add.a",
    "{input: [3], layers: [{add: {a: [{linear: 0}]}}]}": "layers.0.add.a.0.linear",
    "{input: [3], layers: [{concat: {axis: true, a: []}}]}": "layers.0.concat.axis",
    "{input: [3], layers: [{set: 3}]}": "layers.0",
    "{input: [3], layers: [{type: act, set: {a: {relu: 1, b: 2}}}]}": "layers.0.set.a",
    "{input: [3], layers: [{relu: , frozen: 1}]}": "layers.0.frozen",
    "{input: [3], layers: [{relu: , repeat: 2, share_weights: a}]}": "layers.0.share_weights",
}


@pytest.mark.parametrize(("text", "place"), WRONG.items(), ids=WRONG)
def test_what_is_wrong_is_marked_at_its_place(text: str, place: str) -> None:
    found = problem(read(text))
    assert found is not None
    assert found[0] == place


def test_an_item_is_offered_every_type() -> None:
    word, mapping = SCHEMA["definitions"]["item"]["anyOf"]
    wanted = {*all_types(), *spec.CONTAINERS, *spec.MODIFIERS, *spec.NETWORK_MODIFIERS, spec.TYPE, spec.SET}
    assert set(mapping["properties"]) == wanted
    # A word that is proposed as itself, too, would be proposed twice.
    assert "enum" not in word
