"""Activation functions: each output is a function of one input element, or of the channels at its position.

Operations follow the definition in its cheapest form. Extra steps for numerical stability (softmax
subtracts the maximum first) do not count. An error function, a logarithm and a hyperbolic tangent
count as one exponential each.
"""

from __future__ import annotations

from cnncalc.layers._axes import find_axis
from cnncalc.layers._elementwise import Elementwise, for_each, formulas_for_each
from cnncalc.layers.contract import (
    INPUT,
    NO_OPERATIONS,
    OUTPUT,
    OVERWRITTEN,
    Aliasing,
    Formulas,
    MixedPrecision,
    Operations,
    Remark,
    Role,
    Shapes,
    Weight,
    remark,
)
from cnncalc.layers.shapes import POINT, Shape, WholeWindow, Window, quotient
from cnncalc.syntax.expressions import Number, Value, fraction
from cnncalc.syntax.settings import axis_of, choice, flag, number


class Identity(Elementwise, name="identity"):
    """Returns the input unchanged; a placeholder for a layer of another type."""

    also_known_as = ("no_op", "pass_through", "恒等映射")

    each = NO_OPERATIONS
    function = "x"
    role = Role.REARRANGEMENT
    pytorch = "Identity"
    aliasing = Aliasing.VIEW


class Threshold(Elementwise, name="threshold"):
    """Linear threshold neuron: 1 where x >= threshold, else 0 (McCulloch & Pitts 1943).

    One comparison per element. Its derivative is 0, so no gradient passes through it.
    """

    also_known_as = ("step", "heaviside", "阶跃函数")

    threshold: Number = number("smallest input for which the output is 1", default=0)

    each = Operations(compares=1)
    function = "1 if x >= threshold else 0"
    role = Role.ACTIVATION
    keeps = ()
    aliasing = Aliasing.IN_PLACE


class Sigmoid(Elementwise, name="sigmoid"):
    """Logistic function: 1 / (1 + exp(-x)). One exponential, one add and one divide per element."""

    also_known_as = ("logistic",)

    each = Operations(exponentials=1, adds=1, divides=1)
    function = "1 / (1 + exp(-x))"
    role = Role.ACTIVATION
    pytorch = "Sigmoid"
    keeps = (OUTPUT,)
    aliasing = Aliasing.IN_PLACE


class Tanh(Elementwise, name="tanh"):
    """Hyperbolic tangent, counted as one exponential per element (LeCun et al. 1998 scale it: add a `scale`)."""

    also_known_as = ("hyperbolic_tangent", "双曲正切")

    each = Operations(exponentials=1)
    function = "(exp(x) - exp(-x)) / (exp(x) + exp(-x))"
    role = Role.ACTIVATION
    pytorch = "Tanh"
    keeps = (OUTPUT,)
    aliasing = Aliasing.IN_PLACE


class Relu(Elementwise, name="relu"):
    """Rectified linear unit: max(x, 0) (Nair & Hinton 2010). One comparison per element."""

    also_known_as = ("RectifiedLinear", "修正线性单元")

    each = Operations(compares=1)
    function = "max(x, 0)"
    role = Role.ACTIVATION
    pytorch = "ReLU"
    keeps = (OUTPUT,)
    aliasing = Aliasing.IN_PLACE


class Relu6(Elementwise, name="relu6"):
    """Rectified linear unit, at most 6: min(max(x, 0), 6) (Krizhevsky 2010). Two comparisons per element."""

    each = Operations(compares=2)
    function = "min(max(x, 0), 6)"
    role = Role.ACTIVATION
    pytorch = "ReLU6"
    aliasing = Aliasing.IN_PLACE


class Absolute(Elementwise, name="absolute"):
    """Absolute value: max(x, -x). One comparison per element. The gradient needs the sign, so the input is stored."""

    also_known_as = ("abs", "AbsVal")

    each = Operations(compares=1)
    function = "abs(x)"
    role = Role.ACTIVATION
    pytorch = "torch.abs"


class LeakyRelu(Elementwise, name="leaky_relu"):
    """x where x is positive, else slope * x (Maas et al. 2013). One comparison and one multiply per element."""

    also_known_as = ("leaky", "lrelu")

    slope: Number = number("factor of negative inputs", default=fraction("0.01"), low=0)

    each = Operations(compares=1, multiplies=1)
    function = "x if x > 0 else slope * x"
    role = Role.ACTIVATION
    pytorch = "LeakyReLU"
    keeps = (OVERWRITTEN,)
    aliasing = Aliasing.IN_PLACE


