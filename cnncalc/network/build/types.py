"""Items whose type is the value of an expression: `type: act` becomes the item that the value stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from cnncalc import layers
from cnncalc.errors import Span, listed, plural, quoted
from cnncalc.network.build.draft import Draft
from cnncalc.network.build.names import NameTable
from cnncalc.network.build.scope import ItemScope, Tensor
from cnncalc.network.build.sources import only, resolve_sources
from cnncalc.spec.records import BlockCall, Item, LayerCall, Parameters, Spec, TypeCall, is_one_list
from cnncalc.spec.templates import ChosenType, Computed, EvaluationError, Listed, Template
from cnncalc.syntax.expressions import UnknownValue, describe


class TypeChooser:
    """Replaces calls of computed types by the layers and blocks that they choose, each combination once."""

    def __init__(self, draft: Draft, names: NameTable) -> None:
        self.draft = draft
        self.names = names
        self.chosen: dict[object, tuple[Item, LayerCall | BlockCall]] = {}

    def choose(
        self, item: Item, call: TypeCall, scope: ItemScope, current: Tensor | None
    ) -> tuple[Item, LayerCall | BlockCall]:
        """The item with the type that its expression gives, and its call. Raises EvaluationError if that is none."""
        if item.sources is not None and call.type.uses_tensor:
            current = only(resolve_sources(item.sources, scope, current, self.names, own=item.name))
        value = scope.evaluate(call.type, current)
        key = id(item), type(value), value
        if key not in self.chosen:
            own = value.arguments if isinstance(value, ChosenType) else {}
            word = value.word if isinstance(value, ChosenType) else value
            place = _find_place(call.type, scope)
            if not isinstance(word, str):
                message = f"type takes a layer type or a block, not {describe(value)}"
                raise EvaluationError(place, message, "such as relu, or {leaky_relu: 0.1}")
            action = self._call(word, call.arguments, own, place, scope.network.spec)
            self.chosen[key] = item._replace(type=word, action=action), action
        return self.chosen[key]

    def _call(
        self,
        word: str,
        arguments: Mapping[str | int, Template],
        own: Mapping[str | int, Template],
        place: Span,
        spec: Spec,
    ) -> LayerCall | BlockCall:
        """The call of a layer type or block with the arguments of `set`, and those that the value brings along."""
        block = spec.blocks.get(word)
        if block is not None:
            parameters = {parameter.name: parameter for parameter in block.parameters}
            return BlockCall(word, _match(word, parameters, "argument", (arguments, own), place))
        found = layers.find(word)
        if found is None:
            self._refuse(word, place, spec)
        given = _match(word, found.settings, "setting", (arguments, own), place)
        return LayerCall(found, given, None if given else found())

    def _refuse(self, word: str, place: Span, spec: Spec) -> NoReturn:
        """Raise EvaluationError for a word that is no type; UnknownValue if a block of that name has a problem."""
        if self.draft.spec.problems:
            raise UnknownValue
        from cnncalc.layers import foreign

        hint = foreign.suggest_type(word, spec.blocks)
        raise EvaluationError(place, f"unknown layer type {quoted(word)}", hint)


def _find_place(template: Template, scope: ItemScope) -> Span:
    """The place of the argument that a type is, else of the expression."""
    if isinstance(template, Computed):
        argument = scope.arguments.get(template.expression.text.strip())
        if argument is not None:
            return argument.span
    return template.span


def _match(
    word: str, parameters: Parameters, noun: str, given: tuple[Mapping[str | int, Template], ...], place: Span
) -> dict[str, Template]:
    """The argument for each parameter; later ones replace earlier ones. Raises EvaluationError if some do not fit."""
    order = tuple(parameters)
    matched: dict[str, Template] = {}
    one_list = is_one_list(tuple(parameters.values()))
    for arguments in given:
        items = tuple(arguments.values())
        is_list = one_list and len(arguments) > 1 and 0 in arguments
        for key, template in ((0, Listed(items, items[0].span)),) if is_list else arguments.items():
            if isinstance(key, int) and key >= len(order):
                message = f"{word} takes at most {plural(len(order), noun)}, not {len(arguments)}"
                raise EvaluationError(template.span, message, f"it has {listed(order)}" if order else "")
            name = order[key] if isinstance(key, int) else key
            if name not in parameters:
                from cnncalc.spec.decode import hints

                hint = hints.suggest_setting(name, word, parameters)
                raise EvaluationError(template.span, f"{word} has no {noun} {quoted(name)}", hint)
            matched[name] = template
    missing = [name for name, parameter in parameters.items() if parameter.required and name not in matched]
    if missing:
        written = ", ".join(f"{name}: ..." for name in missing)
        hint = f"write {{{word}: {{{written}}}}} as the type, or set: {{{written}}} beside it"
        raise EvaluationError(place, f"{word} needs {listed(missing)}", hint)
    return matched
