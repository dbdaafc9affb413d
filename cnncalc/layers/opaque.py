from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers.contract import (
    Formulas,
    LayerType,
    Matrices,
    Operations,
    Reading,
    Remark,
    Role,
    Saved,
    Shapes,
    Weight,
    Wiring,
    own,
    remark,
    whole_axes,
)
from cnncalc.layers.shapes import CenteredWindow, Shape, WholeWindow, Window
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import PerAxis, on_axes, per_axis, target_shape, whole


class Opaque(LayerType, name="opaque"):
    """A layer of unknown type, with the figures that the spec declares.

    Output, parameters and multiply-accumulates are required, so that nothing unknown silently
    counts as 0. Unless declared otherwise, the layer has no other operations, each output reads all of each input,
    and the layer adds nothing to the depth. `flops` counts all operations, with 2 per multiply-accumulate. `field`
    is the number of positions that an output reads along each axis, around its own part of the input.
    """

    also_known_as = ("custom", "Lambda", "PythonLayer")

    output: tuple[int, ...] = target_shape("sizes of the output, channels first", example=(64, 28, 28))
    params: int = whole("number of learnable parameters", minimum=0, example=1000)
    macs: int = whole("multiply-accumulates for one sample", minimum=0, example=1_000_000)
    buffers: int = whole("number of buffer elements, which are stored but not learnable", default=0, minimum=0)
    flops: int | None = whole(
        "floating-point operations for one sample",
        default=None,
        minimum=0,
        absent="2 x macs",
        example=2_500_000,
    )
    depth: int = whole("convolution and linear layers on the longest path through it", default=0, minimum=0)
    field: PerAxis | None = per_axis(
        "positions of the input that an output reads", default=None, absent="all of them", example=7
    )

    saved_for_backward: int | None = whole(
        "elements that it keeps for the backward pass, for one sample, besides those that other layers keep",
        default=None,
        minimum=0,
        absent="unknown",
        example=200_000,
    )

    role = Role.OTHER
    further_inputs = "any other tensors that it reads"

    @property
    def added_depth(self) -> int:
        return self.depth

    def output_shape(self, inputs: Shapes) -> Shape:
        if self.flops is not None and self.flops < 2 * self.macs:
            raise RuleError(
                f"flops {self.flops} are fewer than 2 for each of the {self.macs} multiply-accumulates",
                "flops",
                f"use at least {2 * self.macs}",
            )
        output = Shape(self.output)
        if self.field is not None:
            if not output.rank or output.rank != inputs[0].rank:
                raise RuleError(
                    f"field needs the same axes on input and output, got {inputs[0].described} and {output.described}",
                    "field",
                    "remove field; each output then reads the whole input",
                )
            on_axes(self.field, output.rank, "field")
        return output

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...] | None:
        return None if self.saved_for_backward is None else (own(self.saved_for_backward),)

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        declared = (Weight("params", (self.params,)), Weight("buffers", (self.buffers,), learned=False))
        return tuple(weight for weight in declared if weight.size)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("opaque"),)

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        return None

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        others = 0 if self.flops is None else self.flops - 2 * self.macs
        return Operations(multiply_accumulates=self.macs, unclassified=others)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        sizes = Shape(self.output).spatial
        if len(sizes) != inputs[0].rank:
            return whole_axes(inputs)
        if self.field is None:
            return tuple(map(WholeWindow, sizes))
        return tuple(map(CenteredWindow, sizes, on_axes(self.field, len(sizes), "field")))

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return tuple(super(Opaque, self).readings((shape,), output)[0] for shape in inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(output.channels)

    def formulas(self) -> Formulas:
        declared = {"params": "params", "buffers": "buffers", "multiply_accumulates": "macs"}
        given = {key: text for key, text in declared.items() if getattr(self, text)}
        if self.flops is not None and self.flops > 2 * self.macs:
            given["unclassified"] = "flops - 2 * macs"
        return {"out_channels": "output[0]", "out_size": "outputs", **given}

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "output": self.output}
