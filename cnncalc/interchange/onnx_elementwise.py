"""Elementwise operators of ONNX: functions of constants, learned vectors that scale and shift, and cones of others.

To add an operator, add a line to FUNCTIONS: its text, and the same function of numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import partial

from cnncalc.interchange.graph import GraphLayer, Plain
from cnncalc.interchange.onnx_cones import Cone, Operand, Write, operator, resolve_cone, template
from cnncalc.interchange.onnx_constants import OnnxConstant, map_constants
from cnncalc.interchange.onnx_graph import OnnxCall, OpReader, Value
from cnncalc.interchange.onnx_views import View, align, canonical_order
from cnncalc.interchange.recognize import CHOICE, Term, X, combine, literal

# Layers that can take over a bias.
OF_MODULE = re.compile(r"[A-Za-z_]\w*(\.\w+)+")
# Inputs of an operator such as Sum.
MOST_OPERANDS = 64
NORMS = ("layer_norm", "group_norm")
BIASED = ("conv", "depthwise_conv", "conv_transpose", "linear", "deform_conv")


def _divide(left: float, right: float) -> float:
    """A quotient; that of whole numbers is whole, rounded towards 0."""
    if isinstance(left, int) and isinstance(right, int):
        return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return left / right


def _power(left: float, right: float) -> float:
    if abs(right) > 64:
        raise ArithmeticError
    if left < 0 and right != int(right):
        raise ArithmeticError
    result = left**right
    return int(result) if isinstance(left, int) else result


def _total(*numbers: float) -> float:
    return sum(numbers)


def _write_power(base: Term, exponent: Term) -> Term:
    named = {"0.5": "sqrt({})", "1": "{}", "-0.5": "1 / sqrt({})"}.get(exponent.text)
    return combine(named, base) if named else combine("**", base, exponent)


def _write_reciprocal(term: Term) -> Term:
    return combine("/", literal(1), term)


def _write_mean(*terms: Term) -> Term:
    return combine("/", operator("+")(*terms), literal(len(terms)))


def _write_choice(condition: Term, then: Term, otherwise: Term) -> Term:
    return combine(f"{{}} if {condition.text} else {{}}", then, otherwise)


def _extreme(name: str) -> Write:
    return lambda *terms: combine(f"{name}({', '.join(['{}'] * len(terms))})", *terms) if len(terms) > 1 else terms[0]


# The function as a layer has it, and that of numbers.
FUNCTIONS: dict[str, tuple[Write, Callable[..., float]]] = {
    "Add": (operator("+"), lambda a, b: a + b),
    "Sub": (operator("-"), lambda a, b: a - b),
    "Mul": (operator("*"), lambda a, b: a * b),
    "Div": (operator("/"), _divide),
    "Sum": (operator("+"), _total),
    "Mean": (_write_mean, lambda *values: sum(values) / len(values)),
    "Pow": (_write_power, _power),
    "Max": (_extreme("max"), lambda *values: max(values)),
    "Min": (_extreme("min"), lambda *values: min(values)),
    "Neg": (template("-{}"), lambda a: -a),
    "Abs": (template("abs({})"), abs),
    "Exp": (template("exp({})"), math.exp),
    "Log": (template("ln({})"), math.log),
    "Sqrt": (template("sqrt({})"), math.sqrt),
    "Reciprocal": (_write_reciprocal, lambda a: 1 / a),
    "Erf": (template("erf({})"), math.erf),
    "Sin": (template("sin({})"), math.sin),
    "Cos": (template("cos({})"), math.cos),
    "Tanh": (template("tanh({})"), math.tanh),
    "Sigmoid": (template("sigmoid({})"), lambda a: 1 / (1 + math.exp(-a))),
    "Relu": (template("relu({})"), lambda a: max(a, 0)),
    "Softplus": (template("softplus({})"), lambda a: math.log1p(math.exp(a))),
    "Greater": (template("{} > {}"), lambda a, b: a > b),
    "GreaterOrEqual": (template("{} >= {}"), lambda a, b: a >= b),
    "Less": (template("{} < {}"), lambda a, b: a < b),
    "LessOrEqual": (template("{} <= {}"), lambda a, b: a <= b),
    "Equal": (template("{} == {}"), lambda a, b: a == b),
    "Where": (_write_choice, lambda condition, a, b: a if condition else b),
}
# Functions of one number whose text needs more than one operator.
COMPOSED: dict[str, str] = {
    "Softsign": "x / (1 + abs(x))",
    "HardSwish": "x * min(max(x + 3, 0), 6) / 6",
    "Mish": "x * tanh(softplus(x))",
}
# Operators over constants alone.
COMPUTED: dict[str, Callable[..., float]] = {
    "Floor": math.floor,
    "Ceil": math.ceil,
    "Round": round,
    "Sign": lambda a: (a > 0) - (a < 0),
    "Mod": lambda a, b: a % b if b else 0,
    "And": lambda a, b: bool(a) and bool(b),
    "Or": lambda a, b: bool(a) or bool(b),
    "Xor": lambda a, b: bool(a) != bool(b),
    "Not": lambda a: not a,
    "IsNaN": math.isnan,
    "IsInf": math.isinf,
}


# How many numbers a function takes, if not one; 0 is any number of them.
ARITIES = {
    **dict.fromkeys(("Sum", "Mean", "Max", "Min"), 0),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Mod", "And", "Or", "Xor"), 2),
    **dict.fromkeys(("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"), 2),
    "Where": 3,
}


def _inputs(call: OnnxCall) -> list[Value]:
    values = [call.value(place) for place in range(len(call.node.inputs)) if call.has(place)]
    wanted = ARITIES.get(call.node.op, 1)
    if len(values) != wanted if wanted else not values:
        raise call.refuse(f"reads {len(values)} tensors, and takes {wanted or 'at least 1'}")
    return values


def _map(call: OnnxCall) -> Value:
    """An operator of FUNCTIONS."""
    write, function = FUNCTIONS[call.node.op]
    values = _inputs(call)
    if all(isinstance(value, OnnxConstant) for value in values):
        return map_constants(function, *values)  # type: ignore[arg-type]
    if call.node.op in AFFINE and len(values) == 2:
        for place, value in enumerate(values):
            if isinstance(value, OnnxConstant) and _is_tensor(value):
                return _learn(call, value, place)
    return _cone(call, write, values)


def _is_tensor(value: OnnxConstant) -> bool:
    """Whether a constant is a tensor of its own: not a number, unless it is unknown."""
    if value.elements == 1 and value.numbers is not None:
        # A number is learned if its name is the path of a module's parameter.
        return value.is_weight and bool(OF_MODULE.fullmatch(value.origin))
    return value.is_weight or value.lookup is not None or value.number is None


def _cone(call: OnnxCall, write: Write, values: Sequence[Value]) -> Value:
    """The cone of an operator whose inputs are tensors and numbers."""
    operands: list[Operand] = []
    if len(values) > MOST_OPERANDS:
        raise call.refuse(f"reads {len(values):,} tensors, more than {MOST_OPERANDS}")
    for value in values:
        number = value.number if isinstance(value, OnnxConstant) and not _is_tensor(value) else None
        if number is not None:
            if not math.isfinite(number):
                raise call.refuse("takes a number that is infinite")
            operands.append(number)
        elif isinstance(value, Cone | View):
            operands.append(value)
        else:
            operands.append(call.as_view(value))
    tensors = [operand for operand in operands if isinstance(operand, Cone | View)]
    sources = {id(tensor) if isinstance(tensor, Cone) else tensor for tensor in tensors}
    cone = Cone(call.graph, call.node, write, operands)
    if len(sources) > 1 and not _have_one_source(tensors):
        # A join is a layer in its place, whatever reads it.
        resolve_cone(call.graph, cone)
    return cone


def _have_one_source(tensors: Sequence[Cone | View]) -> bool:
    sources: list[View] = []
    stack = list(tensors)
    while stack:
        value = stack.pop()
        if isinstance(value, Cone) and value.view is None:
            stack += value.inputs
            continue
        view = value.view if isinstance(value, Cone) else value
        if view is not None and view not in sources:
            sources.append(view)
    return len(sources) == 1


def apply_text(text: str) -> Write:
    """A function of x, as the text of an apply."""
    return lambda term: Term(text if term == X else re.sub(r"\bx\b", lambda _: f"({term.text})", text), CHOICE)


def _function(call: OnnxCall, text: str, value: Value | None = None) -> Value:
    """An operator that is a function of one number."""
    value = call.value(0) if value is None else value
    if isinstance(value, OnnxConstant):
        return OnnxConstant(value.shape, None, value.is_real, value.origin, value.is_weight)
    return _cone(call, apply_text(text), [value])


def _compute(call: OnnxCall) -> Value:
    """An operator over constants alone."""
    values = _inputs(call)
    if not all(isinstance(value, OnnxConstant) for value in values):
        raise call.refuse("works on data, and has no layer type")
    return map_constants(COMPUTED[call.node.op], *values)  # type: ignore[arg-type]


def _clip(call: OnnxCall) -> Value:
    least, most = _bound(call, "min", 1), _bound(call, "max", 2)
    text = "x"
    text = f"max({text}, {least})" if least is not None else text
    text = f"min({text}, {most})" if most is not None else text
    value = call.value(0)
    if isinstance(value, OnnxConstant) and value.numbers is not None:
        low = -math.inf if least is None else float(least)
        high = math.inf if most is None else float(most)
        return map_constants(lambda number: min(max(number, low), high), value)
    return value if text == "x" else _function(call, text, value)


def _bound(call: OnnxCall, name: str, place: int) -> str | None:
    """A bound of Clip as text; None if there is none, or none that a number of 32 bits reaches."""
    number: float | None = None
    if call.attribute(name) is not None:
        number = call.real(name, 0.0)
    elif call.has(place):
        given = call.constant(place)
        number = given.number if given is not None else None
        if number is None:
            raise call.refuse(f"has a bound {name} that depends on data")
    return None if number is None or abs(number) > 1e38 else literal(number).text


def _text(number: float) -> str:
    return literal(number).text


def _leaky_relu(call: OnnxCall) -> Value:
    return _function(call, f"x if x > 0 else {_text(call.real('alpha', 0.01))} * x")


def _elu(call: OnnxCall) -> Value:
    return _function(call, f"x if x > 0 else {_text(call.real('alpha', 1.0))} * (exp(x) - 1)")


def _celu(call: OnnxCall) -> Value:
    alpha = _text(call.real("alpha", 1.0))
    return _function(call, f"x if x > 0 else {alpha} * (exp(x / {alpha}) - 1)")


def _selu(call: OnnxCall) -> Value:
    alpha, gamma = call.real("alpha", 1.67326319217681884765625), call.real("gamma", 1.05070102214813232421875)
    if abs(alpha - 1.67326) < 1e-4 and abs(gamma - 1.0507) < 1e-4:
        return _function(call, "1.0507 * (x if x > 0 else 1.67326 * (exp(x) - 1))")
    return _function(call, f"{_text(gamma)} * (x if x > 0 else {_text(alpha)} * (exp(x) - 1))")


def _hard_sigmoid(call: OnnxCall) -> Value:
    alpha, beta = _text(call.real("alpha", 0.2)), _text(call.real("beta", 0.5))
    return _function(call, f"min(max({alpha} * x + {beta}, 0), 1)")


def _gelu(call: OnnxCall) -> Value:
    if call.text("approximate", "none") == "tanh" or call.node.op == "FastGelu":
        return _function(call, "x * 0.5 * (1 + tanh(sqrt(0.6366197723675814) * (x + 0.044715 * x ** 3)))")
    return _function(call, "x * 0.5 * (1 + erf(x / sqrt(2)))")


def _swish(call: OnnxCall) -> Value:
    alpha = _text(call.real("alpha", 1.0 if call.node.op == "Swish" else 1.702))
    return _function(call, f"x * sigmoid({alpha} * x)")


def _thresholded_relu(call: OnnxCall) -> Value:
    return _function(call, f"x if x > {_text(call.real('alpha', 1.0))} else 0")


def _shrink(call: OnnxCall) -> Value:
    bias, most = _text(call.real("bias", 0.0)), _text(call.real("lambd", 0.5))
    return _function(call, f"x + {bias} if x < -{most} else x - {bias} if x > {most} else 0")


def _prelu(call: OnnxCall) -> Value:
    view, slope = call.view(), call.constant(1)
    if slope is None:
        raise call.refuse("has a slope that depends on data")
    if slope.elements == 1:
        return view.with_layer(call.emit_with([slope], "prelu", {}, view.layer))
    axes = _axes_of(view, slope)
    if len(axes) != 1 or view.axis_of(axes[0]) != 0:
        raise call.refuse("has a slope for each position")
    return view.with_layer(call.emit_with([slope], "prelu", {"per_channel": True}, view.layer))


# --- learned factors and addends ---

AFFINE = ("Add", "Sub", "Mul", "Div")


def _axes_of(view: View, value: OnnxConstant) -> list[int]:
    """The axes of a tensor along which a constant varies."""
    offset = view.rank - len(value.shape)
    return [at + offset for at, size in enumerate(value.shape) if size > 1]


def _learn(call: OnnxCall, value: OnnxConstant, place: int) -> Value:
    """A tensor plus or times a constant tensor: a bias, a scale, or a parameter that is joined."""
    view = call.view(1 - place)
    name = call.node.inputs[1 - place]
    is_sum = call.node.op in ("Add", "Sub")
    fits = len(value.shape) <= view.rank and value.lookup is None
    axes = _axes_of(view, value) if fits else []
    fits = fits and all(value.shape[at - view.rank] == view.shape[at] for at in axes)
    is_turned = place == 0 and call.node.op in ("Sub", "Div")
    if fits and axes and not is_turned and (made := _join_producer(call, view, name, axes, is_sum=is_sum)):
        return made
    if fits and len(axes) <= 1 and not is_turned:
        axis = view.axis_of(axes[0]) if axes else None
        if not axes:
            settings: dict[str, Plain] = {"per_channel": False}
            if not is_sum:
                return _put(call, value, "scale", settings, view)
        elif axis == 0:
            return _put(call, value, "bias" if is_sum else "scale", {}, view)
    order: list[int] | None = None
    if fits:
        large = [at for at, size in enumerate(view.shape) if size > 1]
        if is_sum and place == 1 and len(axes) > 1 and axes == large and value.is_weight:
            return _put(call, value, "bias", {"axes": "all"}, view)
        value = value._replace(shape=(1,) * (view.rank - len(value.shape)) + value.shape)
        order = canonical_order(view)
    learned = call.parameter(value, order)
    pair = [learned, view] if place == 0 else [view, learned]
    if call.node.op == "Div":
        layers, result = align(pair, call.emit)
        return result.with_layer(call.emit("apply", {"function": "x / y"}, *layers))
    cone = Cone(call.graph, call.node, FUNCTIONS[call.node.op][0], pair)
    resolve_cone(call.graph, cone)
    return cone


def _put(call: OnnxCall, value: OnnxConstant, kind: str, settings: dict[str, Plain], view: View) -> View:
    layer = call.graph.put(call.node, kind, settings, (view.layer,), [value], frozen=not value.is_weight)
    return view.with_layer(layer)


def _join_producer(call: OnnxCall, view: View, name: str, axes: Sequence[int], *, is_sum: bool) -> View | None:
    """The tensor itself, if the layer that computes it can have the factor or addend as its own."""
    builder = call.graph.builder
    at = builder.places.get(view.layer)
    own = [view.axis_of(axis) for axis in axes]
    if at is None or None in own or call.graph.reads[name] > 1 or view.layer in builder.read:
        return None
    layer = builder.layers[at]
    settings = layer.settings
    if layer.type == "batch_norm" and own == [0]:
        # Two factors and addends in a row are one.
        return view
    if layer.type in NORMS and _is_normalized(layer, own, len(view.axes)):
        if is_sum and view.layer in call.graph.scaled:
            call.graph.scaled.discard(view.layer)
            return view
        (reader, *others) = call.graph.readers_of.get(call.node.outputs[0], [call.node])
        if not is_sum and settings.get("affine") is False and reader.op == "Add" and not others:
            builder.replace_settings(view.layer, {key: item for key, item in settings.items() if key != "affine"})
            call.graph.scaled.add(view.layer)
            return view
    if not is_sum:
        return None
    along = settings.get("axis", 0) if layer.type == "linear" else 0
    if layer.type in BIASED and settings.get("bias") is False and own == [along]:
        builder.replace_settings(view.layer, {key: item for key, item in settings.items() if key != "bias"})
        return view
    if layer.type == "scale" and own == [0] and not settings:
        builder.replace_settings(view.layer, {"bias": True})
        return view
    return None


def _is_normalized(layer: GraphLayer, axes: Sequence[int | None], count: int) -> bool:
    """Whether a normalization can have a factor along these axes of its output."""
    chosen = layer.settings.get("axes", "all" if layer.type.startswith(("layer", "rms")) else "channels")
    if chosen in ("channels", 0):
        return list(axes) == [0]
    wanted = tuple(range(count)) if chosen == "all" else chosen if isinstance(chosen, tuple) else (chosen,)
    return sorted(axis or 0 for axis in axes) == list(wanted)


READERS: dict[str, OpReader] = {
    **dict.fromkeys(FUNCTIONS, _map),
    **dict.fromkeys(COMPUTED, _compute),
    **{op: partial(_function, text=text) for op, text in COMPOSED.items()},
    "Celu": _celu,
    "Clip": _clip,
    "Elu": _elu,
    "FastGelu": _gelu,
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "LeakyRelu": _leaky_relu,
    "PRelu": _prelu,
    "QuickGelu": _swish,
    "Selu": _selu,
    "Shrink": _shrink,
    "Swish": _swish,
    "ThresholdedRelu": _thresholded_relu,
}
