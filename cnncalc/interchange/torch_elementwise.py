"""Operators of PyTorch on each element: functions, sums and products."""

from __future__ import annotations

from math import isfinite, prod

from cnncalc.errors import Span, SpecError, quoted
from cnncalc.interchange.building import Settings, affine, real
from cnncalc.interchange.layout import LaidOut, axes_of, order_of
from cnncalc.interchange.torch_axes import TorchAxes
from cnncalc.interchange.torch_program import Argument, NodeRef, TorchNode, axis_of, is_number, refs_of
from cnncalc.interchange.torch_values import FixedTensor, Stored, Value

# Functions of each element that are layer types without settings.
ACTIVATIONS = {
    "relu": "relu",
    "relu6": "relu6",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "silu": "silu",
    "mish": "mish",
    "selu": "selu",
    "hardswish": "hard_swish",
    "hardsigmoid": "hard_sigmoid",
    "abs": "absolute",
}
# Functions of each element that are expressions.
FUNCTIONS = {
    "exp": "exp(x)",
    "expm1": "exp(x) - 1",
    "log": "ln(x)",
    "log1p": "ln(1 + x)",
    "sqrt": "sqrt(x)",
    "rsqrt": "1 / sqrt(x)",
    "square": "x ** 2",
    "neg": "-x",
    "reciprocal": "1 / x",
    "erf": "erf(x)",
    "sin": "sin(x)",
    "cos": "cos(x)",
    "log_sigmoid": "-softplus(-x)",
    "softsign": "x / (1 + abs(x))",
}
JOINS = {"add": "add", "sub": "subtract", "mul": "multiply"}
JOIN_FUNCTIONS = {"div": "x / y", "maximum": "max(x, y)", "minimum": "min(x, y)", "rsub": "y - x", "pow": "x ** y"}
# The parts of a batch norm.
NORM = {"weight", "bias", "running_mean", "running_var"}


