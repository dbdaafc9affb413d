"""A loop inside another one uses `index`, which hides the index of the loop around it.

Why it matters
    `index` always counts the passes of the innermost loop. Where two loops are nested, a width that should
    grow from stage to stage grows from layer to layer instead, and no shape shows it.

What triggers it
    input: [3, 32, 32]
    layers:
      - layers:
          - conv: {filters: 16 * 2 ** index, kernel: 3, padding: 1}
            repeat: 2
          - max_pool: 2
        repeat: 3

What is better
    input: [3, 32, 32]
    layers:
      - layers:
          - conv: {filters: 16 * 2 ** stage, kernel: 3, padding: 1}
            repeat: 2
          - max_pool: 2
        for: {stage: range(3)}

When to leave it
    Where the inner index is meant, and renaming it would make the spec longer.

Source
    Practice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject
from cnncalc.errors import Span
from cnncalc.spec.records import Branch, Item, Loop
from cnncalc.spec.templates import Computed

CODE = "CNN049"
NAME = "hidden-index"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Where a nested loop uses `index`, and the one around it uses it, too, or has no other name for its passes."""
    spec = subject.spec
    for items in (spec.items, *(block.items for block in spec.blocks.values())):
        uses: dict[int, tuple[Loop, Span]] = {}
        nested: list[tuple[Loop, Loop]] = []
        waiting: list[tuple[Item | Branch, tuple[Loop, ...]]] = [(item, ()) for item in reversed(items)]
        while waiting:
            part, loops = waiting.pop()
            if part.loop is not None:
                _note_use(part.loop.walks, loops, uses)
                nested += [(part.loop, around) for around in loops[-1:]]
                loops = (*loops, part.loop)
            parts, below = _own_parts(part)
            _note_use(parts, loops, uses)
            waiting += [(inner, loops) for inner in reversed(below)]
        for inner, around in nested:
            if id(inner) in uses and (id(around) in uses or not around.walks):
                yield _describe(uses[id(inner)][1], around)


def _describe(use: Span, around: Loop) -> Found:
    message = f"index counts the passes of the inner loop here, not those of the loop in line {around.span.line}"
    return Found(use, "", message, "name the passes that you mean, as in for: {i: range(3)}, and use i")


def _note_use(record: object, loops: tuple[Loop, ...], uses: dict[int, tuple[Loop, Span]]) -> None:
    """Record the first place where a record uses the index of the innermost loop."""
    if not loops or id(loops[-1]) in uses:
        return
    waiting: list[object] = [record]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Computed):
            if any(name == "index" for name, _ in part.expression.names):
                uses[id(loops[-1])] = loops[-1], part.span
                return
        elif isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, tuple):
            waiting += part


def _own_parts(part: Item | Branch) -> tuple[object, Sequence[Item | Branch]]:
    """What an item or branch says itself, and the items and branches below it."""
    if isinstance(part, Branch):
        return (part.sources, part.when, part.loop and part.loop.repeat), part.items
    own: list[object] = [part.name, part.sources, part.when, part.weights, part.loop and part.loop.repeat]
    below: list[Item | Branch] = []
    # The fields of an action: lists of items or branches, and what holds values.
    for field in part.action or ():
        if isinstance(field, tuple) and field and isinstance(field[0], Item | Branch):
            below += field
        else:
            own.append(field)
    return tuple(own), below
