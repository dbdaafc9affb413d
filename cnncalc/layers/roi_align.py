from __future__ import annotations

from cnncalc.errors import RuleError, listed
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import Formulas, Operations, Reading, Role, Saved, Shapes, feature_map, own, whole_axes
from cnncalc.layers.shapes import POINT, Shape, Window
from cnncalc.syntax.settings import PerAxis, on_axes, per_axis, whole


class RoiAlign(Moving, name="roi_align"):
    """Cuts regions of interest out of a map, each sampled to the same size (He et al. 2017, arXiv:1703.06870).

    The regions are the output's first axis after the channels: 1000 regions of 7x7 are Cx1000x7x7, and a `conv` with
    kernel [1, 3, 3] then reads each region separately. `rois` declares the number of regions, because no input
    contains them. With several inputs, `from: [p2, p3, p4, p5]`, each region is cut out of one of them, as in
    torchvision's MultiScaleRoIAlign.

    An output element is the mean of `samples` points along each axis (torchvision's sampling_ratio), each
    interpolated from 2 positions along each axis: in an image, n points cost 4 multiplies and 3 adds each, then
    n - 1 adds and one divide. The interpolation weights are the same for all channels and are not counted. A region
    may lie anywhere, so an output depends on the whole map.
    """

    also_known_as = ("RoIAlign", "ROIPooling", "roi_pool", "MultiScaleRoIAlign", "crop_and_resize", "感兴趣区域对齐")

    size: PerAxis = per_axis("size of each region in the output", example=7)
    rois: int = whole("number of regions", example=1000)
    samples: int = whole("sampling points of an output element along each axis", default=2, example=4)

    is_reserved = False
    role = Role.RESAMPLING
    further_inputs = "the other maps of a pyramid; each region reads one map"

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # The corners of each region, with the number of its sample.
        return (own(5 * self.rois),)

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        if any(other.channels != image.channels or other.rank != image.rank for other in inputs):
            raise RuleError(
                f"roi_align needs maps with the same number of channels, got {listed(inputs)}",
                None,
                "use a 1x1 conv on each to give them the same number",
            )
        return Shape((image.channels, self.rois, *on_axes(self.size, image.rank, "size")))

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        mixed = (2 * self.samples) ** inputs[0].rank
        return Operations(
            adds=output.elements * (mixed - 1), multiplies=output.elements * mixed, divides=output.elements
        )

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return whole_axes(inputs)

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return tuple(Reading(whole_axes((image,)), (None,) * image.rank, channels=POINT) for image in inputs)

    def formulas(self) -> Formulas:
        mixed = "(2 * samples) ** rank"
        return {
            "out_channels": "in_channels",
            "out_size": "outputs",
            "adds": f"out_elements * ({mixed} - 1)",
            "multiplies": f"out_elements * {mixed}",
            "divides": "out_elements",
        }
