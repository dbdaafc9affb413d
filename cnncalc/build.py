"""Spec -> Network: expands blocks, joins names, asks each layer for its output shape as it is placed.

A layer that fails leaves an unknown tensor; what reads it stays quiet, so that every problem
reported is one of its own. Layers with equal settings and input shapes are computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cnncalc.expressions import Value, describe
from cnncalc.layer_type import LayerType
from cnncalc.network import Figures, Group, Layer, Network, figures_of
from cnncalc.problem import Problem, RuleError, Span, SpecError, did_you_mean, listed
from cnncalc.settings import is_whole
from cnncalc.shapes import Shape
from cnncalc.spec import (
    BlockCall,
    Branch,
    Item,
    Join,
    LayerCall,
    Loop,
    SideBranches,
    Sources,
    Spec,
    read_spec,
)
from cnncalc.spec import Group as GroupAction
from cnncalc.templates import Faulty, NameTemplate, Template, tensor_values

MAX_LAYERS = 1_000_000
MAX_NESTING = 60


class Tensor(NamedTuple):
    """What a layer or an input gives; the shape is None where a problem left it unknown."""

    name: str
    shape: Shape | None
    training_only: bool = False


class Frame(NamedTuple):
    """Where an item stands: its path, the names it sees, and what its block was given.

    `shared` maps a path to the one whose weights it shares.
    """

    path: str
    names: dict[str, Value]
    inputs: dict[str, Tensor]
    depth: int
    training_only: bool = False
    shared: tuple[str, str, Span] | None = None


class Quiet(Exception):  # noqa: N818 - no error: a problem that is reported already
    """Something unknown is needed: the problem is reported where it arose."""


def load(reference: str, settings: Iterable[tuple[str, str]] = (), inputs: Iterable[tuple[str, str]] = ()) -> Network:
    """The network of a spec: a file, `-` for standard input, or a bundled network's name.

    Raises SpecError with all problems of the spec.
    """
    return build(read_spec(reference, settings, inputs))


def build(spec: Spec) -> Network:
    """The network of a decoded spec. Raises SpecError with the problems of spec and network."""
    return _Builder(spec).network()


class _Builder:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.problems: list[Problem] = list(spec.problems)
        self.layers: list[Layer] = []
        self.groups: list[Group] = []
        self.tensors: dict[str, Tensor] = {}
        self.taken: dict[str, int] = {}
        self.owners: dict[str, Layer] = {}
        self.ends: list[Tensor] = []
        self.types: dict[tuple[type[LayerType], tuple[object, ...]], LayerType] = {}
        self.figures: dict[tuple[int, tuple[Shape, ...]], Figures] = {}

    def network(self) -> Network:
        variables = self._variables()
        inputs = self._inputs(variables)
        for name in inputs:
            self.taken[name] = 1
        self.tensors.update(inputs)
        frame = Frame("", variables, inputs, 0)
        start = next(iter(inputs.values())) if len(inputs) == 1 else Tensor("", None)
        end = self.items(self.spec.items, frame, start if inputs else Tensor("", None))
        outputs = self._outputs(end, frame)
        if self.problems:
            raise SpecError(_in_order(self.problems, self.spec.file))
        return Network(
            self.spec.name,
            self.spec.source,
            self.spec.file,
            tuple((name, tensor.shape) for name, tensor in inputs.items() if tensor.shape is not None),
            tuple(self.layers),
            tuple(self.groups),
            outputs,
        )

    def _variables(self) -> dict[str, Value]:
        """The values of the variables. Raises SpecError at the first that has none: all else hangs on them."""
        values: dict[str, Value] = {}
        for name, template in self.spec.variables.items():
            try:
                values[name] = template.evaluate(values)
            except Faulty as faulty:
                raise SpecError(_in_order([*self.problems, faulty.problem], self.spec.file)) from None
            if values[name] is None:
                empty = Problem(template.span, f"the variable {name!r} has no value", "give it one")
                raise SpecError(_in_order(self.problems or [empty], self.spec.file))
        return values

    def _inputs(self, variables: dict[str, Value]) -> dict[str, Tensor]:
        inputs: dict[str, Tensor] = {}
        for name, template in self.spec.inputs:
            inputs[name] = Tensor(name, None)
            try:
                value = template.evaluate(variables)
            except Faulty as faulty:
                self.problems.append(faulty.problem)
                continue
            sizes = value if isinstance(value, tuple) else (value,)
            if 1 <= len(sizes) <= 4 and all(is_whole(size, 1) for size in sizes):
                inputs[name] = Tensor(name, Shape(sizes))  # type: ignore[arg-type]
                continue
            hint = "write the channels first and leave the batch out, such as [3, 224, 224]"
            message = f"{name} takes the channels and up to 3 sizes, whole numbers of at least 1, not {describe(value)}"
            self.problems.append(Problem(template.span, message, hint))
        return inputs

    def _outputs(self, end: Tensor, frame: Frame) -> tuple[str, ...]:
        """The outputs that the spec names, else the main path's end and the side branches' that nobody reads."""
        if not self.spec.outputs:
            read = {name for layer in self.layers for name in layer.inputs}
            ends = [end, *(side for side in self.ends if side.name not in read)]
            return tuple(dict.fromkeys(tensor.name for tensor in ends))
        names = []
        for template in self.spec.outputs:
            try:
                names.append(self._resolve(template.evaluate(frame.names), template.span, frame, end).name)
            except Faulty as faulty:
                self.problems.append(faulty.problem)
        return tuple(names)

    # --- items ----------------------------------------------------------------------------------

    def items(self, items: tuple[Item, ...], frame: Frame, current: Tensor) -> Tensor:
        """Place a list of items one after another; the tensor that leaves the last."""
        for item in items:
            current = self.item(item, frame, current)
        return current

    def item(self, item: Item, frame: Frame, current: Tensor) -> Tensor:
        """Place an item, as often as it is repeated."""
        try:
            if item.loop is None:
                return self.once(item, frame, current, None)
            # A name that holds {index} is new in each pass; else the passes are numbered below one name.
            base = None
            if item.name is None or item.name.constant is not None:
                base = self._take(frame, item)
            for number, names in self._passes(item.loop, frame, current):
                inner = frame._replace(names=names)
                current = self.once(item, inner, current, None if base is None else f"{base}.{number}")
            if base is not None:
                self.tensors[base] = current
        except Faulty as faulty:
            self.problems.append(faulty.problem)
        except Quiet:
            pass
        else:
            return current
        return self._fail(item, frame)

    def _fail(self, item: Item, frame: Frame) -> Tensor:
        """An item that came to nothing: its name stands for an unknown tensor."""
        if item.name is not None and item.name.constant is not None:
            path = _join(frame.path, item.name.constant)
            self.tensors.setdefault(path, Tensor(path, None))
        return Tensor("", None)

    def once(self, item: Item, frame: Frame, current: Tensor, path: str | None) -> Tensor:
        """Place one pass of an item; `path` is settled where it is repeated below one name."""
        if item.when is not None and not self._condition(item.when, frame, current):
            return current
        action = item.action
        sources = self._sources(item, frame, current)
        if item.training_only:
            frame = frame._replace(training_only=True)
        if action is None:
            raise Quiet
        if isinstance(action, GroupAction) and item.name is None and path is None:
            return self.items(action.items, frame, self._single(sources, item))
        if isinstance(action, SideBranches):
            start = self._single(sources, item)
            inner = (
                frame if item.name is None and path is None else frame._replace(path=path or self._take(frame, item))
            )
            for _, end in self._branches(action.branches, inner, start):
                self.ends.append(end)
            return current
        if path is None:
            path = self._take(frame, item)
        if item.weights is not None:
            shared = self._evaluate_name(item.weights, frame, current)
            owner = self._resolve(shared, item.weights.span, frame, current, tensor=False).name
            frame = frame._replace(shared=(path, owner, item.weights.span))
        if isinstance(action, LayerCall):
            result = self._layer(action, item, path, frame, list(sources.values()), ())
        elif isinstance(action, Join):
            start = self._single(sources, item)
            ends = self._branches(action.branches, frame, start)
            if not ends:
                raise Faulty(Problem(item.span, f"{path}: no branch is left", "one must have no when, or a true one"))
            tensors = [end for _, end in ends]
            labels = tuple(label or end.name for label, end in ends)
            result = tensors[0] if len(tensors) == 1 else self._layer(action.call, item, path, frame, tensors, labels)
        elif isinstance(action, BlockCall):
            result = self._block(action, item, path, frame, sources)
        else:
            self.groups.append(Group(path, "layers", item.span))
            result = self.items(action.items, _enter(frame, path), self._single(sources, item))
        self.tensors[path] = result
        return result

    def _block(self, call: BlockCall, item: Item, path: str, frame: Frame, sources: dict[str, Tensor]) -> Tensor:
        block = self.spec.blocks[call.block]
        current = next(iter(sources.values())) if len(sources) == 1 else Tensor("", None)
        names: dict[str, Value] = {name: frame.names[name] for name in self.spec.variables}
        for parameter in block.parameters:
            template = call.arguments.get(parameter.name)
            if template is not None:
                names[parameter.name] = self._evaluate(template, frame, current)
            elif parameter.default is not None:
                names[parameter.name] = self._evaluate(parameter.default, frame._replace(names=names), current)
            else:
                raise Quiet
        if len(sources) == 1 and next(iter(sources)) == "":
            sources = {"input": current}
        inner = _enter(frame, path)._replace(names=names, inputs=sources)
        self.groups.append(Group(path, call.block, item.span))
        return self.items(block.items, inner, current)

    def _branches(self, branches: tuple[Branch, ...], frame: Frame, start: Tensor) -> list[tuple[str | None, Tensor]]:
        """The branches that exist, with what each gives."""
        ends: list[tuple[str | None, Tensor]] = []
        for branch in branches:
            passes: Iterable[tuple[int | None, dict[str, Value]]] = [(None, frame.names)]
            if branch.loop is not None:
                passes = self._passes(branch.loop, frame, start)
            for number, names in passes:
                inner = frame._replace(names=names)
                if branch.when is not None and not self._condition(branch.when, inner, start):
                    continue
                label = branch.name if number is None or branch.name is None else f"{branch.name}.{number}"
                if label is not None:
                    path = _join(frame.path, label)
                    if branch.items:
                        path = self._free(path)
                        self.groups.append(Group(path, "branch", branch.span))
                    inner = inner._replace(path=path, depth=frame.depth + 1)
                    self._bound(inner, branch.span)
                begin = start
                if branch.sources is not None:
                    named = self._named(branch.sources, inner, start)
                    if len(named) > 1:
                        raise Faulty(Problem(branch.sources.span, "a branch starts from one tensor", "name one"))
                    begin = next(iter(named.values()))
                end = self.items(branch.items, inner, begin)
                if label is not None and branch.items:
                    self.tensors[inner.path] = end
                ends.append((label, end))
        return ends

    # --- one layer ------------------------------------------------------------------------------

    def _layer(
        self,
        call: LayerCall,
        item: Item,
        path: str,
        frame: Frame,
        inputs: list[Tensor],
        labels: tuple[str, ...],
    ) -> Tensor:
        """Place a layer, or report why it cannot be."""
        unknown = Tensor(path, None, frame.training_only)
        self.tensors[path] = unknown
        self._bound(frame, item.span)
        if len(inputs) > 1 and not call.type.several_inputs:
            message = f"{path}: {item.type} takes one input, not {len(inputs)}"
            self.problems.append(Problem(item.span, message, "join them first, with concat or add"))
            return unknown
        if len(inputs) == 1 and call.type.several_inputs:
            hint = f"write its branches, or from: [{inputs[0].name}, ...]"
            message = f"{path}: {item.type} joins two tensors or more, but one comes in"
            self.problems.append(Problem(item.span, message, hint))
            return unknown
        layer_type = self._type(call, item, path, frame, inputs[0])
        shapes = tuple(tensor.shape for tensor in inputs if tensor.shape is not None)
        if layer_type is None or len(shapes) < len(inputs):
            return unknown
        if not frame.training_only and any(tensor.training_only for tensor in inputs):
            message = f"{path}: the inference path reads {inputs[0].name}, which is there in training only"
            self.problems.append(Problem(item.span, message, "read a layer above the branch"))
            return unknown
        key = (id(layer_type), shapes)
        figures = self.figures.get(key)
        if figures is None:
            try:
                figures = self.figures[key] = figures_of(layer_type, shapes)
            except RuleError as error:
                self._blame(error, call, item, path, labels or tuple(tensor.name for tensor in inputs))
                return unknown
        owner = self._owner(path, frame, figures)
        names = tuple(tensor.name for tensor in inputs)
        layer = Layer(path, figures, names, owner, frame.training_only, item.span)
        self.layers.append(layer)
        if frame.shared is None:
            self.owners[path] = layer
        else:
            self.owners[path] = self.owners.get(owner or "", layer)
        return Tensor(path, figures.output_shape, frame.training_only)

    def _type(self, call: LayerCall, item: Item, path: str, frame: Frame, current: Tensor) -> LayerType | None:
        """The layer with its settings, one object for equal ones."""
        if call.ready is not None:
            key: tuple[type[LayerType], tuple[object, ...]] = (call.type, tuple(vars(call.ready).values()))
            return self.types.setdefault(key, call.ready)
        values: dict[str, object] = {}
        try:
            for name, template in call.arguments.items():
                values[name] = call.type.settings[name].decode(self._evaluate(template, frame, current))
        except RuleError as error:
            self._blame(error, call, item, path, ())
            return None
        except Faulty as faulty:
            self.problems.append(faulty.problem)
            return None
        except Quiet:
            return None
        made = call.type(**values)
        return self.types.setdefault((call.type, tuple(vars(made).values())), made)

    def _blame(self, error: RuleError, call: LayerCall, item: Item, path: str, labels: tuple[str, ...]) -> None:
        """A rule's complaint, at the setting it names."""
        template = call.arguments.get(error.setting or "")
        span = item.span if template is None else template.span
        origin = f" (from {listed(labels)})" if len(labels) > 1 else ""
        self.problems.append(Problem(span, f"{path}: {error.message}{origin}", error.hint))

    def _owner(self, path: str, frame: Frame, figures: Figures) -> str | None:
        """The layer whose weights this one shares."""
        if frame.shared is None or not figures.weights:
            return None
        own, other, span = frame.shared
        twin = self.owners.get(f"{other}{path[len(own) :]}")
        if twin is None:
            message = f"{path}: {other!r} has no layer like it to share weights with"
            raise Faulty(Problem(span, message, "share with a layer or block of the same kind"))
        if twin.figures.weights != figures.weights:
            mine, theirs = (
                ", ".join(f"{weight.name} {Shape(weight.shape)}" for weight in weights)
                for weights in (figures.weights, twin.figures.weights)
            )
            message = f"{path}: its weights ({mine}) are not those of {twin.name} ({theirs})"
            raise Faulty(Problem(span, message, "only layers of equal settings and channels share weights"))
        return twin.name

    def _bound(self, frame: Frame, span: Span) -> None:
        if len(self.layers) >= MAX_LAYERS:
            raise SpecError([Problem(span, f"the network has more than {MAX_LAYERS:,} layers")])
        if frame.depth > MAX_NESTING:
            raise SpecError([Problem(span, f"blocks are nested more than {MAX_NESTING} deep")])

    # --- names and values -----------------------------------------------------------------------

    def _take(self, frame: Frame, item: Item) -> str:
        """A full name for an item: its own, or its type's, numbered where two would collide."""
        if item.name is None:
            return self._free(_join(frame.path, item.type))
        own = self._evaluate_name(item.name, frame, Tensor("", None))
        path = _join(frame.path, own)
        if path in self.taken:
            hint = "give each a name of its own; {index} numbers those of a repeat"
            raise Faulty(Problem(item.name.span, f"the name {path!r} is taken already", hint))
        self.taken[path] = 1
        return path

    def _free(self, path: str) -> str:
        """The path, or the first of path_2, path_3, ... that is not taken."""
        if path not in self.taken:
            self.taken[path] = 1
            return path
        number = self.taken[path]
        while True:
            number += 1
            candidate = f"{path}_{number}"
            if candidate not in self.taken:
                self.taken[path] = number
                self.taken[candidate] = 1
                return candidate

    def _evaluate(self, template: Template, frame: Frame, tensor: Tensor) -> Value:
        """A template's value where `tensor` comes in."""
        if not template.uses_tensor:
            return template.evaluate(frame.names)
        if tensor.shape is None:
            raise Quiet
        return template.evaluate({**frame.names, **tensor_values(tensor.shape)})

    def _evaluate_name(self, template: NameTemplate, frame: Frame, tensor: Tensor) -> str:
        if template.constant is not None:
            return template.constant
        if template.uses_tensor and tensor.shape is None:
            raise Quiet
        values = tensor_values(tensor.shape) if tensor.shape is not None else {}
        return template.evaluate({**frame.names, **values})

    def _condition(self, template: Template, frame: Frame, current: Tensor) -> bool:
        value = self._evaluate(template, frame, current)
        if isinstance(value, bool):
            return value
        raise Faulty(Problem(template.span, f"when takes true or false, not {describe(value)}", "compare it: x > 0"))

    def _passes(self, loop: Loop, frame: Frame, current: Tensor) -> Iterator[tuple[int, dict[str, Value]]]:
        """Each pass of a loop: its number from 0, and the names that are seen in it."""
        number = 0
        for row in self._rows(loop, frame, current):
            names = {**frame.names, **row, "index": number}
            count = 1
            if loop.repeat is not None:
                count = self._count(loop.repeat, frame._replace(names=names), current)
            for _ in range(count):
                yield number, {**names, "index": number}
                number += 1

    def _count(self, repeat: Template, frame: Frame, current: Tensor) -> int:
        count = self._evaluate(repeat, frame, current)
        if not isinstance(count, int) or not is_whole(count, 0):
            message = f"repeat takes a whole number of at least 0, not {describe(count)}"
            raise Faulty(Problem(repeat.span, message))
        if count > MAX_LAYERS:
            raise Faulty(Problem(repeat.span, f"repeat goes up to {MAX_LAYERS:,}, not {count:,}"))
        return count

    def _rows(self, loop: Loop, frame: Frame, current: Tensor) -> list[dict[str, Value]]:
        """The rows of the lists of `for`, walked together; one empty row where there are none."""
        if not loop.walks:
            return [{}]
        lists: list[tuple[tuple[str, ...], tuple[Value, ...], Template]] = []
        for names, template in loop.walks:
            values = self._evaluate(template, frame, current)
            if not isinstance(values, tuple):
                raise Faulty(Problem(template.span, f"for walks through a list, not {describe(values)}"))
            lists.append((names, values, template))
        longest = len(lists[0][1])
        rows: list[dict[str, Value]] = [{} for _ in range(longest)]
        for names, values, template in lists:
            if len(values) != longest:
                message = f"{', '.join(names)} has {len(values)} values, but {', '.join(lists[0][0])} has {longest}"
                raise Faulty(Problem(template.span, message, "lists walked together are equally long"))
            for row, value in zip(rows, values, strict=True):
                if len(names) == 1:
                    row[names[0]] = value
                elif isinstance(value, tuple) and len(value) == len(names):
                    row.update(zip(names, value, strict=True))
                else:
                    message = f"{', '.join(names)} takes rows of {len(names)} values, not {describe(value)}"
                    raise Faulty(Problem(template.span, message))
        return rows

    def _sources(self, item: Item, frame: Frame, current: Tensor) -> dict[str, Tensor]:
        """What comes into an item, by the name it has inside a block; `` for the one."""
        if item.sources is not None:
            return self._named(item.sources, frame, current)
        if current.name or len(frame.inputs) < 2:
            return {"": current}
        # Several inputs and no layer yet: only a join can take them all.
        if isinstance(item.action, LayerCall) and item.action.type.several_inputs:
            return frame.inputs
        if item.action is None or all(tensor.shape is None for tensor in frame.inputs.values()):
            return {"": current}
        raise Faulty(
            Problem(
                item.span,
                f"{item.type}: there are {len(frame.inputs)} inputs",
                f"say which, such as from: {next(iter(frame.inputs))}",
            )
        )

    def _named(self, sources: Sources, frame: Frame, current: Tensor) -> dict[str, Tensor]:
        """The tensors that `from` names."""
        found: dict[str, Tensor] = {}
        for number, (key, template) in enumerate(sources.names):
            name = self._evaluate_name(template, frame, current)
            tensor = self._resolve(name, template.span, frame, current)
            found[key or ("" if len(sources.names) == 1 else f"input.{number}")] = tensor
        return found

    def _single(self, sources: dict[str, Tensor], item: Item) -> Tensor:
        if len(sources) == 1:
            return next(iter(sources.values()))
        message = f"{item.type} starts from one tensor, not {len(sources)}"
        raise Faulty(Problem(item.span, message, "name one in from"))

    def _resolve(self, name: str, span: Span, frame: Frame, current: Tensor, *, tensor: bool = True) -> Tensor:
        """The tensor of a name: of the block at hand, else of those around it.

        With `tensor` false the name of a layer or block is wanted, not what it gives.
        """
        if name == "previous":
            if not current.name and current.shape is None and len(frame.inputs) > 1:
                raise Faulty(
                    Problem(span, "there is no previous layer yet", f"name one of {listed(frame.inputs, 'or')}")
                )
            return current
        if name in frame.inputs:
            return frame.inputs[name]
        path = frame.path
        while True:
            full = _join(path, name)
            if full in self.tensors:
                return self.tensors[full] if tensor else Tensor(full, None)
            if not path:
                break
            path = path.rpartition(".")[0]
        raise Faulty(self._unknown_name(name, span, frame))

    def _unknown_name(self, name: str, span: Span, frame: Frame) -> Problem:
        declared = self.spec.names.get(name)
        if declared is not None:
            if declared.line == span.line:
                return Problem(span, f"{name!r} reads itself", "name a layer above it, or previous")
            if declared > span:
                message = f"{name!r} stands below, in line {declared.line}"
                return Problem(span, message, "a layer reads only what stands above it")
            message = f"{name!r} of line {declared.line} cannot be seen from here"
            return Problem(
                span, message, "inside a block or branch, write the path to it, as `cnncalc summary` shows it"
            )
        if name == "input" and len(frame.inputs) > 1:
            return Problem(span, "there is more than one input", f"name one of {listed(frame.inputs, 'or')}")
        seen = [path.removeprefix(f"{frame.path}." if frame.path else "") for path in self.tensors]
        hint = did_you_mean(name, [*seen, *frame.inputs, "previous"], "give the layer a name: where it stands")
        return Problem(span, f"no layer is called {name!r}", hint)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _enter(frame: Frame, path: str) -> Frame:
    return frame._replace(path=path, depth=frame.depth + 1)


def _in_order(problems: list[Problem], file: str) -> list[Problem]:
    """Each place's first problem, those of the spec's own file first, from top to bottom."""
    by_place: dict[object, Problem] = {}
    for problem in problems:
        by_place.setdefault(problem.span or problem.message, problem)

    def order(problem: Problem) -> tuple[bool, bool, Span]:
        span = problem.span or Span("", 0, 0)
        return problem.span is not None, span.file != file, span

    return sorted(by_place.values(), key=order)