class Prelu(Elementwise, name="prelu"):
    """x where x is positive, else a learnable slope * x (He et al. 2015, arXiv:1502.01852).

    The paper learns one slope per channel (`per_channel: true`); PyTorch's default is one for the layer.
    One comparison and one multiply per element. The gradient of the slope needs the input, so the input is stored.
    """

    also_known_as = ("ParametricReLU",)

    per_channel: bool = flag("whether each channel has its own slope", default=False)

    each = Operations(compares=1, multiplies=1)
    function = "x if x > 0 else slope * x"
    role = Role.ACTIVATION
    pytorch = "PReLU"
    mixed = MixedPrecision.HALF
    keeps = (INPUT,)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        learned = remark("prelu_per_channel" if self.per_channel else "prelu")
        return (*super().remarks(inputs, output), learned)

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return (Weight("weight", (inputs[0].channels if self.per_channel else 1,)),)

    def formulas(self) -> Formulas:
        return {**super().formulas(), "weight": "in_channels" if self.per_channel else "1"}


class Elu(Elementwise, name="elu"):
    """x where x is positive, else alpha * (exp(x) - 1) (Clevert et al. 2015, arXiv:1511.07289).

    One comparison, one exponential, one add and one multiply per element, whatever its sign.
    """

    alpha: Number = number("negative of the limit for large negative inputs", default=1, low=0)

    each = Operations(compares=1, exponentials=1, adds=1, multiplies=1)
    function = "x if x > 0 else alpha * (exp(x) - 1)"
    role = Role.ACTIVATION
    pytorch = "ELU"
    keeps = (OVERWRITTEN,)
    aliasing = Aliasing.IN_PLACE


class Selu(Elementwise, name="selu"):
    """ELU scaled so that means and variances converge (Klambauer et al. 2017, arXiv:1706.02515).

    One comparison, one exponential, one add and two multiplies per element.
    """

    each = Operations(compares=1, exponentials=1, adds=1, multiplies=2)
    function = "1.0507 * (x if x > 0 else 1.67326 * (exp(x) - 1))"
    role = Role.ACTIVATION
    pytorch = "SELU"
    keeps = (OVERWRITTEN,)
    aliasing = Aliasing.IN_PLACE


class Gelu(Elementwise, name="gelu"):
    """x times the normal distribution function: x * 0.5 * (1 + erf(x / sqrt(2))) (Hendrycks & Gimpel 2016).

    One exponential (the error function), one add and three multiplies per element. `approximate: tanh` is the form
    of BERT and GPT-2 with a hyperbolic tangent instead of the error function, as in PyTorch; written as
    0.5 * x * (1 + tanh(x * (a + b * x * x))), an element costs one exponential, two adds and five multiplies.
    """

    also_known_as = ("GaussianErrorLinearUnit",)

    approximate: str | None = choice(
        "approximation of the error function", ("tanh",), default=None, absent="the function itself"
    )

    role = Role.ACTIVATION
    pytorch = "GELU"

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        exact, approximate = "erf(x / sqrt(2))", "tanh(sqrt(0.63662) * (x + 0.044715 * x ** 3))"
        return (remark("activation", f"x * (1 + {approximate if self._is_approximate else exact}) / 2"),)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return for_each(output.elements, self._of_each)

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels", **formulas_for_each("in_elements", self._of_each)}

    @property
    def _is_approximate(self) -> bool:
        return self.approximate == "tanh"

    @property
    def _of_each(self) -> Operations:
        adds, multiplies = (2, 5) if self._is_approximate else (1, 3)
        return Operations(exponentials=1, adds=adds, multiplies=multiplies)


class Silu(Elementwise, name="silu"):
    """x * sigmoid(x) = x / (1 + exp(-x)), also called Swish (Ramachandran et al. 2017, arXiv:1710.05941).

    One exponential, one add and one divide per element.
    """

    also_known_as = ("swish",)

    each = Operations(exponentials=1, adds=1, divides=1)
    function = "x / (1 + exp(-x))"
    role = Role.ACTIVATION
    pytorch = "SiLU"


class Mish(Elementwise, name="mish"):
    """x * tanh(log(1 + exp(x))) (Misra 2019, arXiv:1908.08681).

    Three exponentials (exp, log and tanh), one add and one multiply per element.
    """

    each = Operations(exponentials=3, adds=1, multiplies=1)
    function = "x * tanh(ln(1 + exp(x)))"
    role = Role.ACTIVATION
    pytorch = "Mish"


