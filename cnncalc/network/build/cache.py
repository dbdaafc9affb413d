"""Copies of blocks in place of equal expansions.

A block sees only its arguments, the variables and its inputs. If these are equal, it expands to the same layers
under other names. The cache only saves time: without it, the same network is built.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from cnncalc import limits
from cnncalc.limits import Cost
from cnncalc.network.build.draft import Draft, Excerpt
from cnncalc.network.build.scope import ItemScope, Placement, Tensor
from cnncalc.network.records import Group, Layer
from cnncalc.record import Record
from cnncalc.syntax.expressions import Value

Arguments: TypeAlias = tuple[tuple[str, Value], ...]


class DraftSize(Record):
    """The lengths of a draft's lists, and its steps."""

    layers: int
    groups: int
    side_ends: int
    excerpts: int
    steps: int


class ExpandedParts(Record):
    """The parts of another draft that a block expanded to."""

    layers: tuple[Layer, ...]
    groups: tuple[Group, ...]
    side_ends: tuple[Tensor, ...]


class Expansion(Record):
    """The parts of a draft that the block at `path` expanded to, from the size `start` to `end`.

    `longest` is the length of its longest layer name. If that was another draft, `parts` has them.
    """

    path: str
    inputs: tuple[Tensor, ...]
    result: Tensor
    start: DraftSize
    end: DraftSize
    longest: int
    parts: ExpandedParts | None = None


class SharedExpansions(Protocol):
    """Expansions of other drafts of the same spec."""

    def find(self, key: object) -> Expansion | None: ...


class UnknownInsideError(Exception):
    """A name leads into a copy of a block of another draft, whose own names are not recorded."""


class Copy(Record):
    """The origin of a copied block, and the inputs of the copy."""

    origin: Expansion
    inputs: tuple[Tensor, ...]


