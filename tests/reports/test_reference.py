"""The reference of layer types says what the types declare, and its examples work."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import pytest
import yaml
from looping import every

from cnncalc.errors import RuleError, SpecError
from cnncalc.formats import csv, markdown, plain_text, records
from cnncalc.layers import all_types
from cnncalc.layers.contract import NO_WEIGHTS, LayerType, Operations, Role, pointwise
from cnncalc.layers.examples import SAMPLE_INPUTS, examples
from cnncalc.network import build
from cnncalc.reports import reference
from cnncalc.spec import decode
from cnncalc.spec import records as spec
from cnncalc.syntax import expressions
from cnncalc.syntax.settings import choice, flag, per_axis, whole

every_type = every(all_types())


class Toy(LayerType, name="toy"):
    """A layer for tests: it has a setting of each sort.

    Its second paragraph runs
    over two lines, and mentions `kernel` and <b>[red].
    """

    filters: int = whole("number of filters", example=64)
    kernel: int = per_axis("size of the window", default=None, absent="the whole input", example=3)
    mode: str = choice("what is done", ("copy", "mix"), default="copy")
    bias: bool = flag("whether a number is added", default=True)

    counts_as_depth = True
    role = Role.OTHER

    def output_shape(self, inputs):
        return inputs[0]

    def weights(self, inputs):
        return NO_WEIGHTS

    def operations(self, inputs, output):
        return Operations(adds=output.elements)

    def windows(self, inputs):
        return pointwise(inputs)

    def formulas(self):
        work = {"adds": "out_elements"} if self.bias else {}
        return {"out_channels": "filters", **work, **({"multiplies": "in_elements"} if self.mode == "mix" else {})}


TOY = """\
toy
═══

A layer for tests: it has a setting of each sort.

Its second paragraph runs over two lines, and mentions `kernel` and <b>[red].

Settings
  filters       number of filters
                a whole number of at least 1; required
  kernel        size of the window
                a whole number of at least 1, or a list with one per axis;
                default: the whole input
  mode          what is done
                copy or mix; default: copy
  bias          whether a number is added
                true or false; default: true

In a spec
  - toy: 64
  - toy: {filters: 64, kernel: 3}

Formulas
  out_channels  filters
  adds          out_elements

With mode: mix
  multiplies    in_elements

With bias: false
  adds          none

Names in the formulas, in addition to settings
  in_elements   elements of the input: channels x height x width
  out_elements  elements of the output: channels x height x width

Counting
  depth         counts as a layer of the depth
  output        in new memory
