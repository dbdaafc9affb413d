"""What is written on each part of a drawing, and in which color the part is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnncalc.drawing.letters import shorten, text_width
from cnncalc.drawing.scene import DrawnPart, DrawnTensor, Scene
from cnncalc.formats.shapes import shape
from cnncalc.languages import Speaker
from cnncalc.layers.contract import Role
from cnncalc.record import Record
from cnncalc.text import plain

# The sizes of letters in pixels: of names, details, titles of frames, and of a sign.
NAME, DETAIL, SMALL, SIGN = 12, 10, 11, 15
WIDEST_TEXT, WIDEST_TITLE = 190, 140
HEATS = 7

# The color of a box by the role of its layer.
FILLS = {
    Role.CONVOLUTION: "filter",
    Role.LINEAR: "dense",
    Role.MATRIX_PRODUCT: "dense",
    Role.WEIGHTS: "dense",
    Role.BATCH_NORM: "norm",
    Role.CHANNEL_NORM: "norm",
    Role.NORMALIZATION: "norm",
    Role.SCALING: "norm",
    Role.ACTIVATION: "function",
    Role.PROBABILITIES: "function",
    Role.DROPOUT: "move",
    Role.MAX_POOL: "pool",
    Role.AVERAGE_POOL: "pool",
    Role.GLOBAL_POOL: "pool",
    Role.RESAMPLING: "pool",
    Role.SUM: "join",
    Role.PRODUCT: "join",
    Role.CONCATENATION: "join",
    Role.REARRANGEMENT: "move",
    Role.OTHER: "move",
}
# Signs of joins without a name of their own.
SIGNS = {Role.SUM: "+", Role.PRODUCT: "×"}


class Heat(Record):
    """The color of boxes by a quantity: its label, the amount of each part, and how amounts are written."""

    label: str
    amounts: Mapping[int, int]
    written: Callable[[int], str]

    @property
    def bounds(self) -> list[int]:
        """The largest amount of each color: equal steps of the square root."""
        largest = max(self.amounts.values(), default=0)
        return [-(-largest * step * step // (HEATS - 1) ** 2) for step in range(HEATS)]

    def color(self, part: int) -> int:
        amount = self.amounts.get(part, 0)
        return next((step for step, bound in enumerate(self.bounds) if amount <= bound), HEATS - 1)


class TextLine(Record):
    """A line of text with its size in pixels."""

    text: str
    size: int
    is_bold: bool = False

    @property
    def width(self) -> int:
        return text_width(self.text, self.size)


class Look(Record):
    """The colors of a box and of its texts."""

    fill: str
    edge: str
    text: str = "text"
    quiet: str = "quiet"


class Inscription(Record):
    """The texts of boxes and frames by part, the labels of tensors by number, and the looks of boxes."""

    boxes: Mapping[int, list[TextLine]]
    titles: Mapping[int, list[TextLine]]
    labels: Mapping[int, str]
    looks: Mapping[int, Look]
    heat: Heat | None = None


def inscribe(scene: Scene, say: Speaker, heat: Heat | None = None) -> Inscription:
    """The texts and colors of a scene."""
    boxes = [part for part in scene.parts if not part.is_frame]
    return Inscription(
        {part.number: _box_texts(part, heat) for part in boxes},
        {part.number: _title_lines(part) for part in scene.parts[1:] if part.is_frame},
        _tensor_labels(scene, say),
        {part.number: _look(part, heat) for part in boxes},
        heat,
    )


def _look(part: DrawnPart, heat: Heat | None) -> Look:
    if part.is_input:
        return Look("input", "input_edge", "input_text", "input_text")
    if heat and part.number not in heat.amounts:
        return Look("block", "block_edge")
    if heat:
        step = heat.color(part.number)
        color = "hot_text" if step >= HEATS - 2 else "heat_text"
        return Look(f"heat{step}", "heat_edge", color, color)
    fill = FILLS[part.role] if part.role else "block"
    return Look(fill, f"{fill}_edge")


def _box_texts(part: DrawnPart, heat: Heat | None) -> list[TextLine]:
    """The lines of a box."""
    if part.role in SIGNS and not part.shows_kind and not heat:
        return [TextLine(SIGNS[part.role], SIGN, True)]
    times = f" ×{part.times}" if part.times > 1 else ""
    label = plain(part.label)
    texts = [TextLine(shorten(label, NAME, WIDEST_TEXT - text_width(times, NAME)) + times, NAME, is_bold=True)]
    if part.is_input:
        texts.append(TextLine(shorten(part.detail, DETAIL, WIDEST_TEXT), DETAIL))
    else:
        kind = plain(part.kind) if part.shows_kind else ""
        # What is in a block is written only where its kind is not.
        detail = kind if kind and part.role is None else f"{kind} {part.detail}".strip()
        if detail:
            texts.append(TextLine(shorten(detail, DETAIL, WIDEST_TEXT), DETAIL))
    if heat and heat.amounts.get(part.number):
        texts.append(TextLine(heat.written(heat.amounts[part.number]), DETAIL))
    return texts


def _tensor_labels(scene: Scene, say: Speaker) -> dict[int, str]:
    """The shapes to show: of tensors whose shape is not that of the input, of several, and of outputs."""
    read = {link.tensor for link in scene.links}
    labels: dict[int, str] = {}
    for number, tensor in enumerate(scene.tensors):
        part = scene.parts[tensor.source]
        if part.is_input:
            continue
        if tensor.merged > 1:
            labels[number] = say("tensors", count=tensor.merged)
        elif number not in read or _changes_shape(part, tensor):
            labels[number] = shorten(tensor.shape, DETAIL, WIDEST_TEXT)
    return labels


def _changes_shape(part: DrawnPart, tensor: DrawnTensor) -> bool:
    first = part.layers[0].input_shapes
    return not first or shape(first[0]) != tensor.shape


def _title_lines(part: DrawnPart) -> list[TextLine]:
    lines = [TextLine(shorten(plain(part.label), SMALL, WIDEST_TITLE), SMALL, is_bold=True)]
    if part.kind and part.shows_kind:
        lines.append(TextLine(shorten(plain(part.kind), DETAIL, WIDEST_TITLE), DETAIL))
    return lines
