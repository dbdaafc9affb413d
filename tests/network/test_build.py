"""Spec -> network: every feature of the language by a small example, checked by names, shapes and sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from cnncalc import limits
from cnncalc.errors import SpecError
from cnncalc.network.records import Layer, LayerGraph

Loaded = Callable[[str], LayerGraph]


def names(network: LayerGraph) -> list[str]:
    return [layer.name for layer in network.layers]


def layer(network: LayerGraph, name: str) -> Layer:
    return next(layer for layer in network.layers if layer.name == name)


def filters(network: LayerGraph) -> list[object]:
    return [layer.settings["filters"] for layer in network.layers if layer.type == "conv"]


def of_layers(lines: str) -> str:
    return f"variables: {{width: 8, depths: [2, 3], flag: true}}\ninput: [3, 16, 16]\nlayers:\n{lines}"


# --- arguments ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("conv: {filters: 8, kernel: 3}", {"filters": 8, "kernel": 3, "stride": 1, "padding": 0, "bias": True}),
        ("conv: [8, 3, 2, same]", {"filters": 8, "kernel": 3, "stride": 2, "padding": "same"}),
        ("conv: [8, [3, 5]]", {"filters": 8, "kernel": (3, 5)}),
        ("conv: {filters: width * 2, kernel: depths}", {"filters": 16, "kernel": (2, 3)}),
        ("conv: {filters: 'width', kernel: ['depths[0]', in_channels]}", {"filters": 8, "kernel": (2, 3)}),
        ("conv: {filters: 1e1, kernel: 1, bias: not flag}", {"filters": 10, "bias": False}),
        ("conv: {filters: 8, kernel: 1, padding: same if flag else valid}", {"padding": "same"}),
        ("linear: {features: 10, flatten: true}", {"features": 10}),
        ("dropout: 0.5", {"rate": pytest.approx(0.5)}),
        ("max_pool: 2", {"kernel": 2, "stride": None}),
        ("max_pool: {kernel: 2, stride: ~}", {"kernel": 2, "stride": None}),
        ("max_pool: {kernel: in_height // 4, stride: 'in_shape[2]'}", {"kernel": 4, "stride": 16}),
        ("relu", {}),
        ("relu:", {}),
        ("relu: []", {}),
        ("relu: {}", {}),
        ("reshape: [3, -1]", {"shape": (3, -1)}),
    ],
)
def test_arguments_of_a_layer(spec: Loaded, item: str, expected: dict[str, object]) -> None:
    (only,) = spec(of_layers(f"  - {item}")).layers
    assert {key: only.settings[key] for key in expected} == expected


BLOCK = """
input: [3, 16, 16]
variables: {width: 8}
blocks:
  unit(filters, kernel=3, padding=kernel // 2, again=filters * 2, seen=in_channels):
    - conv: {filters: filters, kernel: kernel, padding: padding}
    - conv: {filters: again + seen, kernel: 1}
layers:
"""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("unit: 8", [(8, 3, 1), (19, 1, 0)]),
        ("unit: width", [(8, 3, 1), (19, 1, 0)]),
        ("unit: [8, 5]", [(8, 5, 2), (19, 1, 0)]),
        ("unit: [8, 5, same]", [(8, 5, "same"), (19, 1, 0)]),
        ("unit: {filters: 8, padding: 0}", [(8, 3, 0), (19, 1, 0)]),
        ("unit: {filters: in_channels, again: 1}", [(3, 3, 1), (4, 1, 0)]),
        ("unit: [8, [3, 1], valid]", [(8, (3, 1), "valid"), (19, 1, 0)]),
        ("unit: [8, 1, 0, 1, 0]", [(8, 1, 0), (1, 1, 0)]),
    ],
)
def test_arguments_of_a_block(spec: Loaded, call: str, expected: list[tuple[object, ...]]) -> None:
    network = spec(f"{BLOCK}  - {call}\n")
    assert [
        (one.settings["filters"], one.settings["kernel"], one.settings["padding"]) for one in network.layers
    ] == expected


def test_a_block_sees_variables_and_its_own_arguments_only(spec: Loaded) -> None:
    network = spec("""
input: [3, 16, 16]
variables: {width: 8, kernel: 1}
blocks:
  outer(kernel):
    - inner: 2
    - conv: [width, kernel]
  inner(width):
    - conv: [width, kernel]
layers:
  - outer: 3
""")
    # The inner block's width is its argument; its kernel is the variable, not that of its caller.
    assert [(one.settings["filters"], one.settings["kernel"]) for one in network.layers] == [(2, 1), (8, 3)]


def test_blocks_may_stand_in_any_order_and_nest(spec: Loaded) -> None:
    network = spec("""
input: [3, 16, 16]
blocks:
  outer: [middle, middle]
  middle:
    - inner
    - inner
  inner: [relu]
layers: [outer]
""")
    assert names(network) == [
        "outer.middle.inner.relu",
        "outer.middle.inner_2.relu",
        "outer.middle_2.inner.relu",
        "outer.middle_2.inner_2.relu",
    ]
    assert [(group.name, group.kind) for group in network.groups][:3] == [
        ("outer", "outer"),
        ("outer.middle", "middle"),
        ("outer.middle.inner", "inner"),
    ]


def test_an_empty_block_is_the_identity(spec: Loaded) -> None:
    network = spec("input: [3, 8, 8]\nblocks:\n  nothing:\nlayers: [relu, nothing, tanh]")
    assert layer(network, "tanh").inputs == ("relu",)


# --- repeat, for, when --------------------------------------------------------------------------------


def test_repeat(spec: Loaded) -> None:
    network = spec(of_layers("  - conv: [width * 2 ** index, 1]\n    name: c\n    repeat: 3\n  - relu:\n    from: c\n"))
    assert names(network) == ["c.0", "c.1", "c.2", "relu"]
    assert filters(network) == [8, 16, 32]
    # The name stands for the last pass.
    assert [one.inputs for one in network.layers] == [("input",), ("c.0",), ("c.1",), ("c.2",)]


def test_repeat_without_a_name(spec: Loaded) -> None:
    assert names(spec(of_layers("  - relu:\n    repeat: 2\n  - relu:\n    repeat: 1\n"))) == [
        "relu.0",
        "relu.1",
        "relu_2.0",
    ]


def test_repeat_with_the_index_in_the_name(spec: Loaded) -> None:
    network = spec(of_layers("  - relu:\n    name: conv{index + 1}_{width}\n    repeat: 2\n"))
    assert names(network) == ["conv1_8", "conv2_8"]


def test_repeat_never(spec: Loaded) -> None:
    network = spec(
        of_layers("  - relu\n  - conv: [8, 1]\n    name: none\n    repeat: width - 8\n  - tanh:\n    from: none\n")
    )
    assert names(network) == ["relu", "tanh"]
    # Passed through no time, it gives what came in.
    assert layer(network, "tanh").inputs == ("relu",)


def test_repeat_over_the_incoming_tensor(spec: Loaded) -> None:
    assert len(spec(of_layers("  - relu:\n    repeat: in_channels\n")).layers) == 3


def test_for_walks_through_lists_together(spec: Loaded) -> None:
    network = spec(of_layers("  - conv: [f + index, k]\n    for: {f: [4, 5], k: [1, 'depths[1]']}\n"))
    assert [(one.settings["filters"], one.settings["kernel"]) for one in network.layers] == [(4, 1), (6, 3)]


def test_for_takes_rows_apart(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - layers:
      - conv: [f, k]
        repeat: n
    for: {"f, k, n": [[4, 1, 2], [5, 3, 1], [6, 1, 0]]}
    name: stage
""")
    )
    assert names(network) == ["stage.0.conv.0", "stage.0.conv.1", "stage.1.conv.0"]
    assert filters(network) == [4, 4, 5]