class BlockCache:
    """The expansions of a draft by their blocks, arguments and inputs, and the copies made of them.

    With `shared`, copies are also made of expansions of other drafts. Building then raises UnknownInsideError for a
    name that leads into one of them.
    """

    def __init__(self, draft: Draft, shared: SharedExpansions | None = None) -> None:
        self.draft = draft
        self.shared = shared
        self.expansions: dict[object, Expansion] = {}
        self.copies: dict[str, Copy] = {}
        # False once a name has a dot: it could name something inside a copy, whose own names are not recorded.
        self.may_copy = True

    def find(self, key: object, place: Placement) -> Expansion | None:
        """An expansion that can be copied to a place; None if none exists or its copy would exceed a limit."""
        if not self.may_copy or place.scope.shared is not None:
            return None
        known = self.expansions.get(key)
        if known is None and self.shared is not None:
            known = self.shared.find(key)
        if known is None:
            return None
        bounds, draft = self.draft.limits, self.draft
        has_room = (
            len(draft.layers) + known.end.layers - known.start.layers <= bounds.layers
            and draft.steps + known.end.steps - known.start.steps <= bounds.steps
            and len(place.path) - len(known.path) + known.longest <= bounds.path
        )
        return known if has_room else None

    def size(self) -> DraftSize:
        draft = self.draft
        return DraftSize(len(draft.layers), len(draft.groups), len(draft.side_ends), len(draft.excerpts), draft.steps)

    def record(
        self, key: object, place: Placement, inputs: dict[str, Tensor], result: Tensor, start: DraftSize
    ) -> None:
        """Record the expansion of a block since `start`, if there are no problems; else every expansion is checked."""
        if place.scope.shared is None and self.draft.is_sound:
            longest = max((len(layer.name) for layer in self.draft.layers[start.layers :]), default=0)
            self.expansions[key] = Expansion(place.path, tuple(inputs.values()), result, start, self.size(), longest)

    def copy(self, origin: Expansion, place: Placement, arguments: Arguments, inputs: dict[str, Tensor]) -> Tensor:
        """Place a block by copying an expansion; the tensor that the block returns."""
        draft, cut = self.draft, len(origin.path)
        path, start, end = place.path, origin.start, origin.end
        parts = origin.parts or self._parts_of(origin)
        incoming = tuple(inputs.values())
        count = end.layers - start.layers
        limits.spend(count * (len(path) - cut + origin.longest) // Cost.PER_CHARACTER)
        names = {old.name: new.name for old, new in zip(origin.inputs, incoming, strict=True)}
        # The first group is the block itself.
        draft.groups.append(Group(path, parts.groups[0].kind, place.item.span, arguments))
        draft.steps += end.steps - start.steps
        self.copies[path] = Copy(origin, incoming)
        if path == origin.path and all(old == new for old, new in names.items()):
            # Another design has the same names here.
            draft.groups += parts.groups[1:]
            draft.layers += parts.layers
            draft.side_ends += parts.side_ends
            return origin.result
        for old, kind, span, given in parts.groups[1:]:
            draft.groups.append(Group(path + old[cut:], kind, span, given))
        for old, figures, sources, owner, training_only, span, written in parts.layers:
            name = names[old] = path + old[cut:]
            reads = tuple([names[one] for one in sources])
            new_owner = None if owner is None else names[owner]
            draft.layers.append(Layer(name, figures, reads, new_owner, training_only, span, written))
        for side in parts.side_ends:
            draft.side_ends.append(side._replace(name=names[side.name]))
        for excerpt in () if origin.parts else draft.excerpts[start.excerpts : end.excerpts]:
            shift = len(draft.layers) - end.layers
            outputs = tuple([names[output] for output in excerpt.outputs])
            moved = Excerpt(path + excerpt.path[cut:], excerpt.start + shift, excerpt.end + shift, outputs)
            draft.excerpts.append(moved)
        return origin.result._replace(name=names[origin.result.name])

    def _parts_of(self, origin: Expansion) -> ExpandedParts:
        draft, start, end = self.draft, origin.start, origin.end
        return ExpandedParts(
            tuple(draft.layers[start.layers : end.layers]),
            tuple(draft.groups[start.groups : end.groups]),
            tuple(draft.side_ends[start.side_ends : end.side_ends]),
        )

    def export(self, origin: Expansion) -> Expansion:
        """An expansion of this draft for other drafts."""
        return origin if origin.parts else origin._replace(parts=self._parts_of(origin))

    def find_inside(self, name: str) -> Tensor | None:
        """The tensor of a full name inside a copied block; None if there is none.

        Raises UnknownInsideError if the block is a copy from another draft.
        """
        if not self.copies:
            return None
        head = name
        while "." in head:
            head = head.rpartition(".")[0]
            if head in self.copies:
                origin, inputs = self.copies[head]
                if origin.parts:
                    raise UnknownInsideError(name)
                counterpart = origin.path + name[len(head) :]
                tensor = self.draft.tensors.get(counterpart) or self.find_inside(counterpart)
                if tensor is None:
                    return None
                for old, new in zip(origin.inputs, inputs, strict=True):
                    if tensor.name == old.name:
                        return new
                return tensor._replace(name=head + tensor.name[len(origin.path) :])
        return None


def key_arguments(block: str, network: int, arguments: Arguments) -> object:
    """A key that is equal for equal arguments of a block of a network; `true` is not 1."""
    return (
        block,
        network,
        tuple([(type(value), value if type(value) is int else repr(value)) for _, value in arguments]),
    )


def key_expansion(arguments: object, inputs: dict[str, Tensor], scope: ItemScope) -> object:
    """A key that is equal for equal expansions; one tensor passed twice is not two equal tensors."""
    names = [tensor.name for tensor in inputs.values()]
    incoming = tuple([(key, tensor[1:], names.index(tensor.name)) for key, tensor in inputs.items()])
    return arguments, incoming, scope.training_only, scope.frozen, scope.depth
