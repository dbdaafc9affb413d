"""The input has its channels last, as image arrays in memory do.

Why it matters
    Sizes are written channels first: [224, 224, 3] is a map of 224 channels, 224 high and 3 wide. The
    first 3x3 convolution then has 2,016 weights per filter instead of 27, and a width of 3 cannot be halved
    more than twice.

What triggers it
    input: [32, 32, 3]
    layers:
      - conv: {filters: 16, kernel: 3, padding: 1}

What is better
    input: [3, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 3, padding: 1}

When to leave it
    If the input really is a narrow map of many channels, such as windows cut out of another network's map.

Source
    The spec language: input: [channels, height, width], channels first and without the batch.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, located
from cnncalc.layers.shapes import with_channels_first

CODE = "CNN041"
NAME = "channels-last-input"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Find inputs whose last size looks like the channels of an image, and all others like its sides."""
    templates = dict(subject.spec.inputs)
    for name, shape in subject.network.inputs:
        if meant := with_channels_first(shape):
            sizes = ", ".join(map(str, meant))
            yield Found(
                located(templates[name].span),
                "",
                f"{name}: {shape} has {shape[0]} channel{'s' if shape[0] > 1 else ''}"
                f" and width {shape[-1]}, because channels come first",
                f"did you mean [{sizes}]?",
            )