"""


def toy() -> reference.Reference:
    return reference.reference(Toy)._replace(family_description=())


def test_text_has_all_that_is_declared() -> None:
    assert "\n".join(plain_text.write(reference.document(toy()))) + "\n" == TOY


def test_text_fits_a_narrow_terminal() -> None:
    lines = list(plain_text.write(reference.document(toy()), 50))
    assert max(map(len, lines)) <= 50
    assert "  kernel        size of the window" in lines


def test_markdown_keeps_code_and_escapes_the_rest() -> None:
    lines = list(markdown.write(reference.document(toy())))
    assert lines[0] == "## toy"
    assert r"Its second paragraph runs over two lines, and mentions `kernel` and &lt;b&gt;\[red\]." in lines
    assert "- filters: number of filters; a whole number of at least 1; required" in lines
    assert lines[lines.index("##### With mode: mix") + 2] == "- multiplies: in_elements"
    assert lines[lines.index("##### With bias: false") + 2] == "- adds: none"
    assert lines[lines.index("```yaml") + 1] == "- toy: 64"


def test_json_has_all_facts_under_stable_keys() -> None:
    facts = json.loads("".join(records.write(toy())))
    assert list(facts) == [
        "schema",
        "name",
        "family",
        "also_known_as",
        "summary",
        "description",
        "family_description",
        "several_inputs",
        "further_inputs",
        "least_inputs",
        "settings",
        "examples",
        "formulas",
        "formulas_with",
        "symbols",
        "counts_as_depth",
        "storage",
    ]
    assert facts["settings"][1] == {
        "name": "kernel",
        "description": "size of the window",
        "takes": "a whole number of at least 1, or a list with one per axis",
        "required": False,
        "default": None,
        "absent": "the whole input",
        "keywords": [],
    }
    assert facts["settings"][0]["required"] is True
    assert facts["formulas_with"] == [
        {"setting": "mode", "value": "mix", "formulas": {"multiplies": "in_elements"}, "without": []},
        {"setting": "bias", "value": False, "formulas": {}, "without": ["adds"]},
    ]
    assert facts["storage"] == "own"


def test_a_signature_is_written_like_a_block_of_the_language() -> None:
    assert reference.signature(Toy) == "filters, kernel=(the whole input), mode=copy, bias=true"


def test_an_example_that_nothing_fits_is_a_mistake_of_the_type() -> None:
    class Odd(type(Toy.settings["filters"])):
        def check(self, value):
            return NotImplemented

    odd = Odd("never")
    odd.name = "odd"
    with pytest.raises(LookupError, match=r"^odd needs an example$"):
        _ = odd.example


def test_a_type_that_goes_with_no_sample_input_is_a_mistake_of_the_samples() -> None:
    class Choosy(Toy, name="choosy"):
        """Takes nothing."""

        def output_shape(self, inputs):
            raise RuleError("never")

    with pytest.raises(LookupError, match=r"^no example is known for choosy$"):
        reference.reference(Choosy)


def test_a_new_type_is_listed_somewhere() -> None:
    class Unlike(Toy, name="unlike"):
        """Unlike any other."""

        counts_as_depth = False

    assert reference.family_of(Toy) == "Layers that count as depth"
    assert reference.family_of(Unlike) == reference.OTHERS


def test_every_type_is_in_one_family() -> None:
    listed = [kind.name for kinds in reference.families().values() for kind in kinds]
    assert sorted(listed) == sorted(all_types())
    assert all(reference.families().values())


def test_the_language_is_told_whole() -> None:
    assert tuple(reference.TOP_DOCS) == spec.TOP_KEYS
    assert tuple(reference.CONTAINER_DOCS) == spec.CONTAINERS
    assert tuple(reference.MODIFIER_DOCS) == spec.MODIFIERS
    assert tuple(reference.NETWORK_DOCS) == spec.NETWORK_MODIFIERS
    assert tuple(reference.BRANCH_DOCS) == spec.BRANCH_KEYS


def test_words_stand_apart_from_what_they_mean_at_every_width() -> None:
    for width in range(60, 201):
        lines = list(plain_text.write(reference.overview(), width))
        assert max(map(len, lines)) <= width
        for _, words in reference.language():
            for word, doc in words.items():
                first = doc.split()[0]
                assert any(re.match(rf"  {re.escape(word)}  +{re.escape(first)}", line) for line in lines), word


@pytest.mark.parametrize("width", [80, 100])
def test_the_list_of_all_types_fits(width: int) -> None:
    lines = list(plain_text.write(reference.overview(), width))
    assert max(map(len, lines)) <= width
    assert any(line.startswith("- relu: ") for line in lines)
    assert any(
        line.startswith("- linear(features, bias=true, flatten=false, axis=(that of a vector)): ") for line in lines
    )
    for name in (*all_types(), *spec.MODIFIERS, *spec.TOP_KEYS, *expressions.FUNCTIONS):
        assert any(name in line for line in lines)


def test_the_list_of_all_types_in_markdown_has_a_heading_for_each_family() -> None:
    lines = list(markdown.write(reference.overview()))
    assert [line[4:] for line in lines if line.startswith("### ")] == [
        *reference.families(),
        *(heading for heading, _ in reference.language()),
    ]


def test_the_catalogue_has_a_row_for_each_type() -> None:
    header, *rows = csv.write(reference.catalogue())
    assert header == "type,settings,summary,family"
    assert len(rows) == len(all_types())


def test_the_list_of_all_types_in_json_has_the_facts_of_each() -> None:
    whole = json.loads("".join(records.write(reference.language_record())))
    assert {facts["name"] for facts in whole["types"]} == set(all_types())
    assert list(whole["modifiers"]) == list(spec.MODIFIERS)


@every_type
class TestType:
    def test_text_fits_and_names_every_setting(self, kind: type[LayerType]) -> None:
        lines = list(plain_text.write(reference.document(reference.reference(kind))))
        assert max(map(len, lines)) <= 80
        for setting in kind.settings.values():
            assert any(line.startswith(f"  {setting.name} ") for line in lines)

    def test_names_in_formulas_are_explained(self, kind: type[LayerType]) -> None:
        facts = reference.reference(kind)
        texts = [*facts.formulas.values(), *(text for case in facts.formulas_with for text in case.formulas.values())]
        names = {name for text in texts for name, _ in expressions.parse(text).names}
        # The letters of einsum are those of its equation.
        assert {name for name in names if len(name) > 1} <= {*facts.symbols, *kind.settings}
        assert set(facts.symbols) <= names

    def test_examples_can_be_built(self, kind: type[LayerType]) -> None:
        written = examples(kind)
        assert written
        assert len(set(written)) == len(written)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "example.yaml")
            for example in written:
                assert any(builds(example, list(shape), path) for shape in SAMPLE_INPUTS)
                # Only a shape may be unfit: as a spec, every example is right.
                assert not decode.read_spec(str(path)).problems

    def test_examples_set_other_values_than_the_defaults(self, kind: type[LayerType]) -> None:
        for setting in kind.settings.values():
            assert setting.decode(setting.example) != setting.default


def builds(example: str, shape: list[int], path: Path) -> bool:
    """Whether a network of the example, after a layer called stem, can be built."""
    text = yaml.safe_dump({"input": shape}) + "layers:\n- relu\n- relu:\n  name: stem\n- sigmoid\n" + example
    path.write_text(text, encoding="utf-8")
    try:
        return len(build.load(str(path)).layers) > 3
    except SpecError:
        return False
