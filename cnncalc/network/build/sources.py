"""The input tensors of an item: those that its `from` names, else the output of the previous item."""

from __future__ import annotations

from cnncalc import limits
from cnncalc.errors import did_you_mean, listed, plural, quoted
from cnncalc.network.build.names import NameTable
from cnncalc.network.build.scope import ItemScope, Tensor
from cnncalc.spec.records import (
    Action,
    Block,
    Item,
    ItemGroup,
    JoinCall,
    LayerCall,
    Loop,
    SideBranches,
    Sources,
)
from cnncalc.spec.templates import EvaluationError, NameTemplate
from cnncalc.syntax.expressions import describe


def find_inputs(
    item: Item, action: Action, scope: ItemScope, current: Tensor | None, names: NameTable
) -> dict[str, Tensor]:
    """The tensors that enter an item, by the names that they have inside a block; `` for a single one.

    Nothing enters a layer without inputs; the tensor at its place is one that its settings may ask for its shape.
    """
    if isinstance(action, LayerCall) and not action.type.least_inputs:
        if item.sources is not None:
            raise EvaluationError(item.sources.span, f"nothing comes into {item.type}", "leave from out")
        return {} if current is None else {"": current}
    if item.sources is not None:
        return resolve_sources(item.sources, scope, current, names, own=item.name)
    if current is not None:
        return {"": current}
    # With several inputs and no layer yet, a join takes all of them, and each branch names its own start.
    if isinstance(action, LayerCall) and action.type.is_merge:
        return scope.inputs
    if isinstance(action, JoinCall | SideBranches | ItemGroup):
        return {}
    raise EvaluationError(item.span, f"{item.type} takes one input, not {len(scope.inputs)}", scope.ask_for_source())


def resolve_sources(
    sources: Sources, scope: ItemScope, current: Tensor | None, names: NameTable, *, own: NameTemplate | None = None
) -> dict[str, Tensor]:
    """The tensors that `from` names; `own` is the name of their reader."""
    limits.spend(2 * len(sources.names))
    tensors: dict[str, Tensor] = {}
    named = sources.names
    if any(template.value is not None for _, template in named):
        named = _read_values(sources, scope, current, names)
    for number, (key, template) in enumerate(named):
        name = scope.evaluate_name(template, current)
        try:
            tensor = names.resolve(name, template.span, scope, current)
        except EvaluationError:
            if own is None or own.constant != name:
                raise
            hint = "name a layer above it, or previous"
            raise EvaluationError(template.span, f"{quoted(name)} reads itself", hint) from None
        tensors[key or ("" if len(named) == 1 else f"input.{number}")] = tensor
    return tensors


def _read_values(
    sources: Sources, scope: ItemScope, current: Tensor | None, names: NameTable
) -> tuple[tuple[str | None, NameTemplate], ...]:
    """The names of `from`, with values in place of names that no tensor has; a list names several tensors."""
    found: list[tuple[str | None, NameTemplate]] = []
    for key, template in sources.names:
        name = template.constant or ""
        if template.value is None or name in scope.inputs or name == "previous" or names.search(name, scope):
            found.append((key, template))
            continue
        value = scope.evaluate(template.value, current)
        listed = value if isinstance(value, tuple) and key is None else (value,)
        for text in listed:
            if not isinstance(text, str) or not listed:
                message = f"from takes names of layers, but {name} is {describe(value)}"
                raise EvaluationError(template.span, message, f"such as for: {{{name}: [p3, p4]}}")
            found.append((key, NameTemplate((text,), template.span)))
    if not found:
        raise EvaluationError(sources.span, "from names no layer", "its list is empty")
    return tuple(found)


def match_tensors(block: Block, item: Item, sources: dict[str, Tensor]) -> dict[str, Tensor]:
    """The inputs of a block by the names of its signature, from those that `from` gives by name or in its order."""
    names = block.tensors
    wanted = f"the block {block.name!r} takes {plural(len(names), 'tensor')}, {listed(names)}"
    span = item.span if item.sources is None else item.sources.span
    by_name = f"from: {{{', '.join(f'{name}: ...' for name in names)}}}"
    if item.sources is not None and item.sources.names[0][0] is not None:
        for key, template in item.sources.names:
            if key not in names:
                hint = did_you_mean(key or "", names, f"write {by_name}")
                raise EvaluationError(template.span, f"{wanted}, not {quoted(key or '')}", hint)
        if missing := [name for name in names if name not in sources]:
            raise EvaluationError(span, f"{wanted}, but from leaves out {listed(missing)}", f"write {by_name}")
        return {name: sources[name] for name in names}
    if len(sources) != len(names):
        given = f"from names {len(sources)}" if item.sources is not None else f"{len(sources)} comes in"
        given = given.replace("comes in", "come in") if len(sources) != 1 else given
        raise EvaluationError(span, f"{wanted}, but {given}", f"write {by_name}, or a list in this order")
    return dict(zip(names, sources.values(), strict=True))


def find_loop_input(
    loop: Loop,
    sources: Sources | None,
    scope: ItemScope,
    current: Tensor | None,
    names: NameTable,
    *,
    own: NameTemplate | None = None,
) -> Tensor | None:
    """The input tensor of `for` and `repeat`: that of the first pass."""
    if sources is None or not loop.uses_tensor:
        return current
    for _, template in sources.names:
        if inner := template.names_among(loop.names):
            message = f"from depends on {inner[0]}, which the loop defines, but the loop depends on the tensor of from"
            hint = "use numbers or variables in for and repeat instead of in_channels and other sizes of the input"
            raise EvaluationError(template.span, message, hint)
    return only(resolve_sources(sources, scope, current, names, own=own))


def only(tensors: dict[str, Tensor]) -> Tensor | None:
    """The only tensor; None if there are none or several."""
    return next(iter(tensors.values())) if len(tensors) == 1 else None


def start_of(item: Item, tensors: dict[str, Tensor]) -> Tensor | None:
    """The tensor that the branches or layers of an item start from. Raises EvaluationError for several."""
    if len(tensors) <= 1:
        return only(tensors)
    message = f"{item.type} starts from one tensor, not {len(tensors)}"
    hint = "name one in from, or give each branch its own from"
    if isinstance(item.action, JoinCall):
        hint = "remove the branches to join the tensors, or give each branch its own from"
    raise EvaluationError(item.span if item.sources is None else item.sources.span, message, hint)


def refuse_single_start(item: Item) -> None:
    """Raise EvaluationError for numbered passes that all start from one layer: only the last could be read."""
    if item.sources is None or len(item.sources.names) != 1:
        return
    source = item.sources.names[0][1]
    if source.constant in (None, "previous") or source.value is not None:
        return
    message = f"every pass starts from {quoted(source.constant or '')}, so that all outputs but the last are lost"
    hint = "write the first pass separately for a chain, or {index} in the name for parallel layers"
    raise EvaluationError(source.span, message, hint)
