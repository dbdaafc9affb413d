"""Placing layers: decodes settings, computes shapes and figures, and finds shared weights."""

from __future__ import annotations

from typing import NoReturn

from cnncalc import limits
from cnncalc.errors import Problem, RuleError, listed, quoted
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import Shape, axis_names
from cnncalc.network.build.draft import CANNOT_BUILD, Draft, report
from cnncalc.network.build.inputs import hint_map_input
from cnncalc.network.build.names import NameTable, join_path
from cnncalc.network.build.scope import ItemScope, Placement, SharedWeights, Tensor
from cnncalc.network.records import Figures, Layer, figures_of, freeze
from cnncalc.spec.records import LayerCall
from cnncalc.spec.templates import EvaluationError, NameTemplate
from cnncalc.syntax.expressions import UnknownValue


class LayerFactory:
    """Decodes layers and computes their figures; equal layers are one object, whose figures are computed once."""

    def __init__(self, largest_size: int) -> None:
        self.largest_size = largest_size
        self.constant: dict[int, LayerType] = {}
        self.by_arguments: dict[object, dict[int, LayerType]] = {}
        self.types: dict[tuple[type[LayerType], tuple[object, ...]], LayerType] = {}
        self.figures: dict[tuple[int, tuple[Shape, ...]], Figures] = {}
        self.frozen: dict[int, Figures] = {}

    def reuse(self, arguments: object) -> dict[int, LayerType]:
        """The decoded layers of a block by the id of their call; one dictionary for equal arguments."""
        return self.by_arguments.setdefault(arguments, {})

    def layer_type(self, call: LayerCall, scope: ItemScope, tensor: Tensor | None) -> LayerType:
        """The layer of a call whose settings see `tensor`. Raises RuleError, and what `ItemScope.evaluate` raises."""
        known = scope.layer_types if call.ready is None else self.constant
        made = None if known is None else known.get(id(call))
        if made is not None:
            return made
        made = call.ready
        if made is None:
            settings = call.type.settings
            values = {}
            for name, template in call.arguments.items():
                values[name] = settings[name].decode(scope.evaluate(template, tensor))
            made = call.type(**values)
        made = self.types.setdefault((type(made), tuple(vars(made).values())), made)
        if known is not None and not any(item.uses_tensor or item.uses_shapes for item in call.arguments.values()):
            known[id(call)] = made
        return made

    def figures_for(self, layer_type: LayerType, inputs: list[Tensor]) -> Figures:
        """A layer's figures for its inputs. Raises RuleError if their shapes do not fit or the output is too large."""
        shapes = tuple([tensor.shape for tensor in inputs if tensor.shape is not None])
        if len(shapes) < len(inputs):
            raise UnknownValue
        key = (id(layer_type), shapes)
        figures = self.figures.get(key)
        if figures is None:
            figures = figures_of(layer_type, shapes)
            if max(figures.output_shape) > self.largest_size:
                self._refuse_size(figures.output_shape)
            self.figures[key] = figures
        return figures

    def freeze(self, figures: Figures) -> Figures:
        """The figures with all weights as buffers; one object for equal ones."""
        if id(figures) not in self.frozen:
            self.frozen[id(figures)] = freeze(figures)
        return self.frozen[id(figures)]

    def _refuse_size(self, output: Shape) -> NoReturn:
        """Raise RuleError for an output with an axis above the limit."""
        longest = max(output)
        axis = ("channel count", *axis_names(output.rank))[output.index(longest)]
        message = f"its output's {axis} would be {longest:.1e}, more than {self.largest_size:,}"
        raise RuleError(message, None, limits.raised("number"))


class WeightSharing:
    """Finds the layer whose weights another one shares."""

    def __init__(self, draft: Draft, names: NameTable) -> None:
        self.draft = draft
        self.names = names
        self.by_name: dict[str, Layer] = {}

    def resolve(self, weights: NameTemplate, path: str, scope: ItemScope, current: Tensor | None) -> SharedWeights:
        """The layers whose weights the `weights` of the item at a path names."""
        name = scope.evaluate_name(weights, current)
        try:
            return SharedWeights(path, self.names.find(name, weights.span, scope), weights.span)
        except EvaluationError:
            if join_path(scope.path, name) != path:
                raise
            message = f"{quoted(name)} shares its weights with itself"
            raise EvaluationError(weights.span, message, "name a layer or block above it") from None

    def find_owner(self, place: Placement, figures: Figures) -> str | None:
        """The name of the layer whose weights a layer shares; None if it has its own."""
        shared = place.scope.shared
        if shared is None or not figures.weights:
            return None
        counterpart = f"{shared.other}{place.path[len(shared.own) :]}"
        for layer in self.draft.layers[len(self.by_name) :]:
            self.by_name[layer.name] = layer
        owner = self.by_name.get(counterpart)
        if owner is not None and owner.weights_from is not None:
            owner = self.by_name[owner.weights_from]
        if owner is None:
            tensors = self.draft.tensors
            if any(path in tensors and tensors[path].shape is None for path in (shared.other, counterpart)):
                raise UnknownValue
            message, hint = (
                f"{quoted(shared.other)} has no corresponding layer to share weights with",
                "name a layer or block of the same kind",
            )
        elif not owner.figures.weights:
            message, hint = f"{quoted(owner.name)} has no weights to share", "remove weights"
        elif owner.figures.frozen != figures.frozen:
            own, other = ("it is not frozen", "is") if owner.figures.frozen else ("it is frozen", "is not")
            message = f"{own}, but {quoted(owner.name)}, whose weights it shares, {other}"
            hint = "set frozen: true on both or neither"
        elif owner.figures.weights != figures.weights:
            mine, theirs = (
                ", ".join(f"{weight.name} {Shape(weight.shape)}" for weight in weights)
                for weights in (figures.weights, owner.figures.weights)
            )
            message = f"its weights ({mine}) differ from those of {owner.name} ({theirs})"
            hint = "share weights between layers with equal settings and channels"
        elif owner.training_only and not place.scope.training_only:
            message = f"shares the weights of {owner.name}, which exists only in training"
            hint = f"move weights to {owner.name}, so that it shares the weights of this layer"
        else:
            return owner.name
        raise EvaluationError(shared.span, f"{place.path}: {message}", hint)


