"""A kernel of even size with padding `same`: the map moves by half a position.

Why it matters
    An even kernel has no middle. To keep the size of the map, `same` must pad one side more than the
    other, and each output then lies half a position beside the centre of what it reads. Over a stack
    of layers the halves add up: what a map shows lies beside where it is in the image, which hurts
    wherever maps are compared position by position, as in segmentation and detection.

What triggers it
    input: [16, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 4, padding: same}

What is better
    input: [16, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 3, padding: same}

When to leave it
    Where the next layer moves the map back, or positions do not matter.

Source
    Wu, Wang, Tang, Chen, Mao 2019, Convolution with Even-Sized Kernels and Symmetric Padding,
    arXiv:1903.08385, on the shift of even kernels.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.rule import Found, Subject, place, sliding_of

CODE = "CNN005"
NAME = "even-kernel-same"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Where `same` cannot pad both sides alike because the kernel is even."""
    for layer in subject.layers:
        if layer.settings.get("padding") != "same":
            continue
        uneven = (one for one in sliding_of(layer) if one.before != one.after and one.extent % 2 == 0)
        window = next(uneven, None)
        if window is not None:
            near = (window.kernel - 1, window.kernel + 1) if window.kernel > 2 else (3,)
            yield Found(
                place(layer, "kernel", "padding"),
                layer.name,
                f"{layer.name}: a kernel of {window.kernel} with padding same is padded by {window.before} before"
                f" the map and {window.after} behind it: the map moves by half a position",
                f"a kernel of {' or '.join(map(str, near))} keeps its centre",
                window.kernel,
            )
