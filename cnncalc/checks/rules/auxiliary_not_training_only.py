"""A side output that looks like an auxiliary classifier is counted at inference.

Why it matters
    Auxiliary heads feed gradients into the middle of a deep network during training and are
    removed afterwards. Without `training_only: true` they count in the totals: in GoogLeNet, 6.4 of 13.4 million
    parameters.

What triggers it
    input: [3, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 3, padding: 1}
      - relu
      - branch:
          auxiliary: [global_avg_pool, linear: 10]
      - conv: {filters: 32, kernel: 3, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10

What is better
    input: [3, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 3, padding: 1}
      - relu
      - branch:
          auxiliary: [global_avg_pool, linear: 10]
        training_only: true
      - conv: {filters: 32, kernel: 3, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10

When to leave it
    If the network uses early outputs, as networks with several exits do: list them under `outputs:`, and
    nothing is reported.

Source
    Szegedy et al. 2014, Going Deeper with Convolutions, arXiv:1409.4842, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import WEIGHTED, Found, Subject
from cnncalc.errors import Span
from cnncalc.layers.contract import Role
from cnncalc.network.records import Layer

CODE = "CNN045"
NAME = "auxiliary-not-training-only"
SEVERITY = Severity.WARNING

BEHIND_THE_HEAD = frozenset(
    {Role.PROBABILITIES, Role.REARRANGEMENT, Role.RESAMPLING, Role.DROPOUT, Role.ACTIVATION, Role.GLOBAL_POOL}
)


def check(subject: Subject) -> Iterator[Found]:
    """Find side outputs with the shape of the main output, both computed with weights, that leave the main path."""
    first, *others = subject.network.outputs
    if subject.spec.outputs or first not in subject.by_name:
        return
    main, sides = subject.by_name[first], [subject.by_name[name] for name in others if name in subject.by_name]
    if not sides or not _has_head(subject, main):
        return
    path = _path(subject, main)
    leaving = _leaving(subject, path)
    for side in sides:
        alike = side.output_shape == main.output_shape and not side.training_only
        if alike and side.name in leaving and _has_head(subject, side):
            yield Found(
                _place(subject, side),
                side.name,
                f"{side.name} outputs {side.output_shape.described} like {main.name}, as auxiliary classifiers do,"
                " and counts at inference",
                "set training_only: true on its branch, or list both as outputs",
            )


def _has_head(subject: Subject, end: Layer) -> bool:
    """Whether a layer with weights of its own computes this output."""
    head: Layer | None = end
    if end.figures.type.role in BEHIND_THE_HEAD:
        head = subject.before(end, BEHIND_THE_HEAD)
    return head is not None and head.figures.type.role in WEIGHTED


def _path(subject: Subject, end: Layer) -> set[str]:
    """All layers that an output depends on."""
    path = {end.name}
    for layer in reversed(subject.layers):
        if layer.name in path:
            path.update(layer.inputs)
    return path & subject.by_name.keys()


def _leaving(subject: Subject, path: set[str]) -> set[str]:
    """The layers outside the main path that depend on one of its layers."""
    found: set[str] = set()
    for layer in subject.layers:
        if layer.name not in path and any(name in path or name in found for name in layer.inputs):
            found.add(layer.name)
    return found


def _place(subject: Subject, side: Layer) -> Span:
    """The outermost side branch around a layer, else the layer."""
    parts = side.name.split(".")
    around = (".".join(parts[:count]) for count in range(1, len(parts)))
    return next((subject.spans_of_groups[name] for name in around if name in subject.spans_of_groups), side.span)
