"""Spec -> Network: expands blocks, joins names, asks each layer for its output shape as it is placed.

A layer that fails leaves an unknown tensor; what reads it stays quiet, so that every problem
reported is one of its own. Layers with equal settings and input shapes are computed once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple, NoReturn

from cnncalc import limits
from cnncalc.errors import Problem, RuleError, Span, SpecError, did_you_mean, listed, of_option, quoted
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import Shape, axis_names, with_channels_first
from cnncalc.limits import Cost
from cnncalc.network.frame import LOST, Frame, Shared, Tensor
from cnncalc.network.records import Figures, Group, Layer, Network, figures_of
from cnncalc.spec.decode import read_spec
from cnncalc.spec.locate import Place
from cnncalc.spec.records import (
    Action,
    Block,
    BlockCall,
    Branch,
    Item,
    ItemGroup,
    JoinCall,
    LayerCall,
    Loop,
    Reads,
    SideBranches,
    Sources,
    Spec,
    name_problem,
    reads_of,
)
from cnncalc.spec.templates import Constant, EvaluationError, NameTemplate, contains_in_order
from cnncalc.syntax.expressions import UNKNOWN, ChainedNames, UnknownValue, Value, describe
from cnncalc.syntax.settings import is_whole


class Expansion(NamedTuple):
    """What a block came to where it was placed: parts of the builder's lists, from a number to another.

    `incoming` came into it and `result` left it; `longest` counts the characters of its layers' longest name. A block
    sees only its arguments, the variables and what comes in, so that where those are equal it comes to the same,
    under another name.
    """

    path: str
    incoming: tuple[Tensor, ...]
    result: Tensor
    layers: tuple[int, int]
    groups: tuple[int, int]
    ends: tuple[int, int]
    steps: int
    longest: int


class Copy(NamedTuple):
    """Where a block stands that came to the same as another did, with what comes into it."""

    origin: Expansion
    incoming: tuple[Tensor, ...]


class Placement(NamedTuple):
    """An item on its way into the network, with the full name that it has there."""

    item: Item
    path: str
    frame: Frame


def load(
    reference: str | Place, settings: Iterable[tuple[str, str]] = (), inputs: Iterable[tuple[str, str]] = ()
) -> Network:
    """The network of a spec: a file, `-` for standard input, or a bundled network's name.

    Raises SpecError with all problems of the spec.
    """
    return build(read_spec(reference, settings, inputs))


def build(spec: Spec) -> Network:
    """The network of a decoded spec. Raises SpecError with the problems of spec and network."""
    limits.restart()
    builder = _Builder(spec)
    try:
        return builder.network()
    finally:
        limits.rest(builder.steps)


def variables_of(spec: Spec, problems: list[Problem]) -> dict[str, Value]:
    """The values of a spec's variables; what uses one that has none stays quiet."""
    values: dict[str, Value] = {}
    for name, template in spec.variables.items():
        values[name] = UNKNOWN
        try:
            values[name] = template.evaluate(values)
        except EvaluationError as error:
            problems.append(error.problem)
        except UnknownValue:
            pass
    return values


