"""The axes that settings name: counted from 0, the channels, or from the end, from -1."""

from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers.shapes import Shape, axis_count
from cnncalc.syntax.settings import MOST_AXES, PerAxis


def as_list(axes: PerAxis) -> tuple[int, ...]:
    """The numbers of a setting that takes one or a list."""
    return (axes,) if isinstance(axes, int) else axes


def find_axis(axis: int, shape: Shape, setting: str = "axis") -> int:
    """The axis of a shape, from 0. Raises RuleError if there is none of that number."""
    if -len(shape) <= axis < len(shape):
        return axis % len(shape)
    raise RuleError(
        f"axis {axis} is beyond the {axis_count(shape)} of {shape.described}",
        setting,
        f"axes count from 0, the channels, to {shape.rank}" if shape.rank else "axis 0 is the only one",
    )


def find_axes(axes: PerAxis, shape: Shape, setting: str = "axes") -> tuple[int, ...]:
    """The axes of a shape in ascending order, from 0. Raises RuleError for one that is missing or named twice."""
    found: list[int] = []
    for axis in as_list(axes):
        resolved = find_axis(axis, shape, setting)
        if resolved in found:
            raise RuleError(f"{setting} names axis {resolved} twice", setting, "name each axis once")
        found.append(resolved)
    return tuple(sorted(found))


def check_axis_count(shape: tuple[int, ...]) -> None:
    """Raise RuleError for a shape of more axes than a tensor can have."""
    if len(shape) > MOST_AXES:
        message = f"shape has {len(shape):,} sizes, more than {MOST_AXES}"
        raise RuleError(message, "shape", "no framework has tensors of more axes")
