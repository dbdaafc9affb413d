"""Layers that cnncalc wrote into an ONNX file, known again by a mark: the layer's item in metadata of its last node.

    {"conv": {"filters": 64, "kernel": 7, "stride": 2, "padding": 3}, "from": ["input"]}

ONNX has no word for much of it: a depthwise convolution is a Conv, and dozens of nodes are one layer of attention. A
mark is only believed if the nodes before it are, to the byte, those that would be written for this layer; a file that
another program has changed is read by its operators there, as any other file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncalc import layers
from cnncalc.errors import RuleError, SpecError
from cnncalc.interchange.graph import GraphLayer, Plain
from cnncalc.interchange.onnx_cones import Cone, resolve_cone
from cnncalc.interchange.onnx_file import MARK, OnnxNode
from cnncalc.interchange.onnx_views import BATCH, View, plain_view
from cnncalc.interchange.onnx_writing import write_layer
from cnncalc.interchange.onnx_writing.nodes import LayerSource, PoolSource
from cnncalc.layers.contract import LayerType
from cnncalc.record import Record
from cnncalc.syntax.expressions import decimal

if TYPE_CHECKING:
    from cnncalc.interchange.onnx_graph import OnnxGraph

LONGEST_MARK = 100_000
NUMERAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?(e-?[0-9]{1,2})?(/[0-9]{1,40})?")


class Mark(Record):
    """What a mark says of a layer, with its settings decoded, and as a file of another program has them."""

    kind: LayerType
    settings: Mapping[str, Plain]
    inputs: tuple[str, ...]
    owner: str
    frozen: bool


def write_mark(kind: LayerType, inputs: Sequence[str], owner: str, *, frozen: bool) -> dict[str, str]:
    """The metadata of a layer's last node; `owner` is the layer whose weights it shares, or empty."""
    declared = kind.settings
    given = {key: value for key, value in vars(kind).items() if value != declared[key].default}
    item: dict[str, object] = {kind.name: given, "from": list(inputs)}
    item |= {"weights": owner} if owner else {}
    item |= {"frozen": True} if frozen else {}
    return {MARK: json.dumps(item, default=_plain)}


def _plain(value: object) -> object:
    """A fraction as text."""
    if isinstance(value, Fraction):
        return decimal(value)
    raise TypeError(f"a setting cannot be {type(value).__name__}")


def read_mark(text: str) -> Mark | None:
    """The layer that a mark describes; None if it is broken."""
    if len(text) > LONGEST_MARK:
        return None
    try:
        item = json.loads(text)
        (name, given), *rest = item.items()
        further = dict(rest)
        kind, inputs, owner = layers.find(name), further.pop("from"), further.pop("weights", "")
        frozen = further.pop("frozen", False)
        texts = isinstance(inputs, list) and all(isinstance(tensor, str) for tensor in (*inputs, owner))
        if kind is None or further or not texts or not isinstance(frozen, bool):
            return None
        settings = {key: _tupled(value) for key, value in given.items()}
        made = kind(**{key: _decode(kind, key, value) for key, value in settings.items()})
    except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError, RecursionError, RuleError):
        return None
    return Mark(made, settings, tuple(inputs), owner, frozen)


def _tupled(value: Any) -> Plain:
    if isinstance(value, list):
        return tuple(map(_tupled, value))
    if isinstance(value, bool | int | str):
        return value
    raise TypeError


def _decode(kind: type[LayerType], key: str, value: Plain) -> object:
    """A setting; the text of a fraction is a number where the setting takes one."""
    setting = kind.settings[key]
    decoded: object = setting.decode(value if setting.takes_text else _numeral(value))
    return decoded


def _numeral(value: Plain) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_numeral, value))
    if isinstance(value, str) and NUMERAL.fullmatch(value):
        numerator, _, denominator = value.partition("/")
        return Fraction(numerator) / Fraction(denominator or "1")
    return value


