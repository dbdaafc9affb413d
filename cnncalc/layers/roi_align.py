from __future__ import annotations

from cnncalc.errors import RuleError, listed
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import Formulas, Operations, Reading, Role, Shapes, feature_map, whole_axes
from cnncalc.layers.shapes import POINT, Shape, Window
from cnncalc.syntax.settings import PerAxis, on_axes, per_axis, whole


class RoiAlign(Moving, name="roi_align"):
    """Cuts regions of interest out of a map, each sampled to the same size (He et al. 2017, arXiv:1703.06870).

    The regions are an axis of the output, the first after the channels: 1000 regions of 7x7 are Cx1000x7x7, of which
    a `conv` with kernel [1, 3, 3] reads each region for itself. Which regions there are, no input of this layer
    says: `rois` declares how many. With several inputs, `from: [p2, p3, p4, p5]`, each region is cut out of one of
    them, as in torchvision's MultiScaleRoIAlign.

    An output number is the mean of `samples` points along each axis (torchvision's sampling_ratio), each mixed from
    2 positions along each axis: with n points, 4 multiplies and 3 adds each in an image, n - 1 adds and one divide.
    The weights are the same for all channels and not counted. A region may lie anywhere, so an output depends on the
    whole map.
    """

    also_known_as = ("RoIAlign", "ROIPooling", "roi_pool", "MultiScaleRoIAlign", "crop_and_resize", "感兴趣区域对齐")

    size: PerAxis = per_axis("size of each region in the output", example=7)
    rois: int = whole("number of regions", example=1000)
    samples: int = whole("sampling points of an output number along each axis", default=2, example=4)

    is_reserved = False
    role = Role.RESAMPLING
    further_inputs = "other maps of a pyramid, of which each region reads one"

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        if any(other.channels != image.channels or other.rank != image.rank for other in inputs):
            raise RuleError(
                f"roi_align needs maps of equally many channels, but {listed(inputs)} come in",
                None,
                "a 1x1 conv on each brings them to the same number",
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
