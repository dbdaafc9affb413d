"""Networks as items: their variables, inputs and outputs, and the layers that no output needs.

Loaded only for a spec that has such an item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc import limits
from cnncalc.errors import Problem, Span, did_you_mean, listed, plural
from cnncalc.layers.shapes import Shape
from cnncalc.limits import Cost
from cnncalc.network.build.cache import key_arguments, key_expansion
from cnncalc.network.build.draft import CANNOT_BUILD, Draft, Excerpt, report
from cnncalc.network.build.inputs import evaluate_shape
from cnncalc.network.build.reads import NAME_IT
from cnncalc.network.build.scope import ItemScope, NetworkScope, Placement, Tensor
from cnncalc.network.build.sources import only
from cnncalc.network.records import Group, LeftOut
from cnncalc.spec.records import NetworkCall, Spec
from cnncalc.spec.templates import EvaluationError
from cnncalc.syntax.expressions import ChainedNames, UnknownValue, Value

if TYPE_CHECKING:
    from cnncalc.network.build.expand import Expander


def place_network(expander: Expander, call: NetworkCall, place: Placement, sources: dict[str, Tensor]) -> Tensor:
    """Place the layers of another network; the last of its outputs.

    Problems in it are reported with the place that uses it. Raises EvaluationError and UnknownValue.
    """
    item, path, scope = place
    draft = expander.draft
    spec = scope.network.spec.networks.get(call.network)
    if spec is None:
        raise UnknownValue
    given = {name: scope.evaluate(template, only(sources)) for name, template in call.arguments.items()}
    wanted = tuple(scope.evaluate_name(template, None) for template in call.outputs)
    before = len(draft.problems)
    try:
        network = _enter_network(expander, call, spec, given)
        inputs = _bind_inputs(network, place, sources)
        arguments = tuple(network.variables.items())
        key = key_expansion(key_arguments(f"network {wanted}", network.number, ()), inputs, scope)
        known = expander.cache.find(key, place)
        if known is not None:
            return expander.cache.copy(known, place, arguments, inputs)
        start = expander.cache.size()
        depth = draft.enter(scope, path, item.span).depth
        names = ChainedNames({}, network.variables)
        own = path, path, "", names, inputs, depth, network
        around = scope.training_only, scope.shared, None, None, scope.frozen
        inner = ItemScope(*own, *around, find_tensor=scope.find_tensor)
        draft.groups.append(Group(path, item.type, item.span, arguments))
        expander.add_overrides(network, f"{path}.")
        end = expander.place_items(spec.items, inner, only(inputs))
        wrong_overrides = expander.remove_overrides(network)
        sides = draft.side_ends[start.side_ends :]
        outputs = _find_outputs(expander, call, wanted, inner, [end] if end is not None else sides[-1:])
    except CANNOT_BUILD as error:
        report(error, draft.problems)
        _note_uses(draft, before, item.span)
        raise UnknownValue from None
    if not outputs:
        raise EvaluationError(item.span, f"{path}: nothing leaves this network", "some when: must be true")
    draft.side_ends += outputs[:-1]
    _note_uses(draft, before, item.span)
    if wanted:
        names_of = tuple(output.name for output in outputs)
        draft.excerpts.append(Excerpt(path, start.layers, len(draft.layers), names_of))
    if wanted and len(draft.problems) > before and all(output.shape is not None for output in outputs):
        # Only layers that no output needs have failed.
        draft.set_problems_aside(before, expander.names.failed)
    else:
        expander.cache.record(key, place, inputs, outputs[-1], start)
    before = len(draft.problems)
    draft.problems += wrong_overrides
    _note_uses(draft, before, item.span)
    return outputs[-1]


def _note_uses(draft: Draft, before: int, span: Span) -> None:
    """Add the place that uses a network to the problems found in it, those from `before` on."""
    if len(draft.problems) > before:
        from cnncalc.spec.decode.networks import note_use

        draft.problems[before:] = [note_use(problem, span) for problem in draft.problems[before:]]


def _enter_network(expander: Expander, call: NetworkCall, spec: Spec, given: dict[str, Value]) -> NetworkScope:
    """The network with the values of its variables: those `given`, else its own."""
    limits.spend(2 * len(spec.variables))
    variables: dict[str, Value] = {}
    for name, template in spec.variables.items():
        variables[name] = given[name] if name in given else template.evaluate(variables)
    key = key_arguments(repr(call.network), 0, tuple(variables.items()))
    known = expander.networks.get(key)
    if known is None:
        known = expander.networks[key] = NetworkScope(spec, variables, len(expander.networks) + 1)
    return known


def _bind_inputs(network: NetworkScope, place: Placement, sources: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that come in by the names of the network's inputs. Raises EvaluationError if they do not fit."""
    item, path, _ = place
    declared = dict(network.spec.inputs)
    span = item.span if item.sources is None else item.sources.span
    if list(sources) == [""]:
        sources = {next(iter(declared)): sources[""]} if len(declared) == 1 else {"input": sources[""]}
    surplus = [name for name in sources if name not in declared]
    missing = [name for name in declared if name not in sources]
    if surplus or missing:
        counted = plural(len(declared), "input")
        message = f"{path} has {counted}, {listed(declared)}, but {listed(sources)} is passed"
        if len(sources) > 1:
            message = f"{path} has {counted}, {listed(declared)}, but {listed(sources)} are passed"
        hint = f"write from: {{{', '.join(f'{name}: ...' for name in declared)}}}"
        raise EvaluationError(span, message, did_you_mean(surplus[0], missing, hint) if surplus else hint)
    for name, tensor in sources.items():
        template = declared[name]
        shape = evaluate_shape(name, template, network.variables)
        if shape is not None and tensor.shape is not None:
            _refuse_other_input(path, name, shape, tensor.shape, Problem(span, f"{template.span}"))
    return {name: sources[name] for name in declared}