def test_names_of_a_paper_come_out_of_unnamed_groups(spec: Loaded) -> None:
    """The convolutions of VGG, stage by stage."""
    network = spec("""
input: [3, 32, 32]
layers:
  - layers:
      - layers:
          - conv: {filters: 64 * stage, kernel: 3, padding: 1}
            name: conv{stage}_{index + 1}
          - relu
        repeat: depth
      - max_pool: [2, 2]
        name: pool{stage}
    for: {stage: [1, 2], depth: [1, 2]}
""")
    assert names(network) == ["conv1_1", "relu", "pool1", "conv2_1", "relu_2", "conv2_2", "relu_3", "pool2"]
    assert layer(network, "conv2_1").inputs == ("pool1",)


def test_parallel_groups_by_their_names(spec: Loaded) -> None:
    text = """
  - relu:
    name: r
  - layers:
      - conv: [4, 1]
        name: head{i}
    from: r
    for: {i: [1, 2]}
"""
    assert [one.inputs for one in spec(of_layers(text)).layers] == [("input",), ("r",), ("r",)]


def test_for_and_repeat(spec: Loaded) -> None:
    """Each row as often as it says, and index counts all passes."""
    network = spec(of_layers("  - conv: [f + index, 1]\n    for: {f: [10, 20], n: depths}\n    repeat: n\n"))
    assert filters(network) == [10, 11, 22, 23, 24]
    network = spec(of_layers("  - conv: [f, 1]\n    for: {f: [10, 20, 30]}\n    repeat: index + 1\n"))
    # The second row begins with the second pass, the third with the fourth.
    assert filters(network) == [10, 20, 20, 30, 30, 30, 30]


