"""The structure of the code: who imports whom, and what stays where."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import cnncalc
from cnncalc import layers

PACKAGE = Path(cnncalc.__file__).parent

CONTRIBUTING = PACKAGE.parent / "CONTRIBUTING.md"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def listed_order() -> list[str]:
    """The parts of the package in the order of CONTRIBUTING: `limits`, `syntax`, `syntax.source`."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    block = text.split("## How the code is laid out")[1].split("\n## ")[0]
    order, folder = [], ""
    for indent, name, is_folder in re.findall(r"^    ( {0,2})([a-z]+)(/?)(?: |$)", block, re.MULTILINE):
        folder = "" if not indent else folder
        order.append(f"{folder}{name}")
        if is_folder:
            folder = f"{name}."
    return [*order, "__main__"]


ORDER = listed_order()


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def rank(module: str) -> tuple[int, int]:
    """The place of a part, and the place within it of a module that is listed; others are behind those."""
    parts = module.split(".")
    inner = ".".join(parts[:2])
    return ORDER.index(parts[0]), ORDER.index(inner) if len(parts) > 1 and inner in ORDER else len(ORDER)


def imported_modules(path: Path) -> set[str]:
    """The modules of the package that a file imports, below `cnncalc`."""
    modules = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "cnncalc":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules.update(name if is_module(name) else node.module for name in names)
        elif isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names if alias.name.split(".")[0] == "cnncalc")
    return {module.partition(".")[2] for module in modules} - {""}


def is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def test_every_part_is_listed():
    assert {dotted(path).split(".")[0] for path in FILES} == {part.split(".")[0] for part in ORDER}
    assert all(is_module(f"cnncalc.{part}") for part in ORDER)


def test_modules_import_downwards_only():
    upwards = []
    for path in FILES:
        own = dotted(path)
        for other in imported_modules(path):
            ours, theirs = rank(own), rank(other)
            both_listed = own != other and ours[0] == theirs[0] and len(ORDER) not in (ours[1], theirs[1])
            if theirs[0] > ours[0] or (both_listed and theirs[1] > ours[1]):
                upwards.append(f"{own} imports {other}")
    assert not upwards


def test_only_layers_importers_and_exporters_know_a_layer_type_by_name():
    # Weights and settings are called scale and bias as well, and may be asked for.
    types = set(layers.all_types()) - {name for kind in layers.all_types().values() for name in kind.settings}
    asking = []
    for path in FILES:
        if dotted(path).startswith(("layers.", "interchange.", "exporters.")):
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Compare | ast.MatchValue):
                words = {word.value for word in ast.walk(node) if isinstance(word, ast.Constant)}
                asking += [f"{path}:{node.lineno} asks for the layer type {name}" for name in words & types]
    assert not asking


FOR_PROBLEMS = {"cnncalc.syntax.hints", "cnncalc.layers.foreign", "cnncalc.spec.decode.hints"}


LONGEST_CLASS = 300


def classes() -> list[tuple[str, ast.ClassDef]]:
    """Every class of the package with its module."""
    trees = {dotted(path): tree_of(path) for path in FILES}
    return [(own, node) for own, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def test_no_class_is_long():
    long = {node.name for _, node in classes() if (node.end_lineno or 0) - node.lineno >= LONGEST_CLASS}
    assert not long, f"classes of more than {LONGEST_CLASS} lines"


def test_names_of_classes_are_unique():
    modules: dict[str, list[str]] = {}
    for own, node in classes():
        modules.setdefault(node.name.lstrip("_"), []).append(own)
    assert not {name: where for name, where in modules.items() if len(where) > 1}


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
        "cnncalc.layers.examples",
        "cnncalc.commands._completers",
        *FOR_PROBLEMS,
        "cnncalc.layers.lrn",
        "cnncalc.layers.reshape",
        "cnncalc.formats.latex",
        "cnncalc.api",
    }
    unneeded |= {"tempfile", "textwrap", "difflib", "dataclasses", "importlib.metadata", "pathlib"} - loaded_by(
        "--help"
    )
    assert not loaded & unneeded


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "resnet50"),
        ("summary", "resnet50"),
        ("summary", "resnet50", "--input", "3x192x192"),
        ("summary", "siamese"),
    ],
    ids=" ".join,
)
def test_a_sound_spec_loads_nothing_for_errors_and_completion(arguments):
    assert not loaded_by(*arguments) & {*FOR_PROBLEMS, "cnncalc.commands._completers"}


def test_the_package_loads_nothing_until_it_is_asked():
    program = "import sys, cnncalc; print(*[name for name in sys.modules if name.startswith('cnncalc.')])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_everybody_has_the_same_ruff():
    root = PACKAGE.parent
    wanted = re.search(r'"ruff==([0-9.]+)"', (root / "pyproject.toml").read_text(encoding="utf-8"))
    hooks = (root / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert wanted
    assert f"ruff-pre-commit\n    rev: v{wanted.group(1)}\n" in hooks
