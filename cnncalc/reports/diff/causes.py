"""The costs of each change as a table: direct, downstream, and shared with other changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from cnncalc.analyses.alignment import Match
from cnncalc.analyses.diff import FREE, Cause, CostChange, Diff, LayerChange
from cnncalc.analyses.tree import NOTHING
from cnncalc.errors import plural
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import Table
from cnncalc.record import Record
from cnncalc.reports.diff.rows import (
    DiffRow,
    DiffView,
    Wording,
    columns_of,
    first_of,
    label,
    lines_of,
    reached_in,
    segments,
    value_text,
)

# The most causes with their own rows; --all shows all.
MOST_CAUSES = 12


class _CauseGroup(Record):
    """Causes that are one row, with what they cost; `layers` are those that changed, where they are named."""

    name: str
    layers: tuple[str, ...]
    words: list[str]
    own: CostChange
    downstream: CostChange
    reached: tuple[str, ...]

    @property
    def cost(self) -> CostChange:
        return self.own + self.downstream


class _Together(Record):
    """What groups cost together: their numbers, the cost and where."""

    groups: tuple[int, ...]
    cost: CostChange
    reached: tuple[str, ...]


def causes_table(facts: Diff, view: DiffView, rows: int) -> Table | None:
    """A row for each cause and one for what is downstream of it, the heaviest first.

    None where it says no more than the `rows` of the changes. Where causes are many, those of the same lines
    in the file are one row.
    """
    words = Wording(view.arrow)
    sets: list[list[int]] = [[number] for number in range(len(facts.causes))]
    if not view.everything and sum(cause.own != FREE or cause.downstream != FREE for cause in facts.causes) > (
        MOST_CAUSES
    ):
        sets = _by_lines(facts.causes)
    groups, together = _grouped(facts, sets, words)
    groups, together = _merged(groups, together)
    costing = [group for group in groups if group.cost != FREE]
    followed = together or any(group.downstream != FREE for group in costing)
    if not costing and not together:
        return None
    if not followed and 2 * len(costing) >= rows:
        return None
    shown = list(_rows(facts, groups, together, view))
    named = {number for each in together for number in each.groups}
    free = sum(group.cost == FREE and number not in named for number, group in enumerate(groups))
    notes = []
    if free:
        notes.append(("", f"{plural(free, 'other change')} cost{'s' if free == 1 else ''} nothing"))
    view = view._replace(columns=tuple(key for key in view.columns if key != "type"))
    lines = lines_of(shown, facts.old_totals, view)
    title = "Costs of each change, direct and downstream"
    return Table(title, (), columns_of(view, "cause"), lines, tuple(notes))


def _rows(
    facts: Diff, groups: Sequence[_CauseGroup], together: Sequence[_Together], view: DiffView
) -> Iterator[DiffRow]:
    order = sorted((group for group in groups if group.cost != FREE), key=lambda group: -_weight(facts, group.cost))
    most = len(order) if view.everything else MOST_CAUSES
    for group in order[:most]:
        yield _row(group.name, group.words, group.own, group.cost, 0)
        if group.downstream != FREE:
            yield _row("downstream", [reached_in(group.reached)], group.downstream, group.cost, 2)
    rest = order[most:]
    if rest:
        cost = _sum(group.cost for group in rest)
        words = ["including downstream costs; --all shows them"]
        yield _row(f"  {plural(len(rest), 'other cause')}", words, cost, cost, 0)
    shared = sorted(together, key=lambda each: -_weight(facts, each.cost))
    most = len(shared) if view.everything else MOST_CAUSES // 2
    for each in shared[:most]:
        names = [groups[number].name[2:] for number in each.groups]
        yield _row(f"  {first_of(names)} together", [reached_in(each.reached)], each.cost, each.cost, 0)
    if shared[most:]:
        cost = _sum(each.cost for each in shared[most:])
        words = ["in layers that several causes reach; --all shows them"]
        yield _row(f"  {len(shared) - most} more together", words, cost, cost, 0)
    total = _sum([*(group.cost for group in groups), *(each.cost for each in together)])
    yield DiffRow("  all", "", [], total.inference, heading=True)


def _row(name: str, words: list[str], cost: CostChange, whole: CostChange, indent: int) -> DiffRow:
    """A row with what is counted at inference; what only training has is shown as that."""
    if whole.inference == NOTHING:
        return DiffRow(name, "", [*words, "in training only"], cost.training, indent, faint=True)
    return DiffRow(name, "", words, cost.inference, indent)


def _weight(facts: Diff, cost: CostChange) -> Fraction:
    """A cost as a share of the old total."""
    totals, figure = facts.old_totals, cost.training
    keys = ("params", "macs", "flops", "activations")
    return max(Fraction(abs(getattr(figure, key)), max(1, getattr(totals, key))) for key in keys)


def _sum(costs: Iterable[CostChange]) -> CostChange:
    total = FREE
    for cost in costs:
        total += cost
    return total


# --- groups ---------------------------------------------------------------------------------------


def _grouped(facts: Diff, sets: Sequence[Sequence[int]], words: Wording) -> tuple[list[_CauseGroup], list[_Together]]:
    """The causes of each set as one; what they cost together is downstream of the one."""
    place = {number: group for group, numbers in enumerate(sets) for number in numbers}
    own = [_sum(facts.causes[number].own for number in numbers) for numbers in sets]
    downstream = [_sum(facts.causes[number].downstream for number in numbers) for numbers in sets]
    reached: list[dict[str, None]] = [
        {name: None for number in numbers for name in facts.causes[number].reached} for numbers in sets
    ]
    together: dict[tuple[int, ...], tuple[list[CostChange], dict[str, None]]] = {}
    for each in facts.shared:
        groups = tuple(sorted({place[number] for number in each.causes}))
        names = dict.fromkeys(each.reached)
        if len(groups) == 1:
            downstream[groups[0]] += each.cost
            reached[groups[0]].update(names)
        else:
            costs, before = together.setdefault(groups, ([], {}))
            costs.append(each.cost)
            before.update(names)
    made = []
    for group, numbers in enumerate(sets):
        causes = [facts.causes[number] for number in numbers]
        layers = tuple(change.layer.name for cause in causes for change in cause.changes if not cause.roots)
        name, said = _name(causes, layers), _said(causes, words)
        made.append(_CauseGroup(name, layers, said, own[group], downstream[group], tuple(reached[group])))
    sums = [_Together(groups, _sum(costs), tuple(names)) for groups, (costs, names) in together.items()]
    return made, [each for each in sums if each.cost != FREE]


def _merged(groups: list[_CauseGroup], together: list[_Together]) -> tuple[list[_CauseGroup], list[_Together]]:
    """Changes of layers that are said in the same words, and that nothing follows from, are one row."""
    named = {number for each in together for number in each.groups}
    rows: list[list[_CauseGroup]] = []
    numbers: list[int] = []
    found: dict[tuple[str, ...], int] = {}
    for number, group in enumerate(groups):
        place = len(rows)
        if group.layers and number not in named and group.downstream == FREE and group.own != FREE:
            place = found.setdefault(tuple(group.words), place)
        if place == len(rows):
            rows.append([])
        rows[place].append(group)
        numbers.append(place)
    moved = [each._replace(groups=tuple(numbers[number] for number in each.groups)) for each in together]
    return [_as_one(row) for row in rows], moved


def _as_one(groups: Sequence[_CauseGroup]) -> _CauseGroup:
    """Groups that are said in the same words as one."""
    first = groups[0]
    if len(groups) == 1:
        return first
    layers = tuple(layer for group in groups for layer in group.layers)
    return first._replace(name=f"~ {label(layers)}", layers=layers, own=_sum(group.own for group in groups))


def _by_lines(causes: Sequence[Cause]) -> list[list[int]]:
    """The numbers of causes whose changes are made by the same lines of the files."""
    found: dict[object, list[int]] = {}
    for number, cause in enumerate(causes):
        key: object = number
        if cause.roots:
            signs = dict.fromkeys((root.new is None, _span(root)) for root in cause.roots)
            key = ("run", tuple(signs))
        elif cause.changes:
            change = cause.changes[0]
            key = (
                change.old and change.old.span,
                change.new and change.new.span,
                tuple(setting.name for setting in change.settings),
                (change.retyped, change.moved, change.rewired, change.shared),
                (change.in_training_changed, change.is_freezing_changed),
            )
        found.setdefault(key, []).append(number)
    return list(found.values())


def _span(root: Match) -> object:
    """The line of the first layer that stands in what was added or removed."""
    return next((match.node.layer.span for match in root.walk() if match.node.layer is not None), None)


# --- words ----------------------------------------------------------------------------------------


def _name(causes: Sequence[Cause], layers: tuple[str, ...]) -> str:
    first = causes[0]
    if first.roots:
        roots = [root for cause in causes for root in cause.roots]
        signs = {"-" if root.new is None else "+" for root in roots}
        return f"{signs.pop() if len(signs) == 1 else '~'} {first_of(segments(roots))}"
    if first.inputs:
        old, new, _ = first.inputs[0]
        return f"~ {(new or old or ('input',))[0]}"
    if first.outputs:
        return "~ outputs"
    return f"~ {label(layers)}"


def _said(causes: Sequence[Cause], words: Wording) -> list[str]:
    first = causes[0]
    changes = [change for cause in causes for change in cause.changes]
    if first.roots:
        added = sum(change.old is None for change in changes)
        removed = len(changes) - added
        if added and removed:
            return [f"{plural(removed, 'layer')} replaced by {added}"]
        return [f"{plural(added or removed, 'layer')} {'added' if added else 'removed'}"]
    if first.inputs:
        old, new, _ = first.inputs[0]
        if old is None or new is None:
            return ["added" if old is None else "removed"]
        return [words.pair(shape(old[1]), shape(new[1])) if old[1] != new[1] else f"was {old[0]}"]
    if first.outputs:
        return ["other outputs"]
    told = changes[0]._replace(renamed=False, regrouped=False)
    if len(changes) == 1:
        return words.of(told, shapes=False)
    if len(causes) > 1:
        told = told._replace(settings=())
    said = words.of(told._replace(moved=False, rewired=False), shapes=False)
    if len(causes) > 1:
        said += _ranges(changes, words)
    return said + (["moved"] if told.moved else []) + (["reads other layers"] if told.rewired else [])


def _ranges(changes: Sequence[LayerChange], words: Wording) -> Iterator[str]:
    """The settings that changed in several ways: filters 64..512 -> 128..1024."""
    for place, setting in enumerate(changes[0].settings):
        olds = [change.settings[place].old for change in changes]
        news = [change.settings[place].new for change in changes]
        yield f"{setting.name} {words.pair(_range(olds), _range(news))}"


def _range(values: Sequence[object]) -> str:
    distinct = list(dict.fromkeys(values))
    if len(distinct) == 1:
        return value_text(distinct[0])
    numbers = [value for value in distinct if isinstance(value, int) and not isinstance(value, bool)]
    if len(numbers) == len(distinct):
        return f"{min(numbers)}..{max(numbers)}"
    return "/".join(map(value_text, distinct[:3]))
