"""The catalogue of sentences is complete in every language, and nothing in it is idle."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from layers.test_every_layer import EXAMPLES, layer_of, shapes_of

import cnncalc
from cnncalc import languages as sentences
from cnncalc import layers
from cnncalc.languages import LANGUAGES, Sentence, Speaker
from cnncalc.syntax.expressions import parse

REPORT = Path(cnncalc.__file__).parent / "reports"
# Those that say sentences: each makes a Speaker, or is handed one by a module that does.
MODULES = [path for path in REPORT.glob("*.py") if "Speaker" in path.read_text(encoding="utf-8")]
EVERY = [(report, key, one) for report in sentences.reports() for key, one in sentences.catalogue(report).items()]
every_sentence = pytest.mark.parametrize(
    ("report", "key", "one"), EVERY, ids=[f"{name}-{key}" for name, key, _ in EVERY]
)
# Keys that are made of what a layer type answers; each of them is held to those answers below.
FAMILIES = ("remark_", "type_", "symbol_")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@every_sentence
def test_every_language_has_it(report: str, key: str, one: Sentence) -> None:
    assert type(one) is Sentence
    assert set(LANGUAGES) == set(Sentence._fields)
    # What joins words brings its spaces along in English, and may be nothing in Chinese.
    joins = not placeholders(one.en) and len(one.en) <= len(" and ")
    for text in one:
        assert joins or text[0] in ",;，；" or (text and text == text.strip())


@every_sentence
def test_placeholders_are_the_same(report: str, key: str, one: Sentence) -> None:
    first, *others = map(placeholders, one)
    assert all(other == first for other in others)
    assert "" not in first, "placeholders have names"


@every_sentence
def test_english_can_be_written_anywhere(report: str, key: str, one: Sentence) -> None:
    assert one.en.isascii(), "--ascii promises it"


# --- used and missing ----------------------------------------------------------------------------


def spoken() -> tuple[set[str], list[re.Pattern[str]]]:
    """The words of the modules that say sentences, and the patterns of those that are put together."""
    words: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+" for part in node.values]
                if any(isinstance(part, ast.Constant) for part in node.values):
                    patterns.append(re.compile("".join(map(str, parts))))
    return words, patterns


def test_every_key_is_used() -> None:
    words, patterns = spoken()
    # Names of axes and operations come from the rules.
    rules = {"height", "width", "depth", "adds", "multiplies", "divides", "compares", "exponentials", "out_elements"}
    idle = {
        f"{report}: {key}"
        for report, key, _ in EVERY
        if key not in words | rules
        and not key.startswith(FAMILIES)
        and not any(pattern.fullmatch(key) for pattern in patterns)
    }
    assert not idle


def test_no_key_is_missing() -> None:
    known = {key for _, key, _ in EVERY}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "say" and isinstance(node.args[0], ast.Constant):
                assert node.args[0].value in known, f"{path.name}, line {node.lineno}"


def test_every_remark_has_a_sentence_that_its_numbers_fill() -> None:
    catalogue = sentences.catalogue("explain")
    given = set()
    for example in EXAMPLES:
        layer, inputs = layer_of(example), shapes_of(example)
        output = layer.output_shape(inputs)
        names = layer.symbols(inputs, output)
        for remark in layer.remarks(inputs, output):
            given.add(f"remark_{remark.key}")
            of_source = {"source", "source_params", "source_macs"} if remark.of_source else set()
            wanted = placeholders(catalogue[f"remark_{remark.key}"].en)
            assert wanted <= {*names, *remark.values, *of_source, "axes"}, example.label
    assert given == {key for key in catalogue if key.startswith("remark_")}


def test_every_layer_type_has_a_term() -> None:
    terms = {key.removeprefix("type_") for key in sentences.catalogue("explain") if key.startswith("type_")}
    assert terms == set(layers.all_types())


def test_every_symbol_of_a_formula_has_a_name() -> None:
    catalogue = sentences.catalogue("explain")
    used = set()
    for example in EXAMPLES:
        for text in layer_of(example).formulas().values():
            used |= {name for name, _ in parse(text).names}
    assert not {f"symbol_{name}" for name in used} - catalogue.keys()
    # Those of the comparisons, and of the sum of operations.
    used |= {"adds", "multiplies", "divides", "compares", "exponentials", "macs", "reads", "biases", "connections"}
    used |= {"channels", "layers", "taps", "in_features"}
    assert {key.removeprefix("symbol_") for key in catalogue if key.startswith("symbol_")} <= used


def test_a_speaker_says_it_in_its_language() -> None:
    assert Speaker("en", "explain")("reads", name="conv1", shape="3x4x4") == "reads conv1: 3x4x4"
    assert Speaker("zh", "explain")("reads", name="conv1", shape="3x4x4") == "读取 conv1：3x4x4"