def test_for_over_nothing(spec: Loaded) -> None:
    assert names(spec(of_layers("  - relu\n  - conv: [f, 1]\n    for: {f: []}\n"))) == ["relu"]


def test_when(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - conv: [3, 1]
    when: in_channels != 3
  - conv: [4, 1]
    when: flag and width > 4
  - conv: [5, 1]
    when: index % 2 == 1
    repeat: 4
    name: odd
  - conv: [6, 1]
    when: false
""")
    )
    assert filters(network) == [4, 5, 5]
    assert names(network) == ["conv", "odd.1", "odd.3"]


def test_when_asks_of_the_tensor_that_from_names(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - conv: [8, 1]
    name: wide
  - conv: [4, 1]
  - relu:
    from: wide
    when: in_channels == 8
""")
    )
    assert layer(network, "relu").inputs == ("wide",)


WIDE = """
  - conv: [7, 1]
    name: wide
  - conv: [4, 1]
    name: narrow
"""


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        # Twice the 7 channels that come in, not twice the 4 of the layer above.
        ("  - conv: [width, 1]\n    from: wide\n    for: {width: [2 * in_channels]}\n", [14]),
        ("  - conv: [width, 1]\n    from: {input: wide}\n    for: {width: [2 * in_channels]}\n", [14]),
        # 7 - 5 passes, each behind the one before; from previous is what it would be without from.
        ("  - conv: [3, 1]\n    name: 'c{index}'\n    from: wide\n    repeat: in_channels - 5\n", [3, 3]),
        ("  - conv: [3, 1]\n    from: previous\n    repeat: in_channels - 2\n", [3, 3]),
        # Rows of 7 and 1 passes, and each layer sees 7 channels.
        (
            (
                "  - conv: [in_channels + index, 1]\n    name: 'c{index}'\n    from: wide\n"
                "    for: {n: [in_channels, 1]}\n    repeat: n // 3\n"
            ),
            [7, 8],
        ),
        # The keys of a group, a block, a join and a branch see the same.
        (
            "  - layers: [conv: [width, 1]]\n    from: wide\n    for: {width: [in_channels]}\n    name: 'g{index}'\n",
            [7],
        ),
        ("  - unit: width\n    from: wide\n    for: {width: [in_channels]}\n    name: 'u{index}'\n", [7]),
        (
            (
                "  - concat: [[conv: [width, 1]], []]\n    from: wide\n    for: {width: [in_channels]}\n"
                "    name: 'j{index}'\n"
            ),
            [7],
        ),
        (
            "  - concat:\n      - {layers: [conv: [width, 1]], from: wide, for: {width: [in_channels]}}\n      - []\n",
            [7],
        ),
        ("  - concat:\n      - {layers: [conv: [2, 1]], from: wide, repeat: in_channels - 5}\n      - []\n", [2, 2]),
        ("  - branch:\n      a: {layers: [conv: [width, 1]], from: wide, for: {width: [in_channels]}}\n", [7]),
        ("  - branch: {a: [conv: [width, 1]]}\n    from: wide\n    for: {width: [in_channels]}\n", [7]),
    ],
)
def test_every_key_of_an_item_asks_of_the_tensor_that_from_names(item: str, expected: list[int], spec: Loaded) -> None:
    text = of_layers(f"{WIDE}{item}").replace(
        "layers:\n", "blocks:\n  unit(filters):\n    - conv: [filters, 1]\nlayers:\n", 1
    )
    assert filters(spec(text)) == [7, 4, *expected]


