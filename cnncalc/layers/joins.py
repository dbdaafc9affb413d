"""Joins: several tensors become one.

`add`, `subtract` and `multiply` need equal shapes, but broadcast axes of size 1, and a vector over a
feature map with as many channels, as in squeeze-and-excitation. Broadcasting does not copy.
"""

from __future__ import annotations

from typing import ClassVar

from cnncalc.errors import RuleError, listed
from cnncalc.layers._axes import find_axis
from cnncalc.layers.contract import (
    INPUT,
    NO_OPERATIONS,
    NO_WEIGHTS,
    Formulas,
    LayerType,
    Operations,
    Reading,
    Remark,
    Role,
    Saved,
    Shapes,
    Weight,
    own,
    remark,
)
from cnncalc.layers.shapes import (
    POINT,
    Shape,
    SlidingWindow,
    StackWindow,
    WholeWindow,
    Window,
    stride_between,
)
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import axis_of

# Hints suggest no larger stride.
LARGEST_STRIDE = 8
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


class Join(LayerType):
    """What the joins share; formulas may use `all_in_channels` and `all_in_elements`, lists with a number an input."""

    is_merge = True
    least_inputs = 2

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return NO_WEIGHTS

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {
            **super().symbols(inputs, output),
            "all_in_channels": tuple(shape.channels for shape in inputs),
            "all_in_elements": tuple(shape.elements for shape in inputs),
        }


class ElementwiseJoin(Join):
    """The base of add, subtract and multiply: one operation per output element for each input after the first."""

    operation: ClassVar[str]

    def output_shape(self, inputs: Shapes) -> Shape:
        rank = max(shape.rank for shape in inputs)
        # A vector is a map of one position: CxHxW and C are joined as CxHxW and Cx1x1.
        maps = [Shape((*shape, *(1,) * (rank - shape.rank))) for shape in inputs if shape.rank in (0, rank)]
        largest = Shape(map(max, zip(*maps, strict=True)))
        if len(maps) == len(inputs) and all(
            size in (1, most) for shape in maps for size, most in zip(shape, largest, strict=True)
        ):
            return largest
        hint = _what_would_fit(inputs)
        if len({shape for shape in inputs if shape.rank}) == 1:
            hint = f"use a vector of {largest.channels} numbers, one per channel, which is broadcast over the map"
        raise RuleError(f"{self.name} needs inputs of equal shape, got {listed(inputs)}", None, hint)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        repeated = (remark("repeated"),) if any(shape != output for shape in inputs) else ()
        return (remark(self.name, steps=len(inputs) - 1), *repeated)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(**{self.operation: (len(inputs) - 1) * output.elements})

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return (POINT,) * max(shape.rank for shape in inputs)

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return tuple(_repeated(shape, output) for shape in inputs)

    def formulas(self) -> Formulas:
        return {"out_channels": "max(all_in_channels)", self.operation: "(inputs - 1) * out_elements"}


class Add(ElementwiseJoin, name="add"):
    """The elementwise sum of all inputs: a residual connection (He et al. 2015, arXiv:1512.03385).

    One add per output element for each input after the first.
    """

    also_known_as = (
        "Sum",
        "Eltwise",
        "plus",
        "residual",
        "shortcut",
        "skip",
        "skip_connection",
        "merge",
        "相加",
        "残差连接",
    )

    role = Role.SUM
    pytorch = "+"
    operation = "adds"


class Subtract(ElementwiseJoin, name="subtract"):
    """The elementwise difference of two inputs, first minus second (Koch et al. 2015, Siamese networks).

    One add per output element. Followed by `absolute`, it is the distance of each pair of elements.
    """

    also_known_as = ("Sub", "minus", "相减")

    role = Role.SUM
    pytorch = "-"
    operation = "adds"

    def output_shape(self, inputs: Shapes) -> Shape:
        if len(inputs) != 2:
            raise RuleError(f"subtract needs 2 inputs, got {len(inputs)}", None, "list the minuend first")
        return super().output_shape(inputs)


class Multiply(ElementwiseJoin, name="multiply"):
    """The elementwise product of all inputs: a gate, as in squeeze-and-excitation (Hu et al. 2017).

    One multiply per output element for each input after the first.
    """

    also_known_as = ("Mul", "Eltwise", "product", "相乘")

    role = Role.PRODUCT
    pytorch = "*"
    operation = "multiplies"

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # From left to right, each factor is kept for the gradient of the other; so are the products between.
        factors = [INPUT._replace(needed_for=(1,))]
        between: list[Saved] = []
        product = inputs[0]
        for number, shape in enumerate(inputs[1:], start=1):
            if number > 1:
                between.append(own(product.elements, needed_for=(number,)))
            factors.append(INPUT._replace(number=number, needed_for=range(number)))
            product = self.output_shape((product, shape))
        return (*factors, *between)


