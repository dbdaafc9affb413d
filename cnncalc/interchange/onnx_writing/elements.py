"""Functions of elements as operators of ONNX: activations, joins, functions of `apply`, and layers that pass on."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from cnncalc.interchange.onnx_writing.messages import FLOAT, Attribute
from cnncalc.interchange.onnx_writing.nodes import LayerNodes
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.expressions import (
    REAL_FUNCTIONS,
    Arithmetic,
    Call,
    ComparisonChain,
    Conditional,
    Literal,
    Logic,
    Name,
    Not,
    Signed,
    Tree,
    parse,
)

# The names of the inputs in functions, in order.
OPERANDS = ("x", "y", "z", "u", "v", "w")
ARITHMETIC = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "**": "Pow"}
COMPARISONS = {">": "Greater", ">=": "GreaterOrEqual", "<": "Less", "<=": "LessOrEqual", "==": "Equal"}
FUNCTIONS = {
    "abs": "Abs", "cos": "Cos", "erf": "Erf", "exp": "Exp", "ln": "Log", "max": "Max", "min": "Min", "relu": "Relu",
    "sigmoid": "Sigmoid", "sin": "Sin", "softplus": "Softplus", "sqrt": "Sqrt", "tanh": "Tanh",
}  # fmt: skip
LARGEST_REAL = 3.4e38


def real(value: object) -> float:
    """A setting as a number of 32 bits."""
    return max(-LARGEST_REAL, min(LARGEST_REAL, float(Fraction(str(value)))))


def _one(op: str, **attributes: Attribute) -> Callable[[LayerNodes], str]:
    return lambda layer: layer.add(op, layer.x, **attributes)


def _with_setting(op: str, setting: str, attribute: str) -> Callable[[LayerNodes], str]:
    return lambda layer: layer.add(op, layer.x, **{attribute: real(layer.settings[setting])})


def _threshold(layer: LayerNodes) -> str:
    reached = layer.add("GreaterOrEqual", layer.x, layer.number(real(layer.settings["threshold"])))
    return layer.add("Cast", reached, to=FLOAT)


def _relu6(layer: LayerNodes) -> str:
    return _clip(layer, layer.x)


def _clip(layer: LayerNodes, tensor: str) -> str:
    return layer.add("Clip", tensor, layer.number(0), layer.number(6))


def _prelu(layer: LayerNodes) -> str:
    count = layer.shape.channels if layer.settings["per_channel"] else 1
    return layer.add("PRelu", layer.x, layer.weight("weight", (count, *(1 for _ in layer.shape.spatial)), 0.25))


def _silu(layer: LayerNodes) -> str:
    return layer.add("Mul", layer.x, layer.add("Sigmoid", layer.x))


def _gelu(layer: LayerNodes) -> str:
    return layer.add("Gelu", layer.x, approximate=layer.settings["approximate"] or "none")


def _softmax(op: str) -> Callable[[LayerNodes], str]:
    return lambda layer: layer.add(op, layer.x, axis=layer.settings["axis"] % len(layer.shape) + 1)


def _maxout(layer: LayerNodes) -> str:
    pieces, spatial = layer.settings["pieces"], layer.shape.spatial
    parted = layer.reshape(layer.x, layer.output.channels, pieces, *spatial)
    return layer.add("ReduceMax", parted, layer.wholes((2,)), keepdims=0)


def _dropout(layer: LayerNodes) -> str:
    return layer.add("Dropout", layer.x, layer.number(real(layer.settings["rate"])))


# --- joins ---


def _operands(layer: LayerNodes) -> list[str]:
    """The inputs with equally many axes: a vector is a map of one position."""
    rank = layer.output.rank
    return [_as_map(layer, tensor, shape, rank) for tensor, shape in zip(layer.inputs, layer.shapes, strict=True)]


def _as_map(layer: LayerNodes, tensor: str, shape: Shape, rank: int) -> str:
    return tensor if shape.rank == rank else layer.reshape(tensor, *shape, *(1,) * (rank - shape.rank))


def _add(layer: LayerNodes) -> str:
    operands = _operands(layer)
    return layer.add("Add" if len(operands) == 2 else "Sum", *operands)


def _subtract(layer: LayerNodes) -> str:
    return layer.add("Sub", *_operands(layer))


def _multiply(layer: LayerNodes) -> str:
    product, *factors = _operands(layer)
    for factor in factors:
        product = layer.add("Mul", product, factor)
    return product


def _concat(layer: LayerNodes) -> str:
    return layer.add("Concat", *layer.inputs, axis=layer.settings["axis"] % len(layer.shape) + 1)


# --- functions as text ---


def _apply(layer: LayerNodes) -> str:
    tensors = dict(zip(OPERANDS, _operands(layer), strict=False))
    return _tree(layer, parse(layer.settings["function"], REAL_FUNCTIONS).tree, tensors)


def _tree(layer: LayerNodes, tree: Tree, tensors: dict[str, str]) -> str:
    """The tensor of an expression."""
    if isinstance(tree, Literal):
        return layer.number(real(tree.value))
    if isinstance(tree, Name):
        return tensors[tree.name]
    if isinstance(tree, Signed):
        operand = _tree(layer, tree.operand, tensors)
        return layer.add("Neg", operand) if tree.sign == "-" else operand
    if isinstance(tree, Arithmetic):
        pair = (_tree(layer, tree.left, tensors), _tree(layer, tree.right, tensors))
        return layer.add(ARITHMETIC[tree.operator], *pair)
    if isinstance(tree, Conditional):
        condition = _condition(layer, tree.condition, tensors)
        return layer.add("Where", condition, _tree(layer, tree.then, tensors), _tree(layer, tree.otherwise, tensors))
    if isinstance(tree, Call):
        arguments = [_tree(layer, argument, tensors) for argument in tree.arguments]
        return _clip(layer, *arguments) if tree.function == "relu6" else layer.add(FUNCTIONS[tree.function], *arguments)
    raise layer.refuse("has a function that cannot be written")


def _condition(layer: LayerNodes, tree: Tree, tensors: dict[str, str]) -> str:
    if isinstance(tree, Not):
        return layer.add("Not", _condition(layer, tree.operand, tensors))
    if isinstance(tree, Logic):
        pair = (_condition(layer, tree.left, tensors), _condition(layer, tree.right, tensors))
        return layer.add("And" if tree.operator == "and" else "Or", *pair)
    if not isinstance(tree, ComparisonChain):
        raise layer.refuse("has a condition that cannot be written")
    left = _tree(layer, tree.first, tensors)
    found = ""
    for operator, further, _ in tree.rest:
        right = _tree(layer, further, tensors)
        holds = layer.add(COMPARISONS.get(operator, "Equal"), left, right)
        holds = layer.add("Not", holds) if operator == "!=" else holds
        found = layer.add("And", found, holds) if found else holds
        left = right
    return found


WRITERS: dict[str, Callable[[LayerNodes], str]] = {
    "absolute": _one("Abs"),
    "add": _add,
    "apply": _apply,
    "concat": _concat,
    "drop_path": _one("Identity"),
    "dropout": _dropout,
    "elu": _with_setting("Elu", "alpha", "alpha"),
    "gelu": _gelu,
    "hard_sigmoid": _one("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_swish": _one("HardSwish"),
    "identity": _one("Identity"),
    "leaky_relu": _with_setting("LeakyRelu", "slope", "alpha"),
    "log_softmax": _softmax("LogSoftmax"),
    "maxout": _maxout,
    "mish": _one("Mish"),
    "multiply": _multiply,
    "prelu": _prelu,
    "relu": _one("Relu"),
    "relu6": _relu6,
    "selu": _one("Selu"),
    "sigmoid": _one("Sigmoid"),
    "silu": _silu,
    "softmax": _softmax("Softmax"),
    "softplus": _one("Softplus"),
    "subtract": _subtract,
    "tanh": _one("Tanh"),
    "threshold": _threshold,
}
