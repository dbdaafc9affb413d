"""Batch norm on a map of one position computes its mean over the batch only.

Why it matters
    On a 56x56 map with a batch of 32, a channel's mean and variance come from 100,352 numbers, on a 1x1 map
    from only 32. They are noisy, and a batch of 1 has no variance at all.
    PyTorch then refuses to train ("Expected more than 1 value per channel when training"), often at the
    last, smaller batch of an epoch.

What triggers it
    input: [512, 7, 7]
    layers:
      - global_avg_pool: {keep_dims: true}
      - conv: {filters: 256, kernel: 1, bias: false}
      - batch_norm
      - relu

What is better
    input: [512, 7, 7]
    layers:
      - global_avg_pool: {keep_dims: true}
      - conv: {filters: 256, kernel: 1}
      - relu

When to leave it
    If batches are large and all of one size, as in the image pooling of DeepLab v3.

Source
    Wu and He 2018, Group Normalization, arXiv:1803.08494, on the error of batch norm with few samples.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, uses_batch_statistics
from cnncalc.checks.rules._narrowest import narrowest_fields
from cnncalc.layers.shapes import times

CODE = "CNN014"
NAME = "batch-norm-on-one-position"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Find batch norms that read a map, not a vector, of one position."""
    single = [
        layer
        for layer in filter(uses_batch_statistics, subject.layers)
        if layer.input_shapes[0].rank and layer.input_shapes[0].positions == 1
    ]
    fields = narrowest_fields(subject.network) if single else {}
    for layer in single:
        # After a global pool, a larger input does not enlarge the map.
        grows = bool(fields[layer.name])
        yield Found(
            layer.span,
            layer.name,
            f"{layer.name} reads a {times(layer.input_shapes[0].spatial)} map, so in training its mean is over the"
            " batch only",
            f"use group_norm or no norm{', or a larger input' if grows else ''}",
            layer.output_shape.channels,
        )
