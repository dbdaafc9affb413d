"""Why a limit fails: the parts that cost most or grew most, and what would make it pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc import limits
from cnncalc.analyses.measures import Measures
from cnncalc.analyses.tree import Node, Row, rows
from cnncalc.errors import SpecError
from cnncalc.layers.shapes import Shape
from cnncalc.limits import Cost
from cnncalc.network import build
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.spec.quantities import IN_TRAINING, QUANTITIES
from cnncalc.spec.records import Spec
from cnncalc.spec.templates import Constant
from cnncalc.syntax.expressions import Number

if TYPE_CHECKING:
    from cnncalc.analyses.recount import Counting

MOST_SPENT = 3
# Input sizes are usually multiples of 32, the stride of most networks' last map.
INPUT_STEP = 32
# The total number of layers that may be placed again to find smaller inputs.
MOST_PLACED = 100_000


class Spent(Record):
    """A part with much of a quantity; `before` is its value in the baseline, if any."""

    row: Row
    value: int
    before: int | None = None


class CheckedSpec(Record):
    """A spec with its network, and the network that it is compared with.

    `counting` and `counting_before` are the convention that counts each of them, None for cnncalc's own counting.
    """

    spec: Spec
    network: LayerGraph
    baseline: LayerGraph | None = None
    batch: int = 1
    dtype_size: int = 4
    folds: bool = False
    counting: Counting | None = None
    counting_before: Counting | None = None

    def measure(self, network: LayerGraph, counting: Counting | None, *, folds: bool | None = None) -> Measures:
        """The quantities of the spec's network, or of another version of it."""
        folds = self.folds if folds is None else folds
        return Measures(network, batch=self.batch, dtype_size=self.dtype_size, folds=folds, counting=counting)


class Causes:
    """Finds the causes of failed limits of one network; `before` are the quantities of its baseline, if any."""

    def __init__(self, subject: CheckedSpec, measures: Measures, before: Measures | None) -> None:
        self.subject = subject
        self.measures = measures
        self.before = before
        self.to_place = MOST_PLACED

    def if_folded(self, value: int, quantity: str, node: Node | None) -> int | None:
        """A memory quantity with batch norms folded, if that is smaller."""
        measures = self.subject.measure(self.subject.network, self.subject.counting, folds=True)
        folded = measures.of_network(quantity) if node is None else measures.of_node(node, quantity)
        return folded if isinstance(folded, int) and folded < value else None

    def _value(self, row: Row, quantity: str) -> int:
        limits.spend(1)
        if self.measures.is_recounted(quantity):
            # A convention may count equal layers in several ways.
            values = [self.measures.of_node(node, quantity) for node in row.nodes or (row.node,)]
            return sum(value for value in values if isinstance(value, int))
        value = self.measures.of_node(row.node, quantity)
        return value * row.times if isinstance(value, int) else 0

    def heaviest(self, node: Node | None, quantity: str) -> list[Spent]:
        """The heaviest parts of the network or of a node; a part with most of the quantity is split."""
        top = node or self.measures.root
        counts_all = top.training_only or quantity in IN_TRAINING
        parts = [row for row in rows(top, top.depth + 1) if counts_all or not row.node.training_only]
        whole = sum(self._value(row, quantity) for row in parts)
        # At most one row has more than half.
        opened = parts
        while large := next((row for row in opened if self._is_most(row, quantity, whole)), None):
            opened = list(rows(large.node, large.node.depth + 1))
            place = next(place for place, row in enumerate(parts) if row is large)
            parts[place : place + 1] = opened
        found = [Spent(row, value) for row in parts if (value := self._value(row, quantity))]
        return sorted(found, key=lambda spent: -spent.value)[:MOST_SPENT]

    def _is_most(self, row: Row, quantity: str, whole: int) -> bool:
        """Whether a row is a block with more than half of the whole."""
        return row.times == 1 and bool(row.node.children) and 2 * self._value(row, quantity) > whole

    def grown(self, node: Node | None, quantity: str) -> list[Spent]:
        """The parts that grew most since the baseline, compared by name."""
        if self.before is None:
            return []
        grown = [(self._growth(child, quantity), child) for child in (node or self.measures.root).children]
        while True:
            total = sum(growth for growth, _ in grown if growth > 0)
            inner = next((at for growth, at in grown if 2 * growth > total and at.children and self._has(at)), None)
            if inner is None:
                break
            limits.spend(len(grown) // Cost.PER_NAME)
            place = next(place for place, (_, at) in enumerate(grown) if at is inner)
            grown[place : place + 1] = [(self._growth(child, quantity), child) for child in inner.children]
        grown.sort(key=lambda pair: -pair[0])
        found = []
        for growth, child in grown[:MOST_SPENT]:
            if growth > 0:
                row = Row(child, child, 1, folded=True)
                value = self._value(row, quantity)
                found.append(Spent(row, value, value - growth))
        return found

    def _has(self, node: Node) -> bool:
        return self.before is not None and node.name in self.before.nodes

    def _growth(self, node: Node, quantity: str) -> int:
        now = self._value(Row(node, node, 1, folded=True), quantity)
        if self.before is None or node.name not in self.before.nodes:
            return now
        before = self.before.of_node(self.before.nodes[node.name], quantity)
        return now - before if isinstance(before, int) else 0

    def smaller_input(self, quantity: str, most: Number) -> Shape | None:
        """The largest smaller input, square like the current one, with which a limit passes; None if unknown."""
        inputs = self.subject.network.inputs
        if not QUANTITIES[quantity].per_sample or len(inputs) > 1:
            return None
        name, shape = inputs[0]
        if len(set(shape.spatial)) != 1:
            return None
        low, high = 1, (shape.spatial[0] - 1) // INPUT_STEP
        self.to_place -= high.bit_length() * len(self.subject.network.layers)
        if self.to_place < 0:
            return None
        best: Shape | None = None
        while low <= high:
            middle = (low + high) // 2
            candidate = Shape((shape.channels, *(middle * INPUT_STEP for _ in shape.spatial)))
            value = self._with_input(name, candidate, quantity)
            if value is not None and value <= most:
                best, low = candidate, middle + 1
            elif value is None:
                low = middle + 1
            else:
                high = middle - 1
        return best

    def _with_input(self, name: str, shape: Shape, quantity: str) -> int | None:
        """A quantity of the same network with another input; None if the input does not fit."""
        spec = self.subject.spec
        try:
            with limits.counted():
                network = build.build(spec._replace(inputs=((name, Constant(tuple(shape), spec.span)),)))
        except SpecError:
            return None
        value = self.subject.measure(network, self.subject.counting).of_network(quantity)
        return value if isinstance(value, int) else None
