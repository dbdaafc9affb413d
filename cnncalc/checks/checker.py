"""Checks a network against its guards: whether each passes, by how much it fails, and which parts cost most.

The results are records; `verdicts` has the sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from cnncalc import limits
from cnncalc.analyses.measures import Measured, Unmeasurable
from cnncalc.analyses.tree import Node
from cnncalc.checks.causes import Causes, CheckedSpec, Spent
from cnncalc.checks.finding import Check, State
from cnncalc.errors import Problem, SpecError, of_option
from cnncalc.layers.shapes import Shape
from cnncalc.limits import Cost
from cnncalc.network import build
from cnncalc.record import Record
from cnncalc.spec.guards import ASSERT, INCREASE, Assertion, Bound, Guards, QuantityLimit, amount, locate_in
from cnncalc.spec.quantities import IN_TRAINING, PEAKS, QUANTITIES, SUMS
from cnncalc.spec.templates import EvaluationError
from cnncalc.syntax.expressions import (
    ComparisonChain,
    ExpressionError,
    Number,
    UnknownValue,
    Value,
    describe,
    function_key,
)
from cnncalc.syntax.settings import is_whole


class Verdict(Record):
    """A check with its explanation.

    For a failed limit, `spent` are the heaviest parts, or those that grew most, `smaller_input` is the
    largest smaller input with which it passes, and `peak` the layer that runs at the peak of memory; `if_folded` is
    the smaller value with batch norms folded, if there is one. For an assertion, `figures` are the values of its
    calls, and `sides` the values that it compared.
    """

    check: Check
    limit: QuantityLimit | None = None
    spent: tuple[Spent, ...] = ()
    smaller_input: Shape | None = None
    figures: tuple[tuple[str, Value], ...] = ()
    sides: tuple[Value, ...] = ()
    peak: str = ""
    if_folded: int | None = None


def check(subject: CheckedSpec, guards: Iterable[Guards]) -> tuple[Verdict, ...]:
    """The verdicts on all guards, in order.

    Raises SpecError with every guard that cannot be checked, because of an unknown name or a bound that is
    not a number.
    """
    with limits.counted():
        return _Checker(subject).verdicts(guards)


class _Checker:
    """Checks one network against its guards."""

    def __init__(self, subject: CheckedSpec) -> None:
        self.subject = subject
        self.measures = subject.measure(subject.network, subject.counting)
        self.before = subject.measure(subject.baseline, subject.counting_before) if subject.baseline else None
        self.problems: list[Problem] = limits.Problems()
        self.causes = Causes(subject, self.measures, self.before)
        self.names = build.variables_of(subject.spec, self.problems)

    def verdicts(self, guards: Iterable[Guards]) -> tuple[Verdict, ...]:
        found: list[Verdict] = []
        for each in guards:
            for limit in each.limits:
                found += self._guarded(limit, lambda limit=limit: list(self._limit(limit)))  # type: ignore[misc]
            for assertion in each.assertions:
                found += self._guarded(assertion, lambda assertion=assertion: [self._assertion(assertion)])  # type: ignore[misc]
        if self.problems:
            raise SpecError(map(of_option, self.problems))
        return tuple(found)

    def _guarded(self, guard: QuantityLimit | Assertion, verdicts: Callable[[], list[Verdict]]) -> list[Verdict]:
        """The verdicts; a problem that prevents them is recorded."""
        try:
            return verdicts()
        except EvaluationError as error:
            self.problems.append(error.problem)
        except Unmeasurable as wrong:
            self.problems.append(Problem(guard.span, wrong.message, wrong.hint))
        except UnknownValue:
            pass
        except SpecError as error:
            raise SpecError(problem._replace(span=problem.span or guard.span) for problem in error.problems) from None
        return []

    # --- limits ---------------------------------------------------------------------------------

    def _limit(self, limit: QuantityLimit) -> Iterator[Verdict]:
        if not limit.path:
            yield from self._held(limit, None, self.measures.of_network(limit.quantity))
            return
        for node in self.measures.matching(limit.path):
            yield from self._held(limit, node, self.measures.of_node(node, limit.quantity))

    def _held(self, limit: QuantityLimit, node: Node | None, value: Measured) -> Iterator[Verdict]:
        """A verdict on the value, and one on its increase."""
        limits.spend(Cost.VERDICT)
        subject = f"{node.name}.{limit.quantity}" if node else limit.quantity
        if isinstance(value, Shape):
            yield self._shape(limit, subject, value)
            return
        bounds = {word: bound for word, bound in limit.bounds.items() if word in ("max", "min", "value")}
        amounts = {word: self._amount(limit, word, bound) for word, bound in bounds.items()}
        unit = QUANTITIES[limit.quantity].unit
        if amounts:
            state = self._state(limit, value, amounts)
            check = Check(limit.kind, subject, limit.span, state, value, tuple(amounts.items()), unit=unit)
            check = check._replace(convention=self._convention(limit.quantity))
            yield self._explained(check, limit, node, amounts.get("max", amounts.get("value")))
        if "max_increase" in limit.bounds:
            yield self._increase(limit, node, subject, value)

    def _shape(self, limit: QuantityLimit, subject: str, value: Shape) -> Verdict:
        template = limit.bounds["value"].template
        wanted = template.evaluate(self.names)
        sizes = wanted if isinstance(wanted, tuple) else (wanted,)
        if not all(is_whole(size, 1) for size in sizes):
            message = f"{limit.key} takes a shape, not {describe(wanted)}"
            raise EvaluationError(template.span, message, "write the channels first, such as [64, 56, 56]")
        expected = Shape(sizes)  # type: ignore[arg-type]
        state = State.KEPT if expected == value else State.BROKEN
        check = Check(limit.kind, subject, limit.span, state, tuple(value), (("value", tuple(expected)),))
        return Verdict(check, limit)

    def _convention(self, *quantities: str) -> str:
        """The key of the convention that counts some quantities; empty if none of them depends on it."""
        counting = self.subject.counting
        return counting.key if counting and any(map(self.measures.is_recounted, quantities)) else ""

    def _state(self, limit: QuantityLimit, value: int, amounts: Mapping[str, Number]) -> State:
        most = amounts.get("max", amounts.get("value"))
        least = amounts.get("min", amounts.get("value"))
        over = max(0, value - most) if most is not None else 0
        under = max(0, least - value) if least is not None else 0
        if not over and not under:
            return State.KEPT
        bound = limit.bounds.get("tolerance")
        missed = most if over else least
        allowed = 0 if bound is None or missed is None else self._amount(limit, "tolerance", bound, missed)
        if max(over, under) > allowed:
            return State.BROKEN
        return State.KEPT if "value" in amounts else State.TOLERATED

    def _increase(self, limit: QuantityLimit, node: Node | None, subject: str, value: int) -> Verdict:
        """The verdict on the increase since the baseline."""
        bound = limit.bounds["max_increase"]
        unit = QUANTITIES[limit.quantity].unit
        before = self._value_before(limit, node)
        check = Check(INCREASE, subject, limit.span, State.UNCHECKED, value, unit=unit)
        check = check._replace(convention=self._convention(limit.quantity))
        if before is None:
            return Verdict(check, limit)
        allowed = self._amount(limit, "max_increase", bound, before)
        state = State.KEPT if value - before <= allowed else State.BROKEN
        check = check._replace(state=state, limits=(("max_increase", allowed),), before=before)
        if state is not State.BROKEN or limit.quantity not in SUMS:
            return Verdict(check, limit)
        return Verdict(check, limit, tuple(self.causes.grown(node, limit.quantity)))

    def _value_before(self, limit: QuantityLimit, node: Node | None) -> int | None:
        """The baseline's value; None if there is no baseline, or if it does not have this block or layer."""
        if self.before is None:
            return None
        if node is None:
            value = self.before.of_network(limit.quantity)
        elif node.name in self.before.nodes:
            value = self.before.of_node(self.before.nodes[node.name], limit.quantity)
        else:
            return None
        return value if isinstance(value, int) else None

    def _amount(self, limit: QuantityLimit, word: str, bound: Bound, whole: Number = 0) -> Number:
        """The value of a bound; percentages are relative to `whole`."""
        value = bound.template.evaluate(self.names)
        found = amount(value, 1 if bound.scale is None else bound.scale)
        if found is None:
            message = f"{limit.key}: {word} takes a number of at least 0, not {describe(value)}"
            raise EvaluationError(bound.template.span, message)
        return found if bound.scale is not None else _hundredth(found * whole)

    def _explained(self, check: Check, limit: QuantityLimit, node: Node | None, most: Number | None) -> Verdict:
        """A check with the parts that have most of its quantity, if the value is above `most`."""
        if most is None or not isinstance(check.value, int) or check.value <= most:
            return Verdict(check, limit)
        if limit.quantity in PEAKS:
            peak = self.measures.peak_layer(node or self.measures.root, limit.quantity)
            return Verdict(check, limit, peak=peak, if_folded=self.causes.if_folded(check.value, limit.quantity, node))
        if limit.quantity not in SUMS | IN_TRAINING:
            return Verdict(check, limit)
        smaller = self.causes.smaller_input(limit.quantity, most) if node is None else None
        return Verdict(check, limit, tuple(self.causes.heaviest(node, limit.quantity)), smaller)

    # --- assertions -----------------------------------------------------------------------------

    def _assertion(self, assertion: Assertion) -> Verdict:
        """The verdict on an assertion, with the figures in it."""
        figures: dict[str, Value] = {}
        names = dict(self.names)
        for quantity in QUANTITIES:
            names[function_key(quantity)] = self._asking(quantity, figures)
        tree = assertion.expression.tree
        try:
            holds = tree.evaluate(names)
            sides: tuple[Value, ...] = ()
            if isinstance(tree, ComparisonChain) and len(tree.rest) == 1:
                sides = (tree.first.evaluate(names), tree.rest[0][1].evaluate(names))
        except ExpressionError as error:
            raise EvaluationError(locate_in(assertion, error.offset), error.message, error.hint) from None
        if not isinstance(holds, bool):
            message = f"an assertion is true or false, but this is {describe(holds)}"
            raise EvaluationError(assertion.span, message, "compare it, such as depth() <= 50")
        state = State.KEPT if holds else State.BROKEN
        check = Check(ASSERT, " ".join(assertion.expression.text.split()), assertion.span, state)
        check = check._replace(convention=self._convention(*(call.partition("(")[0] for call in figures)))
        return Verdict(check, figures=tuple(figures.items()), sides=sides)

    def _asking(self, quantity: str, figures: dict[str, Value]) -> Value:
        """The function that an assertion calls for a quantity; it records its results in `figures`."""

        def ask(values: list[Value], offset: int) -> Value:
            if len(values) > 1 or not all(isinstance(value, str) for value in values):
                hint = f"write {quantity}() or {quantity}('conv1')"
                raise ExpressionError(f"{quantity} takes the name of a layer or block, or nothing", offset, hint)
            pattern = str(values[0]) if values else ""
            try:
                answer = self._answer(quantity, pattern)
            except Unmeasurable as wrong:
                raise ExpressionError(wrong.message, offset, wrong.hint) from None
            figures[f"{quantity}({f'{pattern!r}' if pattern else ''})"] = answer
            return answer

        return ask  # type: ignore[return-value]

    def _answer(self, quantity: str, pattern: str) -> Value:
        """A quantity of the network, or of the layers and blocks that match a pattern: their sum if several do."""
        if not pattern:
            value = self.measures.of_network(quantity)
        else:
            if QUANTITIES[quantity].whole_network:
                raise Unmeasurable(f"{quantity} is a figure of the whole network", f"write {quantity}()")
            nodes = self.measures.matching(pattern)
            limits.spend(len(nodes))
            if len(nodes) == 1:
                value = self.measures.of_node(nodes[0], quantity)
            elif QUANTITIES[quantity].sums:
                names = {node.name for node in nodes}
                outermost = [node for node in nodes if names.isdisjoint(_above(node.name))]
                values = [self.measures.of_node(node, quantity) for node in outermost]
                return sum(value for value in values if isinstance(value, int))
            else:
                some = ", ".join(node.name for node in nodes[:3])
                raise Unmeasurable(f"{pattern!r} matches {len(nodes)} layers and blocks, such as {some}", "name one")
        return tuple(value) if isinstance(value, Shape) else value


def _above(name: str) -> Iterator[str]:
    """The names of the blocks around a full name."""
    return accumulate(name.split(".")[:-1], "{}.{}".format)


def _hundredth(number: Number) -> Number:
    """The exact hundredth of a number."""
    from fractions import Fraction

    part = Fraction(number) / 100
    return part.numerator if part.denominator == 1 else part
