"""Batch norm in a network that is trained with a batch of 1 (as `--batch 1` says).

Why it matters
    With one sample, the mean and the variance in training are those of this sample: each image is normalized
    separately, while inference uses tracked means over all images. On a map of one position, or on a
    vector, the single number minus its own mean is always 0. On ImageNet, ResNet-50's error
    rises from 23.6 % with 32 images per worker to 34.7 % with 2, while group norm stays at 24.1 %.

What triggers it
    input: [3, 64, 64]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1, bias: false}
      - batch_norm
      - relu

What is better
    input: [3, 64, 64]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1}
      - group_norm: 32
      - relu

When to leave it
    If the norms keep tracked statistics in training, as in detectors with a trained backbone: mark
    them with frozen: true beside them, or frozen: batch_norm beside the backbone.

Source
    Wu and He 2018, Group Normalization, arXiv:1803.08494, Table 2.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, number, uses_batch_statistics
from cnncalc.errors import plural

CODE = "CNN015"
NAME = "batch-norm-with-batch-1"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Report all batch norms as one finding if `--batch` is 1."""
    if subject.batch != 1:
        return
    norms = list(filter(uses_batch_statistics, subject.layers))
    if not norms:
        return
    first = norms[0]
    single = sum(norm.input_shapes[0].positions == 1 for norm in norms)
    see, make = ("sees", "makes") if single == 1 else ("see", "make")
    nothing = f"; {number(single)} of them {see} a single number and {make} it 0" if single else ""
    yield Found(
        first.span,
        first.name,
        f"with a batch of 1, {plural(len(norms), 'batch norm')} normalize{'s' if len(norms) == 1 else ''} each sample"
        f" separately in training, but with means over all samples at inference{nothing}",
        "use group_norm, which does the same in both",
    )