class LayerPlacer:
    """Places layers in a draft; a layer that fails is a problem and an unknown tensor."""

    def __init__(self, draft: Draft, weights: WeightSharing) -> None:
        self.draft = draft
        self.weights = weights
        self.factory = LayerFactory(draft.limits.number)
        self.has_broken_rule = False

    def place(self, call: LayerCall, place: Placement, inputs: list[Tensor], labels: tuple[str, ...] = ()) -> Tensor:
        """Place a layer; `labels` name its inputs in messages."""
        item, path, scope = place
        draft = self.draft
        if len(draft.layers) >= draft.limits.layers:
            draft.refuse_layer(item.span)
        try:
            if len(path) > draft.limits.path:
                draft.refuse_path(path, item.span)
            seen = inputs[0] if inputs else None
            if not call.type.least_inputs:
                inputs = []
            elif len(inputs) > 1 or call.type.is_merge or inputs[0].training_only:
                _check_inputs(call, place, inputs)
            figures = self.factory.figures_for(self.factory.layer_type(call, scope, seen), inputs)
            if scope.frozen and scope.freezes(call.type):
                figures = self.factory.freeze(figures)
        except RuleError as error:
            self.has_broken_rule = True
            draft.problems.append(self._explain(error, call, place, inputs, labels))
        except CANNOT_BUILD as error:
            report(error, draft.problems)
        else:
            owner = None if scope.shared is None else self.weights.find_owner(place, figures)
            names = tuple([tensor.name for tensor in inputs])
            draft.layers.append(Layer(path, figures, names, owner, scope.training_only, item.span, call.arguments))
            return Tensor(path, figures.output_shape, scope.training_only)
        # Its readers report nothing.
        unknown = draft.tensors[path] = Tensor(path, None, scope.training_only)
        return unknown

    def _explain(
        self, error: RuleError, call: LayerCall, place: Placement, inputs: list[Tensor], labels: tuple[str, ...]
    ) -> Problem:
        """The problem of a RuleError: at the setting that causes it, with the layer's name."""
        template = call.arguments.get(error.setting or "")
        origins = labels or tuple(tensor.name for tensor in inputs)
        origin = f" (from {listed(origins)})" if len(origins) > 1 and error.setting is None else ""
        span = place.item.span if template is None else template.span
        kind, message = place.item.type, error.message
        # `conv needs ...` becomes `conv1 needs ...`.
        about = (
            f"{place.path}{message.removeprefix(kind)}"
            if message.startswith(f"{kind} ")
            else f"{place.path}: {message}"
        )
        return Problem(span, f"{about}{origin}", hint_map_input(self.draft.spec, inputs, error) or error.hint)


def _check_inputs(call: LayerCall, place: Placement, inputs: list[Tensor]) -> None:
    """Raise EvaluationError for a wrong number of inputs, or an inference layer that reads a training-only layer."""
    item, path, scope = place
    if len(inputs) > 1 and not (call.type.is_merge or call.type.further_inputs):
        message = f"{path} takes one input, not {len(inputs)}"
        raise EvaluationError(item.span, message, "join them with concat or add first")
    if len(inputs) < call.type.least_inputs:
        reads = inputs[0].name or "..."
        hint = f"write its branches, or from: [{reads}, ...] in the same item"
        raise EvaluationError(item.span, f"{path} needs at least 2 inputs, got 1", hint)
    side = next((tensor.name for tensor in inputs if tensor.training_only), None)
    if side is not None and not scope.training_only:
        message = f"{path} is part of inference, but reads {quoted(side)}, which exists only in training"
        raise EvaluationError(item.span, message, "use training_only only for side branches that nothing else reads")
