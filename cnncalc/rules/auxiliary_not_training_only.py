"""A side output that looks like an auxiliary classifier counts at inference.

Why it matters
    Auxiliary heads feed gradients into the middle of a deep network while it is trained, and are thrown
    away then. Without `training_only: true` they stay in the totals: in GoogLeNet 6.4 of 13.4 million
    parameters would be theirs.

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
    Where early answers are used, as in networks with several exits: `outputs:` that lists them says so,
    and nothing is reported.

Source
    Szegedy et al. 2014, Going Deeper with Convolutions, arXiv:1409.4842, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.layer_type import Role
from cnncalc.network import Layer
from cnncalc.problem import Span
from cnncalc.rule import WEIGHTED, Found, Subject

CODE = "CNN045"
NAME = "auxiliary-not-training-only"
SEVERITY = Severity.WARNING

BEHIND_THE_HEAD = frozenset(
    {Role.PROBABILITIES, Role.MOVING, Role.RESAMPLING, Role.DROPOUT, Role.ACTIVATION, Role.GLOBAL_POOL}
)


def check(subject: Subject) -> Iterator[Found]:
    """Where a side output has the main one's shape, both come from weights, and it leaves the main path on its way."""
    first, *others = subject.network.outputs
    if subject.spec.outputs or first not in subject.by_name:
        return
    main, sides = subject.by_name[first], [subject.by_name[name] for name in others if name in subject.by_name]
    if not sides or not _has_head(subject, main):
        return
    path = _path(subject, main)
    for side in sides:
        alike = side.output_shape == main.output_shape and not side.training_only
        if alike and _has_head(subject, side) and _leaves(subject, side, path):
            yield Found(
                _place(subject, side),
                side.name,
                f"{side.name} gives {side.output_shape.described} beside {main.name}, as an auxiliary head does, and"
                " counts at inference",
                "training_only: true on its branch takes it out; outputs: says that it is meant",
            )


def _has_head(subject: Subject, end: Layer) -> bool:
    """Whether what ends here was computed by a layer with weights, for itself."""
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


def _leaves(subject: Subject, side: Layer, path: set[str]) -> bool:
    """Whether a side output depends on a layer of the main path, and is none itself."""
    waiting, seen = list(side.inputs), set(side.inputs)
    while waiting and side.name not in path:
        name = waiting.pop()
        if name in path:
            return True
        above = [one for one in subject.by_name[name].inputs if one not in seen] if name in subject.by_name else []
        seen.update(above)
        waiting += above
    return False


def _place(subject: Subject, side: Layer) -> Span:
    """The outermost side branch around a layer, else the layer."""
    around = (group for group in subject.network.groups if side.name.startswith(f"{group.name}."))
    return next((group.span for group in around), side.span)
