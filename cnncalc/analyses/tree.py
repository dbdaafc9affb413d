"""The network as a tree of blocks, and its folding to a number of rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from cnncalc.analyses.totals import stored
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record


class Figure(Record):
    """The sums of a layer or block, which can be added and subtracted."""

    params: int
    buffers: int
    macs: int
    flops: int
    activations: int

    def __add__(self, other: Figure) -> Figure:  # type: ignore[override]
        params, buffers, macs, flops, activations = other
        return Figure(
            self.params + params,
            self.buffers + buffers,
            self.macs + macs,
            self.flops + flops,
            self.activations + activations,
        )

    def __sub__(self, other: Figure) -> Figure:
        params, buffers, macs, flops, activations = other
        return Figure(
            self.params - params,
            self.buffers - buffers,
            self.macs - macs,
            self.flops - flops,
            self.activations - activations,
        )

    @classmethod
    def of_layer(cls, layer: Layer, stored: int) -> Figure:
        """A layer's own figure; `stored` is the number of elements that its output adds to memory."""
        return cls(layer.params, layer.buffers, layer.macs, layer.flops, stored)

    def multiplied(self, count: int) -> Figure:
        return Figure(*(number * count for number in self))


NOTHING = Figure(0, 0, 0, 0, 0)


class Node:
    """A layer, or a block with its contents.

    `above` is the name of the enclosing block and `label` the rest of the node's name; `figure` is the sum of
    all nodes below, without training-only layers unless the whole node is training-only.
    """

    __slots__ = ("above", "children", "depth", "figure", "kind", "label", "layer", "name", "signature", "training_only")

    def __init__(self, name: str, above: str, depth: int, kind: str) -> None:
        self.name = name
        self.above = above
        self.label = name[len(above) + 1 :] if above else name
        self.depth = depth
        self.kind = kind
        self.layer: Layer | None = None
        self.children: list[Node] = []
        self.figure = NOTHING
        self.training_only = False
        self.signature = 0

    @property
    def output_shape(self) -> Shape | None:
        """The output shape of its last layer."""
        node = self
        while node.children:
            node = node.children[-1]
        return node.layer.output_shape if node.layer else None


class Row(Record):
    """A row of a folded tree: a layer, an open block, or equal folded `nodes`, from `node` to `last`."""

    node: Node
    last: Node
    times: int
    folded: bool
    nodes: tuple[Node, ...] = ()

    @property
    def figure(self) -> Figure | None:
        """The contribution of the row to the total; none for an open block, whose rows follow."""
        if self.folded:
            return self.node.figure.multiplied(self.times)
        return own_figure(self.node) if self.node.layer else None


def row_label(row: Row, *, flat: bool) -> str:
    """A row's name below its block, or in full if the table is flat; equal blocks in one row are conv2..4 x3."""
    if flat:
        return row.node.name
    if row.times == 1:
        return row.node.label
    first, last = row.node.label, row.last.label
    number = re.search(r"[0-9]+$", last)
    if number and first.rstrip("0123456789") == last[: number.start()]:
        last = number.group()
    return f"{first}..{last} x{row.times}"


def full_label(row: Row) -> str:
    """A row's name with the path to it."""
    path = row.node.above
    return row.node.name if row.times == 1 else f"{path}{'.' if path else ''}{row_label(row, flat=False)}"


def own_figure(node: Node) -> Figure:
    """A layer's own figure, without nodes below its name."""
    figure = node.figure
    for child in node.children:
        figure -= child.figure
    return figure


def tree(network: LayerGraph, kept: dict[str, int] | None = None, *, by_name: bool = False) -> Node:
    """The root of the network's tree; `kept` is the result of `stored`, if known.

    The leaves are in the order of the network: a block with other layers between its own, such as a pass of a
    repeated join, is not a node, and its layers have its name in their labels. With `by_name`, it is a node.
    """
    kinds = {group.name: group.kind for group in network.groups}
    nodes = {"": Node("", "", 0, "")}
    interrupted = {} if by_name else _interrupted_blocks(network)
    for layer in network.layers:
        node = _node(layer.name, nodes, kinds, interrupted)
        node.layer = layer
        node.kind = layer.type
    _sum(nodes, stored(network) if kept is None else kept)
    return nodes[""]


def _interrupted_blocks(network: LayerGraph) -> dict[str, str]:
    """The blocks with other layers between their own, each with an enclosing block."""
    interrupted: dict[str, str] = {}
    begun: set[str] = set()
    # The last layer's name, and its block.
    previous, block = "", ""
    for layer in network.layers:
        name = layer.name
        if name in begun:
            # It follows layers whose names begin with its own.
            interrupted[name] = name.rpartition(".")[0]
        begun.add(name)
        path = name.rpartition(".")[0]
        if path == block:
            previous = name
            continue
        block, path = path, _nearest_block(name, interrupted)
        while path:
            if path in begun:
                if previous == path or previous.startswith(f"{path}."):
                    break
                interrupted[path] = path.rpartition(".")[0]
            begun.add(path)
            path = _nearest_block(path, interrupted)
        previous = name
    return interrupted


