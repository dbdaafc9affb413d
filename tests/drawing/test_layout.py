"""Drawings of all bundled networks, and of small ones whose boxes and lines are known."""

from __future__ import annotations

import layouts
import pytest

import cnncalc
from cnncalc import limits
from cnncalc.drawing.options import DrawingView
from cnncalc.drawing.scene import scene
from cnncalc.drawing.view import draw
from cnncalc.errors import SpecError
from cnncalc.limits import Limits

ALL = 1_000_000
NETWORKS = cnncalc.networks()
# Of each family one is opened completely, and those with the most branches and lines over them.
OPENED = (
    "alexnet", "capsnet", "coatnet_0", "crnn", "densenet40_cifar", "dla34", "dpn68", "efficientnet_b0", "fcn8s_vgg16",
    "fcos_resnet50_fpn", "ghostnet_100", "googlenet", "hrnet_w18", "inception_v3", "mixnet_s", "mobilenet_v2",
    "nasnetalarge", "resnet18", "siamese", "ssd300_vgg16", "swin_t", "unet", "unet_plus_plus", "vae", "vit_b_16",
    "yolov3",
)  # fmt: skip


def check(name: str, depth: int, *, rightward: bool = False) -> None:
    drawn, layout, picture = layouts.laid_out(cnncalc.load(name).facts, depth, rightward=rightward)
    layouts.check_links(drawn)
    layouts.check_layout(drawn, layout)
    layouts.check_lines(drawn, layout)
    layouts.check_texts(picture)
    layouts.check_canvas(drawn, picture)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network(name: str) -> None:
    check(name, 0)


@pytest.mark.parametrize("name", OPENED)
def test_every_block_open(name: str) -> None:
    check(name, ALL)


@pytest.mark.parametrize("name", NETWORKS[::7])
def test_to_the_right(name: str) -> None:
    check(name, 0, rightward=True)
    check(name, 2, rightward=True)


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_open(name: str) -> None:
    check(name, ALL)


SKIP = """
input: [8, 16, 16]
layers:
  - conv: [8, 3]
    name: first
  - add:
      - [conv: {filters: 8, kernel: 3, padding: 1}]
      - []
    name: sum
  - relu
"""


def test_a_line_beside_a_box() -> None:
    """The skip connection from `first` to `sum` has a lane beside the convolution between."""
    network = cnncalc.loads(SKIP).facts
    drawn, layout, _ = layouts.laid_out(network)
    names = {part.name: part.number for part in drawn.parts}
    assert [part.label for part in drawn.parts[1:]] == ["input", "first", "conv", "sum", "relu"]
    routes = {
        (drawn.tensors[link.tensor].name, drawn.parts[link.target].name): route
        for link, route in zip(drawn.links, layout.routes, strict=True)
    }
    assert set(routes) == {
        ("input", "first"), ("first", "conv"), ("conv", "sum"), ("first", "sum"), ("sum", "relu"),
    }  # fmt: skip
    between = layout.places[names["conv"]]
    # The straight lines are one piece, and the other passes on one side of the box.
    assert len(routes["first", "conv"]) == len(routes["conv", "sum"]) == 2
    beside = [x for x, y in routes["first", "sum"] if between.top <= y <= between.bottom or x > between.right]
    assert beside
    assert all(x > between.right for x in beside)


def test_a_box_in_the_way_is_found() -> None:
    """The check of lines fails for a line through a box: that of the skip connection drawn straight."""
    drawn, layout, _ = layouts.laid_out(cnncalc.loads(SKIP).facts)
    number = next(number for number, route in enumerate(layout.routes) if len(route) > 2)
    start, end = layout.routes[number][0], layout.routes[number][-1]
    straight = (start, (start[0], end[1])) if start[0] == end[0] else (start, (start[0], end[1]), end)
    routes = [*layout.routes]
    routes[number] = straight
    with pytest.raises(AssertionError):
        layouts.check_layout(drawn, layout._replace(routes=tuple(routes)))


def test_lines_on_each_other_are_found() -> None:
    drawn, layout, _ = layouts.laid_out(cnncalc.loads(SKIP).facts)
    routes = [*layout.routes]
    routes[1] = routes[0]
    with pytest.raises(AssertionError):
        layouts.check_lines(drawn, layout._replace(routes=tuple(routes)))


def test_overlapping_boxes_are_found() -> None:
    drawn, layout, _ = layouts.laid_out(cnncalc.loads(SKIP).facts)
    places = [*layout.places]
    places[3] = places[2]
    with pytest.raises(AssertionError):
        layouts.check_apart(drawn, layout._replace(places=tuple(places)))


REPEATS = """
input: [8, 16, 16]
blocks:
  unit:
    - conv: {filters: 8, kernel: 3, padding: 1}
    - relu
layers:
  - unit:
    repeat: 3
    name: body
  - global_avg_pool
"""


def test_repeats_are_one_box_or_frames() -> None:
    network = cnncalc.loads(REPEATS).facts
    folded = scene(network, 1)
    assert [(part.label, part.detail) for part in folded.parts[1:3]] == [("input", "8x16x16"), ("body", "3 × unit")]
    assert len(folded.links) == 2
    half = scene(network, 2)
    assert [(part.label, part.kind, part.times, part.is_frame) for part in half.parts[2:4]] == [
        ("body", "", 1, True),
        ("0..2", "unit", 3, False),
    ]
    assert len(half.links) == 2
    opened = scene(network, ALL)
    assert [part.name for part in opened.parts[1:] if part.is_frame] == ["body", "body.0", "body.1", "body.2"]
    # input, three times two layers, and the pool, in a chain.
    assert len(opened.links) == 7


def test_outputs_of_a_block_are_lines_of_their_own() -> None:
    """The feature pyramid of FCOS has five outputs, and its heads read one each."""
    drawn = scene(cnncalc.load("fcos_resnet50_fpn").facts, 1)
    pyramid = next(part.number for part in drawn.parts if part.label == "fpn")
    shapes = [tensor.shape for tensor in drawn.tensors if tensor.source == pyramid]
    assert shapes == ["256x100x100", "256x50x50", "256x25x25", "256x13x13", "256x7x7"]


# --- bounds ---------------------------------------------------------------------------------------------


def chain(count: int) -> str:
    return "input: [3, 8, 8]\nlayers:\n" + "  - relu\n" * count


def test_a_long_chain_has_columns() -> None:
    """A thousand boxes fill a canvas that is neither a line nor a column."""
    picture = draw(cnncalc.loads(chain(1_000)).facts, DrawingView())
    assert 1 / 3 < picture.width / picture.height < 3


def test_too_many_boxes() -> None:
    network = cnncalc.loads(chain(10_001)).facts
    with pytest.raises(SpecError, match="more than 10,000 boxes"):
        draw(network, DrawingView())


def test_lanes_take_their_work_from_the_limit() -> None:
    """Each layer adds all before it: 78 x 79 / 2 lines with a lane for each row between."""
    names = [f"r{number}" for number in range(80)]
    layers = "".join(
        f"  - add:\n    name: {name}\n    from: [{', '.join(names[:number])}]\n"
        for number, name in enumerate(names)
        if number > 1
    )
    spec = f"input: [1, 2, 2]\nlayers:\n  - relu:\n    name: r0\n  - relu:\n    name: r1\n{layers}"
    network = cnncalc.loads(spec).facts
    assert draw(network, DrawingView()).width
    with (
        limits.using(Limits(work=100_000)),
        pytest.raises(SpecError, match="the layout of the drawing takes more than"),
    ):
        draw(network, DrawingView())
