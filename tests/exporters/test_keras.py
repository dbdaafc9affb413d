"""Keras code: its text, its structure, and that nothing of a spec is code in it. test_keras_live.py builds it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cnncalc.errors import SpecError
from cnncalc.exporters import ExportedNetwork, export
from cnncalc.network.build import build
from cnncalc.spec.decode import read_spec

KEPT = ("lenet5", "resnet18", "densenet121", "mobilenet_v2")
# Networks with blocks, loops, named tensors, types as values, shared and frozen weights, overrides, and libraries.
VARIED = (
    *KEPT, "alexnet", "googlenet", "siamese", "unet_plus_plus", "hrnet_w18", "nasnetalarge", "mixnet_s", "mvit_v1_b",
    "efficientnet_b0", "swin_v2_t", "fcos_resnet50_fpn", "fasterrcnn_resnet50_fpn", "lraspp_mobilenet_v3_large", "crnn",
)  # fmt: skip
# Those whose structure Keras code does not keep.
FLAT = ("maskrcnn_resnet50_fpn", "ssd300_vgg16")
BUILTINS = {"abs", "dict", "enumerate", "float", "int", "isinstance", "len", "list", "max", "min", "range", "round"}
BUILTINS |= {"set", "str", "sum", "super", "tuple", "zip", "bool"}
NODES = {
    "Module", "FunctionDef", "ClassDef", "arguments", "arg", "Expr", "Constant", "Assign", "AugAssign", "Return", "If",
    "For", "Call", "keyword", "Attribute", "Name", "Load", "Store", "Tuple", "List", "Dict", "Subscript", "Slice",
    "JoinedStr", "FormattedValue", "BinOp", "UnaryOp", "BoolOp", "Compare", "IfExp", "Import", "ImportFrom", "alias",
    "Starred", "GeneratorExp", "ListComp", "DictComp", "comprehension", "AnnAssign",
}  # fmt: skip
OPERATORS = (ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


def code_of(name: str, *settings: tuple[str, str]) -> str:
    spec = read_spec(name, settings, ())
    return "".join(f"{line}\n" for line in export(ExportedNetwork(spec, build(spec)), "keras"))


def code_of_text(text: str, folder: Path) -> str:
    file = folder / "net.yaml"
    file.write_text(text, encoding="utf-8")
    return code_of(str(file))


def check_nodes(code: str) -> None:
    """Code consists of known constructs and reads only names that it defines."""
    tree = ast.parse(code, feature_version=(3, 10))
    compile(code, "generated", "exec")
    defined = {"Any", *BUILTINS}
    for node in ast.walk(tree):
        assert isinstance(node, OPERATORS) or type(node).__name__ in NODES, ast.dump(node)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= {"keras", "math"}
            defined |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module in ("keras", "functools", "typing", "collections.abc")
            assert {alias.name for alias in node.names} <= {"layers", "ops", "partial", "Any", "Callable"}
            defined |= {alias.name for alias in node.names}
    loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert loaded <= defined, loaded - defined


@pytest.mark.parametrize("name", KEPT)
def test_the_code_of_networks_is_kept(name: str, kept: Callable[[str, str], None]) -> None:
    kept(f"keras_{name}.txt", code_of(name))


@pytest.mark.parametrize("name", VARIED)
def test_code_consists_of_known_constructs(name: str) -> None:
    check_nodes(code_of(name))


def test_code_is_formatted(tmp_path: Path) -> None:
    pytest.importorskip("ruff", reason="the extra dev has ruff")
    for name in VARIED:
        (tmp_path / f"{name}.py").write_text(code_of(name), encoding="utf-8")
    options = ["--isolated", "--line-length", "100", "--target-version", "py310", str(tmp_path)]
    for command in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *options], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    long = [
        line for file in tmp_path.iterdir() for line in file.read_text(encoding="utf-8").splitlines() if len(line) > 100
    ]
    assert not long


@pytest.mark.parametrize("name", VARIED)
def test_a_block_is_a_function(name: str) -> None:
    """The structure survives: each block that the network uses is a function."""
    spec = read_spec(name, (), ())
    network = build(spec)
    functions = {node.name for node in ast.parse(code_of(name)).body if isinstance(node, ast.FunctionDef)}
    used = {group.kind for group in network.groups} & set(spec.blocks)
    assert used <= functions | {f"{one}_2" for one in functions} | {one.removesuffix("_2") for one in functions}


def test_repeats_are_loops_and_conditions_are_ifs() -> None:
    code = code_of("mobilenet_v2")
    assert "    for index, (expansion, filters, depth, stride) in enumerate(stages):\n" in code
    assert "    if stride == 1 and x.shape[-1] == filters:\n" in code


def test_types_are_functions_as_arguments() -> None:
    code = code_of("efficientnet_b0", ("act", "relu"))
    assert "act: Callable[..., keras.KerasTensor] = relu" in code


def test_shared_weights_are_a_model_that_is_called_again() -> None:
    code = code_of("siamese")
    assert "    first_tower = first_tower_model(first)\n    second_tower = first_tower_model(second)\n" in code


def test_frozen_layers_are_not_trainable() -> None:
    assert "BatchNormalization(trainable=False, name=" in code_of("fcos_resnet50_fpn")


def test_axes_are_those_of_channels_last(tmp_path: Path) -> None:
    text = """