def test_weights_ask_of_the_tensor_that_from_names(spec: Loaded) -> None:
    seven = "  - conv: [7, 1]\n    name: c7\n    from: wide\n"
    again = (
        "  - relu:\n    from: narrow\n  - conv: [7, 1]\n    name: again\n    from: c7\n    weights: 'c{in_channels}'\n"
    )
    assert layer(spec(of_layers(f"{WIDE}{seven}{again}")), "again").weights_from == "c7"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            "  - relu:\n    name: 'c{index}'\n    from: 'x{index}'\n    repeat: in_channels\n",
            (
                "11:11: from depends on index, which the loop defines, but the loop depends on the tensor of from;"
                " use numbers or variables in for and repeat instead of in_channels and other sizes of the input"
            ),
        ),
        (
            "  - concat:\n      - {layers: [relu], from: 'x{n}', for: {n: [in_channels]}}\n      - []\n",
            (
                "10:32: from depends on n, which the loop defines, but the loop depends on the tensor of from;"
                " use numbers or variables in for and repeat instead of in_channels and other sizes of the input"
            ),
        ),
        (
            "  - concat:\n    name: 'c{index}'\n    from: [wide, narrow]\n    repeat: in_channels\n",
            (
                "12:13: in_channels and other sizes of the input need exactly one input tensor;"
                " pass the number as a block argument"
            ),
        ),
        (
            "  - relu:\n    name: r\n    from: r\n    repeat: in_channels\n",
            "11:11: 'r' reads itself; name a layer above it, or previous",
        ),
    ],
)
def test_a_loop_that_cannot_see_what_from_names(item: str, message: str, spec: Loaded) -> None:
    with pytest.raises(SpecError) as caught:
        spec(of_layers(f"{WIDE}{item}"))
    assert [str(problem).partition("spec.yaml:")[2] for problem in caught.value.problems] == [message]


def test_from_is_not_looked_up_where_when_is_false(spec: Loaded) -> None:
    text = "  - relu:\n    name: r{index}\n    repeat: 2\n  - add:\n    from: [previous, r6]\n    when: width > 8\n"
    assert names(spec(of_layers(text))) == ["r0", "r1"]


# --- from ---------------------------------------------------------------------------------------------


