"""Spec -> Network: expands blocks, resolves names, and asks each layer for its output shape as it is placed.

A layer that fails leaves an unknown tensor, whose readers report nothing: each problem is reported once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cnncalc import limits
from cnncalc.errors import Problem, SpecError, listed, plural
from cnncalc.network.build.draft import CANNOT_BUILD, Draft, report
from cnncalc.network.build.expand import Expander
from cnncalc.network.build.inputs import evaluate_inputs, find_channels_last
from cnncalc.network.build.scope import UNKNOWN_TENSOR, ItemScope, NetworkScope, Tensor
from cnncalc.network.records import LayerGraph, LeftOut
from cnncalc.spec.decode import read_spec
from cnncalc.spec.locate import Place
from cnncalc.spec.records import Spec
from cnncalc.syntax.expressions import UNKNOWN, ChainedNames, Value


def load(
    reference: str | Place, settings: Iterable[tuple[str, str]] = (), inputs: Iterable[tuple[str, str]] = ()
) -> LayerGraph:
    """The network of a spec: a file, `-` for standard input, or a bundled network's name.

    Raises SpecError with all problems of the spec.
    """
    return build(read_spec(reference, settings, inputs))


def build(spec: Spec) -> LayerGraph:
    """The network of a decoded spec. Raises SpecError with the problems of spec and network."""
    if spec.is_library and not spec.problems:
        message = f"{spec.file}: this is a library of {plural(len(spec.blocks), 'block')} and has no layers"
        hint = f"name it in extends: of a spec, and use its blocks: {listed(spec.blocks)}"
        raise SpecError([Problem(None, message, hint)])
    limits.restart()
    draft = Draft(spec)
    try:
        return build_draft(draft)
    finally:
        limits.rest(draft.steps)


def variables_of(spec: Spec, problems: list[Problem]) -> dict[str, Value]:
    """The values of a spec's variables; UNKNOWN for those that cannot be computed."""
    values: dict[str, Value] = {}
    for name, template in spec.variables.items():
        values[name] = UNKNOWN
        try:
            values[name] = template.evaluate(values)
        except CANNOT_BUILD as error:
            report(error, problems)
    return values


def build_draft(draft: Draft, expander_of: Callable[[Draft], Expander] = Expander) -> LayerGraph:
    """The network of a new draft, which an expander fills. Raises SpecError with the problems of spec and network."""
    spec = draft.spec
    variables = variables_of(spec, draft.problems)
    inputs = evaluate_inputs(draft, variables)
    draft.tensors.update(inputs)
    expander = expander_of(draft)
    scope, start = enter_network(expander, variables, inputs)
    expander.add_overrides(scope.network, "")
    end = expander.place_items(spec.items, scope, start)
    draft.problems += expander.remove_overrides(scope.network)
    return finish_network(expander, scope, end)


def enter_network(
    expander: Expander, variables: dict[str, Value], inputs: dict[str, Tensor]
) -> tuple[ItemScope, Tensor | None]:
    """The scope of a network's items, and the tensor that the first of them reads; None if there are several inputs."""
    network = NetworkScope(expander.draft.spec, variables, 0)
    find = expander.names.resolve
    scope = ItemScope("", "", "", ChainedNames({}, variables), inputs, 0, network, find_tensor=find)
    return scope, None if len(inputs) > 1 else next(iter(inputs.values()), UNKNOWN_TENSOR)


def finish_network(expander: Expander, scope: ItemScope, end: Tensor | None) -> LayerGraph:
    """The network of the placed items, the last of which returns `end`. Raises SpecError with all problems."""
    draft = expander.draft
    spec, inputs = draft.spec, scope.inputs
    outputs = _find_named_outputs(expander, end, scope)
    left_out: tuple[LeftOut, ...] = ()
    if draft.excerpts and draft.is_sound:
        from cnncalc.network.build import nested

        left_out = nested.prune(draft, outputs)
    outputs = outputs or _find_ends(draft, end)
    if draft.is_sound:
        _check_complete(expander, outputs)
    if not draft.is_sound:
        draft.refuse(*(find_channels_last(spec, inputs) if expander.layers.has_broken_rule else ()))
    return LayerGraph(
        spec.name,
        spec.source,
        spec.family,
        spec.year,
        spec.file,
        tuple((name, tensor.shape) for name, tensor in inputs.items() if tensor.shape is not None),
        tuple(draft.layers),
        tuple(draft.groups),
        outputs,
        left_out,
        spec.task,
    )


def _find_named_outputs(expander: Expander, end: Tensor | None, scope: ItemScope) -> tuple[str, ...]:
    """The outputs that the spec names."""
    draft = expander.draft
    names = []
    for template in draft.spec.outputs:
        try:
            name = template.evaluate(scope.names)
            names.append(expander.names.resolve(name, template.span, scope, end).name)
        except CANNOT_BUILD as error:
            report(error, draft.problems)
    return tuple(dict.fromkeys(names))


def _find_ends(draft: Draft, end: Tensor | None) -> tuple[str, ...]:
    """The ends of the main path and of the side branches that nothing reads."""
    if draft.spec.outputs:
        return ()
    ends = [end]
    if draft.side_ends:
        read = {name for layer in draft.layers for name in layer.inputs}
        ends += [side for side in draft.side_ends if side.name not in read]
    return tuple(dict.fromkeys(tensor.name for tensor in ends if tensor is not None))


def _check_complete(expander: Expander, outputs: tuple[str, ...]) -> None:
    """Report a network without layers or outputs, and one whose parts are lost without a problem."""
    draft = expander.draft
    span, failed = draft.spec.span, expander.names.failed
    if not draft.layers:
        draft.problems.append(Problem(span, "no layer has a true when:", "make at least one when: true"))
    elif not outputs:
        draft.problems.append(Problem(span, "the network has no output", "list its outputs under outputs:"))
    elif draft.aside and not draft.unneeded.issuperset([*failed, *draft.list_unknown()]):
        draft.problems += draft.aside
    elif not draft.aside and (failed or draft.has_unknown):
        lost = next(iter(failed.values()), span)
        draft.problems.append(Problem(lost, "this part was not built, which is a bug in cnncalc", "report it"))