input: [8, 6, 4]
layers:
  - softmax: 1
  - slice: {axis: 2, stop: 3}
  - reshape: [2, 4, 6, 3]
  - permute: [0, 2, 1, 3]
"""
    code = code_of_text(text, tmp_path)
    assert "layers.Softmax(axis=1, " in code
    assert "x[:, :, :3]" in code
    # 8x6x3 is (6, 3, 8) in Keras; the channels become 2 x 4, and the first part is last.
    assert "layers.Reshape((6, 3, 2, 4), " in code
    assert "layers.Permute((4, 1, 2, 3), " in code


def test_padding_is_same_only_where_it_is_equal_for_every_size(tmp_path: Path) -> None:
    text = """
input: [3, 32, 32]
layers:
  - conv: {filters: 8, kernel: 3, padding: 1}
  - conv: {filters: 8, kernel: 3, padding: 1, stride: 2}
  - conv: {filters: 8, kernel: 3, padding: same, stride: 2}
  - conv: {filters: 8, kernel: 3, padding: [0, 1, 2, 3]}
"""
    code = code_of_text(text, tmp_path)
    assert 'x = layers.Conv2D(8, 3, padding="same", name="conv")(inputs)' in code
    assert 'layers.ZeroPadding2D(1, name="conv_2_pad")' in code
    assert 'layers.Conv2D(8, 3, strides=2, name="conv_2")' in code
    assert 'layers.Conv2D(8, 3, strides=2, padding="same", name="conv_3")' in code
    assert 'layers.ZeroPadding2D(((0, 1), (2, 3)), name="conv_4_pad")' in code


def test_a_transposed_signal_is_padded_after_its_end(tmp_path: Path) -> None:
    """(32 - 1) x 2 + 5 = 67 positions, and one of output_padding."""
    text = "input: [1, 32]\nlayers:\n  - conv_transpose: {filters: 4, kernel: 5, stride: 2, output_padding: 1}\n"
    code = code_of_text(text, tmp_path)
    assert 'layers.ZeroPadding1D((0, 1), name="conv_transpose_pad")' in code
    cropped = code_of_text(text.replace("output_padding: 1", "padding: [2, 0]"), tmp_path)
    assert 'layers.Cropping1D((2, 0), name="conv_transpose_crop")' in cropped


def test_a_maximum_is_padded_with_the_smallest_number_unless_none_is_negative(tmp_path: Path) -> None:
    pool = "  - max_pool: {kernel: 3, stride: 2, padding: 1}\n"
    conv = "input: [3, 32, 32]\nlayers:\n  - conv: [8, 3]\n"
    assert "pad_with_minimum(" in code_of_text(conv + pool, tmp_path)
    assert "layers.ZeroPadding2D(1, " in code_of_text(f"{conv}  - relu\n{pool}", tmp_path)


REFUSED = {
    "max_unpool": ("from: [pool, pool]", "max_unpool: {kernel: 1}", "Keras has no max_unpool"),
    "batch_norm": ("", "batch_norm: {track_statistics: false}", "Keras has no batch normalization without moving"),
    "opaque": ("", "opaque: {output: [3], params: 5, macs: 7}", "an opaque layer has no code"),
    "conv_transpose": ("", "conv_transpose: {filters: 8, kernel: 2, groups: 8}", "transposed convolution with groups"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_layer_that_keras_lacks_is_an_error_at_its_place(kind: str, tmp_path: Path) -> None:
    beside, item, message = REFUSED[kind]
    text = f"input: [8, 8, 8]\nlayers:\n  - max_pool: 1\n    name: pool\n  - {item}\n    {beside}\n"
    with pytest.raises(SpecError) as raised:
        code_of_text(text, tmp_path)
    (problem,) = raised.value.problems
    assert message in problem.message
    assert problem.message.startswith(f"{kind}: ")
    assert problem.span is not None
    assert problem.span.line == 5


def test_all_layers_that_keras_lacks_are_reported_at_once(tmp_path: Path) -> None:
    lacking = "  - opaque: {output: [8, 8, 8], params: 5, macs: 7}\n"
    with pytest.raises(SpecError) as raised:
        code_of_text(f"input: [8, 8, 8]\nlayers:\n{lacking}  - relu\n{lacking}", tmp_path)
    assert [problem.span.line for problem in raised.value.problems if problem.span] == [3, 5]


def test_a_layer_that_feeds_no_output_is_an_error(tmp_path: Path) -> None:
    """A functional model would leave it out, and so have fewer parameters than the spec."""
    text = "input: [8, 8, 8]\nlayers:\n  - conv: [4, 1]\n    name: lost\n  - relu:\n    from: input\n"
    with pytest.raises(SpecError) as raised:
        code_of_text(text, tmp_path)
    assert raised.value.problems[0].message.startswith("lost feeds no output of the network")


def test_layers_do_not_have_the_names_that_keras_gives_to_operations(tmp_path: Path) -> None:
    text = (
        "input: [8, 8, 8]\nlayers:\n  - reduce: {op: norm, axes: 0, keep_dims: true}\n  - layer_norm:\n    name: norm\n"
    )
    assert 'layers.LayerNormalization(axis=[1, 2, 3], name="norm_layer")' in code_of_text(text, tmp_path)


@pytest.mark.parametrize("name", ["x", "inputs", "outputs", "index"])
def test_variables_hide_no_function(name: str, tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(
        f"input: [3, 8, 8]\nblocks:\n  {name}(a):\n    - conv: [a, 1]\n    - relu\nlayers:\n"
        f"  - {name}: [4]\n  - {name}: [5]\n",
        encoding="utf-8",
    )
    tree = ast.parse(code_of(str(file)))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    nodes = [node for function in functions for node in ast.walk(function)]
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    assert not own & {function.name for function in functions}


def test_a_loop_does_not_hide_the_inputs(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("input: [3, 8, 8]\nlayers:\n  - conv: [inputs, 1]\n    for: {inputs: [4, 5]}\n", encoding="utf-8")
    loop = next(node for node in ast.walk(ast.parse(code_of(str(file)))) if isinstance(node, ast.For))
    assert all(node.id != "inputs" for node in ast.walk(loop.target) if isinstance(node, ast.Name))


def test_fractions_of_whole_numbers_are_whole(tmp_path: Path) -> None:
    text = """
