"""The structure of the code: who imports whom, and what stays where."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cnncalc
from cnncalc import layers

PACKAGE = Path(cnncalc.__file__).parent

# Each module imports only from those above it.
ORDER = (
    "records",
    "problem",
    "surface",
    "limits",
    "patterns",
    "finding",
    "git",
    "source",
    "expressions",
    "shapes",
    "settings",
    "layer_type",
    "layers",
    "examples",
    "foreign",
    "slips",
    "bundled",
    "templates",
    "guards",
    "spec",
    "locate",
    "decode",
    "network",
    "frame",
    "build",
    "analyses",
    "rule",
    "rules",
    "linter",
    "config",
    "checker",
    "report",
    "api",
    "commands",
    "__main__",
)
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(path: Path) -> set[str]:
    parts = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = []
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "cnncalc":
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names if alias.name.split(".")[0] == "cnncalc"]
        parts.update(module.split(".")[1] for module in modules if "." in module)
    return parts


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_import_downwards_only(path):
    own = part(path)
    assert own in ORDER, "say in ORDER where the new part stands"
    for other in imported_parts(path) - {own}:
        assert ORDER.index(other) < ORDER.index(own), f"{own} imports {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_layers_know_a_layer_type_by_name(path):
    if part(path) == "layers":
        return
    types = set(layers.all_types())
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare | ast.MatchValue):
            words = {word.value for word in ast.walk(node) if isinstance(word, ast.Constant)}
            assert not words & types, f"line {node.lineno} asks for the layer type {words & types}"


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a command of its own process has loaded when it ends."""
    program = (
        "import sys, contextlib, io\n"
        "from cnncalc.commands import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    cli({arguments!r}, standalone_mode=False)\n"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "table"])
def test_a_pipe_is_served_without_rich(form):
    """A tenth of a second: what a command does not need is not imported."""
    loaded = loaded_by("summary", "vgg16", "--format", form)
    assert not {name for name in loaded if name.split(".")[0] == "rich"}
    unneeded = {
        "cnncalc.commands._completers",
        "cnncalc.foreign",
        "cnncalc.slips",
        "cnncalc.examples",
        "cnncalc.layers.lrn",
        "cnncalc.layers.reshape",
        "cnncalc.report.latex",
        "cnncalc.api",
    }
    unneeded |= {"tempfile", "textwrap", "difflib", "dataclasses", "importlib.metadata", "pathlib"} - loaded_by(
        "--help"
    )
    assert not loaded & unneeded


@pytest.mark.parametrize("arguments", [("check", "resnet50"), ("summary", "resnet50")], ids=" ".join)
def test_a_sound_spec_loads_nothing_for_errors_and_completion(arguments):
    assert not loaded_by(*arguments) & {"cnncalc.slips", "cnncalc.foreign", "cnncalc.commands._completers"}


def test_the_package_loads_nothing_until_it_is_asked():
    program = "import sys, cnncalc; print(*[name for name in sys.modules if name.startswith('cnncalc.')])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