def _refuse_other_input(path: str, name: str, declared: Shape, found: Shape, place: Problem) -> None:
    """Raise EvaluationError where a tensor has another rank or other channels than a network's input."""
    if declared.rank != found.rank:
        message = f"{path}: {name} of this network is {declared} ({place.message}), but {found} comes in"
        hint = f"pass a tensor of {plural(len(declared), 'axis').replace('axiss', 'axes')}"
    elif declared.channels != found.channels:
        message = (
            f"{path}: {name} of this network has {plural(declared.channels, 'channel')} ({place.message}),"
            f" but {found} comes in"
        )
        hint = f"put a conv with {declared.channels} filters before it, or set the variable of its input"
    else:
        return
    raise EvaluationError(place.span, message, hint)


def _find_outputs(
    expander: Expander, call: NetworkCall, wanted: tuple[str, ...], inner: ItemScope, ends: list[Tensor]
) -> list[Tensor]:
    """The tensors of the outputs that an item asks for, else of those that its network declares, else its `ends`."""
    spec = inner.network.spec
    end = ends[0] if ends else None
    if wanted:
        named = list(zip(wanted, (template.span for template in call.outputs), strict=True))
    else:
        named = [(template.evaluate(inner.names), template.span) for template in spec.outputs]
    if not named:
        return ends
    try:
        return [expander.names.resolve(name, span, inner, end) for name, span in named]
    except EvaluationError as error:
        span, message, hint = error.problem
        hint = f"`cnncalc summary {spec.file}` lists its layers" if hint == NAME_IT else hint
        raise EvaluationError(span, message, hint) from None


def prune(draft: Draft, outputs: tuple[str, ...]) -> tuple[LeftOut, ...]:
    """Remove the layers that neither an output of their item nor the rest of the network needs.

    `outputs` are those that the network names. An owner of shared weights that goes leaves them to the first of the
    layers that share them.
    """
    inside = _outermost(draft.excerpts)
    needed = {*outputs, *(name for excerpt in inside for name in excerpt.outputs)}
    kept = bytearray(len(draft.layers))
    waiting = list(inside)
    for number in range(len(draft.layers) - 1, -1, -1):
        layer = draft.layers[number]
        while waiting and number < waiting[-1].start:
            waiting.pop()
        is_inside = bool(waiting) and number < waiting[-1].end
        if not is_inside or layer.name in needed:
            kept[number] = 1
            needed.update(layer.inputs)
    left_out = tuple(found for excerpt in inside if (found := _left_out(draft, excerpt, kept)) is not None)
    if not left_out:
        return ()
    gone = {layer.name for layer, is_kept in zip(draft.layers, kept, strict=True) if not is_kept}
    limits.spend(sum(len(layer.name) for layer in draft.layers) // Cost.PER_CHARACTER)
    owners: dict[str, str] = {}
    layers = []
    groups: set[str] = set()
    for layer, is_kept in zip(draft.layers, kept, strict=True):
        if not is_kept:
            continue
        if layer.weights_from in gone:
            owner = owners.setdefault(layer.weights_from, layer.name)
            layer = layer._replace(weights_from=None if owner == layer.name else owner)  # noqa: PLW2901
        layers.append(layer)
        above = layer.name
        while (above := above.rpartition(".")[0]) and above not in groups:
            groups.add(above)
    emptied = {above for name in gone for above in _above(name)} - groups
    draft.layers = layers
    draft.groups = [group for group in draft.groups if group.name not in emptied]
    draft.side_ends = [side for side in draft.side_ends if side.name not in gone]
    return left_out


def _above(name: str) -> list[str]:
    """The names of the blocks and branches around a layer."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _outermost(excerpts: list[Excerpt]) -> list[Excerpt]:
    """The excerpts that are in no other, in their order."""
    found: list[Excerpt] = []
    for excerpt in sorted(excerpts, key=lambda each: (each.start, -each.end)):
        if not found or excerpt.start >= found[-1].end:
            found.append(excerpt)
    return found


def _left_out(draft: Draft, excerpt: Excerpt, kept: bytearray) -> LeftOut | None:
    """The layers of an excerpt that are not kept; None if all are."""
    gone = [draft.layers[number] for number in range(excerpt.start, excerpt.end) if not kept[number]]
    names = tuple(layer.name for layer in gone)
    return LeftOut(excerpt.path, names, sum(layer.params for layer in gone)) if gone else None
