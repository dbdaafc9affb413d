"""Code for PyTorch, without PyTorch: its text, its layout, and that no text of a spec becomes code."""

from __future__ import annotations

import ast
import json
import keyword
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hardening import hostile

from cnncalc import bundled
from cnncalc.errors import SpecError
from cnncalc.exporters import ExportedNetwork, export
from cnncalc.exporters.pytorch.helpers import HELPERS, helper_source
from cnncalc.exporters.pytorch.layers import LAYERS
from cnncalc.layers import all_types
from cnncalc.network.build import build
from cnncalc.spec.decode import read_spec

ARCHITECTURES = Path(__file__).parents[2] / "architectures"
NETWORKS = sorted(path.stem for path in ARCHITECTURES.glob("*.yaml") if "opaque:" not in path.read_text("utf-8"))


def code_of(reference: str, settings: tuple[tuple[str, str], ...] = ()) -> str:
    decoded = read_spec(reference, settings, ())
    lines = export(ExportedNetwork(decoded, build(decoded)), "pytorch")
    return "".join(f"{line}\n" for line in lines)


@cache
def bundled_code(name: str) -> str:
    return code_of(name)


def code_of_text(text: str, folder: Path) -> str:
    path = folder / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    return code_of(str(path))


# --- texts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["lenet5", "resnet18", "densenet121", "mobilenet_v2", "googlenet", "siamese", "yolov8n"]
)
def test_texts(name, kept):
    kept(f"pytorch_{name}.txt", bundled_code(name))