class TorchElementwise(TorchAxes):
    """Reads elementwise operators."""

    def each(self, tensor: LaidOut, kind: str, settings: Settings, weights: tuple[str, ...] = ()) -> LaidOut:
        return LaidOut(self.emit(kind, (tensor.name,), settings, weights), tensor.axes)

    def apply(self, tensor: LaidOut, function: str) -> LaidOut:
        return self.each(tensor, "apply", {"function": function})

    def read_activation(self, node: TorchNode) -> LaidOut:
        return self.each(self.tensor(node), ACTIVATIONS[node.operator], {})

    def read_function(self, node: TorchNode) -> LaidOut:
        return self.apply(self.tensor(node), FUNCTIONS[node.operator])

    def read_gelu(self, node: TorchNode) -> LaidOut:
        is_tanh = node.arguments.get("approximate") == "tanh"
        return self.each(self.tensor(node), "gelu", {"approximate": "tanh"} if is_tanh else {})

    def read_leaky_relu(self, node: TorchNode) -> LaidOut:
        return self.each(self.tensor(node), "leaky_relu", {"slope": self.number(node, "negative_slope")})

    def read_elu(self, node: TorchNode) -> LaidOut:
        alpha = self.number(node, "alpha")
        return self.each(self.tensor(node), "elu", {"alpha": alpha} if alpha != "1" else {})

    def read_threshold(self, node: TorchNode) -> LaidOut:
        threshold, value = self.number(node, "threshold"), self.number(node, "value")
        return self.apply(self.tensor(node), f"x if x > {threshold} else {value}")

    def read_hardshrink(self, node: TorchNode) -> LaidOut:
        return self.apply(self.tensor(node), f"x if abs(x) > {self.number(node, 'lambd')} else 0")

    def read_softshrink(self, node: TorchNode) -> LaidOut:
        width = self.number(node, "lambd")
        return self.apply(self.tensor(node), f"max(x - {width}, 0) + min(x + {width}, 0)")

    def read_glu(self, node: TorchNode) -> LaidOut:
        tensor = self.tensor(node)
        at = axis_of(node.arguments.get("dim", -1), len(tensor.axes))
        size = self.sizes(tensor)[at]
        halves = self.cut(tensor, at, 0, size // 2), self.cut(tensor, at, size // 2, size)
        name = self.emit("apply", tuple(half.name for half in halves), {"function": "x * sigmoid(y)"})
        return LaidOut(name, tensor.axes)

    def read_celu(self, node: TorchNode) -> LaidOut:
        alpha = self.number(node, "alpha")
        return self.apply(self.tensor(node), f"x if x > 0 else {alpha} * (exp(x / {alpha}) - 1)")

    def read_softplus(self, node: TorchNode) -> LaidOut:
        beta = self.number(node, "beta")
        if beta == "1":
            return self.each(self.tensor(node), "softplus", {})
        return self.apply(self.tensor(node), f"softplus({beta} * x) / {beta}")

    def read_clamp(self, node: TorchNode) -> LaidOut:
        low, high = (node.arguments.get(key, node.arguments.get(f"{key}_val")) for key in ("min", "max"))
        tensor = self.tensor(node)
        if (low, high) == (0, 6):
            return self.each(tensor, "relu6", {})
        if low == 0 and high is None:
            return self.each(tensor, "relu", {})
        function = "x"
        for word, bound in (("max", low), ("min", high)):
            if isinstance(bound, NodeRef):
                raise self.refuse("has bounds that are tensors")
            if is_number(bound) and isfinite(float(str(bound))):
                function = f"{word}({function}, {self.real(bound)})"
        return tensor if function == "x" else self.apply(tensor, function)

    def read_softmax(self, node: TorchNode) -> LaidOut:
        tensor = self.tensor(node)
        axis = tensor.axes[axis_of(node.arguments["dim"], len(tensor.axes))]
        if axis is None:
            raise self.refuse("has an axis of size 1")
        last = len(self.shape(tensor.name)) - 1
        settings = {"axis": -1 if axis == last else axis} if axis else {}
        return self.each(tensor, "log_softmax" if "log" in node.operator else "softmax", settings)

    def read_dropout(self, node: TorchNode) -> LaidOut:
        tensor = self.tensor(node)
        rate = node.arguments.get("p")
        return self.each(tensor, "dropout", {"rate": self.real(rate)}) if rate else tensor

    def read_masking(self, node: TorchNode) -> Value:
        """What is forbidden where is not written: a mask costs nothing, if it depends on shapes alone."""
        if node.operator == "masked_fill":
            mask, kept = self.value(node, "mask"), [self.value(node, "self")]
        else:
            mask, kept = self.value(node, "condition"), [self.value(node, "self"), self.value(node, "other")]
        tensors = [value for value in kept if isinstance(value, LaidOut)]
        if not isinstance(mask, FixedTensor) or len(tensors) != 1 or self.sizes(tensors[0]) != node.shapes[0]:
            raise self.refuse("chooses between numbers by a computed mask")
        return tensors[0]

    def read_join(self, node: TorchNode) -> Value:
        return self.join_with(node, node.operator, "other" if "other" in node.arguments else "exponent")

    def join_with(self, node: TorchNode, operator: str, key: str) -> Value:
        """What an operator makes of its first argument and of another: a tensor, or a number."""
        first, second = self._operand(node, "self"), self._operand(node, key)
        alpha = node.arguments.get("alpha", 1)
        if node.arguments.get("rounding_mode"):
            raise self.refuse("rounds its quotients")
        if isinstance(first, str) or isinstance(second, str):
            return self._with_number(operator, first, second, alpha)
        values = first, second
        if operator == "rsub":
            values, operator = (second, first), "sub"
        for value, other in (values, values[::-1]):
            if (
                isinstance(value, FixedTensor)
                and value.is_mask
                and operator == "add"
                and not isinstance(other, FixedTensor)
            ):
                return self._keep(other, node)
        if alpha != 1:
            scaled = self.apply(self.lay_out(values[1]), affine(self.real(alpha), "0"))
            values = (values[0], scaled)
        return self._join_values(operator, values, node)

    def _join_values(self, operator: str, values: tuple[Value, Value], node: TorchNode) -> Value:
        """A join of two tensors, or a layer with a parameter."""
        if operator == "add" and (norm := self._frozen_norm(values, node)):
            return norm
        if operator in ("mul", "add"):
            for value, other in (values, values[::-1]):
                if isinstance(value, Stored) and (done := self._by_channel(operator, other, value, node)):
                    return done
        return self._join(operator, values, node)

    def _operand(self, node: TorchNode, key: str) -> Value | str:
        """A tensor, or a number as text."""
        argument = node.arguments.get(key)
        if not isinstance(argument, NodeRef):
            return self.real(argument)
        value = self.resolve(argument.node)
        if isinstance(value, FixedTensor) and value.number is not None:
            return self.real(value.number)
        return value

    def _keep(self, value: Value, node: TorchNode) -> LaidOut:
        tensor = self.lay_out(value)
        if prod(self.sizes(tensor)) != prod(node.shapes[0]):
            raise self.refuse("repeats a tensor for a mask")
        return self.reshape(tensor, node.shapes[0])

    def _with_number(self, operator: str, first: Value | str, second: Value | str, alpha: Argument) -> LaidOut:
        is_left = isinstance(first, str)
        number, value = (first, second) if isinstance(first, str) else (second, first)
        if not isinstance(number, str) or isinstance(value, str):
            raise self.refuse("reads numbers alone")
        tensor = self.lay_out(value)
        if operator in ("add", "sub") and alpha != 1:
            number = self.real(float(number) * float(str(alpha)))
        negative = number[1:] if number.startswith("-") else f"-{number}"
        bare = f"({number})" if number.startswith("-") else number
        one, zero = number == "1", number == "0"
        if (operator in ("mul", "div", "pow") and one and not is_left) or (
            operator in ("add", "sub") and zero and not is_left
        ):
            return tensor
        functions = {
            "add": affine("1", number),
            "sub": affine("-1", number) if is_left else affine("1", negative),
            "rsub": affine("-1", number),
            "mul": affine(number, "0"),
            "div": f"{number} / x" if is_left else f"x / {bare}",
            "pow": f"{bare} ** x" if is_left else f"x ** {bare}",
            "maximum": f"max(x, {number})",
            "minimum": f"min(x, {number})",
        }
        return self.apply(tensor, functions[operator])

    def _frozen_norm(self, values: tuple[Value, Value], node: TorchNode) -> LaidOut | None:
        """The batch norm that a product and a sum are, as torchvision writes one that is not trained."""
        for name, added in zip(refs_of(node.arguments.values()), values[::-1], strict=False):
            product = self.nodes.get(name)
            if product is None or product.operator != "mul" or not isinstance(added, Stored):
                continue
            factors = [self.values[part] for part in refs_of(product.arguments.values())]
            read = [value for value in factors if isinstance(value, LaidOut)]
            roots = {root for value in (*factors, added) if isinstance(value, Stored) for root in value.roots}
            tensors = {self.program.stored[root].name.rpartition(".")[2]: root for root in roots}
            if (
                len(read) != 1
                or len(factors) != 2
                or len(roots) != len(NORM)
                or set(tensors) != NORM
                or len(self.users[name]) > 1
            ):
                continue
            shapes = {self.program.stored[root].shape for root in roots}
            is_learned = any(self.program.stored[root].is_learned for root in roots)
            if not is_learned and shapes == {self.shape(read[0].name)[:1]}:
                return self.each(read[0], "batch_norm", {}, (tensors["weight"], tensors["bias"]))
        return None

    def _by_channel(self, operator: str, value: Value, stored: Stored, node: TorchNode) -> LaidOut | None:
        """A product or a sum with one parameter for each channel, or one for all."""
        if not stored.is_plain or not isinstance(value, LaidOut) or not self._is_learned(stored):
            return None
        if stored.roots[0] in self.parameters or self.sizes(value) != node.shapes[0]:
            return None
        shift = len(value.axes) - len(stored.sizes)
        long = [value.axes[at + shift] for at, size in enumerate(stored.sizes) if size != 1]
        if operator == "mul" and not long:
            return self.each(value, "scale", {"per_channel": False}, stored.roots)
        if long != [0]:
            return None
        if operator == "mul":
            return self.each(value, "scale", {}, stored.roots)
        return self._add_bias(value, stored, node) or self.each(value, "bias", {}, stored.roots)

    def _add_bias(self, value: LaidOut, stored: Stored, node: TorchNode) -> LaidOut | None:
        """The scale that a tensor is, with a bias, if nothing else reads it."""
        layer = self.builder.layers[self.builder.places[value.name]] if value.name in self.builder.places else None
        if layer is None or layer.type != "scale" or layer.settings or value.name in self.builder.read:
            return None
        made = self.nodes.get(layer.span.node)
        if layer.weights_from or (made is not node and len(self.users.get(layer.span.node, ())) > 1):
            return None
        self.builder.replace_settings(value.name, {"bias": True})
        root = next(root for root, (owner, _) in self.owners.items() if owner.name == value.name)
        roots = (root, *stored.roots)
        self.owners.update(dict.fromkeys(roots, (layer, roots)))
        return value

    def read_addcmul(self, node: TorchNode) -> LaidOut:
        one, two, added = (self._argument(node, key) for key in ("tensor1", "tensor2", "self"))
        product = node._replace(arguments={**node.arguments, "alpha": 1})
        factor = self._join_values("mul", (one, two), product)
        if (value := node.arguments.get("value", 1)) != 1:
            factor = self.apply(self.lay_out(factor), affine(self.real(value), "0"))
        return self.lay_out(self._join_values("add", (added, factor), node))

    def _argument(self, node: TorchNode, key: str) -> Value:
        value = self.value(node, key)
        if value is None:
            raise self.refuse(f"has no tensor for {key}")
        return value

    def _join(self, operator: str, values: tuple[Value, ...], node: TorchNode) -> LaidOut:
        rank = len(node.shapes[0])
        tensors = [self._widen(value, rank) for value in values if isinstance(value, LaidOut)]
        tensors = tensors or [self._widen(self.lay_out(value), rank) for value in values]
        main = max(tensors, key=lambda tensor: sum(size > 1 for size in self.sizes(tensor)))
        order = [*order_of(main)]
        for value in values:
            sizes = (1,) * (rank - len(self.sizes_of(value))) + self.sizes_of(value)
            order += [at for at, size in enumerate(sizes) if size != 1 and at not in order]
        names = []
        for value in values:
            if isinstance(value, LaidOut):
                names.append(self._fit(self._widen(value, rank), order, main))
                continue
            missing = rank - len(self.sizes_of(value))
            wanted = tuple(at - missing for at in order) if isinstance(value, Stored) else None
            if isinstance(value, Stored) and value.is_plain and value.roots[0] not in self.parameters and wanted:
                widened = value._replace(sizes=(1,) * missing + value.sizes)
                names.append(self.arrange(self.lay_out(widened, tuple(order)), order))
            else:
                names.append(self._fit(self._widen(self.lay_out(value), rank), order, main))
        if names[0] == names[1]:
            function = {"add": "x * 2", "mul": "x ** 2", "sub": "x - x"}.get(operator, "")
            function = function or JOIN_FUNCTIONS[operator].replace("y", "x")
            return LaidOut(self.emit("apply", (names[0],), {"function": function}), axes_of(order, rank))
        if operator in JOINS:
            name = self.emit(JOINS[operator], tuple(names), {})
        else:
            name = self.emit("apply", tuple(names), {"function": JOIN_FUNCTIONS[operator]})
        return LaidOut(name, axes_of(order, rank))

    def _widen(self, tensor: LaidOut, rank: int) -> LaidOut:
        """The tensor with axes of size 1 in front, as PyTorch broadcasts it."""
        return LaidOut(tensor.name, (None,) * (rank - len(tensor.axes)) + tensor.axes)

    def _fit(self, tensor: LaidOut, order: list[int], main: LaidOut) -> str:
        """The layer of a tensor in a join: a vector stays one, if its elements are those of the channels."""
        shape = self.shape(tensor.name)
        if len(shape) == 1 and tensor.axes[order[0]] == 0 and len(self.shape(main.name)) == len(order):
            return tensor.name
        return self.arrange(tensor, order)

    def number(self, node: TorchNode, key: str) -> str:
        return self.real(node.arguments[key])

    def real(self, value: Argument) -> str:
        """A number as expressions write it."""
        if not is_number(value) or not isfinite(float(str(value))):
            raise self.refuse(f"takes a number, not {quoted(str(value))}")
        try:
            return real(repr(value), Span(self.target, 0, 0, self.current.name), self.current.operator)
        except SpecError:
            return real(f"{float(str(value)):.20g}", Span(self.target, 0, 0, self.current.name), self.current.operator)
