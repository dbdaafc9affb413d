"""Every language has every sentence, and no sentence is unused."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from string import Formatter

import pytest
from layers.test_every_layer import EXAMPLES, layer_of, shapes_of

import cnncalc
from cnncalc import languages, layers
from cnncalc.languages import ENGLISH, LANGUAGES, Speaker, load_sentences
from cnncalc.syntax.expressions import parse

PACKAGE = Path(cnncalc.__file__).parent
# The modules that say sentences: each makes a Speaker, or gets one from a module that does.
SAYS = re.compile(r"\bSpeaker\b|\bsay\b")
MODULES = [path for path in PACKAGE.rglob("*.py") if SAYS.search(path.read_text(encoding="utf-8"))]
# Keys that are made from the answers of layer types; the tests below compare them with those answers.
FAMILIES = ("remark_", "type_", "symbol_")


def keys_of(language: str) -> set[tuple[str, str]]:
    """The pairs of report and key that a language has."""
    return {(report, key) for report, sentences in load_sentences(language).items() for key in sentences}


def sentences_of(language: str) -> list[tuple[str, str]]:
    """The sentences of a language with their names, `explain: title`."""
    return [
        (f"{report}: {key}", text)
        for report, sentences in load_sentences(language).items()
        for key, text in sentences.items()
    ]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_language_has_every_sentence() -> None:
    """English describes layer types by their docstrings, the others by a sentence `type_<name>`."""
    for language in LANGUAGES:
        wanted = keys_of(ENGLISH)
        if language != ENGLISH:
            wanted |= {("explain", f"type_{name}") for name in layers.all_types()}
        own = keys_of(language)
        assert not wanted - own, f"{language}.py lacks the sentences {sorted(wanted - own)}"
        assert not own - wanted, f"{language}.py has sentences that en.py lacks: {sorted(own - wanted)}"


def test_no_sentence_is_empty_or_padded() -> None:
    joints = {f"common: {key}" for key in ("comma", "colon", "space", "semicolon", "and", "and_names", "period")}
    for language in LANGUAGES:
        wrong = [
            name
            for name, text in sentences_of(language)
            # What continues a sentence brings its comma or semicolon along.
            if name not in joints and (not text or text != text.strip())
        ]
        assert not wrong, f"{language}.py: empty, or with spaces at an end: {wrong}"


def test_placeholders_are_the_same_in_every_language() -> None:
    english = dict(sentences_of(ENGLISH))
    unnamed = [name for name, text in english.items() if "" in placeholders(text)]
    assert not unnamed, f"placeholders need names: {unnamed}"
    for language in LANGUAGES:
        differ = [
            f"{name} has {sorted(placeholders(text))}, English {sorted(placeholders(english[name]))}"
            for name, text in sentences_of(language)
            if name in english and placeholders(text) != placeholders(english[name])
        ]
        assert not differ, f"{language}.py: {differ}"


def test_english_can_be_written_anywhere() -> None:
    """`--ascii` promises it."""
    wrong = [name for name, text in sentences_of(ENGLISH) if not text.isascii()]
    assert not wrong


def test_chinese_is_set_in_chinese() -> None:
    """Chinese punctuation between Chinese words, and no space before a percent sign."""
    wrong = [
        name
        for name, text in sentences_of("zh")
        if re.search(r"[\u4e00-\u9fff][,;:!?()]|[,;:!?()][\u4e00-\u9fff]|\} %", re.sub(r":[^{}|]*\|", "|", text))
    ]
    assert not wrong


def test_chinese_has_one_term_for_one_thing() -> None:
    outdated = ("逐深度卷积", "抽头", "对不齐", "缓冲，", "缓冲。", "学到的", "学出来")
    wrong = [
        f"{name}: {word}"
        for name, text in sentences_of("zh")
        for word in outdated
        if word in text or ("批归一化" in text and word == outdated[0])
    ]
    assert not wrong


def test_a_missing_sentence_is_english(monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = dict(load_sentences("zh"))
    chinese["explain"] = {key: text for key, text in chinese["explain"].items() if key != "reads"}
    originals = {ENGLISH: load_sentences(ENGLISH), "zh": chinese}
    monkeypatch.setattr(languages, "load_sentences", originals.__getitem__)
    say = Speaker("zh", "explain")
    assert say("reads", name="conv1", shape="3x4x4") == "reads conv1: 3x4x4"
    assert say("title", layer="conv1", network="LeNet-5") == "LeNet-5 的 conv1"


def test_a_language_is_one_file(tmp_path: Path) -> None:
    """A copy of the package with one more file offers the language; what that lacks is English."""
    shutil.copytree(PACKAGE, tmp_path / "cnncalc", ignore=shutil.ignore_patterns("__pycache__"))
    esperanto = 'SENTENCES = {"explain": {"reads": "legas {name}: {shape}"}}\n'
    (tmp_path / "cnncalc" / "languages" / "eo.py").write_text(esperanto, encoding="utf-8")
    (tmp_path / "architectures").mkdir()
    (tmp_path / "net.yaml").write_text("input: [3, 4, 4]\nlayers: [relu]\n", encoding="utf-8")

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "cnncalc", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path, timeout=60).stdout

    assert "[en|eo|zh]" in run("explain", "--help")
    report = run("explain", "net.yaml", "relu", "--language", "eo")
    assert "- legas input: 3x4x4" in report
    assert "- outputs 3x4x4, an output of the network" in report


def test_only_the_languages_that_are_used_are_loaded() -> None:
    program = (
        "import sys, contextlib, io\n"
        "from cnncalc.commands import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    cli(sys.argv[1:], standalone_mode=False)\n"
        "print(*sorted(name for name in sys.modules if name.startswith('cnncalc.languages')))"
    )

    def loaded(*arguments: str) -> list[str]:
        command = [sys.executable, "-c", program, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return [name.removeprefix("cnncalc.languages") for name in done.stdout.split()]

    assert loaded("summary", "lenet5") == []
    assert loaded("explain", "--help") == [""]
    assert loaded("explain", "lenet5", "C1") == ["", ".en"]
    assert loaded("explain", "lenet5", "C1", "--language", "zh") == ["", ".en", ".zh"]


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
    rules = {
        "height",
        "width",
        "depth",
        "adds",
        "multiplies",
        "divides",
        "compares",
        "exponentials",
        "unclassified",
        "out_elements",
    }
    idle = {
        f"{report}: {key}"
        for report, key in sorted(keys_of(ENGLISH))
        if key not in words | rules
        and not key.startswith(FAMILIES)
        and not any(pattern.fullmatch(key) for pattern in patterns)
    }
    assert not idle


def test_no_key_is_missing() -> None:
    known = {key for _, key in keys_of(ENGLISH)}
    missing = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "say" and isinstance(node.args[0], ast.Constant) and node.args[0].value not in known:
                missing.append(f"{path.name}, line {node.lineno}: {node.args[0].value}")
    assert not missing


def test_every_remark_has_a_sentence_that_its_numbers_fill() -> None:
    catalogue = load_sentences(ENGLISH)["explain"]
    given = set()
    for example in EXAMPLES:
        layer, inputs = layer_of(example), shapes_of(example)
        output = layer.output_shape(inputs)
        names = layer.symbols(inputs, output)
        for remark in layer.remarks(inputs, output):
            given.add(f"remark_{remark.key}")
            of_source = {"source", "source_params", "source_macs"} if remark.of_source else set()
            wanted = placeholders(catalogue[f"remark_{remark.key}"])
            assert wanted <= {*names, *remark.values, *of_source, "axes"}, example.label
    assert given == {key for key in catalogue if key.startswith("remark_")}


def test_every_symbol_of_a_formula_has_a_name() -> None:
    catalogue = load_sentences(ENGLISH)["explain"]
    used = set()
    for example in EXAMPLES:
        for text in layer_of(example).formulas().values():
            used |= {name for name, _ in parse(text).names}
    # The letters of einsum are their own names.
    assert not {f"symbol_{name}" for name in used if len(name) > 1} - catalogue.keys()
    # Those of the comparisons, and of the sum of operations.
    used |= {
        "adds",
        "multiplies",
        "divides",
        "compares",
        "exponentials",
        "unclassified",
        "macs",
        "reads",
        "biases",
        "connections",
    }
    used |= {"channels", "layers", "taps", "in_features", "window", "window_positions"}
    assert {key.removeprefix("symbol_") for key in catalogue if key.startswith("symbol_")} <= used


def test_a_speaker_says_it_in_its_language() -> None:
    assert Speaker("en", "explain")("reads", name="conv1", shape="3x4x4") == "reads conv1: 3x4x4"
    assert Speaker("zh", "explain")("reads", name="conv1", shape="3x4x4") == "读取 conv1：3x4x4"
