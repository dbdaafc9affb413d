from __future__ import annotations

from cnncalc.errors import RuleError, plural
from cnncalc.layers._windowed import Windowed, kernel_positions, saved_input
from cnncalc.layers.contract import (
    INPUT,
    Formulas,
    Matrices,
    Operations,
    Reading,
    Remark,
    Role,
    Saved,
    Shapes,
    Weight,
    Wiring,
    feature_map,
    own,
    remark,
)
from cnncalc.layers.conv import Conv
from cnncalc.layers.shapes import POINT, AnywhereWindow, Shape, WholeWindow, divides, quotient, times
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import PerAxis, flag, padding_of, per_axis, whole


class DeformConv(Windowed, name="deform_conv"):
    """Deformable convolution: a `conv` whose taps are shifted by computed offsets (Dai et al. 2017).

    arXiv:1703.06211; with the masks of Zhu et al. 2018, arXiv:1811.11168 (DCNv2). Like torchvision's DeformConv2d, it
    has the weights of a `conv` and reads the offsets, and optionally a mask, as further inputs; another `conv`
    computes them. For each offset group, the offsets have 2 channels per tap and the mask has 1.

    The cost is that of a `conv`; each tap at each position also interpolates 4 elements of each channel with 4
    multiplies and 3 adds, and a mask costs one multiply. The interpolation weights are not counted. Offsets may
    point anywhere, so each output depends on the whole map.
    """

    also_known_as = ("DeformConv2d", "DCN", "DCNv2", "ModulatedDeformConv", "deformable_conv", "可变形卷积")
    further_inputs = "the offsets, then optionally the mask"
    sample_inputs = (Shape((64, 14, 14)), Shape((18, 12, 12)))
    written = (
        """\
- conv: {filters: 18, kernel: 3, padding: 1} # 2 offsets for each of 3x3 taps
  name: offsets
- deform_conv: {filters: 64, kernel: 3, padding: 1}
  from: [stem, offsets]""",
    )

    filters: int = whole("number of filters, one per output channel", example=64)
    kernel: PerAxis = per_axis("size of the filters", example=3)
    stride: PerAxis = per_axis("step of the filters", default=1)
    padding: PerAxis | str = padding_of("rows and columns of zeros around the input")
    dilation: PerAxis = per_axis("distance between a filter's taps", default=1)
    groups: int = whole("number of channel groups, each convolved separately", default=1, example=4)
    bias: bool = flag("whether each filter has a learnable bias", default=True)

    is_reserved = False
    role = Role.CONVOLUTION
    pytorch = "DeformConv"
    counts_as_depth = True

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        if image.rank != 2:
            raise RuleError(f"deform_conv needs an image, got {image.described}", None, "use conv")
        output = self._regular.output_shape(inputs[:1])
        taps = kernel_positions(self.windows(inputs))
        if len(inputs) not in (2, 3):
            raise RuleError(
                f"deform_conv needs 2 or 3 inputs, got {len(inputs)}",
                None,
                f"compute its offsets with a conv of {2 * taps} filters and write from: [previous, offsets],"
                " with a mask as the third",
            )
        offsets, groups = inputs[1], self._offset_groups(inputs, taps)
        expected = [(offsets, "offsets", 2 * taps * groups), *((mask, "mask", taps * groups) for mask in inputs[2:])]
        for shape, what, channels in expected:
            if shape != (channels, *output.spatial):
                raise RuleError(
                    f"the {what} of a {times(output)} output must be {times((channels, *output.spatial))}, not {shape}",
                    None,
                    f"give each of the {taps} taps 2 offsets and 1 mask value per output position",
                )
        return output

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return self._regular.weights(inputs[:1])

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return self._regular.matrices(inputs[:1], output)

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        others = (INPUT._replace(number=number) for number in range(1, len(inputs)))
        kept = (saved_input(inputs[0], self.windows(inputs)), *others)
        # Without a mask, torchvision keeps an empty one with a row for each sample.
        return kept if len(inputs) > 2 else (*kept, own(1))

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        groups = self._offset_groups(inputs, kernel_positions(self.windows(inputs)))
        masked = (remark("deform_conv_mask"),) if len(inputs) > 2 else ()
        return (remark("deform_conv", offset_groups=groups), *masked)

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring:
        wired = self._regular.wiring(inputs[:1], output)
        full = DeformConv(**{**vars(self), "groups": 1}) if wired.full is not None else None
        return wired._replace(full=full)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        mixed = output.positions * inputs[0].channels * kernel_positions(self.windows(inputs))
        regular = self._regular.operations(inputs[:1], output)
        return regular._replace(adds=regular.adds + 3 * mixed, multiplies=(2 + len(inputs)) * mixed)

    def windows(self, inputs: Shapes) -> tuple[AnywhereWindow, ...]:
        return tuple(AnywhereWindow(*window) for window in self._regular.windows(inputs[:1]))

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        axes = tuple(range(output.rank))
        moving = Reading((POINT,) * output.rank, axes, channels=WholeWindow(output.channels))
        deformed = Reading(self.windows(inputs), axes, channels=self._regular.channel_window(inputs[:1], output))
        return (deformed, *(moving for _ in inputs[1:]))

    def formulas(self) -> Formulas:
        formulas = self._regular.formulas()
        mixed = "out_positions * in_channels * kernel_positions"
        bias = "out_elements + " if self.bias else ""
        return {**formulas, "adds": f"{bias}3 * {mixed}", "multiplies": f"(4 + masks) * {mixed}"}

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "masks": len(inputs) - 2}

    @property
    def _regular(self) -> Conv:
        """The convolution with the same settings and fixed taps."""
        return Conv(**vars(self))

    def _offset_groups(self, inputs: Shapes, taps: int) -> int:
        """The number of channel groups with separate offsets. Raises RuleError if the channels do not fit."""
        channels, offsets = inputs[0].channels, inputs[1].channels
        groups = quotient(offsets, 2 * taps) if divides(2 * taps, offsets) else 0
        if not groups or not divides(groups, channels):
            raise RuleError(
                f"{plural(offsets, 'offset channel')} do not fit {plural(taps, 'tap')} and {channels} input channels",
                None,
                f"use {2 * taps} channels, or {2 * taps} for each of several groups that divide {channels}",
            )
        return groups
