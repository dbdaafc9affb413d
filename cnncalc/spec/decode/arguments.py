"""The arguments of layers and blocks, by position or by name."""

from __future__ import annotations

import re

from cnncalc.errors import RuleError, listed, plural
from cnncalc.layers.contract import LayerType
from cnncalc.spec.decode.context import Context
from cnncalc.spec.records import LayerCall, Parameter, Parameters, is_one_list
from cnncalc.spec.templates import Constant, Template
from cnncalc.syntax.settings import Setting
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence


def decode_layer(key: Scalar, found: type[LayerType], node: Node | None, context: Context) -> LayerCall | None:
    """A layer type with its settings, and the layer itself if all of them are constant."""
    given = decode_arguments(key, node, found.settings, "setting", context)
    if given is None:
        return None
    before = len(context.problems)
    constants: dict[str, object] = {}
    for name, template in given.items():
        if isinstance(template, Constant):
            try:
                constants[name] = found.settings[name].decode(template.value)
            except RuleError as error:
                from cnncalc.spec.decode import hints

                hint = error.hint or hints.explain_order(key.text, found, name, node)
                context.problems.report(template.span, f"{key.text}: {error.message}", hint)
    if len(context.problems) > before:
        return None
    return LayerCall(found, given, found(**constants) if len(constants) == len(given) else None)


def decode_arguments(
    key: Scalar,
    node: Node | None,
    parameters: Parameters,
    noun: str,
    context: Context,
) -> dict[str, Template] | None:
    """The template given for each parameter or setting; None if one cannot be used. Messages call it `noun`."""
    problems = context.problems
    before = len(problems)
    pairs = _pair(key, node, parameters, noun, context)
    is_paired = len(problems) == before
    given: dict[str, Template] = {}
    for name, value in pairs.items():
        parameter = parameters[name]
        template: Template | None
        if isinstance(parameter, Setting) and parameter.takes_text and isinstance(value, Scalar) and not value.is_null:
            template = context.reader.text(value)
        else:
            template = context.reader.template(value, parameter.keywords, words=isinstance(parameter, Parameter))
        if template is not None:
            given[name] = template
    missing = [name for name, parameter in parameters.items() if parameter.required and name not in pairs]
    # A misnamed setting is probably the missing one. A wrong value by position may also be two: 3x3.
    if missing and is_paired and (len(problems) == before or isinstance(node, Mapping)):
        docs = [f"{name}: {setting.doc}" for name in missing if isinstance(setting := parameters[name], Setting)]
        hint = "; ".join(docs) or f"its arguments are {listed(parameters)}"
        problems.report(key.span, f"{key.text} needs {listed(missing)}", hint)
    return given if len(problems) == before else None


def _pair(
    key: Scalar,
    node: Node | None,
    parameters: Parameters,
    noun: str,
    context: Context,
) -> dict[str, Node]:
    """The node of each parameter, by name or by position."""
    problems = context.problems
    if node is None:
        return {}
    if isinstance(node, Mapping):
        pairs = {name.text: value for name, value in node.entries if name.text in parameters}
        if len(pairs) < len(node.entries):
            from cnncalc.spec.decode import hints

            return pairs if hints.report_wrong_names(key.text, node, parameters, noun, problems) else {}
        return pairs
    values: tuple[Node, ...] = (node,)
    if isinstance(node, Sequence) and not is_one_list(tuple(parameters.values())):
        values = node.items
    if any(map(_may_have_a_name, values)):
        from cnncalc.spec.decode import hints

        are_values = noun == "argument"
        named = [value for value in values if not (are_values and _is_type(value, parameters, context))]
        if hints.report_named_values(key, named, parameters, noun, problems):
            return {}
    if len(values) > len(parameters):
        hint = f"its {noun}s are {', '.join(parameters)}" if parameters else f"write only {key.text}"
        count = f"at most {plural(len(parameters), noun)}" if parameters else f"no {noun}s"
        problems.report(values[len(parameters)].span, f"{key.text} takes {count}, not {len(values)}", hint)
    return dict(zip(parameters, values, strict=False))


def _is_type(node: Node, parameters: Parameters, context: Context) -> bool:
    """Whether a value is a layer type or block with arguments, such as `{leaky_relu: 0.1}`."""
    if not isinstance(node, Mapping) or len(node.entries) != 1:
        return False
    word = node.entries[0][0].text
    return word not in parameters and context.is_type(word)


def _may_have_a_name(node: Node) -> bool:
    """Whether a list item may be a name in braces or an argument by name: a mapping, or text with one `=`."""
    if isinstance(node, Scalar):
        return "=" in node.text and bool(re.search("(?<![=<>!])=(?!=)", node.text))
    return isinstance(node, Mapping)