def test_a_block_is_a_class_and_its_parameters_are_arguments():
    tree = ast.parse(bundled_code("resnet50"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert list(classes) == ["ConvBn", "Bottleneck", "ResNet50"]
    assert arguments(classes["ConvBn"]) == ["in_channels", "filters", "kernel", "stride", "groups"]
    assert arguments(classes["ResNet50"]) == ["classes", "depths", "stride_in_3x3", "groups", "group_width"]
    assert bundled_code("resnet50").count("for index in range(depths[") == 4


def arguments(node: ast.ClassDef) -> list[str]:
    """The arguments of a constructor."""
    found = next(inner for inner in node.body if isinstance(inner, ast.FunctionDef) and inner.name == "__init__")
    return [argument.arg for argument in found.args.args[1:]]


def test_a_variable_that_decides_about_the_structure_is_no_argument():
    """Without shortcuts, blocks of ResNet-18 have no projection: other code, which no argument can choose."""
    with_shortcuts = ast.parse(bundled_code("resnet18")).body[-1]
    plain = ast.parse(code_of("resnet18", (("shortcuts", "false"),))).body[-1]
    assert isinstance(with_shortcuts, ast.ClassDef)
    assert isinstance(plain, ast.ClassDef)
    assert arguments(with_shortcuts) == arguments(plain) == ["classes", "depths"]


def test_auxiliary_heads_exist_in_training_only():
    text = bundled_code("googlenet")
    assert "if self.training:\n            loss1 = self.loss1(inception_4a)\n" in text
    assert text.rstrip().endswith("if self.training:\n            return x, loss1, loss2\n        return x")


def test_shared_weights_are_one_module():
    text = bundled_code("siamese")
    assert text.count("Tower(") == 2  # the class, and one module
    assert "first_tower = self.first_tower(first)" in text
    assert "x = self.first_tower(second)" in text


def test_frozen_weights_learn_nothing(tmp_path):
    text = code_of_text("input: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\n    frozen: true\n  - batch_norm\n", tmp_path)
    assert "self.conv = nn.Conv2d(3, 4, kernel_size=3).requires_grad_(False)" in text
    assert "self.batch_norm = nn.BatchNorm2d(4)\n" in text


def test_settings_follow_from_variables(tmp_path):
    text = code_of_text(
        "input: [3, 8, 8]\nvariables: {width: 8, wide: 2 * width}\nlayers:\n"
        "  - conv: [width, 3]\n  - conv: [wide, 1]\n  - conv: [width * 0.75, 1]\n",
        tmp_path,
    )
    assert "def __init__(self, width: int = 8) -> None:" in text
    assert "wide = 2 * width" in text
    assert "nn.Conv2d(3, width, kernel_size=3)" in text
    assert "nn.Conv2d(width, wide, kernel_size=1)" in text
    # Python's product is a float.
    assert "nn.Conv2d(wide, round(width * 0.75), kernel_size=1)" in text


def test_a_padding_that_differs_at_two_sides_is_written_out(tmp_path):
    """TensorFlow's SAME of a 3x3 kernel with stride 2 on 8x8: (4 - 1) * 2 + 3 - 8 = 1, all of it after."""
    text = code_of_text(
        "input: [3, 8, 8]\nlayers:\n  - conv: {filters: 4, kernel: 3, stride: 2, padding: same}\n", tmp_path
    )
    assert "return self.conv(F.pad(x, (0, 1, 0, 1)))" in text


def test_a_layer_that_pytorch_does_not_have_is_an_error(tmp_path):
    with pytest.raises(SpecError, match=r"spec.yaml:3:5: opaque: PyTorch has no layer for opaque"):
        code_of_text("input: [3, 8, 8]\nlayers:\n  - opaque: {output: [3], params: 1, macs: 1}\n", tmp_path)
    with pytest.raises(SpecError, match="PyTorch has no Conv for 4 spatial axes"):
        code_of_text("input: [48, 4, 4]\nlayers:\n  - reshape: [3, 4, 4, 4, 4]\n  - conv: [4, 3]\n", tmp_path)


def test_all_layers_that_pytorch_does_not_have_are_reported_at_once(tmp_path):
    opaque = "opaque: {output: [3], params: 1, macs: 1}"
    text = (
        f"input: [3, 8, 8]\nblocks:\n  part:\n    - {opaque}\n    - relu\nlayers:\n"
        f"  - {opaque}\n  - part:\n    repeat: 2\n  - {opaque}\n"
    )
    with pytest.raises(SpecError) as caught:
        code_of_text(text, tmp_path)
    assert [problem.span.line for problem in caught.value.problems] == [7, 4, 10]


@pytest.mark.parametrize(
    "text",
    [
        "input: [4, 8]\nlayers:\n  - pixel_shuffle: 1\n  - relu\noutputs: [pixel_shuffle, relu]\n",
        "input: [3, 8, 8]\nlayers:\n  - add:\n      self: [{conv: [3, 1]}]\n      other: [{conv: [3, 1]}]\n",
        "input: [3, 8, 8]\nlayers:\n  - add:\n      torch: [relu]\n      nn: [relu]\n",
    ],
)
def test_variables_hide_no_module_function_or_self(text, tmp_path):
    tree = ast.parse(code_of_text(text, tmp_path))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert not stored & {*functions, "self", "torch", "nn", "F"}


def test_a_block_gives_its_training_outputs_only_in_training(tmp_path):
    code = code_of_text(
        "input: [3, 8, 8]\nblocks:\n  part:\n    - relu\n    - branch:\n        head: [{conv: [4, 1]}]\n"
        "      training_only: true\nlayers:\n  - part\n  - conv: [2, 1]\n",
        tmp_path,
    )
    part = code[code.index("class Part") : code.index("class Spec")]
    assert "def forward(self, x: Tensor) -> tuple[Tensor | None, ...]:" in part
    assert part.index(" = None\n") < part.index("if self.training:") < part.index("return ")


def test_an_item_that_no_class_can_hold_is_an_error_with_a_way_out(tmp_path):
    text = (
        "input: [3, 8, 8]\nlayers:\n  - add:\n      a: [batch_norm]\n      b: [relu]\n    for: {size: [4]}\n"
        "  - batch_norm:\n    weights: a.batch_norm\n"
    )
    with pytest.raises(SpecError, match="read or share what is inside other blocks or loops") as caught:
        code_of_text(text, tmp_path)
    assert "--to onnx" in (caught.value.problems[0].hint or "")


def test_passes_without_layers_are_no_loop(tmp_path):
    """A loop whose passes only rename their input leaves nothing to write."""
    text = code_of_text(
        "input: [3, 8, 8]\nlayers:\n  - layers:\n      - relu:\n        when: index > 5\n    repeat: 3\n"
        "  - conv: [4, 3]\n",
        tmp_path,
    )
    assert "for " not in text


def test_every_layer_type_is_written_or_declared():
    assert set(all_types()) - set(LAYERS) == {"opaque"}


# --- layout -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_every_bundled_network_is_valid_code(name):
    text = bundled_code(name)
    tree = ast.parse(text, feature_version=(3, 10))
    compile(text, name, "exec")
    assert max(map(len, text.splitlines())) <= 100
    check_nodes(tree)


def test_layout(tmp_path):
    """All networks in the layout of ruff, and the helpers too."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    for name in NETWORKS:
        (tmp_path / f"{name}.py").write_text(bundled_code(name), encoding="utf-8")
    sources = [helper_source(f"{name}2d" if "<R>" in text else name) for name, text in HELPERS.items()]
    heading = (
        "import math\nfrom collections.abc import Sequence\nfrom typing import Any\n\nimport torch\n"
        "import torch.nn.functional as F\nfrom torch import Tensor, nn\n"
    )
    (tmp_path / "helpers.py").write_text("\n\n".join([heading, *sources]), encoding="utf-8")
    shared = ["--isolated", "--line-length", "100", "--no-cache"]
    formatted = subprocess.run(
        [ruff, "format", "--check", *shared, str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert formatted.returncode == 0, formatted.stdout
    # N812: `import torch.nn.functional as F` is the convention.
    rules = ["--select", "E,F,I,N,UP,B", "--ignore", "N812", "--target-version", "py310"]
    checked = subprocess.run(
        [ruff, "check", *shared, *rules, str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


# --- untrusted texts ----------------------------------------------------------------------------

EXPECTED = (
    ast.Module,
    ast.Import,
    ast.ImportFrom,
    ast.alias,
    ast.ClassDef,
    ast.FunctionDef,
    ast.arguments,
    ast.arg,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Expr,
    ast.Return,
    ast.If,
    ast.For,
    ast.IfExp,
    ast.Call,
    ast.keyword,
    ast.Name,
    ast.Attribute,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.ListComp,
    ast.GeneratorExp,
    ast.comprehension,
    ast.Starred,
    ast.Subscript,
    ast.Slice,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.operator,
    ast.unaryop,
    ast.boolop,
    ast.cmpop,
    ast.expr_context,
)
# What generated code may name besides its own classes, arguments, variables and helpers.
KNOWN = {
    "torch",
    "nn",
    "F",
    "Tensor",
    "self",
    "super",
    "range",
    "enumerate",
    "zip",
    "round",
    "min",
    "max",
    "sum",
    "len",
    "abs",
    "int",
    "float",
    "bool",
    "list",
    "tuple",
    "type",
    "Any",
    "Sequence",
    "math",
    "isinstance",
    "DeformConv2d",
    "slice",
    "str",
}


def check_nodes(tree: ast.Module) -> None:
    """Only the nodes that generated code consists of, over known names."""
    wrong = [node for node in ast.walk(tree) if not isinstance(node, EXPECTED)]
    assert not wrong, ast.dump(wrong[0])
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    own |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert used <= own | KNOWN
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"torch", "torch.nn.functional", "math"}
    assert modules <= {"torch", "collections.abc", "typing", "__future__", "torchvision.ops"}


TEXTS = [
    'ends with a quote"',
    '"""',
    'a """ + __import__("os").system("x") + """ b',
    "back\\slash\\",
    "\\N{BULLET} \\x41 \\u0041",
    "line\nbreak\r\n\x0b\x0c\x85\u2028",
    "{braces} %s",
    "'" * 5,
    '"' * 5,
    "\u202e reversed",
    "\x00\x1b[31m",
    "# comment",
    "f-string {1 / 0}",
    "x" * 500,
]


@pytest.mark.parametrize("text", [*TEXTS, *dict(hostile.sound_strings()).values()])
def test_texts_of_a_spec_stay_text(text, tmp_path):
    written = json.dumps(text)
    spec = f"name: {written}\nsource: {written}\ninput: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\n  - relu\n"
    try:
        code = code_of_text(spec, tmp_path)
    except SpecError:
        return
    tree = ast.parse(code)
    check_nodes(tree)
    assert [type(node).__name__ for node in tree.body] == ["ImportFrom", "Import", "ImportFrom", "ClassDef"]
    assert ast.dump(without_docstring(tree)) == ast.dump(without_docstring(ast.parse(plain_code(tmp_path))))


def without_docstring(tree: ast.Module) -> ast.ClassDef:
    """The only class of a file, without docstring and name."""
    node = tree.body[-1]
    assert isinstance(node, ast.ClassDef)
    assert isinstance(node.body[0], ast.Expr)
    node.body = node.body[1:]
    node.name = "Name"
    return node


def plain_code(folder: Path) -> str:
    spec = "name: x\nsource: y\ninput: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\n  - relu\n"
    return code_of_text(spec, folder)


NAMES = [
    *keyword.kwlist,
    *keyword.softkwlist,
    "self",
    "forward",
    "torch",
    "nn",
    "F",
    "Tensor",
    "print",
    "range",
    "super",
    "len",
    "training",
    "parameters",
    "modules",
    "type",
    "T_destination",
    "__init__",
    "__class__",
    "_",
    "__",
    "l",
    "O",
    "I",
    "x",
    "ｓｅｌｆ",
    "ｎｎ",
    "ſelf",
    "ℕ",
    "中文",
    "é",
    "3x3",
    "1",
    "a-b",
    "a+b",
    "a/b",
    "Sequence",
    "math",
    "Any",
    "layers_",
    "index",
    "channels",
    "out_channels",
    "in_channels_",
    "round",
    "make_divisible",
    "Conv",
    "DropPath",
]


# Attributes that a module needs itself.
ATTRIBUTES = {"forward", "training", "parameters", "modules", "type", "T_destination", "__class__", "__init__"}
# Names that a spec cannot give, because its own language has them.
WORDS = {"in", "if", "else", "and", "or", "not", "True", "False", "index", "a+b", "a-b"}


@pytest.mark.parametrize("name", dict.fromkeys(NAMES))
def test_names_of_a_spec_become_identifiers(name, tmp_path):
    """A layer, a branch, a block, a parameter and a variable of one name."""
    word = name if name.isidentifier() else "word"
    spec = f"input: [3, 8, 8]\nvariables: {{'{word}': 4}}\nlayers:\n"
    spec += f"  - conv: {{filters: '{word}', kernel: 3, padding: 1}}\n    name: '{name}'\n"
    spec += f"  - concat:\n      '{name}2': [conv: [4, 1]]\n      other: []\n  - conv: [4, 1]\n    from: '{name}'\n"
    try:
        code = code_of_text(spec, tmp_path)
    except SpecError:
        assert name in WORDS
        return
    tree = ast.parse(code)
    check_nodes(tree)
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    stored |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} - {"self"}
    assert not stored & {*KNOWN, *keyword.kwlist}
    attributes = {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    assert not attributes & {
        "forward",
        "training",
        "parameters",
        "modules",
        "type",
        "T_destination",
        "__class__",
        "__init__",
    }


def test_names_of_blocks_become_classes(tmp_path):
    for name in ("class_", "nn", "Tensor", "torch", "F", "Module", "Sequential", "self", "DropPath", "ＮＮ", "Any"):
        spec = f"input: [3, 8, 8]\nblocks:\n  '{name}(width)':\n    - conv: [width, 1]\nlayers:\n  - '{name}': 4\n"
        tree = ast.parse(code_of_text(spec, tmp_path))
        check_nodes(tree)
        classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
        assert len(set(classes)) == 2
        assert not set(classes) & {"nn", "Tensor", "torch", "F", "self", "Any"}


def test_networks_are_found():
    assert len(NETWORKS) >= 200
    assert set(NETWORKS) <= set(bundled.names())