def test_from(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - relu:
    name: a
  - tanh:
    name: b
    from: a
  - sigmoid:
    from: input
  - add:
    from: [previous, a, b, input]
  - relu:
    name: c
    from: [b]
""")
    )
    assert [one.inputs for one in network.layers] == [
        ("input",),
        ("a",),
        ("input",),
        ("sigmoid", "a", "b", "input"),
        ("b",),
    ]


def test_from_with_a_computed_name(spec: Loaded) -> None:
    network = spec(
        of_layers("  - relu:\n    name: r{index}\n    repeat: 3\n  - add:\n    from: ['r{depths[0]}', r0]\n")
    )
    assert layer(network, "add").inputs == ("r2", "r0")


def test_parallel_layers_in_a_repeat(spec: Loaded) -> None:
    network = spec(
        of_layers("  - relu:\n    name: r\n  - conv: [4, 1]\n    from: r\n    name: head{index}\n    repeat: 2\n")
    )
    assert [layer(network, name).inputs for name in ("head0", "head1")] == [("r",), ("r",)]


def test_input_is_that_of_the_block(spec: Loaded) -> None:
    network = spec("""
input: [3, 8, 8]
blocks:
  unit:
    - tanh
    - add:
        one:
          - relu
          - relu:
            from: input
        two: {from: input}
layers: [sigmoid, unit]
""")
    assert layer(network, "unit.one.relu_2").inputs == ("sigmoid",)
    assert layer(network, "unit.add").inputs == ("unit.one.relu_2", "sigmoid")


def test_blocks_of_several_inputs(spec: Loaded) -> None:
    network = spec("""
input: [3, 8, 8]
blocks:
  listed:
    - relu:
      from: input.1
    - add:
      from: [previous, input.0]
  named:
    - concat:
      from: [skip, deep]
  whole:
    - add
layers:
  - relu:
    name: a
  - tanh:
    name: b
  - listed:
    from: [a, b]
  - named:
    from: {deep: previous, skip: a}
  - whole:
    from: [previous, named]
  - named:
    from: {skip: b, deep: input}
    name: again
""")
    assert layer(network, "listed.relu").inputs == ("b",)
    assert layer(network, "listed.add").inputs == ("listed.relu", "a")
    assert layer(network, "named.concat").inputs == ("a", "listed.add")
    assert layer(network, "whole.add").inputs == ("named.concat", "named.concat")
    assert layer(network, "again.concat").inputs == ("b", "input")


FUSE = """
input: [3, 8, 8]
blocks:
  fuse(filters, joined=true):
    - conv: [filters, 1]
      from: low
      name: up
    - add:
        - [relu]
        - {layers: [relu], from: high}
      when: joined
layers:
  - conv: [4, 1]
    name: a
  - conv: [4, 1]
    name: b
  - fuse: 4
"""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "{low: a}",
            "the block 'fuse' reads 'high' (line 10), but from passes low; write from: {low: ..., high: ...}",
        ),
        (
            "{high: a}",
            "the block 'fuse' reads 'low' (line 6), but from passes high; write from: {low: ..., high: ...}",
        ),
        ("{low: a, hihg: b}", "the block 'fuse' does not read 'hihg'; did you mean 'high'?"),
        ("{hihg: b}", "the block 'fuse' does not read 'hihg'; did you mean 'high'?"),
        ("{low: a, high: b, extra: a}", "the block 'fuse' does not read 'extra'; it reads low and high"),
        ("{low: a, input: b}", "the block 'fuse' does not read 'input'; it reads low and high"),
        ("{low: a, input: b, extra: b}", "the block 'fuse' does not read 'input' and 'extra'; it reads low and high"),
        ("[a, b]", "the block 'fuse' does not read 'input.0' and 'input.1'; it reads low and high"),
    ],
)
def test_a_mapping_that_does_not_fit_the_block(given: str, message: str, spec: Loaded) -> None:
    """The call is to blame, and each call has its own problem."""
    with pytest.raises(SpecError) as caught:
        spec(f"{FUSE}    from: {given}\n  - fuse: 4\n    from: {{low: a, high: b}}\n  - fuse: 4\n    from: {given}\n")
    found = [str(problem).partition("spec.yaml:")[2] for problem in caught.value.problems]
    assert found == [f"18:11: {message}", f"22:11: {message}"]


@pytest.mark.parametrize(
    ("call", "body"),
    [
        # A branch whose when is false reads nothing, and a block may be told not to read.
        ("fuse: [4, false]\n    from: {low: a}", ""),
        ("fuse: [4, false]\n    from: {low: a, high: b}", ""),
        # One tensor comes into the first layer, whatever it is called.
        ("unit:\n    from: {anything: a}", "- relu"),
        ("unit:\n    from: {anything: a}", "- relu:\n      name: r\n    - add:\n      from: [r, anything]"),
        # A join alone takes all; a computed name may be any that it fits.
        ("unit:\n    from: {one: a, two: b}", "- add"),
        ("unit:\n    from: {one: a, two: b}", "- layers: [concat]"),
        (
            "unit:\n    from: {x1: a, x2: b}",
            "- relu:\n      from: 'x{index + 1}'\n      name: 'r{index}'\n      repeat: 2",
        ),
        ("unit:\n    from: [a, b]", "- relu:\n      from: 'input.{index}'\n      name: 'r{index}'\n      repeat: 2"),
        # A layer of the block may have the name of what comes in, which comes first.
        ("unit:\n    from: {x: a, y: b}", "- relu:\n      from: x\n      name: y\n    - add:\n      from: [y, x]"),
        # What a block hands on is read.
        ("outer:\n    from: {x: a, y: b}", "- add:\n      from: [low, high]"),
    ],
)
def test_a_mapping_that_fits(call: str, body: str, spec: Loaded) -> None:
    outer = "  outer:\n    - unit:\n      from: {low: x, high: y}\n"
    unit = f"  unit:\n    {body}\n{outer if 'low' in body else ''}" if body else ""
    text = FUSE.replace("\nlayers:\n", f"\n{unit}layers:\n")
    assert spec(text.replace("  - fuse: 4\n", f"  - {call}\n")).layers


def test_what_an_outer_block_lacks_is_told_of_its_own_call(spec: Loaded) -> None:
    outer = "  outer:\n    - fuse: 4\n      from: {low: one, high: two}\n"
    text = FUSE.replace("  - fuse: 4\n", "  - outer:\n    from: {one: a}\n")
    with pytest.raises(SpecError) as caught:
        spec(text.replace("\nlayers:\n", f"\n{outer}layers:\n"))
    found = [str(problem).partition("spec.yaml:")[2] for problem in caught.value.problems]
    assert found == [
        "21:11: the block 'outer' reads 'two' (line 14), but from passes one; write from: {one: ..., two: ...}"
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        # A slip in the name of a layer of the block stays where it is.
        ("stme", "9:13: no layer has the name 'stme'; did you mean 'stem'?"),
        ("conv.relu", "9:13: no layer has the name 'conv.relu'; did you mean 'conv'?"),
        ("later", "9:13: 'later' is defined below, in line 11; move it up: a layer reads only layers above it"),
    ],
)
def test_names_of_a_block_are_told_in_the_block(name: str, message: str, spec: Loaded) -> None:
    text = f"""
input: [3, 8, 8]
blocks:
  unit:
    - relu:
      name: stem
    - conv: [4, 1]
    - relu:
      from: {name}
    - relu:
      name: later
layers:
  - relu:
    name: a
  - unit:
    from: {"a" if name == "stme" else "{x: a}"}
"""
    with pytest.raises(SpecError) as caught:
        spec(text)
    assert [str(problem).partition("spec.yaml:")[2] for problem in caught.value.problems] == [message]


def test_a_path_leads_into_blocks_and_branches(spec: Loaded) -> None:
    network = spec("""
input: [3, 8, 8]
blocks:
  unit:
    - relu:
      name: first
    - add:
        left: [tanh]
        right: [sigmoid]
layers:
  - unit:
    name: u
  - add:
    from: [u.first, u.left, u.left.tanh, u]
""")
    assert layer(network, "add").inputs == ("u.first", "u.left.tanh", "u.left.tanh", "u.add")


# --- joins and branches -------------------------------------------------------------------------------


def test_joins_of_branches(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - concat:
      - [{conv: [4, 1]}, relu]
      -
      - [{conv: [5, 1]}]
  - concat:
      axis: 1
      top: [relu]
      bottom:
  - add: {branches: [[relu], []]}
""")
    )
    assert layer(network, "concat").output_shape == (4 + 3 + 5, 16, 16)
    assert layer(network, "concat").inputs == ("relu", "input", "conv_2")
    assert layer(network, "concat_2").output_shape == (12, 32, 16)
    assert layer(network, "concat_2").inputs == ("top.relu", "concat")
    assert layer(network, "add").inputs == ("relu_2", "concat_2")


