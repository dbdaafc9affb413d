"""The plain expansion of a program: the language's rules in the fewest words, against which the builder is held.

It keeps nothing from one use of a block to the next, and raises DoesNotFit for whatever is no spec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fuzz.program import (
    Block,
    BlockUse,
    Branch,
    DoesNotFit,
    Group,
    Item,
    JoinUse,
    LayerUse,
    Loop,
    Program,
    Sides,
    evaluate,
    uses_tensor,
    written_name,
)

from cnncalc.errors import RuleError
from cnncalc.layers import all_types
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import Shape

TYPES = all_types()

MOST_LAYERS = 120
MOST_STEPS = 3_000
MOST_ELEMENTS = 2**58


class Tensor(NamedTuple):
    name: str
    shape: Shape
    training_only: bool


class FlatLayer(NamedTuple):
    """A layer of the network; `item` is where it stands in the program."""

    name: str
    type: LayerType
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    weights_from: str | None
    training_only: bool
    item: Item


class Frame(NamedTuple):
    path: str
    scope: str
    names: Mapping[str, Any]
    inputs: Mapping[str, Tensor]
    training_only: bool = False
    shared: tuple[str, str] | None = None


class Plain:
    """A network while it is expanded."""

    def __init__(self, blocks: Mapping[str, Block], variables: Mapping[str, Any]) -> None:
        self.blocks = blocks
        self.variables = variables
        self.layers: list[FlatLayer] = []
        self.groups: list[tuple[str, str, tuple[tuple[str, Any], ...]]] = []
        self.tensors: dict[str, Tensor] = {}
        self.taken: set[str] = set()
        self.owners: dict[str, FlatLayer] = {}
        self.ends: list[Tensor] = []
        self.steps = 0

    def copy(self) -> Plain:
        twin = Plain(self.blocks, self.variables)
        twin.layers = list(self.layers)
        twin.groups = list(self.groups)
        twin.tensors = dict(self.tensors)
        twin.taken = set(self.taken)
        twin.owners = dict(self.owners)
        twin.ends = list(self.ends)
        twin.steps = self.steps
        return twin

    def items(self, items: tuple[Item, ...], frame: Frame, current: Tensor | None) -> Tensor | None:
        for item in items:
            current = self.item(item, frame, current)
        return current

    def item(self, item: Item, frame: Frame, current: Tensor | None) -> Tensor | None:
        if item.loop is None:
            return self.once(item, frame, current, None)
        bare = isinstance(item.action, Group) and item.name is None and item.weights is None
        changing = item.name is not None and any(not isinstance(part, str) for part in item.name.parts)
        base = None if bare or changing else self.take(item, frame)
        constant = len(item.sources) == 1 and all(isinstance(part, str) for part in item.sources[0][1].parts)
        for number, names in self.passes(item.loop, frame, self.into_loop(item, frame, current)):
            if number and constant and item.sources[0][1].text != "previous":
                raise DoesNotFit("all passes start from one layer")
            path = None if base is None else f"{base}.{number}"
            current = self.once(item, frame._replace(names=names), current, path)
        if base is not None and current is not None:
            self.tensors[base] = current
        return current

    def into_loop(self, item: Item | Branch, frame: Frame, current: Tensor | None) -> Tensor | None:
        """What `for` and `repeat` ask of: the tensor that the item's own `from` names for its first pass."""
        if not item.sources or not uses_tensor([item.loop.repeat, *(values for _, values in item.loop.walks)]):
            return current
        if len(item.sources) > 1:
            return None
        return self.read(written_name(item.sources[0][1], frame.names), frame, current)

    def passes(self, loop: Loop, frame: Frame, current: Tensor | None) -> Iterator[tuple[int, dict[str, Any]]]:
        number = 0
        for row in rows(loop, names_with(frame.names, current)):
            count = 1
            if loop.repeat is not None:
                count = evaluate(loop.repeat, names_with({**frame.names, **row, "index": number}, current))
                if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_LAYERS:
                    raise DoesNotFit("repeat")
            for _ in range(count):
                yield number, {**frame.names, **row, "index": number}
                number += 1

    def once(self, item: Item, frame: Frame, current: Tensor | None, path: str | None) -> Tensor | None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise DoesNotFit("too much")
        if item.when is not None and not uses_tensor(item.when) and not self.holds(item.when, frame, None):
            return current
        sources = self.sources(item, frame, current)
        only = next(iter(sources.values())) if len(sources) == 1 else None
        if item.when is not None and uses_tensor(item.when) and not self.holds(item.when, frame, only):
            return current
        if item.training_only:
            frame = frame._replace(training_only=True)
        action = item.action
        if not isinstance(action, LayerUse | BlockUse) and len(sources) > 1:
            raise DoesNotFit("starts from one tensor")
        plain = item.name is None and path is None and item.weights is None
        if isinstance(action, Sides):
            inner = frame if plain else frame._replace(path=path or self.take(item, frame))
            self.ends += [end for _, end in self.branches(action.branches, inner, only)]
            return current
        if isinstance(action, Group) and item.name is None and item.weights is None:
            return self.items(action.items, frame, only)
        if path is None:
            path = self.take(item, frame)
        if item.weights is not None:
            other = self.find(written_name(item.weights, frame.names), frame)
            frame = frame._replace(shared=(path, other))
        result = self.placed(action, item, path, frame, sources, only)
        if result is not None:
            self.tensors[path] = result
        return result

    def placed(
        self,
        action: LayerUse | BlockUse | JoinUse | Group,
        item: Item,
        path: str,
        frame: Frame,
        sources: dict[str, Tensor],
        only: Tensor | None,
    ) -> Tensor | None:
        if isinstance(action, LayerUse):
            return self.layer(action, item, path, frame, list(sources.values()))
        if isinstance(action, JoinUse):
            ends = [end for _, end in self.branches(action.branches, frame, only)]
            if not ends:
                raise DoesNotFit("no branch is left")
            return ends[0] if len(ends) == 1 else self.layer(action.layer, item, path, frame, ends)
        if isinstance(action, Group):
            self.groups.append((path, "layers", ()))
            return self.items(action.items, frame._replace(path=path), only)
        block = self.blocks[action.block]
        given = dict(action.arguments)
        names = dict(self.variables)
        for name, default in block.parameters:
            if name in given:
                names[name] = evaluate(given[name], names_with(frame.names, only))
            elif default is not None:
                names[name] = evaluate(default, names_with(names, only))
            else:
                raise DoesNotFit("an argument is missing")
        inputs = {"input": only} if only is not None and "" in sources else sources
        self.groups.append((path, block.name, tuple((name, names[name]) for name, _ in block.parameters)))
        inner = Frame(path, path, names, inputs, frame.training_only, frame.shared)
        return self.items(block.items, inner, only)

    def branches(
        self, branches: tuple[Branch, ...], frame: Frame, start: Tensor | None
    ) -> list[tuple[str | None, Tensor]]:
        ends: list[tuple[str | None, Tensor]] = []
        for branch in branches:
            if branch.loop is None:
                ends += self.branch(branch, branch.label, frame, start)
                continue
            for number, names in self.passes(branch.loop, frame, self.into_loop(branch, frame, start)):
                label = None if branch.label is None else f"{branch.label}.{number}"
                ends += self.branch(branch, label, frame._replace(names=names), start)
        return ends

    def branch(
        self, branch: Branch, label: str | None, frame: Frame, start: Tensor | None
    ) -> list[tuple[str | None, Tensor]]:
        if branch.sources:
            (name,) = (name for _, name in branch.sources)
            start = self.read(written_name(name, frame.names), frame, start)
        if branch.when is not None and not self.holds(branch.when, frame, start):
            return []
        named = label is not None and bool(branch.items)
        path = frame.path
        if named:
            path = self.free(under(path, label or ""))
            self.groups.append((path, "branch", ()))
        end = self.items(branch.items, frame._replace(path=path), start)
        if end is None:
            raise DoesNotFit("nothing comes into a branch")
        if named:
            self.tensors[path] = end
        return [(label, end)]

    def layer(self, use: LayerUse, item: Item, path: str, frame: Frame, inputs: list[Tensor]) -> Tensor:
        kind = TYPES[use.type]
        if len(self.layers) >= MOST_LAYERS:
            raise DoesNotFit("too many layers")
        seen = inputs[0] if inputs else None
        if not kind.least_inputs:
            inputs = []
        if len(inputs) < kind.least_inputs or (len(inputs) > 1 and not kind.is_merge):
            raise DoesNotFit("another number of inputs")
        if not frame.training_only and any(tensor.training_only for tensor in inputs):
            raise DoesNotFit("the inference path reads what is there in training only")
        shapes = tuple(tensor.shape for tensor in inputs)
        names = names_with(frame.names, seen)
        try:
            made = kind(**{key: kind.settings[key].decode(evaluate(value, names)) for key, value in use.settings})
            output = made.output_shape(shapes)
            weights = made.weights(shapes)
        except RuleError as error:
            raise DoesNotFit(str(error)) from error
        if output.elements > MOST_ELEMENTS:
            raise DoesNotFit("too large")
        owner = None
        if frame.shared and weights:
            own, other = frame.shared
            owner = self.owners.get(other + path[len(own) :])
            if owner is None or owner.type.weights(owner.input_shapes) != weights:
                raise DoesNotFit("no twin")
            if owner.training_only and not frame.training_only:
                raise DoesNotFit("a twin in training only")
        layer = FlatLayer(
            path,
            made,
            tuple(tensor.name for tensor in inputs),
            shapes,
            output,
            owner.name if owner else None,
            frame.training_only,
            item,
        )
        self.layers.append(layer)
        self.owners[path] = owner or layer
        return Tensor(path, output, frame.training_only)

    # --- names ----------------------------------------------------------------------------------

    def take(self, item: Item, frame: Frame) -> str:
        if item.name is None:
            return self.free(under(frame.path, item.type))
        path = under(frame.path, written_name(item.name, frame.names))
        if path in self.taken:
            raise DoesNotFit("the name is taken")
        self.taken.add(path)
        return path

    def free(self, path: str) -> str:
        """The path, or with the lowest number from 2 with which it is free."""
        number, free = 1, path
        while free in self.taken:
            number += 1
            free = f"{path}_{number}"
        self.taken.add(free)
        return free

    def sources(self, item: Item, frame: Frame, current: Tensor | None) -> dict[str, Tensor]:
        """What comes in, by the names it has inside a block; "" for the one."""
        if isinstance(item.action, LayerUse) and not TYPES[item.action.type].least_inputs:
            if item.sources:
                raise DoesNotFit("nothing comes into it")
            return {} if current is None else {"": current}
        several = len(item.sources) > 1
        found = {
            key or (f"input.{number}" if several else ""): self.read(written_name(name, frame.names), frame, current)
            for number, (key, name) in enumerate(item.sources)
        }
        if found:
            return found
        if current is not None:
            return {"": current}
        if isinstance(item.action, LayerUse) and TYPES[item.action.type].is_merge:
            return dict(frame.inputs)
        if isinstance(item.action, LayerUse | BlockUse):
            raise DoesNotFit("no input")
        return {}

    def read(self, name: str, frame: Frame, current: Tensor | None) -> Tensor:
        if name == "previous":
            if current is None:
                raise DoesNotFit("no previous")
            return current
        return frame.inputs[name] if name in frame.inputs else self.tensors[self.find(name, frame)]

    def find(self, name: str, frame: Frame) -> str:
        path = frame.path
        while True:
            if under(path, name) in self.tensors:
                return under(path, name)
            if path == frame.scope:
                raise DoesNotFit(f"no {name}")
            path = path.rpartition(".")[0]

    def holds(self, when: Any, frame: Frame, tensor: Tensor | None) -> bool:
        if tensor is None and uses_tensor(when):
            raise DoesNotFit("no single tensor comes in")
        value = evaluate(when, names_with(frame.names, tensor))
        if not isinstance(value, bool):
            raise DoesNotFit("when")
        return value


