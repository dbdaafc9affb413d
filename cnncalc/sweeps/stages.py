"""Networks of one spec for many values of its variables: only the items that a changed value reaches are built again.

The network up to an item depends on the inputs, and on the variables that the items before it use. So it is kept for
their values, and continued from there. The network is the same as that of `build`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from functools import cached_property
from itertools import islice
from typing import TypeAlias

from cnncalc import limits
from cnncalc.analyses.totals import Sum
from cnncalc.errors import SpecError
from cnncalc.network.build import build, enter_network, finish_network, variables_of
from cnncalc.network.build.cache import BlockCache, Expansion, UnknownInsideError
from cnncalc.network.build.draft import CANNOT_BUILD, Draft
from cnncalc.network.build.expand import Expander
from cnncalc.network.build.inputs import evaluate_shape
from cnncalc.network.build.scope import Tensor
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.spec.records import BlockCall, Item, Spec, TypeCall
from cnncalc.spec.templates import TypeWithArguments, names_used_in
from cnncalc.sweeps.tally import Tally, Traits
from cnncalc.syntax.expressions import Value

# The layers of all checkpoints together: each takes about a kilobyte.
MOST_LAYERS_KEPT = 40_000
# Networks after which caches of decoded layers are dropped, so that memory stays flat.
MOST_REUSES = 5_000

Key: TypeAlias = "tuple[object, ...]"


class BuildStage(Record):
    """The items from `start` on. Those before it use the `names` among the changing variables."""

    start: int
    names: tuple[str, ...]


class Checkpoint(Record):
    """A network up to the beginning of a stage: the containers of its draft, the last output, the sums, and the work
    of building it.
    """

    state: tuple[object, ...]
    steps: int
    may_copy: bool
    current: Tensor | None
    tally: Tally
    work: int


class BlockStore:
    """Expansions of blocks of earlier designs, by the values of the changing variables that a block uses."""

    def __init__(self, names: Mapping[str, Collection[str]], changing: Collection[str]) -> None:
        self.names = {block: sorted(name for name in used if name in changing) for block, used in names.items()}
        self.expansions: OrderedDict[object, Expansion] = OrderedDict()
        self.kept_layers = 0
        # Those of the current design.
        self.variables: Mapping[str, Value] = {}
        self.is_used = False

    def begin(self, variables: Mapping[str, Value]) -> None:
        """Begin another design, with these values."""
        self.variables = variables
        self.is_used = False

    def find(self, key: object) -> Expansion | None:
        """An expansion with the key of a block cache."""
        own = self._key(key)
        found = self.expansions.get(own)
        if found is not None:
            self.expansions.move_to_end(own)
            self.is_used = True
        return found

    def add(self, cache: BlockCache, before: int) -> None:
        """Add the expansions of a cache behind the first ones, and drop the oldest ones beyond the limit."""
        for key in islice(reversed(cache.expansions), len(cache.expansions) - before):
            own = self._key(key)
            if own in self.expansions:
                continue
            expansion = self.expansions[own] = cache.export(cache.expansions[key])
            self.kept_layers += _count_layers(expansion)
        while self.kept_layers > MOST_LAYERS_KEPT:
            _, dropped = self.expansions.popitem(last=False)
            self.kept_layers -= _count_layers(dropped)

    def _key(self, key: object) -> object:
        # The key of a block cache begins with that of the arguments, which begins with the block.
        block: str = key[0][0]  # type: ignore[index]
        return key, *[_key(self.variables[name]) for name in self.names[block]]


def _count_layers(expansion: Expansion) -> int:
    return 1 + len(expansion.parts.layers) if expansion.parts else 1


class BuiltDesign(Record):
    """A network with its totals."""

    network: LayerGraph
    sums: Sum
    depth: int
    layers: int


class StagedBuilder:
    """Builds the networks of a spec whose variables in `changing` have other values each time, and whose inputs may."""

    def __init__(self, spec: Spec, changing: Collection[str]) -> None:
        self.spec = spec
        self.changing = frozenset(_depending_on(spec, changing))
        # Networks as items and overrides see variables in more ways than those that are collected here.
        self.is_staged = not (spec.networks or spec.overrides or spec.problems or spec.is_library)
        self.checkpoints: OrderedDict[Key, Checkpoint] = OrderedDict()
        self.kept_layers = 0
        self.expander: Expander | None = None
        self.reuses = 0
        self.blocks = _names_by_block(spec) if self.is_staged else {}
        self.store = BlockStore(self.blocks, self.changing)
        self.traits: dict[int, Traits] = {}

    @cached_property
    def stages(self) -> tuple[BuildStage, ...]:
        """The stages: a new one begins with each item that uses another one of the changing variables."""
        used: dict[str, None] = {}
        stages = [BuildStage(0, ())]
        for number, item in enumerate(self.spec.items):
            new = [name for name in _names_used_by(item, self.blocks) if name in self.changing and name not in used]
            if new and number:
                stages.append(BuildStage(number, tuple(used)))
            used.update(dict.fromkeys(new))
        return tuple(stages)

    def build(self, spec: Spec) -> BuiltDesign:
        """The network of the spec with other values of its variables and inputs. Raises SpecError."""
        if not self.is_staged or spec.problems:
            return _measure(build(spec))
        limits.restart()
        try:
            return self._build(spec)
        except (SpecError, UnknownInsideError) as error:
            self.expander = None
            if self.store.is_used:
                # Names inside copies of blocks of other designs are not recorded, and messages may suggest them.
                return _measure(build(spec))
            raise error from None
        except BaseException:
            self.expander = None
            raise
        finally:
            limits.rest(self.expander.draft.steps if self.expander else 0)

    def _build(self, spec: Spec) -> BuiltDesign:
        problems = limits.Problems()
        variables = variables_of(spec, problems)
        inputs: dict[str, Tensor] = {}
        try:
            for name, template in spec.inputs:
                inputs[name] = Tensor(name, evaluate_shape(name, template, variables))
        except CANNOT_BUILD:
            return _measure(build(spec))
        if problems or any(tensor.shape is None for tensor in inputs.values()):
            return _measure(build(spec))
        shapes = tuple([tensor.shape for tensor in inputs.values()])
        keys: list[Key] = [
            (number, shapes, *[_key(variables[name]) for name in stage.names])
            for number, stage in enumerate(self.stages)
        ]
        first = next((number for number in range(len(keys) - 1, 0, -1) if keys[number] in self.checkpoints), 0)
        self.store.begin(variables)
        expander = self._expander_for(spec, fresh=first == 0)
        draft = expander.draft
        scope, current = enter_network(expander, variables, inputs)
        if first:
            self.checkpoints.move_to_end(keys[first])
            checkpoint = self.checkpoints[keys[first]]
            _restore(expander, checkpoint)
            limits.spend(checkpoint.work)
            current, tally = checkpoint.current, checkpoint.tally.copy()
        else:
            draft.tensors.update(inputs)
            tally = Tally([(name, tensor.shape) for name, tensor in inputs.items() if tensor.shape is not None])
        expansions = len(expander.cache.expansions)
        for number in range(first, len(keys)):
            if number > first and not draft.problems:
                self._keep(keys[number], expander, current, tally)
            end = self.stages[number + 1].start if number + 1 < len(self.stages) else None
            before = len(draft.layers)
            current = expander.place_items(spec.items[self.stages[number].start : end], scope, current)
            if not draft.problems:
                tally.extend(draft.layers[before:], self.traits)
        network = finish_network(expander, scope, current)
        self.store.add(expander.cache, expansions)
        return BuiltDesign(network, tally.finish(network.outputs), tally.depth, tally.layers)

    def _expander_for(self, spec: Spec, *, fresh: bool) -> Expander:
        """An expander for a spec, whose draft is empty if it is to be `fresh`."""
        self.reuses += 1
        if fresh or self.expander is None or self.reuses > MOST_REUSES:
            self.reuses = 0
            self.expander = Expander(Draft(spec))
            self.expander.cache.shared = self.store
            return self.expander
        expander = self.expander
        expander.draft.spec = expander.reads.spec = spec
        expander.names.inputs = dict(spec.inputs)
        # Layers inside a block may use variables besides its arguments.
        expander.layers.factory.by_arguments = {}
        return expander

    def _keep(self, key: Key, expander: Expander, current: Tensor | None, tally: Tally) -> None:
        """Keep a checkpoint, and drop the oldest ones if all of them hold too many layers."""
        size = len(expander.draft.layers) + 1
        if size > MOST_LAYERS_KEPT:
            return
        state = tuple([getattr(owner, name).copy() for owner, name in _containers(expander)])
        work = limits.spent()
        steps, may_copy = expander.draft.steps, expander.cache.may_copy
        self.checkpoints[key] = Checkpoint(state, steps, may_copy, current, tally.copy(), work)
        self.kept_layers += size
        while self.kept_layers > MOST_LAYERS_KEPT:
            _, dropped = self.checkpoints.popitem(last=False)
            self.kept_layers -= len(dropped.state[0]) + 1  # type: ignore[arg-type]


def _containers(expander: Expander) -> tuple[tuple[object, str], ...]:
    """The containers that placing an item changes, the layers first; those of problems are empty."""
    draft, cache, names = expander.draft, expander.cache, expander.names
    return (
        (draft, "layers"),
        (draft, "groups"),
        (draft, "side_ends"),
        (draft, "tensors"),
        (cache, "expansions"),
        (cache, "copies"),
        (names, "numbers"),
        (names, "places"),
        (expander.weights, "by_name"),
    )


def _restore(expander: Expander, checkpoint: Checkpoint) -> None:
    """Put an expander into the state of a checkpoint, which stays as it is."""
    for (owner, name), kept in zip(_containers(expander), checkpoint.state, strict=True):
        setattr(owner, name, kept.copy())  # type: ignore[attr-defined]
    expander.draft.problems = limits.Problems()
    expander.draft.steps = checkpoint.steps
    expander.cache.may_copy = checkpoint.may_copy
    expander.names.failed = {}
    expander.layers.has_broken_rule = False


def _measure(network: LayerGraph) -> BuiltDesign:
    """A network that was built as a whole, with its totals."""
    tally = Tally(network.inputs)
    tally.extend(network.layers, {})
    return BuiltDesign(network, tally.finish(network.outputs), tally.depth, tally.layers)


def _key(value: Value) -> object:
    """A key that is equal for equal values; `true` is not 1."""
    return value if type(value) is int else (type(value), repr(value))


def _depending_on(spec: Spec, changing: Collection[str]) -> set[str]:
    """The variables that change if some of them do: these, and those that are computed from them."""
    found = set(changing)
    for name, template in spec.variables.items():
        if not found.isdisjoint(names_used_in(template)):
            found.add(name)
    return found


def _names_by_block(spec: Spec) -> dict[str, set[str]]:
    """The names of variables that a block uses, in itself or in blocks that it uses."""
    own: dict[str, set[str]] = {}
    called: dict[str, set[str]] = {}
    for name, block in spec.blocks.items():
        hidden: set[str] = set()
        own[name] = set()
        for parameter in block.parameters:
            own[name] |= set(names_used_in(parameter.default)) - hidden
            hidden.add(parameter.name)
        own[name] |= set(names_used_in(block.items)) - hidden
        called[name] = {*_blocks_in(block.items, spec), *_blocks_in(tuple(p.default for p in block.parameters), spec)}
    waiting = list(own)
    callers: dict[str, set[str]] = {name: set() for name in own}
    for name, inner in called.items():
        for one in inner:
            callers[one].add(name)
    while waiting:
        name = waiting.pop()
        for caller in callers[name]:
            if not own[name] <= own[caller]:
                own[caller] |= own[name]
                waiting.append(caller)
    return own


def _names_used_by(item: Item, blocks: dict[str, set[str]]) -> list[str]:
    """The names that an item uses, in itself or in its blocks, in a fixed order."""
    names = set(names_used_in(item))
    for block in _blocks_in(item, blocks):
        names |= blocks[block]
    return sorted(names)


def _blocks_in(record: object, known: Spec | dict[str, set[str]]) -> set[str]:
    """The blocks that may be placed below a record; all of them where an expression chooses the type."""
    blocks = known.blocks if isinstance(known, Spec) else known
    found: set[str] = set()
    waiting = [record]
    while waiting:
        part = waiting.pop()
        if isinstance(part, TypeCall | TypeWithArguments):
            return set(blocks)
        if isinstance(part, BlockCall):
            found.add(part.block)
        if isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, tuple):
            waiting += part
    return found & set(blocks)
