"""The network under construction and the problems found so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NoReturn

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, of_option, quoted
from cnncalc.network.build.scope import ItemScope, Tensor
from cnncalc.network.records import Group, Layer
from cnncalc.record import Record
from cnncalc.spec.records import Spec
from cnncalc.spec.templates import EvaluationError
from cnncalc.syntax.expressions import UnknownValue

# Errors of a part that cannot be built: a problem, or an unknown value that another problem explains.
CANNOT_BUILD = (EvaluationError, UnknownValue)


# The shape of a tensor.
SHAPE_OF = itemgetter(Tensor._fields.index("shape"))


def report(error: Exception, problems: list[Problem]) -> None:
    """Add the problem of an error in CANNOT_BUILD; an unknown value is already explained."""
    if isinstance(error, EvaluationError):
        problems.append(error.problem)


class Excerpt(Record):
    """The item at `path` is a network with some unneeded outputs; its layers are from `start` to `end`."""

    path: str
    start: int
    end: int
    outputs: tuple[str, ...]


class Draft:
    """The parts of a network in the order of their placement, within the current limits.

    `tensors` holds the tensors of layers, blocks, branches and inputs by full name; `side_ends` are the outputs of
    side branches; `steps` counts the visited items, including those inside copied blocks. `excerpts` are the networks
    with unneeded outputs, `aside` the problems of layers that only those outputs need, and `unneeded` the names that
    failed with them.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.limits = limits.current()
        self.problems: list[Problem] = limits.Problems()
        self.layers: list[Layer] = []
        self.groups: list[Group] = []
        self.side_ends: list[Tensor] = []
        self.tensors: dict[str, Tensor] = {}
        self.steps = 0
        self.excerpts: list[Excerpt] = []
        self.aside: list[Problem] = []
        self.unneeded: set[object] = set()

    @property
    def is_sound(self) -> bool:
        """Whether the spec and the network have no problem so far."""
        return not (self.spec.problems or self.problems)

    def set_problems_aside(self, before: int, failed: Iterable[object]) -> None:
        """Set aside the problems from `before` on: they count only if a layer reads one that has `failed`."""
        self.aside += self.problems[before:]
        del self.problems[before:]
        self.unneeded.update(failed, self.list_unknown())

    @property
    def has_unknown(self) -> bool:
        """Whether a problem left a tensor unknown."""
        # Without a loop: this looks at every tensor of every network.
        return None in map(SHAPE_OF, self.tensors.values())

    def list_unknown(self) -> Iterator[str]:
        """The names of the tensors that a problem left unknown."""
        return (name for name, tensor in self.tensors.items() if tensor.shape is None)

    def refuse(self, *more: Problem) -> NoReturn:
        """Raise SpecError with all problems so far and `more`."""
        raise SpecError(sort_problems(self.spec.problems, (*self.problems, *more), self.spec.file))

    def count_step(self, span: Span) -> None:
        """Count an item. Raises SpecError above the limit, which also bounds nested blocks without layers."""
        self.steps += 1
        if self.steps > self.limits.steps:
            message = f"the spec expands to more than {self.limits.steps:,} layers, blocks and branches"
            self.refuse(Problem(span, message, limits.raised("layers", "repeat fewer times")))

    def refuse_layer(self, span: Span) -> NoReturn:
        """Raise SpecError for a layer above the limit."""
        message = f"the network has more than {self.limits.layers:,} layers"
        self.refuse(Problem(span, message, limits.raised("layers")))

    def refuse_path(self, path: str, span: Span) -> NoReturn:
        """Raise EvaluationError for a full name that is too long."""
        message = f"the full name {quoted(path)} is longer than {self.limits.path:,} characters"
        raise EvaluationError(span, message, limits.raised("path", "use shorter names for its blocks"))

    def enter(self, scope: ItemScope, path: str, span: Span) -> ItemScope:
        """The scope one level deeper. Raises SpecError if that is too deep."""
        if scope.depth >= self.limits.nesting:
            message = f"blocks and branches are nested more than {self.limits.nesting} deep"
            self.refuse(Problem(span, message, limits.raised("nesting")))
        if len(path) > self.limits.path:
            self.refuse_path(path, span)
        return scope.enter(path)


def sort_problems(decoded: Iterable[Problem], built: Iterable[Problem], file: str) -> list[Problem]:
    """The problems of the spec's own file first, from top to bottom.

    A place in a block can fail in each expansion; only the first such problem is reported.
    """
    by_place: dict[object, Problem] = {(problem.span, problem.message): problem for problem in decoded}
    for problem in built:
        by_place.setdefault(problem.span or problem.message, problem)

    def order(problem: Problem) -> tuple[bool, bool, Span]:
        span = problem.span or Span("", 0, 0)
        return problem.span is not None, span.file != file, span

    return sorted(map(of_option, by_place.values()), key=order)
