"""The input begins with a batch size: four sizes mean a volume of several slices.

Why it matters
    Sizes are written without the batch: [1, 3, 224, 224] is one channel of a volume 3 deep, and every
    convolution and pool in the network is then 3-dimensional: a 3x3 kernel has 27 weights per channel
    instead of 9, and all figures describe another network.

What triggers it
    input: [1, 3, 224, 224]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1}

What is better
    input: [3, 224, 224]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1}

When to leave it
    If the input is a volume of one or three slices. To count for more than one sample, use `--batch` of
    `cnncalc summary`.

Source
    The spec language: input: [channels, height, width], channels first and without the batch.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, located
from cnncalc.errors import plural

CODE = "CNN040"
NAME = "batch-in-input"
SEVERITY = Severity.WARNING

IMAGE_CHANNELS = (1, 3)
LEAST_SIDE = 16


def check(subject: Subject) -> Iterator[Found]:
    """Find inputs of four sizes whose second size looks like the channels of an image."""
    templates = dict(subject.spec.inputs)
    for name, shape in subject.network.inputs:
        if shape.rank == 3 and shape[1] in IMAGE_CHANNELS and min(shape[2:]) >= LEAST_SIDE:
            sizes = ", ".join(map(str, shape[1:]))
            yield Found(
                located(templates[name].span),
                "",
                f"{name}: {shape} is a volume with {plural(shape[0], 'channel')} and depth {shape[1]};"
                " sizes do not include the batch",
                f"write [{sizes}] for an image of {plural(shape[1], 'channel')}",
            )
