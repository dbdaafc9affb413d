"""Plans the functions of generated Keras code."""

from __future__ import annotations

from cnncalc.exporters.keras.layers import MixedUse
from cnncalc.exporters.keras.plan import (
    MOST_SAMPLES,
    Definition,
    FunctionPlan,
    InputForm,
    NameParts,
    Observations,
    Sample,
    ScopeNode,
    TensorReference,
    constant_name,
    iterate_samples,
    shape_names,
    templates_of,
    texts_match,
)
from cnncalc.exporters.keras.resolve import NameResolver
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.spec.records import (
    Block,
    BlockCall,
    Branch,
    Item,
    ItemGroup,
    JoinCall,
    NetworkCall,
    SideBranches,
    Sources,
    Spec,
    TypeCall,
)
from cnncalc.spec.templates import (
    SHAPE,
    Computed,
    NameTemplate,
)
from cnncalc.syntax.expressions import Name


class WalkPlace(Record):
    """Where a reference stands: its function and scope, its number among the parts of the function, and its loops."""

    function: FunctionPlan
    scope: ScopeNode
    order: int
    loops: tuple[int, ...] = ()
    samples: tuple[Sample, ...] = ()


# After all parts of a function.
LAST = 10**9


class Planner(NameResolver):
    """Plans the functions of a spec, each once for each way in which tensors enter it."""

    def __init__(self, spec: Spec, network: LayerGraph, variables: Sample) -> None:
        self.observed = Observations(network)
        self.functions: dict[object, FunctionPlan] = {}
        names = tuple(name for name, _ in spec.inputs)
        form = InputForm() if len(names) == 1 else InputForm(names)
        self.main = FunctionPlan(spec, None, form, [variables])
        self.variables: dict[int, Sample] = {id(spec): variables}
        self._plan(self.main)
        for reference in spec.outputs:
            self.refer(WalkPlace(self.main, self.main.root, LAST), ("output", id(reference)), reference.parts)
        self._resolve_all()

    # --- walking ---

    def _plan(self, function: FunctionPlan) -> None:
        self._walk(function, function.items, function.root, (), function.samples)
        function.is_done = True

    def _walk(
        self,
        function: FunctionPlan,
        items: tuple[Item, ...],
        scope: ScopeNode,
        loops: tuple[int, ...],
        samples: list[Sample],
    ) -> None:
        for item in items:
            self._walk_item(function, item, scope, loops, samples)

    def _walk_item(
        self, function: FunctionPlan, item: Item, scope: ScopeNode, loops: tuple[int, ...], samples: list[Sample]
    ) -> None:
        if item.action is None:
            raise MixedUse
        function.order += 1
        order, outer = function.order, loops
        if item.loop is not None:
            loops = (*loops, id(item))
            samples = iterate_samples(item.loop, samples)
        self._refer_all(WalkPlace(function, scope, order, loops, tuple(samples)), item)
        is_unnamed = isinstance(item.action, SideBranches | ItemGroup) and item.name is None
        if (item.weights is not None or item.share_weights) and not isinstance(item.action, BlockCall):
            raise MixedUse
        inner = scope
        if not is_unnamed:
            defined_in = outer if item.loop is None or _is_numbered(item) else loops
            definition = self._define_item(function, item, scope, order, defined_in)
            inner = ScopeNode(scope, definition.parts)
        function.scopes[id(item)] = inner
        action = item.action
        if isinstance(action, ItemGroup):
            self._walk(function, action.items, inner, loops, samples)
        elif isinstance(action, JoinCall | SideBranches):
            # Joins add nothing to the names of their branches.
            for branch in action.branches:
                self._walk_branch(function, branch, scope, loops, samples)
        elif isinstance(action, BlockCall | NetworkCall):
            self._call(function, item, action, samples)
        elif isinstance(action, TypeCall):
            for kind in self.observed.kinds.get(item.span, ()):
                if kind in function.spec.blocks:
                    self._call(function, item, BlockCall(kind, {}), samples)

    def _define_item(
        self, function: FunctionPlan, item: Item, scope: ScopeNode, order: int, loops: tuple[int, ...]
    ) -> Definition:
        """The definition of an item, which takes the name of its type if it has none of its own."""
        word = item.type
        if isinstance(item.action, TypeCall):
            tree = item.action.type.expression.tree if isinstance(item.action.type, Computed) else None
            word = tree.name if isinstance(tree, Name) else "type"
        if item.name is None:
            scope.unnamed.setdefault(word, []).append(id(item))
        parts = self._auto_parts(scope, word) if item.name is None else item.name.parts
        definition = Definition(scope, parts, order, loops, word)
        definition.call = item
        function.add(definition)
        function.by_site[id(item)] = definition
        return definition

    @staticmethod
    def _auto_parts(scope: ScopeNode, word: str) -> NameParts:
        count = len(scope.unnamed[word])
        return (word,) if count == 1 else (f"{word}_{count}",)

    def _walk_branch(
        self, function: FunctionPlan, branch: Branch, scope: ScopeNode, loops: tuple[int, ...], samples: list[Sample]
    ) -> None:
        function.order += 1
        order, outer = function.order, loops
        if branch.loop is not None:
            loops = (*loops, id(branch))
            samples = iterate_samples(branch.loop, samples)
        self._refer_all(WalkPlace(function, scope, order, loops, tuple(samples)), branch)
        inner = scope
        if branch.name is not None and branch.items:
            count = scope.branches[branch.name] = scope.branches.get(branch.name, 0) + 1
            name = branch.name if count == 1 else f"{branch.name}_{count}"
            definition = Definition(scope, (name,), order, outer, branch.name)
            function.add(definition)
            function.by_site[id(branch)] = definition
            inner = ScopeNode(scope, definition.parts)
        function.scopes[id(branch)] = inner
        self._walk(function, branch.items, inner, loops, samples)

    def _call(self, function: FunctionPlan, item: Item, action: BlockCall | NetworkCall, samples: list[Sample]) -> None:
        """Plan the function that an item calls."""
        sources = item.sources
        key: object
        if isinstance(action, NetworkCall):
            spec, block = function.spec.networks[action.network], None
            names = tuple(name for name, _ in spec.inputs)
            form = InputForm() if len(names) == 1 else InputForm(names)
            key = action.network, tuple(template.parts for template in action.outputs)
            arguments = [
                sample
                for kind, found in self.observed.arguments.items()
                if kind == item.type
                for sample in found
                if sample.keys() == spec.variables.keys()
            ]
        else:
            spec = function.spec
            found_block = spec.blocks.get(action.block)
            if found_block is None:
                raise MixedUse
            block = found_block
            form = self._form(block, sources)
            key = id(spec), block.name, form
            parameters = {parameter.name for parameter in block.parameters}
            own = self.variables[id(spec)]
            arguments = [
                {**own, **sample} for sample in self.observed.arguments.get(block.name, []) if parameters == set(sample)
            ]
        plan = self.functions.get(key)
        if plan is None:
            plan = self.functions[key] = FunctionPlan(spec, block, form, arguments[:MOST_SAMPLES])
            if block is None:
                self.variables.setdefault(id(spec), arguments[0] if arguments else {})
            self._plan(plan)
            if isinstance(action, NetworkCall):
                self._refer_outputs(plan, action)
        function.calls[id(item)] = plan
        if plan not in function.callees:
            function.callees.append(plan)
        definition = function.by_site.get(id(item))
        if definition is not None:
            definition.callee = plan

    def _refer_outputs(self, plan: FunctionPlan, action: NetworkCall) -> None:
        """Note the last of the outputs of a network, which is that of its item."""
        outputs = action.outputs or plan.spec.outputs
        if outputs:
            self.refer(WalkPlace(plan, plan.root, LAST), ("output",), outputs[-1].parts)

    @staticmethod
    def _form(block: Block, sources: Sources | None) -> InputForm:
        if block.tensors:
            return InputForm(block.tensors)
        if sources is None or (len(sources.names) == 1 and sources.names[0][0] is None):
            return InputForm()
        if sources.names[0][0] is None:
            if any(template.value is not None for _, template in sources.names):
                raise MixedUse
            return InputForm(is_list=True)
        return InputForm(tuple(key or "" for key, _ in sources.names))

    # --- references ---

    def _refer_all(self, place: WalkPlace, part: Item | Branch) -> None:
        if part.sources is not None:
            for _, template in part.sources.names:
                self.refer(place, id(template), template.parts, template)
        if isinstance(part, Item) and part.weights is not None:
            self.refer(place, id(part.weights), part.weights.parts)
        for value in templates_of(part):
            for name in shape_names(value):
                key = SHAPE, id(place.scope), name
                if key not in place.function.references:
                    self.refer(place, key, (name,))

    def refer(self, place: WalkPlace, key: object, parts: NameParts, template: NameTemplate | None = None) -> None:
        """Note a reference, unless it means a tensor that enters the function or the item above."""
        function, samples = place.function, place.samples
        name = constant_name(parts)
        inputs = function.form.names
        if name == "previous" or name in inputs:
            return
        if not inputs and (name == "input" or (function.block is None and name in dict(function.spec.inputs))):
            function.reads_input = True
            return
        if function.form.is_list and texts_match(parts, ("input.", "0")) and str(parts[0]).startswith("input."):
            function.reads_input = True
            return
        if template is not None and template.value is not None:
            tree = template.value.expression.tree
            if isinstance(tree, Name) and self._is_value(function, tree.name):
                words = {sample[tree.name] for sample in samples if tree.name in sample}
                if not words or not all(isinstance(word, str) for word in words):
                    raise MixedUse
                for word in words:
                    reference = TensorReference((str(word),), function.root, place.order, place.loops, by_key=True)
                    function.references[key, word] = reference
                function.word_sources.add(key)
                return
        function.references[key] = TensorReference(parts, place.scope, place.order, place.loops)

    @staticmethod
    def _is_value(function: FunctionPlan, name: str) -> bool:
        """Whether a name is a value, because no definition has it."""
        return not any(constant_name(one.parts) == name for one in function.definitions)


def _is_numbered(item: Item) -> bool:
    """Whether the passes of an item have numbers below its name."""
    if isinstance(item.action, TypeCall) and item.name is None:
        return False
    return item.name is None or item.name.constant is not None
