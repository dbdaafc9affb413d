"""The graph that a drawing shows: boxes, frames, the tensors between them and their readers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from cnncalc.analyses.tree import Figure, Node, Row, fold, full_label, layers_below, row_label, rows, tree
from cnncalc.errors import Problem, SpecError
from cnncalc.formats.shapes import kernel, shape, stride
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import Shape, SlidingWindow
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record
from cnncalc.surface import advice
from cnncalc.text import integer

# The most boxes and frames: larger drawings cannot be read, and viewers do not show them.
MOST_PARTS = 10_000
# The most rows that a drawing opens by itself.
MOST_OPENED = 50
# A part with more outputs has one line for all of them.
MOST_TENSORS = 6
MOST_CONTENTS = 3
ROOT = 0
# Kinds of blocks that say only how the spec writes them.
WRITTEN_KINDS = ("", "layers", "repeat", "branch")


class DrawnPart(Record):
    """A box, a frame around other parts, or an input of the network; the network is part 0.

    `inside` is the number of the frame around it. `role` is that of its layer, None for blocks. `times` is the number
    of equal blocks in one box. `figure` is its contribution to the total, None for a frame.
    """

    number: int
    inside: int
    name: str
    label: str
    kind: str
    detail: str
    role: Role | None = None
    times: int = 1
    figure: Figure | None = None
    is_frame: bool = False
    is_input: bool = False
    training_only: bool = False
    layers: tuple[Layer, ...] = ()
    output: Shape | None = None

    @property
    def shows_kind(self) -> bool:
        """Whether the kind tells more than the name, unlike that of a ReLU called relu_2."""
        return bool(self.kind) and not re.fullmatch(f"{re.escape(self.kind)}_?[0-9]*", self.label)


class DrawnTensor(Record):
    """An output of a part, with its shape; `merged` outputs if they are drawn as one."""

    source: int
    name: str
    shape: str
    merged: int = 1


class DrawnLink(Record):
    """A part that reads a tensor, both by their numbers; `length` is that of the longest path of layers through it."""

    tensor: int
    target: int
    length: int = 0


class Scene(Record):
    """All parts, each after the frame around it and in the order of the network, with their tensors and links."""

    network: LayerGraph
    parts: tuple[DrawnPart, ...]
    tensors: tuple[DrawnTensor, ...]
    links: tuple[DrawnLink, ...]

    @property
    def children(self) -> list[list[int]]:
        """The numbers of the parts inside each part."""
        inside: list[list[int]] = [[] for _ in self.parts]
        for part in self.parts[1:]:
            inside[part.inside].append(part.number)
        return inside


def scene(network: LayerGraph, depth: int = 0) -> Scene:
    """The parts of a network with its blocks open to a depth; 0 opens them while few rows are shown.

    Raises SpecError if there are too many.
    """
    drafted = _SceneDraft(network, depth)
    return Scene(network, tuple(drafted.parts), *drafted.connect())


class _SceneDraft:
    """A scene under construction."""

    def __init__(self, network: LayerGraph, depth: int) -> None:
        self.network = network
        self.parts = [DrawnPart(ROOT, -1, "", network.name, "", "", is_frame=True)]
        # The part that computes each layer or input.
        self.owners: dict[str, int] = {}
        for name, sizes in network.inputs:
            self.owners[name] = self._add(ROOT, name, name, "", shape(sizes), is_input=True, output=sizes)
        # For each open block, its frame and the words before the labels of its parts.
        frames = {"": (ROOT, "")}
        for row in visible_rows(network, depth):
            self._add_row(row, frames)

    def _add(self, inside: int, name: str, label: str, kind: str, detail: str, **more: object) -> int:
        number = len(self.parts)
        if number > MOST_PARTS:
            message = f"the drawing has more than {integer(MOST_PARTS)} boxes"
            hint = f"fold its blocks{advice('--depth 1 folds all')}, or draw a part of the network"
            raise SpecError([Problem(None, message, hint)])
        self.parts.append(DrawnPart(number, inside, name, label, kind, detail, **more))  # type: ignore[arg-type]
        return number

    def _add_row(self, row: Row, frames: dict[str, tuple[int, str]]) -> None:
        node = row.node
        inside, prefix = frames.get(node.above, (ROOT, ""))
        label = prefix + row_label(row, flat=False)
        if node.children and not row.folded:
            if len(node.children) == 1 and node.layer is None:
                # A block with a single part needs no frame.
                frames[node.name] = (inside, f"{label}.")
                return
            kind = "" if node.kind in WRITTEN_KINDS or node.layer else node.kind
            frame = self._add(inside, node.name, label, kind, "", is_frame=True, training_only=node.training_only)
            frames[node.name] = (frame, "")
            inside = frame
            if node.layer is None:
                return
        if row.folded:
            layers = tuple(layer for one in row.nodes for layer in layers_below(one))
            kind = "" if node.kind in WRITTEN_KINDS else node.kind
            number = self._add(
                inside,
                full_label(row),
                label.removesuffix(f" x{row.times}"),
                kind,
                _contents(row.node),
                times=row.times,
                figure=row.figure,
                training_only=node.training_only,
                layers=layers,
                output=row.last.output_shape,
            )
        else:
            layer = node.layer
            assert layer is not None  # noqa: S101 - a row without layers is a block
            layers = (layer,)
            number = self._add(
                inside, node.name, label, layer.type, window_words(layer), role=layer.figures.type.role,
                figure=row.figure, training_only=layer.training_only, layers=layers,
                output=layer.output_shape,
            )  # fmt: skip
        self.owners.update((layer.name, number) for layer in layers)

    def connect(self) -> tuple[tuple[DrawnTensor, ...], tuple[DrawnLink, ...]]:
        """The tensors between parts and their readers, and those that no part reads, which are outputs."""
        sizes = dict(self.network.inputs) | {layer.name: layer.output_shape for layer in self.network.layers}
        lengths = _path_lengths(self.network)
        # The parts that read each tensor, with the longest path through each.
        readers: dict[str, dict[int, int]] = {name: {} for name in self.network.outputs}
        for layer in self.network.layers:
            target = self.owners[layer.name]
            for name in layer.inputs:
                if self.owners[name] != target:
                    reading = readers.setdefault(name, {})
                    length = lengths[0][name] + lengths[1][layer.name]
                    reading[target] = max(reading.get(target, 0), length)
        of_part: dict[int, list[str]] = {}
        for name in readers:
            of_part.setdefault(self.owners[name], []).append(name)
        tensors: list[DrawnTensor] = []
        links: list[DrawnLink] = []
        for source in sorted(of_part):
            names = of_part[source]
            groups = [[name] for name in names] if len(names) <= MOST_TENSORS else [names]
            for group in groups:
                number = len(tensors)
                shapes = {shape(sizes[name]) for name in group}
                tensors.append(DrawnTensor(source, group[0], shapes.pop() if len(shapes) == 1 else "", len(group)))
                read = _together([readers[name] for name in group])
                links += [DrawnLink(number, target, length) for target, length in read.items()]
        return tuple(tensors), tuple(links)


def visible_rows(network: LayerGraph, depth: int) -> Iterator[Row]:
    """The rows of a network that are drawn: to a depth or, if it is 0, while they are few."""
    root = tree(network)
    return rows(root, depth) if depth else iter(fold(root, MOST_OPENED)[0])


def _together(readers: list[dict[int, int]]) -> dict[int, int]:
    """All readers of some tensors, each once and in order."""
    found: dict[int, int] = {}
    for one in readers:
        for target, length in one.items():
            found[target] = max(found.get(target, 0), length)
    return found


def _path_lengths(network: LayerGraph) -> tuple[dict[str, int], dict[str, int]]:
    """The number of layers on the longest path to each layer or input, and from each to the end."""
    before = {name: 0 for name, _ in network.inputs}
    for layer in network.layers:
        before[layer.name] = 1 + max([before[name] for name in layer.inputs], default=0)
    after: dict[str, int] = {}
    for layer in reversed(network.layers):
        length = after.setdefault(layer.name, 0) + 1
        for name in layer.inputs:
            after[name] = max(after.get(name, 0), length)
    return before, after


def window_words(layer: Layer) -> str:
    """The window of a layer, as papers write it: 3x3, stride 2."""
    windows = [axis for axis in layer.figures.type.windows(layer.input_shapes) if isinstance(axis, SlidingWindow)]
    is_point = all(axis.kernel == 1 and axis.stride == 1 for axis in windows)
    if not windows or (is_point and layer.figures.type.role is not Role.CONVOLUTION):
        return ""
    words = kernel(windows)
    if any(axis.stride != 1 for axis in windows):
        words += f", stride {stride(windows)}"
    if any(axis.dilation != 1 for axis in windows):
        words += f", dilation {max(axis.dilation for axis in windows)}"
    return words


def _contents(node: Node) -> str:
    """What is in a folded block: 3 × bottleneck, conv 3x3, or its convolution and linear layers, 2 conv, 1 linear."""
    kinds = {child.kind for child in node.children}
    if len(kinds) == 1 and len(node.children) > 1 and (kind := kinds.pop()) not in WRITTEN_KINDS:
        return f"{integer(len(node.children))} × {kind}"
    weighted = [layer for layer in layers_below(node) if layer.figures.type.counts_as_depth]
    if len(weighted) == 1:
        return f"{weighted[0].type} {window_words(weighted[0])}".rstrip()
    counts = Counter(layer.type for layer in weighted)
    return ", ".join(f"{integer(count)} {kind}" for kind, count in list(counts.items())[:MOST_CONTENTS])