def test_a_branch_that_is_there_at_times(spec: Loaded) -> None:
    text = """
input: [8, 16, 16]
blocks:
  unit(filters, stride):
    - add:
        residual: [{conv: [filters, 3, stride, 1]}]
        identity: {when: stride == 1 and in_channels == filters}
layers:
  - unit: [8, 1]
    name: both
  - unit: [8, 2]
    name: alone
  - relu
"""
    network = spec(text)
    assert names(network) == ["both.residual.conv", "both.add", "alone.residual.conv", "relu"]
    # A join with one branch left is that branch.
    assert layer(network, "relu").inputs == ("alone.residual.conv",)


def test_branches_in_a_loop(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - concat:
      same:
      scale:
        for: {k: [1, 3, 5]}
        when: k != 3
        layers:
          - conv: [k, k, 1, same]
      again: {repeat: 2, layers: [{conv: [index + 1, 1]}]}
""")
    )
    assert layer(network, "concat").inputs == (
        "input", "scale.0.conv", "scale.2.conv", "again.0.conv", "again.1.conv",
    )  # fmt: skip
    assert layer(network, "concat").output_shape == (3 + 1 + 5 + 1 + 2, 16, 16)


def test_side_branches(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - relu
  - branch:
      mask: [{conv: [1, 1]}]
      boxes: [{conv: [4, 1]}]
  - tanh
""")
    )
    assert layer(network, "tanh").inputs == ("relu",)
    assert layer(network, "boxes.conv").inputs == ("relu",)
    assert network.outputs == ("tanh", "mask.conv", "boxes.conv")
    assert not any(one.training_only for one in network.layers)


def test_a_side_branch_that_is_read_is_no_output(spec: Loaded) -> None:
    network = spec(of_layers("  - branch: {side: [relu]}\n  - tanh\n  - add:\n    from: [previous, side]\n"))
    assert network.outputs == ("add",)