class MarkReader:
    """Reads the nodes before a mark as its layer, while a graph is read in order."""

    def __init__(self, graph: OnnxGraph, nodes: Sequence[OnnxNode]) -> None:
        self.graph, self.nodes = graph, nodes
        self.ends = [at for at, node in enumerate(nodes) if node.mark][::-1]
        self.reserved = frozenset(nodes[at].outputs[0] for at in self.ends if nodes[at].outputs)
        self.images = tuple(image.name for image in graph.model.inputs)
        # The names of marked layers in the graph.
        self.names: dict[str, str] = {}
        self.pools: dict[str, PoolSource] = {}
        self.tried = -1
        self.checked: set[str] = set()

    def read(self, at: int) -> int:
        """Append the layer whose nodes begin at a place, and return the place behind them, or the same if none do."""
        while self.ends and self.ends[-1] < at:
            self.ends.pop()
        if not self.ends or self.ends[-1] == self.tried:
            return at
        self.tried = self.ends[-1]
        nodes = self.nodes[at : self.tried + 1]
        mark = read_mark(nodes[-1].mark)
        if mark is None or not nodes[-1].outputs or not self._append(mark, nodes):
            return at
        return self.tried + 1

    def _append(self, mark: Mark, nodes: Sequence[OnnxNode]) -> bool:
        name = nodes[-1].outputs[0]
        views = [self._view(tensor) for tensor in mark.inputs]
        found = [view for view in views if view is not None]
        if len(found) < len(views) or (mark.owner and mark.owner not in self.names) or not self.images:
            return False
        shapes = tuple(self.graph.builder.shapes[view.layer] for view in found)
        pool = self.pools.get(mark.inputs[-1]) if mark.inputs else None
        owner = mark.owner or name
        source = LayerSource(name, mark.kind, mark.inputs, shapes, owner, self.images, self.reserved, pool)
        if len(shapes) < mark.kind.least_inputs or not self._is_written(source, mark, nodes):
            return False
        layer = GraphLayer(
            name,
            mark.kind.name,
            mark.settings,
            tuple(view.layer for view in found),
            nodes[-1].span,
            self.names.get(mark.owner, ""),
            mark.frozen,
        )
        made = self.graph.append_marked(layer, nodes[-1])
        shape = self.graph.builder.shapes[made]
        # A learned tensor reads nothing, and is repeated for the batch of the first input.
        image = found[0] if found else self.graph.values.get(self.images[0])
        batch = image.batch if isinstance(image, View) else 1
        groups = ((BATCH,) if batch > 1 else (), *((axis,) for axis in range(len(shape))))
        self.names[name] = made
        if mark.kind.name == "max_pool":
            self.pools[name] = PoolSource(mark.kind, mark.inputs[0], shapes[0])
        self.graph.values[name] = plain_view(made, shape, groups, batch)
        return True

    def _view(self, tensor: str) -> View | None:
        """A tensor whose axes are those of its layer, behind the batch; None for any other."""
        value = self.graph.values.get(tensor)
        view = resolve_cone(self.graph, value) if isinstance(value, Cone) else value
        if not isinstance(view, View) or view.groups[:1] not in (((),), ((BATCH,),)):
            return None
        is_plain = view.groups[1:] == tuple((axis,) for axis in range(len(view.axes)))
        return view if is_plain and all(len(axis) == 1 for axis in view.axes) else None

    def _is_written(self, source: LayerSource, mark: Mark, nodes: Sequence[OnnxNode]) -> bool:
        """Whether nodes are those of a layer."""
        try:
            metadata = write_mark(mark.kind, mark.inputs, mark.owner, frozen=mark.frozen)
            written = write_layer(source, metadata, len(nodes))
        except (RuleError, SpecError, ArithmeticError):
            return False
        if len(written.nodes) != len(nodes):
            return False
        for name, constant in written.constants.items():
            if name not in self.checked:
                tensor = self.graph.model.initializers.get(name)
                if tensor is None or tensor.encoded() != constant.encode():
                    return False
                self.checked.add(name)
        return all(own.encode() == node.encoded() for own, node in zip(written.nodes, nodes, strict=True))