class HardSigmoid(Elementwise, name="hard_sigmoid"):
    """relu6(x + 3) / 6 (Howard et al. 2019, MobileNetV3, as in PyTorch).

    One add, two comparisons and one divide per element.
    """

    also_known_as = ("h_sigmoid", "hsigmoid")

    each = Operations(adds=1, compares=2, divides=1)
    function = "min(max(x + 3, 0), 6) / 6"
    role = Role.ACTIVATION
    pytorch = "Hardsigmoid"
    aliasing = Aliasing.IN_PLACE


class HardSwish(Elementwise, name="hard_swish"):
    """x * relu6(x + 3) / 6 (Howard et al. 2019, MobileNetV3, arXiv:1905.02244).

    One add, two comparisons, one multiply and one divide per element.
    """

    also_known_as = ("h_swish", "hard_silu")

    each = Operations(adds=1, compares=2, multiplies=1, divides=1)
    function = "x * min(max(x + 3, 0), 6) / 6"
    role = Role.ACTIVATION
    pytorch = "Hardswish"


class Softplus(Elementwise, name="softplus"):
    """log(1 + exp(x)), a smooth ReLU (Dugas et al. 2001). Two exponentials and one add per element."""

    also_known_as = ("BNLL",)

    each = Operations(exponentials=2, adds=1)
    function = "ln(1 + exp(x))"
    role = Role.ACTIVATION
    pytorch = "Softplus"
    mixed = MixedPrecision.FULL
    aliasing = Aliasing.IN_PLACE


class AxisSoftmax(Elementwise):
    """What softmax and log_softmax share: the numbers along one axis are taken together."""

    axis: int = axis_of("axis whose numbers become probabilities together, from 0, the channels", default=0)

    role = Role.PROBABILITIES
    aliasing = Aliasing.IN_PLACE

    def output_shape(self, inputs: Shapes) -> Shape:
        find_axis(self.axis, inputs[0])
        return inputs[0]

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        axis = find_axis(self.axis, output)
        across = remark("across_axis", axis=axis, axis_size=output[axis]) if axis else remark("across_channels")
        return (remark("activation", self.function), across)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        along = find_axis(self.axis, inputs[0])
        sizes = enumerate(inputs[0].spatial, start=1)
        return tuple(WholeWindow(size) if axis == along else POINT for axis, size in sizes)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT if find_axis(self.axis, output) else WholeWindow(output.channels)

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "axis_size": output[find_axis(self.axis, output)]}

    def sets(self, output: Shape) -> int:
        """How many sets of numbers have a sum of their own."""
        return quotient(output.elements, output[find_axis(self.axis, output)])

    @property
    def sets_formula(self) -> str:
        """The text of `sets`."""
        return "in_elements / axis_size" if self.axis else "in_positions"

    @property
    def sums_formula(self) -> str:
        """The adds of all sums: one fewer than there are numbers in a set."""
        return f"{self.sets_formula} * ({'axis_size' if self.axis else 'in_channels'} - 1)"


class Softmax(AxisSoftmax, name="softmax"):
    """exp(x) divided by the sum of exp(x) over the channels, at each position; or over another `axis`.

    One exponential and one divide per number, and one add fewer than there are numbers in each sum.
    Attention takes it over the positions that a query looks at: `softmax: -1`.
    """

    also_known_as = ("SoftmaxActivation",)

    pytorch = "Softmax"
    each = Operations(exponentials=1, divides=1)
    function = "exp(x) / sum(exp(all_x))"

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return super().operations(inputs, output)._replace(adds=output.elements - self.sets(output))

    def formulas(self) -> Formulas:
        return {**super().formulas(), "adds": self.sums_formula}


class LogSoftmax(AxisSoftmax, name="log_softmax"):
    """x minus the logarithm of the sum of exp(x) over the channels, at each position; or over another `axis`.

    One exponential and one add per number; a sum has one logarithm (an exponential), and one
    add fewer than it has numbers.
    """

    function = "x - ln(sum(exp(all_x)))"

    pytorch = "LogSoftmax"

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        sets = self.sets(output)
        return Operations(adds=2 * output.elements - sets, exponentials=output.elements + sets)

    def formulas(self) -> Formulas:
        return {
            "out_channels": "in_channels",
            "adds": f"in_elements + {self.sums_formula}",
            "exponentials": f"in_elements + {self.sets_formula}",
        }
