"""Dropout before a batch norm, which therefore tracks statistics that differ from those at inference.

Why it matters
    In training, dropout at rate p makes the mean square of its output 1 / (1 - p) times as large as at
    inference, twice as large at the usual rate of a half. A batch norm after it tracks the variance of training
    and divides by it at inference, when the variance is smaller. In the paper's experiments on CIFAR,
    dropout before batch norm raised the error of most networks, and dropout after the last batch norm
    lowered it.

What triggers it
    input: [3, 32, 32]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1, bias: false}
      - dropout: 0.5
      - batch_norm
      - relu
      - global_avg_pool
      - linear: 10

What is better
    input: [3, 32, 32]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1, bias: false}
      - batch_norm
      - relu
      - global_avg_pool
      - dropout: 0.5
      - linear: 10

When to leave it
    If it helps, as in wide ResNets: with many channels, the shift is smaller.

Source
    Li, Chen, Hu and Yang 2018, Understanding the Disharmony between Dropout and Batch Normalization by
    Variance Shift, arXiv:1801.05134.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import POOLS, WEIGHTED, Found, Subject, place, uses_batch_statistics
from cnncalc.layers.contract import Role
from cnncalc.network.records import Layer

CODE = "CNN013"
NAME = "dropout-before-batch-norm"
SEVERITY = Severity.NOTE

THROUGH = (
    POOLS
    | WEIGHTED
    | {
        Role.ACTIVATION,
        Role.REARRANGEMENT,
        Role.RESAMPLING,
        Role.GLOBAL_POOL,
        Role.CONCATENATION,
        Role.SCALING,
        Role.DROPOUT,
    }
)


def check(subject: Subject) -> Iterator[Found]:
    """Find dropout whose output reaches a batch norm that tracks statistics, but not through a sum."""
    dropouts = list(subject.of_role(Role.DROPOUT))
    norms = subject.first_behind(_tracks, THROUGH) if dropouts else {}
    for layer in dropouts:
        rate = layer.settings.get("rate")
        if layer.name in norms and isinstance(rate, int | Fraction) and 0 < rate < 1:
            yield Found(
                place(layer, "rate"),
                layer.name,
                f"{layer.name} makes the mean square of its output {_hundredths(1 / Fraction(1 - rate))} times as"
                f" large in training as at inference, and {norms[layer.name].name} tracks the variance of training",
                "put dropout after the last batch norm",
            )


def _tracks(layer: Layer) -> bool:
    """Whether a layer is a batch norm that tracks statistics of the batches."""
    return uses_batch_statistics(layer) and any(not weight.learned for weight in layer.weights)


def _hundredths(ratio: Fraction) -> str:
    """A ratio with two decimals, rounded half up: 1.25; 2 if it is whole."""
    hundredths = (200 * ratio.numerator + ratio.denominator) // (2 * ratio.denominator)
    digits = f"{hundredths // 100}.{hundredths % 100:02}"
    return digits.rstrip("0").rstrip(".")