input: [8, 8, 8]
variables: {width: 0.5}
blocks:
  halve(filters):
    - conv: {filters: filters / 2, kernel: 1}
    - conv: {filters: 64 * width, kernel: 1}
layers:
  - halve: in_channels / 2
"""
    code = code_of_text(text, tmp_path)
    assert "halve(inputs, inputs.shape[-1] // 2, width=width, " in code
    assert "layers.Conv2D(filters // 2, 1, " in code
    assert "layers.Conv2D(round(64 * width), 1, " in code


EVIL = '"""\\nimport os\\n"""; \\\\ {__import__(\'os\')} \\x00 \\" \u202e'


def test_texts_of_a_spec_are_never_code(tmp_path: Path) -> None:
    spec = {
        "name": EVIL,
        "source": EVIL + '"',
        "input": [3, 8, 8],
        "variables": {"keras": 4, "layers": 5, "x": 6, "name": 7, "class": 8, "print": 9, "inputs": 3, "outputs": 2},
        "blocks": {
            "lambda(range, ops=layers)": [{"conv": ["range + ops + print", 1]}, {"relu": None, "name": "import"}],
            "conv_bn(filters)": [{"lambda": "filters"}, {"lambda": {"range": "keras + x"}}],
            "ﬁlter(math)": [{"lambda": "math"}],
        },
        "layers": [
            {"conv_bn": "name"},
            {"lambda": [1, 2], "name": "__class__"},
            {"ﬁlter": "inputs", "name": "ｅｖａｌ"},
            {"conv": ["outputs", 1], "name": "a/b+c.d-e", "for": {"True_": [1]}},
            {"conv": [8, 1], "name": "{'''x'''}" if False else "None"},
            {"apply": "x * 2"},
        ],
    }
    code = code_of_text(json.dumps(spec), tmp_path)
    check_nodes(code)
    assert "import os" not in ast.unparse(_without_docstrings(ast.parse(code)))


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


@pytest.mark.parametrize("name", FLAT)
def test_what_has_no_structure_in_keras_is_written_layer_by_layer(name: str) -> None:
    code = code_of(name)
    check_nodes(code)
    functions = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    assert functions[-1].name == name
    assert len(functions[-1].body) > 50