def under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def names_with(names: Mapping[str, Any], tensor: Tensor | None) -> dict[str, Any]:
    """The names with those of the incoming tensor."""
    if tensor is None:
        return dict(names)
    spatial = tensor.shape[1:]
    sizes = zip(("in_width", "in_height", "in_depth"), reversed(spatial) if len(spatial) < 4 else (), strict=False)
    return {**names, "in_shape": tuple(tensor.shape), "in_channels": tensor.shape[0], **dict(sizes)}


def rows(loop: Loop, names: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of `for`; one without names where there is none."""
    if not loop.walks:
        return [{}]
    columns = [(words, evaluate(values, names)) for words, values in loop.walks]
    if len({len(values) for _, values in columns}) != 1:
        raise DoesNotFit("lists of other lengths")
    return [
        {
            word: part
            for words, values in columns
            for word, part in zip(words, values[number] if len(words) > 1 else (values[number],), strict=True)
        }
        for number in range(len(columns[0][1]))
    ]


def start(program: Program) -> tuple[Plain, Frame, Tensor | None]:
    """The expansion before its first item, the frame of the spec's own layers, and what comes in."""
    variables: dict[str, Any] = {}
    for name, value in program.variables:
        variables[name] = evaluate(value, variables)
    plain = Plain({block.name: block for block in program.blocks}, variables)
    inputs = {name: Tensor(name, Shape(shape), False) for name, shape in program.inputs}
    plain.tensors.update(inputs)
    plain.taken.update(inputs)
    frame = Frame("", "", variables, inputs)
    return plain, frame, next(iter(inputs.values())) if len(inputs) == 1 else None


class Flat(NamedTuple):
    layers: tuple[FlatLayer, ...]
    groups: tuple[tuple[str, str, tuple[tuple[str, Any], ...]], ...]
    outputs: tuple[str, ...]


def expand(program: Program) -> Flat:
    """The whole network. Raises DoesNotFit."""
    plain, frame, current = start(program)
    end = plain.items(program.items, frame, current)
    if not plain.layers:
        raise DoesNotFit("no layer is left")
    if program.outputs:
        outputs = [plain.read(written_name(name, frame.names), frame, end).name for name in program.outputs]
    else:
        read = {name for layer in plain.layers for name in layer.inputs}
        outputs = [end.name] if end else []
        outputs += [side.name for side in plain.ends if side.name not in read]
    if not outputs:
        raise DoesNotFit("no output")
    return Flat(tuple(plain.layers), tuple(plain.groups), tuple(dict.fromkeys(outputs)))