def test_training_only(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - relu
  - branch: {aux: [{conv: [4, 1]}, global_avg_pool]}
    training_only: true
    name: extra
  - tanh
""")
    )
    assert [(one.name, one.training_only) for one in network.layers] == [
        ("relu", False),
        ("extra.aux.conv", True),
        ("extra.aux.global_avg_pool", True),
        ("tanh", False),
    ]


# --- shared weights -----------------------------------------------------------------------------------


def test_layers_share_weights(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - conv: [3, 3, 1, 1]
    name: a
  - conv: [3, 3, 2, 1]
    weights: a
  - conv: {filters: 3, kernel: 3, dilation: 2}
    weights: conv
    name: third
""")
    )
    # Stride and dilation change no weight; the owner is the first, also of one that shares with a sharer.
    assert [one.weights_from for one in network.layers] == [None, "a", "a"]
    assert [one.params for one in network.layers] == [84, 0, 0]


def test_blocks_share_weights(spec: Loaded) -> None:
    network = spec("""
input: {left: [1, 16, 16], right: [1, 16, 16]}
blocks:
  unit(filters):
    - conv: [filters, 3]
      repeat: 2
    - batch_norm
    - add:
        one: [{conv: [filters, 1]}]
        two:
  tower:
    - unit: 4
      repeat: 2
layers:
  - tower:
    from: left
    name: one
  - tower:
    from: right
    weights: one
    name: two
  - add:
    from: [one, two]
""")
    shared = {one.name: one.weights_from for one in network.layers if one.name.startswith("two.")}
    assert shared["two.unit.1.conv.0"] == "one.unit.1.conv.0"
    assert shared["two.unit.0.one.conv"] == "one.unit.0.one.conv"
    assert shared["two.unit.0.add"] is None
    own = [4 * 9 + 4, 4 * 4 * 9 + 4, 8, 4 * 4 + 4]
    second = [4 * 4 * 9 + 4, 4 * 4 * 9 + 4, 8, 4 * 4 + 4]
    assert sum(one.params for one in network.layers) == sum(own) + sum(second)
    assert sum(one.buffers for one in network.layers) == 2 * 8


def test_a_repeated_layer_shares_weights(spec: Loaded) -> None:
    network = spec(
        of_layers("  - conv: [3, 1]\n    name: a\n  - conv: [3, 1]\n    weights: a\n    repeat: 3\n    name: again\n")
    )
    assert [one.weights_from for one in network.layers] == [None, "a", "a", "a"]


# --- names, inputs, outputs ---------------------------------------------------------------------------


