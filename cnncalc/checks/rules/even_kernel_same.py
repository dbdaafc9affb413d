"""A kernel of even size with padding `same` shifts the map by half a position.

Why it matters
    An even kernel has no middle. To keep the size of the map, `same` must pad one side more than the
    other, and each output is then half a position off the center of its window. Over a stack of
    layers these shifts add up, which hurts if maps are compared position by position, as in
    segmentation and detection.

What triggers it
    input: [16, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 4, padding: same}

What is better
    input: [16, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 3, padding: same}

When to leave it
    If the next layer shifts the map back, or positions do not matter.

Source
    Wu, Wang, Tang, Chen, Mao 2019, Convolution with Even-Sized Kernels and Symmetric Padding,
    arXiv:1903.08385, on the shift of even kernels.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, place, sliding_of
from cnncalc.checks.rules._reading import skipped

CODE = "CNN005"
NAME = "even-kernel-same"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Find layers where `same` cannot pad both sides equally because the kernel is even."""
    for layer in subject.layers:
        if layer.settings.get("padding") != "same" or skipped(layer):
            continue
        # A single position cannot shift.
        axes = zip(sliding_of(layer), layer.output_shape.spatial, strict=False)
        uneven = (one for one, count in axes if one.before != one.after and one.extent % 2 == 0 and count > 1)
        window = next(uneven, None)
        if window is not None:
            # A kernel smaller than the stride would skip positions.
            near = [size for size in (window.kernel - 1, window.kernel + 1) if size > 1 and size >= window.stride]
            yield Found(
                place(layer, "kernel", "padding"),
                layer.name,
                f"{layer.name} has kernel {window.kernel} and padding same, {window.before} before the map and"
                f" {window.after} after it, which shifts the map by half a position",
                f"use a kernel of {' or '.join(map(str, near))}",
                window.kernel,
            )