class _Builder:
    """Builds one network. Where no tensor or no single one comes in, the current one is None."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.limits = limits.current()
        self.problems: list[Problem] = limits.Problems()
        self.variables: dict[str, Value] = {}
        self.layers: list[Layer] = []
        self.groups: list[Group] = []
        self.tensors: dict[str, Tensor] = {}
        self.taken: dict[str, int] = {}
        self.places: dict[str, Span] = {}
        self.reads: dict[str, Reads] = {}
        self.names: dict[object, ChainedNames] = {}
        self.settled: set[int] = set()
        self.expansions: dict[object, Expansion] = {}
        self.copies: dict[str, Copy] = {}
        # Whether a spec names a layer as if it stood inside something: then every name is looked at.
        self.dotted = False
        self.by_name: dict[str, Layer] = {}
        self.ends: list[Tensor] = []
        self.failed: list[Item] = []
        self.rule_failed = False
        # Their names, as the texts between what is computed in them.
        self.lost: dict[tuple[str, ...], None] = {}
        self.steps = 0
        self.types: dict[tuple[type[LayerType], tuple[object, ...]], LayerType] = {}
        self.made: dict[object, LayerType] = {}
        self.figures: dict[tuple[int, tuple[Shape, ...]], Figures] = {}

    def network(self) -> Network:
        self.variables = variables_of(self.spec, self.problems)
        inputs = self._inputs()
        for name in inputs:
            self.taken[name] = 1
        self.tensors.update(inputs)
        frame = Frame("", "", "", ChainedNames({}, self.variables), inputs, 0)
        start = None if len(inputs) > 1 else next(iter(inputs.values()), LOST)
        end = self.items(self.spec.items, frame, start)
        outputs = self._outputs(end, frame)
        if not self.spec.problems and not self.problems:
            self._check(outputs)
        if self.spec.problems or self.problems:
            self._give_up(*(self._channels_last(inputs) if self.rule_failed else ()))
        return Network(
            self.spec.name,
            self.spec.source,
            self.spec.family,
            self.spec.year,
            self.spec.file,
            tuple((name, tensor.shape) for name, tensor in inputs.items() if tensor.shape is not None),
            tuple(self.layers),
            tuple(self.groups),
            outputs,
        )

    def _give_up(self, *more: Problem) -> NoReturn:
        raise SpecError(_in_order(self.spec.problems, (*self.problems, *more), self.spec.file))

    def _check(self, outputs: tuple[str, ...]) -> None:
        """What can still be wrong where nothing was found to be."""
        if not self.layers:
            self.problems.append(Problem(self.spec.span, "no layer is left", "some when: must be true"))
        elif not outputs:
            self.problems.append(Problem(self.spec.span, "nothing leaves the network", "name its outputs in outputs:"))
        elif self.failed or any(tensor.shape is None for tensor in self.tensors.values()):
            lost = next((item.span for item in self.failed), self.spec.span)
            self.problems.append(Problem(lost, "cnncalc lost track of this, which is a bug", "please report it"))

    def _inputs(self) -> dict[str, Tensor]:
        inputs: dict[str, Tensor] = {}
        for name, template in self.spec.inputs:
            inputs[name] = Tensor(name, None)
            try:
                value = template.evaluate(self.variables)
            except EvaluationError as error:
                self.problems.append(error.problem)
                continue
            except UnknownValue:
                continue
            sizes = value if isinstance(value, tuple) else (value,)
            if 1 <= len(sizes) <= 4 and all(is_whole(size, 1) for size in sizes):
                inputs[name] = Tensor(name, Shape(sizes))  # type: ignore[arg-type]
            elif value is not UNKNOWN:
                hint = "write the channels first and leave the batch out, such as [3, 224, 224]"
                wanted = "the channels and up to 3 sizes, whole numbers of at least 1"
                self.problems.append(Problem(template.span, f"{name} takes {wanted}, not {describe(value)}", hint))
        return inputs

    def _outputs(self, end: Tensor | None, frame: Frame) -> tuple[str, ...]:
        """The outputs that the spec names, else the main path's end and the side branches' that nobody reads."""
        if not self.spec.outputs:
            read = {name for layer in self.layers for name in layer.inputs}
            ends = [end, *(side for side in self.ends if side.name not in read)]
            return tuple(dict.fromkeys(tensor.name for tensor in ends if tensor is not None))
        names = []
        for template in self.spec.outputs:
            try:
                names.append(self._resolve(template.evaluate(frame.names), template.span, frame, end).name)
            except EvaluationError as error:
                self.problems.append(error.problem)
            except UnknownValue:
                continue
        return tuple(dict.fromkeys(names))

    # --- items ----------------------------------------------------------------------------------

    def items(self, items: tuple[Item, ...], frame: Frame, current: Tensor | None) -> Tensor | None:
        """Place a list of items one after another; the tensor that leaves the last."""
        for item in items:
            current = self.item(item, frame, current)
        return current

    def item(self, item: Item, frame: Frame, current: Tensor | None) -> Tensor | None:
        """Place an item, as often as it is repeated."""
        if item.action is not None:
            try:
                if item.loop is None:
                    return self.once(item, item.action, frame, current, None)
                return self.repeated(item, item.action, item.loop, frame, current)
            except EvaluationError as error:
                self.problems.append(error.problem)
            except UnknownValue:
                pass
        # What is named in it is lost, but not unknown: to read it is not wrong as well.
        self.failed.append(item)
        self.lost.update(dict.fromkeys([template.texts for template in item.declares]))
        if item.name is None:
            self.lost[(f".{item.type}.",)] = None
        return LOST

    def repeated(self, item: Item, action: Action, loop: Loop, frame: Frame, current: Tensor | None) -> Tensor | None:
        """Placement the passes of an item, each after the one before."""
        # A name that holds {index} is new in each pass; else the passes are numbered below one name.
        # An unnamed group adds no name of its own, repeated or not.
        base = None
        if not _is_bare(item) and (item.name is None or item.name.constant is not None):
            base = self._take(frame, item)
        for number, inner in frame.passes(loop, self._loop_tensor(loop, item.sources, frame, current, item.name)):
            if number == 1 and (base is not None or not item.declares):
                _refuse_one_start(item)
            path = None if base is None else f"{base}.{number}"
            current = self.once(item, action, inner, current, path)
        if base is not None and current is not None:
            self.tensors[base] = current
        return current

    def _loop_tensor(
        self,
        loop: Loop,
        sources: Sources | None,
        frame: Frame,
        current: Tensor | None,
        own: NameTemplate | None = None,
    ) -> Tensor | None:
        """The tensor that `for` and `repeat` see: the one that comes into the first pass."""
        if sources is None or not loop.uses_tensor:
            return current
        for _, template in sources.names:
            if inner := template.names_among(loop.names):
                message = f"from depends on {inner[0]}, which the loop defines, but the loop depends on what from names"
                hint = "use a number or a variable in for and repeat, in place of in_channels and its like"
                raise EvaluationError(template.span, message, hint)
        return _only(self._named(sources, frame, current, own))

    def once(self, item: Item, action: Action, frame: Frame, current: Tensor | None, path: str | None) -> Tensor | None:
        """Placement one pass of an item; `path` is settled where it is repeated below one name."""
        self._spend(1, item.span)
        if item.is_plain and current is not None and isinstance(action, LayerCall):
            path = path or self._take(frame, item)
            current = self.tensors[path] = self._layer(action, Placement(item, path, frame), [current])
            return current
        when = item.when
        if when is not None and not when.uses_tensor and not frame.holds(when, None):
            return current
        sources = self._sources(item, action, frame, current)
        if when is not None and when.uses_tensor and not frame.holds(when, _only(sources)):
            return current
        if item.training_only:
            frame = frame._replace(training_only=True)
        unnamed = item.name is None and path is None and item.weights is None
        if isinstance(action, SideBranches):
            inner = frame if unnamed else frame._replace(path=path or self._take(frame, item))
            ends = self._branches(action.branches, inner, self._single(sources, item))
            self.ends.extend(end for _, end in ends)
            return current
        if isinstance(action, ItemGroup) and _is_bare(item):
            inner = self._enter(frame, frame.path, item.span)
            return self.items(action.items, inner, self._single(sources, item))
        if path is None:
            path = self._take(frame, item)
        if item.weights is not None:
            frame = frame._replace(shared=self._sharing(item.weights, path, frame, _only(sources)))
        result = self._placed(action, Placement(item, path, frame), sources)
        if result is not None:
            self.tensors[path] = result
        return result

    def _placed(
        self, action: LayerCall | JoinCall | BlockCall | ItemGroup, place: Placement, sources: dict[str, Tensor]
    ) -> Tensor | None:
        """What a layer, join, block or group gives."""
        if isinstance(action, LayerCall):
            return self._layer(action, place, list(sources.values()))
        if isinstance(action, JoinCall):
            return self._join(action, place, sources)
        if isinstance(action, BlockCall):
            return self._block(action, place, sources)
        self.groups.append(Group(place.path, "layers", place.item.span))
        inner = self._enter(place.frame, place.path, place.item.span)
        return self.items(action.items, inner, self._single(sources, place.item))

    def _block(self, call: BlockCall, place: Placement, sources: dict[str, Tensor]) -> Tensor | None:
        block = self.spec.blocks.get(call.block)
        if block is None:
            raise UnknownValue
        frame, written = place.frame, place.item.sources
        current = _only(sources)
        handed = None if written is None or (len(sources) == 1 and "" in sources) else written.span
        if handed is not None:
            self._refuse_surplus(block, sources, handed)
        limits.spend(2 * len(block.parameters))
        names = ChainedNames({}, self.variables)
        for parameter in block.parameters:
            given = call.arguments.get(parameter.name)
            if given is not None:
                names[parameter.name] = frame.evaluate(given, current)
            elif parameter.default is not None:
                names[parameter.name] = frame._replace(names=names).evaluate(parameter.default, current)
        inputs = {"input": current} if current is not None and "" in sources else sources
        arguments = tuple([(one.name, names[one.name]) for one in block.parameters if one.name in names])
        key = _alike(call.block, arguments, inputs, frame)
        # One record of names for equal arguments: what its layers take from them is looked up by it.
        names = self.names.setdefault(key[:2], names)
        self.settled.add(id(names))
        known = self.expansions.get(key) if frame.shared is None and not self.dotted else None
        if known is not None and self._has_room(known) and self._is_short(known, place.path):
            return self._again(known, place, arguments, tuple(inputs.values()))
        start = len(self.layers), len(self.groups), len(self.ends), self.steps
        depth = self._enter(frame, place.path, place.item.span).depth
        path, shared = place.path, frame.shared
        inner = Frame(path, path, call.block, names, inputs, depth, frame.training_only, shared, handed)
        self.groups.append(Group(place.path, call.block, place.item.span, arguments))
        result = self.items(block.items, inner, current)
        # Where anything is wrong, each is looked at by itself.
        clean = not (self.spec.problems or self.problems or self.failed)
        if result is not None and frame.shared is None and clean:
            self.expansions[key] = Expansion(
                place.path,
                tuple(inputs.values()),
                result,
                (start[0], len(self.layers)),
                (start[1] + 1, len(self.groups)),
                (start[2], len(self.ends)),
                self.steps - start[3],
                max((len(layer.name) for layer in self.layers[start[0] :]), default=0),
            )
        return result

    def _reads(self, block: Block) -> Reads:
        """What a block reads by name, looked through once."""
        if block.name not in self.reads:
            self.reads[block.name] = reads_of(block)
        return self.reads[block.name]

    def _refuse_surplus(self, block: Block, sources: dict[str, Tensor], span: Span) -> None:
        """Raise EvaluationError where `from` hands in a tensor that nothing in the block reads under any `when`."""
        reads = self._reads(block)
        limits.spend(len(sources) * (1 + len(reads.computed) // Cost.PER_NAME))
        surplus = [name for name in sources if not reads.may_read(name)]
        missing = [word for word in reads.outside if word not in sources]
        # A single tensor comes into the first layer, whatever it is called. What cannot be used may have read it.
        if not surplus or (len(sources) == 1 and not missing) or self.spec.problems:
            return
        message = f"the block {block.name!r} does not read {listed(map(quoted, surplus))}"
        hint = f"it reads {listed(reads.outside)}" if reads.outside else "leave it out"
        raise EvaluationError(span, message, did_you_mean(surplus[0], missing, hint))

    def _missing(self, frame: Frame, span: Span) -> Problem:
        """Why a block cannot read a word: the `from` of its call does not hand it in."""
        reads = self._reads(self.spec.blocks[frame.block])
        missing = [word for word in reads.outside if word not in frame.inputs]
        line = reads.words[missing[0]].line
        message = f"the block {frame.block!r} reads {listed(map(quoted, missing))} (line {line}), but from hands in"
        wanted = [word for word in reads.outside if word in frame.inputs or word in missing]
        hint = f"write from: {{{', '.join(f'{word}: ...' for word in wanted[:4])}{', ...' if len(wanted) > 4 else ''}}}"
        return Problem(span, f"{message} {listed(frame.inputs)}", hint)

    def _has_room(self, known: Expansion) -> bool:
        """Whether a copy stays within the bounds; else it is expanded, to tell where it leaves them."""
        first, end = known.layers
        within = len(self.layers) + end - first <= self.limits.layers
        return within and self.steps + known.steps <= self.limits.steps

    def _is_short(self, known: Expansion, path: str) -> bool:
        """Whether the names of a copy at a path stay within their bound."""
        return len(path) - len(known.path) + known.longest <= self.limits.path

    def _again(
        self,
        origin: Expansion,
        place: Placement,
        arguments: tuple[tuple[str, Value], ...],
        incoming: tuple[Tensor, ...],
    ) -> Tensor:
        """Place a block once more that was placed with equal arguments and equal shapes coming in."""
        path, cut = place.path, len(origin.path)
        count = origin.layers[1] - origin.layers[0]
        limits.spend(count * (len(path) - cut + origin.longest) // Cost.PER_CHARACTER)
        names = {old.name: new.name for old, new in zip(origin.incoming, incoming, strict=True)}
        self.groups.append(Group(path, self.groups[origin.groups[0] - 1].kind, place.item.span, arguments))
        for group in self.groups[slice(*origin.groups)]:
            old, kind, span, given = group
            self.groups.append(Group(path + old[cut:], kind, span, given))
        for layer in self.layers[slice(*origin.layers)]:
            old, figures, inputs, owner, training_only, span, written = layer
            name = names[old] = path + old[cut:]
            reads = tuple([names[one] for one in inputs])
            owner = None if owner is None else names[owner]
            self.layers.append(Layer(name, figures, reads, owner, training_only, span, written))
        for end in self.ends[slice(*origin.ends)]:
            self.ends.append(end._replace(name=names[end.name]))
        self.steps += origin.steps
        self.copies[path] = Copy(origin, incoming)
        return origin.result._replace(name=names[origin.result.name])

    def _tensor(self, full: str) -> Tensor | None:
        """The tensor of a full name, also of one inside a block that was placed once more."""
        if full in self.tensors or not self.copies:
            return self.tensors.get(full)
        head = full
        while "." in head:
            head = head.rpartition(".")[0]
            if head in self.copies:
                origin, incoming = self.copies[head]
                tensor = self._tensor(origin.path + full[len(head) :])
                if tensor is None:
                    return None
                for old, new in zip(origin.incoming, incoming, strict=True):
                    if tensor.name == old.name:
                        return new
                return tensor._replace(name=head + tensor.name[len(origin.path) :])
        return None

    def _join(self, join: JoinCall, place: Placement, sources: dict[str, Tensor]) -> Tensor:
        """A join of its branches; one branch that is left alone is what the join gives."""
        ends = self._branches(join.branches, place.frame, self._single(sources, place.item))
        if not ends:
            hint = "one must have no when, or a true one"
            raise EvaluationError(place.item.span, f"{place.path}: no branch is left", hint)
        tensors = [end for _, end in ends]
        if len(tensors) == 1:
            return tensors[0]
        return self._layer(join.call, place, tensors, tuple(label or end.name for label, end in ends))

    def _branches(
        self, branches: tuple[Branch, ...], frame: Frame, start: Tensor | None
    ) -> list[tuple[str | None, Tensor]]:
        """The branches that exist, with what each gives."""
        ends: list[tuple[str | None, Tensor]] = []
        for branch in branches:
            try:
                if branch.loop is None:
                    ends.extend(self._branch(branch, branch.name, frame, start))
                    continue
                incoming = self._loop_tensor(branch.loop, branch.sources, frame, start)
                for number, inner in frame.passes(branch.loop, incoming):
                    label = None if branch.name is None else f"{branch.name}.{number}"
                    ends.extend(self._branch(branch, label, inner, start))
            except EvaluationError as error:
                self.problems.append(error.problem)
                ends.append((branch.name, LOST))
            except UnknownValue:
                ends.append((branch.name, LOST))
        return ends

    def _branch(
        self, branch: Branch, label: str | None, frame: Frame, start: Tensor | None
    ) -> Iterator[tuple[str | None, Tensor]]:
        """One pass of a branch, if it exists."""
        self._spend(1, branch.span)
        begin = start
        if branch.sources is not None:
            named = self._named(branch.sources, frame, start)
            begin = _only(named)
            if begin is None:
                raise EvaluationError(branch.sources.span, "a branch starts from one tensor", "name one")
        if branch.when is not None and not frame.holds(branch.when, begin):
            return
        path = frame.path
        if label is not None and branch.items:
            path = self._free(_under(frame.path, label), branch.span)
            self.groups.append(Group(path, "branch", branch.span))
        end = self.items(branch.items, self._enter(frame, path, branch.span), begin)
        if end is None:
            raise EvaluationError(branch.span, "nothing comes into this branch", frame.which())
        if label is not None and branch.items:
            self.tensors[path] = end
        yield label, end

    # --- one layer ------------------------------------------------------------------------------

    def _layer(self, call: LayerCall, place: Placement, inputs: list[Tensor], labels: tuple[str, ...] = ()) -> Tensor:
        """Place a layer, or report why it cannot be."""
        item, path, frame = place
        if len(self.layers) >= self.limits.layers:
            message = f"the network has more than {self.limits.layers:,} layers"
            self._give_up(Problem(item.span, message, limits.raised("layers")))
        try:
            if len(path) > self.limits.path:
                self._refuse_path(path, item.span)
            if len(inputs) > 1 or call.type.several_inputs or inputs[0].training_only:
                self._check_inputs(call, place, inputs)
            layer_type = self._type(call, frame, inputs[0])
            figures = self._figures(layer_type, inputs)
        except RuleError as error:
            template = call.arguments.get(error.setting or "")
            origins = labels or tuple(tensor.name for tensor in inputs)
            origin = f" (from {listed(origins)})" if len(origins) > 1 and error.setting is None else ""
            span = item.span if template is None else template.span
            hint = self._input_hint(inputs, error) or error.hint
            self.problems.append(Problem(span, f"{_subject(path, item.type, error.message)}{origin}", hint))
            self.rule_failed = True
        except EvaluationError as error:
            self.problems.append(error.problem)
        except UnknownValue:
            pass
        else:
            owner = None if frame.shared is None else self._owner(place, figures)
            names = tuple([tensor.name for tensor in inputs])
            layer = Layer(path, figures, names, owner, frame.training_only, item.span, call.arguments)
            self.layers.append(layer)
            return Tensor(path, figures.output_shape, frame.training_only)
        # What reads it stays quiet.
        lost = self.tensors[path] = Tensor(path, None, frame.training_only)
        return lost

    def _input_hint(self, inputs: list[Tensor], error: RuleError) -> str:
        """The hint for a layer that needs a map and reads a network input that is a vector."""
        name, shape, _ = inputs[0]
        template = dict(self.spec.inputs).get(name)
        if template is None or shape is None or shape.rank or len(inputs) > 1 or error.setting is not None:
            return ""
        such = "[3, 224, 224]" if template.span.line else "--input 3x224x224"
        return f"write the shape of {name} with channels first, such as {such}"

    def _channels_last(self, inputs: dict[str, Tensor]) -> Iterator[Problem]:
        """A problem for each network input that seems to have its channels last, which explains what went wrong."""
        for name, template in self.spec.inputs:
            shape = inputs[name].shape
            if shape is not None and (meant := with_channels_first(shape)):
                written = str(meant) if not template.span.line else f"[{', '.join(map(str, meant))}]"
                message = f"{name} is a map of {shape.channels} channels, {shape[-1]} wide; channels come first"
                yield Problem(template.span, message, f"write {written}")

    def _refuse_path(self, path: str, span: Span) -> NoReturn:
        message = f"the full name {quoted(path)} is longer than {self.limits.path:,} characters"
        raise EvaluationError(span, message, limits.raised("path", "give the blocks that it is in shorter names"))

    def _check_inputs(self, call: LayerCall, place: Placement, inputs: list[Tensor]) -> None:
        item, path, frame = place
        if len(inputs) > 1 and not call.type.several_inputs:
            message = f"{path} takes one input, not {len(inputs)}"
            raise EvaluationError(item.span, message, "join them first, with concat or add")
        if len(inputs) == 1 and call.type.several_inputs:
            reads = inputs[0].name or "..."
            hint = f"write its branches, or from: [{reads}, ...] beside it"
            raise EvaluationError(item.span, f"{path} joins two tensors or more, but one comes in", hint)
        side = next((tensor.name for tensor in inputs if tensor.training_only), None)
        if side is not None and not frame.training_only:
            message = f"{path}: the inference path reads {quoted(side)}, which is there in training only"
            raise EvaluationError(item.span, message, "training_only is for side branches that nothing else reads")

    def _type(self, call: LayerCall, frame: Frame, current: Tensor) -> LayerType:
        """The layer with its settings, one object for equal ones; equal arguments are decoded once."""
        if call.ready is not None:
            return self.made.get(id(call)) or self._one(id(call), call.ready)
        settled = (id(call), id(frame.names))
        if settled in self.made:
            return self.made[settled]
        values: list[Value] = []
        try:
            for template in call.arguments.values():
                known = isinstance(template, Constant) and template.value is not UNKNOWN
                values.append(template.evaluate({}) if known else frame.evaluate(template, current))
        except (EvaluationError, UnknownValue):
            # A setting before it that is wrong is told all the same.
            self._decoded(call, values)
            raise
        # true is not 1: what is equal is of one type.
        key = (id(call), *values, *map(type, values))
        made = (None if tuple in key else self.made.get(key)) or self._one(
            key, call.type(**self._decoded(call, values))
        )
        if id(frame.names) in self.settled and not any(template.uses_tensor for template in call.arguments.values()):
            self.made[settled] = made
        return made

    def _decoded(self, call: LayerCall, values: list[Value]) -> dict[str, object]:
        """The first settings of a call from their values. Raises RuleError."""
        return {
            name: call.type.settings[name].decode(value) for name, value in zip(call.arguments, values, strict=False)
        }

    def _one(self, key: object, made: LayerType) -> LayerType:
        """The one object for a layer with such settings, found by `key` from now on."""
        made = self.made[key] = self.types.setdefault((type(made), tuple(vars(made).values())), made)
        return made

    def _figures(self, layer_type: LayerType, inputs: list[Tensor]) -> Figures:
        """What the layer answers for the shapes that come in, asked once."""
        shapes = tuple([tensor.shape for tensor in inputs if tensor.shape is not None])
        if len(shapes) < len(inputs):
            raise UnknownValue
        key = (id(layer_type), shapes)
        figures = self.figures.get(key)
        if figures is None:
            figures = figures_of(layer_type, shapes)
            self._check_sizes(figures.output_shape)
            self.figures[key] = figures
        return figures

    def _check_sizes(self, output: Shape) -> None:
        """Raise RuleError for an output with an axis that is longer than a number may be."""
        longest = max(output)
        if longest > self.limits.number:
            axis = ("channel count", *axis_names(output.rank))[output.index(longest)]
            message = f"its output's {axis} would be {longest:.1e}, more than {self.limits.number:,}"
            raise RuleError(message, None, limits.raised("number"))

    # --- shared weights -------------------------------------------------------------------------

    def _sharing(self, weights: NameTemplate, path: str, frame: Frame, current: Tensor | None) -> Shared:
        name = frame.evaluate_name(weights, current)
        try:
            return Shared(path, self._find(name, weights.span, frame), weights.span)
        except EvaluationError:
            if _under(frame.path, name) != path:
                raise
            message = f"{quoted(name)} shares its weights with itself"
            raise EvaluationError(weights.span, message, "name a layer or block above it") from None

    def _owner(self, place: Placement, figures: Figures) -> str | None:
        """The name of the layer whose weights this one shares."""
        shared = place.frame.shared
        if shared is None or not figures.weights:
            return None
        counterpart = f"{shared.other}{place.path[len(shared.own) :]}"
        for layer in self.layers[len(self.by_name) :]:
            self.by_name[layer.name] = layer
        twin = self.by_name.get(counterpart)
        if twin is not None and twin.weights_from is not None:
            twin = self.by_name[twin.weights_from]
        if twin is None:
            for path in (shared.other, counterpart):
                if path in self.tensors and self.tensors[path].shape is None:
                    raise UnknownValue
            message = f"{place.path}: {quoted(shared.other)} has no layer like it to share weights with"
            raise EvaluationError(shared.span, message, "share with a layer or block of the same kind")
        if not twin.figures.weights:
            message = f"{place.path}: {quoted(twin.name)} has no weights to share"
            raise EvaluationError(shared.span, message, "leave weights out")
        if twin.figures.weights != figures.weights:
            mine, theirs = (
                ", ".join(f"{weight.name} {Shape(weight.shape)}" for weight in weights)
                for weights in (figures.weights, twin.figures.weights)
            )
            message = f"{place.path}: its weights ({mine}) are not those of {twin.name} ({theirs})"
            raise EvaluationError(shared.span, message, "only layers of equal settings and channels share weights")
        if twin.training_only and not place.frame.training_only:
            message = f"{place.path}: shares the weights of {twin.name}, which is there in training only"
            raise EvaluationError(shared.span, message, "let that one share the weights of this one")
        return twin.name

    # --- bounds ---------------------------------------------------------------------------------

    def _spend(self, steps: int, span: Span) -> None:
        """Ends what would take for ever, such as blocks that multiply and hold no layer."""
        self.steps += steps
        if self.steps > self.limits.steps:
            message = f"the spec comes to more than {self.limits.steps:,} layers, blocks and branches"
            self._give_up(Problem(span, message, limits.raised("layers", "repeat fewer times")))

    def _enter(self, frame: Frame, path: str, span: Span) -> Frame:
        """The frame one level further in."""
        if frame.depth >= self.limits.nesting:
            message = f"blocks and branches are nested more than {self.limits.nesting} deep"
            self._give_up(Problem(span, message, limits.raised("nesting")))
        if len(path) > self.limits.path:
            self._refuse_path(path, span)
        return frame.entered(path)

    # --- names ----------------------------------------------------------------------------------

    def _take(self, frame: Frame, item: Item) -> str:
        """A full name for an item: its own, or its type's, numbered where two would collide."""
        if item.name is None:
            return self._free(_under(frame.path, item.type), item.span)
        own = frame.evaluate_name(item.name, None)
        limits.spend((len(frame.path) + len(own)) // Cost.PER_CHARACTER)
        if item.name.constant is None and (wrong := name_problem(own)):
            raise EvaluationError(item.name.span, *wrong)
        path = _under(frame.path, own)
        self.dotted = self.dotted or "." in own
        if path in self.taken or ("." in own and self._tensor(path) is not None):
            place = self.places.get(path)
            taken = "inside a block" if place is None else f"in line {place.line}"
            taken = "an input has it" if path in dict(self.spec.inputs) else taken
            hint = "give each a name of its own"
            if place is not None and place == item.span:
                taken, hint = "by an earlier pass", "{index} in it numbers the passes, as a name for their group does"
            message = f"the name {quoted(path)} is taken already, {taken}"
            raise EvaluationError(item.name.span, message, hint)
        self.taken[path] = 1
        self.places[path] = item.span
        return path

    def _free(self, path: str, span: Span) -> str:
        """The path, or the first of path_2, path_3, ... that is not taken."""
        limits.spend(len(path) // Cost.PER_CHARACTER)
        number = self.taken.get(path)
        candidate = path
        if number is None:
            self.taken[path] = 1
        else:
            while candidate in self.taken:
                number += 1
                candidate = f"{path}_{number}"
            self.taken[path] = number
            self.taken[candidate] = 1
        self.places[candidate] = span
        return candidate

    # --- tensors --------------------------------------------------------------------------------

    def _sources(self, item: Item, action: Action, frame: Frame, current: Tensor | None) -> dict[str, Tensor]:
        """What comes into an item, by the name it has inside a block; `` for the one."""
        if item.sources is not None:
            return self._named(item.sources, frame, current, item.name)
        if current is not None:
            return {"": current}
        # Several inputs and no layer yet: a join takes them all, and branches say themselves what they start from.
        if isinstance(action, LayerCall) and action.type.several_inputs:
            return frame.inputs
        if isinstance(action, JoinCall | SideBranches | ItemGroup):
            return {}
        raise EvaluationError(item.span, f"{item.type}: {len(frame.inputs)} inputs come in", frame.which())

    def _named(
        self, sources: Sources, frame: Frame, current: Tensor | None, own: NameTemplate | None = None
    ) -> dict[str, Tensor]:
        """The tensors that `from` names; `own` is the name of the item that reads them."""
        limits.spend(2 * len(sources.names))
        found: dict[str, Tensor] = {}
        for number, (key, template) in enumerate(sources.names):
            name = frame.evaluate_name(template, current)
            try:
                tensor = self._resolve(name, template.span, frame, current)
            except EvaluationError:
                if own is None or own.constant != name:
                    raise
                hint = "name a layer above it, or previous"
                raise EvaluationError(template.span, f"{quoted(name)} reads itself", hint) from None
            found[key or ("" if len(sources.names) == 1 else f"input.{number}")] = tensor
        return found

    def _single(self, sources: dict[str, Tensor], item: Item) -> Tensor | None:
        if len(sources) <= 1:
            return _only(sources)
        message = f"{item.type} starts from one tensor, not {len(sources)}"
        hint = "name one in from, or give each branch a from of its own"
        if isinstance(item.action, JoinCall):
            hint = "leave the branches out to join them, or give each branch a from of its own"
        raise EvaluationError(item.span if item.sources is None else item.sources.span, message, hint)

    def _resolve(self, name: str, span: Span, frame: Frame, current: Tensor | None) -> Tensor:
        """The tensor of a name: of the branch at hand, else of what is around it in the same block."""
        if name == "previous":
            if current is None:
                raise EvaluationError(span, "there is no previous layer yet", frame.which())
            return current
        if name in frame.inputs:
            return frame.inputs[name]
        tensor = self._tensor(self._find(name, span, frame))
        if tensor is None:  # pragma: no cover - what is found is there
            raise UnknownValue
        return tensor

    def _find(self, name: str, span: Span, frame: Frame) -> str:
        """The full name of a layer, block or branch."""
        path = frame.path
        while True:
            full = _under(path, name)
            if self._tensor(full) is not None:
                return full
            if path == frame.scope:
                break
            path = path.rpartition(".")[0]
        if self._is_lost(name):
            raise UnknownValue
        raise EvaluationError(*self._unknown_name(name, span, frame))

    def _is_lost(self, name: str) -> bool:
        """Whether a name belongs to something that failed."""
        whole = f".{name}."
        for number, texts in enumerate(self.lost, start=1):
            if contains_in_order(texts, whole):
                limits.spend(number // Cost.PER_NAME)
                return True
        limits.spend(len(self.lost) // Cost.PER_NAME)
        return False

    def _unknown_name(self, name: str, span: Span, frame: Frame) -> Problem:
        """Why a name cannot be read at a place, with what would work."""
        if name == "input" and len(frame.inputs) > 1 and frame.call is None:
            return Problem(span, "there is more than one input", f"name one of {listed(frame.inputs, 'or')}")
        if re.fullmatch(r"-?[0-9]+", name):
            message = f"{quoted(name)} is no name: layers have names, not numbers"
            return Problem(span, message, "write previous for the layer before, and give others a name:")
        prefix = f"{frame.scope}." if frame.scope else ""
        ending = f".{name}"
        inside = (path for path in self.tensors if path.endswith(ending) and path.startswith(prefix))
        inner = next((path.removeprefix(prefix) for path in inside), None)
        declared = self.spec.names.get(name, [])
        here = [declaration for declaration in declared if declaration.block == frame.block]
        if here and here[0].span > span and inner is None:
            message = f"{quoted(name)} stands below, in line {here[0].span.line}"
            return Problem(span, message, "a layer reads only what stands above it")
        if inner is not None:
            return Problem(span, f"{quoted(name)} stands inside a block or branch", f"write {inner}")
        if frame.call is not None and not here and name in self._reads(self.spec.blocks[frame.block]).outside:
            return self._missing(frame, frame.call)
        outside = next((declaration for declaration in declared if not declaration.block), None)
        if frame.block and outside is not None:
            message = f"{quoted(name)} (line {outside.span.line}) stands outside of the block {frame.block!r}"
            return Problem(span, message, f"hand it in: from: {{input: previous, {name}: {name}}} where it is used")
        if here:
            message = f"{quoted(name)} (line {here[0].span.line}) is not there in this network"
            return Problem(span, message, "its when: is false, or its block is not used")
        if declared:
            message = f"{quoted(name)} (line {declared[0].span.line}) stands inside the block {declared[0].block!r}"
            return Problem(span, message, "a layer sees its own block, and gets the rest by from: where that is used")
        named = (word for word, given in self.spec.names.items() if any(one.block == frame.block for one in given))
        seen = (path.removeprefix(prefix) for path in self.tensors if path.startswith(prefix))
        words = chain(frame.inputs, ("previous",), named, seen)
        hint = did_you_mean(name, words, "give the layer a name: where it stands")
        return Problem(span, f"no layer is called {quoted(name)}", hint)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _subject(path: str, kind: str, message: str) -> str:
    """A rule's message about the layer of that path: `conv needs ...` is said of it by name."""
    return f"{path}{message.removeprefix(kind)}" if message.startswith(f"{kind} ") else f"{path}: {message}"


def _only(sources: dict[str, Tensor]) -> Tensor | None:
    """The tensor where there is just one."""
    return next(iter(sources.values())) if len(sources) == 1 else None


def _alike(
    block: str, arguments: tuple[tuple[str, Value], ...], inputs: dict[str, Tensor], frame: Frame
) -> tuple[object, ...]:
    """What is equal where a block comes to the same. `true` is not 1, and one tensor twice is not two alike."""
    exact = tuple([(type(value), value if type(value) is int else repr(value)) for _, value in arguments])
    names = [tensor.name for tensor in inputs.values()]
    incoming = tuple([(key, tensor[1:], names.index(tensor.name)) for key, tensor in inputs.items()])
    return block, exact, incoming, frame.training_only, frame.depth


def _is_bare(item: Item) -> bool:
    """Whether an item is a group whose layers stand as if written without it."""
    return isinstance(item.action, ItemGroup) and item.name is None and item.weights is None


def _refuse_one_start(item: Item) -> None:
    """Passes that all start from one layer are parallel: numbered below one name, only the last could be read."""
    if item.sources is None or len(item.sources.names) != 1:
        return
    source = item.sources.names[0][1]
    if source.constant in (None, "previous"):
        return
    message = f"every pass would start from {quoted(source.constant or '')}, and all but the last be lost"
    hint = "put the first apart for a chain, or {index} in the name for parallel layers"
    raise EvaluationError(source.span, message, hint)


def _in_order(decoded: Iterable[Problem], built: Iterable[Problem], file: str) -> list[Problem]:
    """The problems of the spec's own file first, from top to bottom.

    One place in a block can fail in each of its expansions: only the first is told.
    """
    by_place: dict[object, Problem] = {(problem.span, problem.message): problem for problem in decoded}
    for problem in built:
        by_place.setdefault(problem.span or problem.message, problem)

    def order(problem: Problem) -> tuple[bool, bool, Span]:
        span = problem.span or Span("", 0, 0)
        return problem.span is not None, span.file != file, span

    return sorted(map(of_option, by_place.values()), key=order)
