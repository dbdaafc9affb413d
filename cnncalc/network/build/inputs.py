"""The shapes of the network's inputs and their problems."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.errors import Problem, RuleError
from cnncalc.layers.shapes import Shape, with_channels_first
from cnncalc.network.build.draft import CANNOT_BUILD, Draft, report
from cnncalc.network.build.scope import Tensor
from cnncalc.spec.records import Spec
from cnncalc.spec.templates import EvaluationError, Template
from cnncalc.syntax.expressions import UNKNOWN, Value, describe
from cnncalc.syntax.settings import is_whole


def evaluate_inputs(draft: Draft, variables: dict[str, Value]) -> dict[str, Tensor]:
    """The input tensors of a network by name."""
    inputs: dict[str, Tensor] = {}
    for name, template in draft.spec.inputs:
        inputs[name] = Tensor(name, None)
        try:
            inputs[name] = Tensor(name, evaluate_shape(name, template, variables))
        except CANNOT_BUILD as error:
            report(error, draft.problems)
    return inputs


def evaluate_shape(name: str, template: Template, variables: dict[str, Value]) -> Shape | None:
    """The shape of an input; None if a problem that is reported left it unknown. Raises EvaluationError."""
    value = template.evaluate(variables)
    sizes = value if isinstance(value, tuple) else (value,)
    if 1 <= len(sizes) <= 4 and all(is_whole(size, 1) for size in sizes):
        return Shape(sizes)  # type: ignore[arg-type]
    if value is UNKNOWN:
        return None
    hint = "write the channels first, without the batch, such as [3, 224, 224]"
    wanted = "the channels and up to 3 sizes, which are whole numbers of at least 1"
    raise EvaluationError(template.span, f"{name} takes {wanted}, not {describe(value)}", hint)


def hint_map_input(spec: Spec, inputs: list[Tensor], error: RuleError) -> str:
    """A hint for a layer that needs a feature map but reads a network input that is a vector; empty for others."""
    if len(inputs) != 1:
        return ""
    name, shape, _ = inputs[0]
    template = dict(spec.inputs).get(name)
    if template is None or shape is None or shape.rank or error.setting is not None:
        return ""
    such = "[3, 224, 224]" if template.span.line else "--input 3x224x224"
    return f"write the shape of {name} with channels first, such as {such}"


def find_channels_last(spec: Spec, inputs: dict[str, Tensor]) -> Iterator[Problem]:
    """A problem for each input whose channels seem to be last, which may be why a layer failed."""
    for name, template in spec.inputs:
        shape = inputs[name].shape
        if shape is not None and (meant := with_channels_first(shape)):
            written = str(meant) if not template.span.line else f"[{', '.join(map(str, meant))}]"
            message = f"{name} has {shape.channels} channels and width {shape[-1]}, because channels come first"
            yield Problem(template.span, message, f"write {written}")