class Concat(Join, name="concat"):
    """The inputs concatenated along an axis, by default the channels (Szegedy et al. 2014; Huang et al. 2016).

    All other axes must have equal sizes. It copies elements and needs no operations.
    """

    also_known_as = ("Concatenate", "cat", "concatenation", "DepthConcat", "route", "merge", "拼接")

    axis: int = axis_of("axis of the concatenation, counted from 0, the channels", default=0, example=1)

    role = Role.CONCATENATION
    pytorch = "torch.cat"

    def output_shape(self, inputs: Shapes) -> Shape:
        first = inputs[0]
        axis = find_axis(self.axis, first)
        others = {(*shape[:axis], *shape[axis + 1 :]) for shape in inputs}
        if len(others) > 1 or any(shape.rank != first.rank for shape in inputs):
            varying = f"axis {axis}" if axis else "the channels"
            raise RuleError(
                f"concat needs equal sizes except {varying}, got {listed(inputs)}",
                "axis" if axis else None,
                f"make all sizes equal except axis {axis}" if axis else _what_would_fit(inputs, any_channels=True),
            )
        joined = sum(shape[axis] for shape in inputs)
        return Shape((*first[:axis], joined, *first[axis + 1 :]))

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        axis = find_axis(self.axis, output)
        sizes = tuple(shape[axis] for shape in inputs)
        if axis:
            return (remark("concat_axis", axis=axis, sizes=sizes, joined=output[axis]),)
        return (remark("concat", sizes=sizes, joined=output.channels),)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return NO_OPERATIONS

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        if not self.axis:
            return (POINT,) * inputs[0].rank
        along = find_axis(self.axis, inputs[0])
        others = sum(shape[along] for shape in inputs[1:])
        return tuple(StackWindow(others if axis == along else 0) for axis in range(1, len(inputs[0])))

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        along = find_axis(self.axis, output)
        whole, before = output[along], 0
        readings = []
        for shape in inputs:
            own = shape[along]
            # Outputs before and after this input's part are like padding.
            part = SlidingWindow(1, before=before, after=whole - before - own)
            channels, *windows = (part if axis == along else POINT for axis in range(len(shape)))
            readings.append(Reading(tuple(windows), tuple(range(shape.rank)), channels=channels))
            before += own
        return tuple(readings)

    def formulas(self) -> Formulas:
        if self.axis < 0:
            return {"out_elements": "sum(all_in_elements)"}
        if self.axis:
            return {"out_channels": "in_channels", "out_size": "in_size + others"}
        return {"out_channels": "sum(all_in_channels)"}


def _repeated(shape: Shape, output: Shape) -> Reading:
    """The reading of an input that is broadcast along its axes of size 1."""
    sizes = tuple(zip(shape.spatial, output.spatial, strict=False))
    windows = tuple(POINT if size == most else WholeWindow(most) for size, most in sizes)
    repeated = any(size < most for size, most in sizes) or (not shape.rank and output.positions > 1)
    channels = POINT if shape.channels == output.channels else WholeWindow(output.channels)
    return Reading(windows, tuple(range(shape.rank)), repeated, channels)


def _what_would_fit(inputs: Shapes, *, any_channels: bool = False) -> str:
    """A hint for shapes that cannot be joined.

    If one layer on one input is enough, the hint names it: a convolution that changes this input to the
    shape of the others.
    """
    if len({shape.rank for shape in inputs}) > 1:
        return "use a flatten, reshape or global pool to give them equally many axes"
    target = min(inputs, key=lambda shape: (shape.spatial, -shape.channels))
    odd = [number for number, shape in enumerate(inputs) if shape != target]
    wrong = inputs[odd[0]]
    strides = {stride_between(size, smaller) for size, smaller in zip(wrong.spatial, target.spatial, strict=True)}
    stride = strides.pop() if len(strides) == 1 else 1 if not wrong.rank else None
    if (
        len(odd) > 1
        or stride is None
        or stride > LARGEST_STRIDE
        or (wrong.channels > target.channels and not any_channels)
    ):
        same_sizes = len({shape.spatial for shape in inputs}) == 1
        return "give all inputs equally many channels" if same_sizes else "compare their strides and paddings"
    where = f"the {ORDINALS[odd[0]]}" if odd[0] < len(ORDINALS) else f"input {odd[0] + 1}"
    if any_channels or wrong.channels == target.channels:
        return f"use stride {stride} on {where}"
    if not wrong.rank:
        return f"use a linear layer of {target.channels} features on {where}"
    strided = f" with stride {stride}" if stride > 1 else ""
    return f"use a 1x1 conv of {target.channels} filters{strided} on {where}"