def test_names(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - relu
  - relu
  - relu:
    name: relu_4
  - relu
  - relu
  - relu:
    name: conv2_3x3/reduce
""")
    )
    assert names(network) == ["relu", "relu_2", "relu_4", "relu_3", "relu_5", "conv2_3x3/reduce"]


def test_equal_branches_are_numbered(spec: Loaded) -> None:
    network = spec(of_layers("  - add: {a: [relu], b: [tanh]}\n  - add: {a: [relu], b: [tanh]}\n"))
    assert names(network) == ["a.relu", "b.tanh", "add", "a_2.relu", "b_2.tanh", "add_2"]


def test_groups(spec: Loaded) -> None:
    network = spec(
        of_layers("""
  - layers: [relu, tanh]
    name: both
  - layers:
      - relu
  - layers: [relu]
    repeat: 2
  - add:
    from: [both, both.relu]
""")
    )
    # An unnamed group adds no name of its own, repeated or not.
    assert names(network) == ["both.relu", "both.tanh", "relu", "relu_2", "relu_3", "add"]
    assert layer(network, "add").inputs == ("both.tanh", "both.relu")


@pytest.mark.parametrize(
    ("shape", "output"),
    [("[3, 9]", (4, 4)), ("[3, 9, 9]", (4, 4, 4)), ("[3, 9, 9, 9]", (4, 4, 4, 4))],
)
def test_spatial_axes_are_those_of_the_input(spec: Loaded, shape: str, output: tuple[int, ...]) -> None:
    network = spec(f"input: {shape}\nlayers:\n  - conv: [4, 3, 2]\n")
    assert network.layers[0].output_shape == output
    assert network.layers[0].weights[0].shape == (4, 3, *(3,) * (len(output) - 1))


def test_a_vector_comes_in(spec: Loaded) -> None:
    assert spec("input: 784\nlayers:\n  - linear: 10").layers[0].params == 7850


def test_in_names_of_a_volume(spec: Loaded) -> None:
    features = "in_depth * 100 + in_height * 10 + in_width"
    text = f"input: [1, 4, 5, 6]\nlayers:\n  - linear: {{features: {features}, flatten: true}}"
    assert spec(text).layers[0].output_shape == (456,)


def test_several_inputs(spec: Loaded) -> None:
    network = spec("variables: {s: 8}\ninput: {left: [3, s, s], right: [5, s, s]}\nlayers: [concat, relu]")
    assert network.inputs == (("left", (3, 8, 8)), ("right", (5, 8, 8)))
    assert layer(network, "concat").inputs == ("left", "right")
    assert network.outputs == ("relu",)


def test_outputs(spec: Loaded) -> None:
    text = "outputs: [a, b]\n" + of_layers("  - relu:\n    name: a\n  - relu:\n    name: b\n  - relu")
    assert spec(text).outputs == ("a", "b")
    assert spec(text.replace("[a, b]", "b")).outputs == ("b",)


def test_a_network_of_side_branches_alone(spec: Loaded) -> None:
    network = spec("""
input: {left: [3, 8, 8], right: [3, 8, 8]}
layers:
  - branch:
      one: {from: left, layers: [relu]}
      two: {from: right, layers: [relu]}
""")
    assert network.outputs == ("one.relu", "two.relu")


def test_equal_layers_are_computed_once(spec: Loaded) -> None:
    network = spec(of_layers("  - conv: [3, 3, 1, 1]\n    repeat: 3\n  - conv: [3, 3, 1, width // 8]\n"))
    assert len({id(one.figures) for one in network.layers}) == 1


def test_lines(spec: Loaded) -> None:
    network = spec(of_layers("  - relu\n  - relu:\n    name: b\n"))
    assert [(one.span.line, one.span.column) for one in network.layers] == [(4, 5), (5, 5)]


# --- problems -----------------------------------------------------------------------------------------


def test_a_mistake_in_a_block_is_told_once_for_all_its_uses(spec: Loaded) -> None:
    with pytest.raises(SpecError) as caught:
        spec("input: [3, 8, 8]\nblocks:\n  unit:\n    - conv: [4, 9]\nlayers: [unit, {unit: , from: input}]")
    assert [problem.message for problem in caught.value.problems] == ["unit.conv: kernel 9 does not fit the 8x8 input"]


@pytest.fixture
def bounded() -> Iterator[Callable[[int], None]]:
    """Put a bound on the layers in force."""
    with ExitStack() as stack:
        yield lambda layers: stack.enter_context(limits.using(limits.Limits(layers=layers)))


def test_layers_and_steps_are_bounded(spec: Loaded, bounded: Callable[[int], None]) -> None:
    """Three times as many items as layers may be passed through."""
    bounded(10)
    assert len(spec(of_layers("  - relu:\n    repeat: 10\n")).layers) == 10
    with pytest.raises(SpecError, match="the network has more than 10 layers; `--limit layers=N` raises"):
        spec(of_layers("  - relu:\n    repeat: 10\n  - relu\n"))
    with pytest.raises(SpecError, match="repeat takes a whole number from 0 to 10, not 11; `--limit layers=N`"):
        spec(of_layers("  - relu:\n    repeat: 11\n"))
    with pytest.raises(
        SpecError,
        match="expands to more than 30 layers, blocks and branches; repeat fewer times; `--limit layers=N`",
    ):
        spec(of_layers("  - layers:\n      - layers: []\n        repeat: 5\n    repeat: 6\n  - relu\n"))


def test_lists_that_are_walked_are_work(spec: Loaded) -> None:
    """32 values are walked where 20 operations are left, even if no pass is made of them."""
    text = of_layers(f"  - relu\n  - relu:\n    repeat: 0\n    for: {{a: [{'1, ' * 31}1]}}\n")
    assert len(spec(text).layers) == 1
    with limits.using(limits.Limits(work=20)), pytest.raises(SpecError, match="more than 20 operations"):
        spec(text)


def test_what_was_found_before_a_bound_is_told_too(spec: Loaded, bounded: Callable[[int], None]) -> None:
    bounded(1)
    text = """
  - rellu
  - conv: [3, 99]
    from: input
  - relu:
    from: input
  - relu
"""
    with pytest.raises(SpecError) as caught:
        spec(of_layers(text))
    assert [problem.message for problem in caught.value.problems] == [
        "unknown layer type 'rellu'",
        "conv: kernel 99 does not fit the 16x16 input",
        "the network has more than 1 layers",
    ]