def _nearest_block(name: str, interrupted: dict[str, str]) -> str:
    """The name of the nearest block around a name that is not interrupted."""
    path = name.rpartition(".")[0]
    while path in interrupted:
        above = interrupted[path]
        # Path compression for later look-ups.
        interrupted[path] = interrupted.get(above, above)
        path = above
    return path


def _node(name: str, nodes: dict[str, Node], kinds: dict[str, str], interrupted: dict[str, str]) -> Node:
    """The node with a name, created together with its ancestors."""
    if name not in nodes:
        path = _nearest_block(name, interrupted)
        parent = nodes[path] if path in nodes else _node(path, nodes, kinds, interrupted)
        nodes[name] = Node(name, path, parent.depth + 1, kinds.get(name, "repeat"))
        parent.children.append(nodes[name])
    return nodes[name]


def _sum(nodes: dict[str, Node], kept: dict[str, int]) -> None:
    """Add up figures from the leaves; equal subtrees have equal signatures and are added up once."""
    known: dict[object, tuple[int, bool, Figure]] = {}
    # A node follows its parent.
    for node in reversed(nodes.values()):
        layer = node.layer
        # Other readers of a layer decide whether its output has its own memory.
        own = layer and (id(layer.figures), layer.weights_from is None, layer.training_only, kept[layer.name])
        # The passes of a repeat differ only in their number.
        label = "" if not node.children or node.label.isdigit() else node.kind
        key = (own, label, node.kind, tuple([child.signature for child in node.children]))
        if key not in known:
            known[key] = (len(known) + 1, *_whole(node, kept))
        node.signature, node.training_only, node.figure = known[key]


def _whole(node: Node, kept: dict[str, int]) -> tuple[bool, Figure]:
    """Whether a whole node is training-only, and the sum of it and all nodes below."""
    layer, figure = node.layer, NOTHING
    if layer is None:
        training_only = all(child.training_only for child in node.children)
    else:
        training_only = layer.training_only
        figure = Figure.of_layer(layer, kept[layer.name])
    for child in node.children:
        if training_only or not child.training_only:
            figure += child.figure
    return training_only, figure


def nodes_below(node: Node) -> Iterator[Node]:
    """The nodes below a node, in their order."""
    stack = node.children[::-1]
    while stack:
        at = stack.pop()
        yield at
        stack.extend(at.children[::-1])


def layers_below(node: Node) -> Iterator[Layer]:
    """The layers of a node, its own and those below it."""
    if node.layer is not None:
        yield node.layer
    for below in nodes_below(node):
        if below.layer is not None:
            yield below.layer


def height(node: Node) -> int:
    """The number of levels below a node."""
    deepest = node.depth
    stack = [node]
    while stack:
        at = stack.pop()
        deepest = max(deepest, at.depth)
        stack.extend(at.children)
    return deepest - node.depth


def rows(node: Node, depth: int) -> Iterator[Row]:
    """The rows below a node with blocks folded from `depth` levels on; runs of equal folded blocks are one row."""
    children = node.children
    position = 0
    while position < len(children):
        child = children[position]
        if not child.children:
            yield Row(child, child, 1, False)
            position += 1
        elif child.depth < depth:
            yield Row(child, child, 1, False)
            yield from rows(child, depth)
            position += 1
        else:
            end = position + 1
            while end < len(children) and children[end].signature == child.signature:
                end += 1
            yield Row(child, children[end - 1], end - position, True, tuple(children[position:end]))
            position = end


def fold(root: Node, most: int) -> tuple[list[Row], int]:
    """At most `most` rows with blocks folded, deepest first, and the depth of the folding.

    Opened from the top, because each level adds rows, so that no more than `most` rows are created.
    """
    folded = list(rows(root, 1))
    for depth in range(2, height(root) + 1):
        opened = list(islice(rows(root, depth), most + 1))
        if len(opened) > most:
            return folded, depth - 1
        folded = opened
    return folded, max(height(root), 1)


def heaviest(root: Node, quantity: str, amount_of: Callable[[Row], int] | None = None) -> Row | None:
    """The deepest row with half or more of a quantity (`params`, `macs`).

    If no row has half, the heaviest at the top; None if the total is 0. Equal neighbors count as one
    row, as in folding. `amount_of` computes the quantity of a row that is counted in another way.
    """
    counted = amount_of or (lambda row: getattr(row.node.figure, quantity) * row.times)
    whole = counted(Row(root, root, 1, True, (root,)))
    if not whole:
        return None

    def weight(row: Row) -> int:
        return 0 if row.node.training_only else counted(row)

    found = max(rows(root, root.depth + 1), key=weight)
    while found.times == 1 and found.node.children:
        inner = max(rows(found.node, found.node.depth + 1), key=weight)
        if 2 * weight(inner) < whole:
            break
        found = inner
    return found
