"""A difference as tables: changes, their costs, and totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from cnncalc.analyses.alignment import Match
from cnncalc.analyses.diff import FREE, CostChange, Diff, InputChange, Kind, LayerChange
from cnncalc.analyses.tree import Figure
from cnncalc.errors import plural
from cnncalc.formats import markdown
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import NONE, Column, Line, Table, to_cell
from cnncalc.layers.shapes import DTYPES
from cnncalc.record import Record
from cnncalc.reports.diff.causes import causes_table
from cnncalc.reports.diff.rows import DiffRow, DiffView, Wording, columns_of, label, lines_of, signed, signed_percent
from cnncalc.reports.network_table import describe_inputs, explain_missing
from cnncalc.spec.quantities import COUNTS, MEMORIES, QUANTITIES, SUMS
from cnncalc.text import several

TOTALS = (
    Column("quantity", "total"),
    Column("old", "old", numeric=True),
    Column("new", "new", numeric=True),
    Column("change", "change", numeric=True),
    Column("percent", "%", numeric=True),
)

# The most adjacent downstream layers with their own rows; --all shows all.
MOST_CONSEQUENCES = 3
# A longer table folds its blocks, like a summary, and is collapsed in Markdown.
MOST_ROWS = 50
LONG_IN_MARKDOWN = 30


def diff_tables(facts: Diff, view: DiffView) -> tuple[Table, ...]:
    """The changes, their costs, and the totals, without empty tables."""
    if not facts.anything:
        return ()
    changes = _changes_table(facts, view)
    causes = causes_table(facts, view, len(changes.lines))
    totals = _totals_table(facts, view)
    return (changes, totals) if causes is None else (changes, causes, totals)


def no_change(facts: Diff) -> str:
    """The sentence for networks that are the same."""
    old, new = facts.old, facts.new
    called = old.name if old.name == new.name else f"{old.name}, now named {new.name}"
    return f"nothing changed: {old.file} and {new.file} are the same network, {called}"


def write_markdown(facts: Diff, view: DiffView) -> Iterator[str]:
    """The lines of a comment on a pull request: the totals first, then the changes and their costs."""
    if not facts.anything:
        yield f"### {markdown.escape(facts.new.name)}"
        yield ""
        yield markdown.escape(no_change(facts))
        return
    changes, *causes, totals = diff_tables(facts, view._replace(width=0))
    lines = list(markdown.write(totals._replace(title=changes.title, subtitle=changes.subtitle)))
    for table, title in ((changes, "Changes"), *((table, table.title) for table in causes)):
        lines += ["", *_under_heading(table._replace(title="", subtitle=()), title)]
    # Blank lines only between parts.
    previous = ""
    for line in lines:
        if line or previous:
            yield line
        previous = line


def _under_heading(table: Table, title: str) -> Iterator[str]:
    """A table below its heading, collapsed if it is long."""
    long = len(table.lines) > LONG_IN_MARKDOWN
    heading = f"{markdown.escape(title)} ({len(table.lines)} rows)" if long else markdown.escape(title)
    yield f"<details><summary>{heading}</summary>" if long else f"#### {heading}"
    yield ""
    yield from markdown.write(table)
    if long:
        yield ""
        yield "</details>"


# --- totals ---------------------------------------------------------------------------------------


def _totals_table(facts: Diff, view: DiffView) -> Table:
    """The totals of both networks, and those in training if they differ."""
    old, new = facts.old_totals, facts.new_totals
    keys = [key for key in SUMS if key in COUNTS or key in view.columns]
    rows = [(_noun(key), key, old.inference, new.inference) for key in keys]
    if old.training != old.inference or new.training != new.inference:
        rows += [(f"{_noun(key)} in training", key, old.training, new.training) for key in ("params", "macs")]
    scale = view.batch, DTYPES[view.dtype]
    numbers = [
        (name, SUMS[key].amount(one, *scale), SUMS[key].amount(two, *scale), SUMS[key].unit)
        for name, key, one, two in rows
    ]
    memories, missing = _memory_rows(facts, view)
    numbers += memories
    numbers.append(("depth (weight layers)", old.weight_layers, new.weight_layers, ""))
    numbers.append(("layers", old.layers, new.layers, ""))
    lines = [
        (name, to_cell(one, unit), to_cell(two, unit), signed(two - one, unit), signed_percent(two - one, one) or NONE)
        for name, one, two, unit in numbers
    ]
    return Table("Totals", (), TOTALS, tuple(map(Line, lines)), tuple(("", note) for note in missing))


def _memory_rows(facts: Diff, view: DiffView) -> tuple[list[tuple[str, int, int, str]], list[str]]:
    """The selected memory quantities of both networks, and a sentence for each that is not known."""
    keys = [key for key in MEMORIES if key in view.columns]
    if not keys:
        return [], []
    from cnncalc.analyses.memory_quantities import MemoryQuantities

    old, new = (
        MemoryQuantities(each, batch=view.batch, dtype_size=DTYPES[view.dtype]).affordable(keys)
        for each in (facts.old, facts.new)
    )
    rows, missing = [], []
    for key in keys:
        before, after = old[key], new[key]
        if before is not None and after is not None:
            rows.append((QUANTITIES[key].label, before, after, QUANTITIES[key].unit))
        else:
            both = ((facts.old.name, before), (facts.new.name, after))
            missing.append(explain_missing(key, list(dict.fromkeys(name for name, amount in both if amount is None))))
    return rows, missing


def _noun(key: str) -> str:
    return "parameters" if key == "params" else SUMS[key].label


# --- changes --------------------------------------------------------------------------------------


def _changes_table(facts: Diff, view: DiffView) -> Table:
    """The rows of changes, in the order of the file."""
    words = Wording(view.arrow)
    writer = _Changes(facts, view, words)
    rows = writer.rows()
    old, new = facts.old, facts.new
    before, now = describe_inputs(old), describe_inputs(new)
    batch = f", batch {view.batch}" if view.batch > 1 else ""
    subtitle = (
        words.pair(old.file, new.file) if old.file != new.file else old.file,
        f"input {before if before == now else words.pair(before, now)}{batch}",
    )
    lines = lines_of(rows, facts.old_totals, view)
    title = old.name if old.name == new.name else words.pair(old.name, new.name)
    notes = tuple(("", note) for note in writer.notes())
    return Table(title, (*subtitle, *view.notes), columns_of(view, "layer"), lines, notes)


class _Below(Record):
    """The changes of a node and the nodes in it.

    `likeness` is equal for neighbors with equal changes. `itself` counts changed layers, `consequences`
    downstream layers, `blocks` changes of blocks.
    """

    likeness: int
    itself: int
    consequences: int
    blocks: int
    cost: CostChange

    @property
    def anything(self) -> bool:
        return bool(self.itself or self.consequences or self.blocks)

    @property
    def downstream(self) -> bool:
        """Whether only shapes changed in it."""
        return not (self.itself or self.blocks)


class _Changes:
    """Makes the rows of the changes. Blocks from level `depth` on are one row."""

    def __init__(self, facts: Diff, view: DiffView, words: Wording) -> None:
        self.facts = facts
        self.view = view
        self.words = words
        self.numbers: dict[object, int] = {}
        self.below: dict[Match, _Below] = {}
        for match in reversed(list(facts.root.walk())):
            self.below[match] = self._survey(match)
        self.depth = max(match.node.depth for match in self.below)
        self.folded = False
        self.left_out = 0

    def rows(self) -> list[DiffRow]:
        """The rows, with blocks folded, deepest first, until they are not too many."""
        if not self.view.everything:
            while self.depth > 1 and len(list(islice(self._all_rows(), MOST_ROWS + 1))) > MOST_ROWS:
                self.depth -= 1
        return list(self._all_rows())

    def notes(self) -> Iterator[str]:
        if self.left_out:
            layers = plural(self.left_out, "layer")
            yield f"{layers} downstream without a change of parameters or MACs hidden; --all shows every layer"
        elif self.folded:
            yield "--all shows every layer"

    def _survey(self, match: Match) -> _Below:
        change = self.facts.by_match.get(match)
        inner = [self.below[child] for child in match.children]
        said: tuple[str, ...] = ()
        if change is not None:
            # Names of inputs differ in every block.
            flags = (change.moved, change.rewired, change.regrouped, change.renamed)
            told = change
            if any(flags):
                told = change._replace(moved=False, rewired=False, regrouped=False, renamed=False)
            said = (change.kind.value, str(flags), *self.words.of(told))
        block = match.node.layer is None and match.node.depth > 0
        single = match.old is None, match.new is None
        cost = FREE if change is None else change.difference
        for each in inner:
            cost += each.cost
        key = (said, single, match.node.kind, match.renamed, tuple(each.likeness for each in inner), cost)
        downstream = change is not None and change.kind is Kind.CONSEQUENCE
        return _Below(
            self.numbers.setdefault(key, len(self.numbers)),
            int(change is not None and not downstream) + sum(each.itself for each in inner),
            int(downstream) + sum(each.consequences for each in inner),
            int(block and (match.renamed or any(single))) + sum(each.blocks for each in inner),
            cost,
        )

    def _all_rows(self) -> Iterator[DiffRow]:
        self.left_out = 0
        self.folded = False
        for change in self.facts.inputs:
            yield self._input(change)
        yield from self._rows(self.facts.root, 0, "", 1)
        if self.facts.outputs is not None:
            old, new = map(several, self.facts.outputs)
            yield DiffRow("~ outputs", "", [self.words.pair(old, new)], None)

    def _input(self, change: InputChange) -> DiffRow:
        old, new = change.old, change.new
        sign = "+" if old is None else "-" if new is None else "~"
        shapes = [shape(each[1]) for each in (old, new) if each is not None]
        words = [self.words.pair(*shapes) if len(set(shapes)) == 2 else shapes[0]]
        if old is not None and new is not None and old[0] != new[0]:
            words.append(f"was {old[0]}")
        name = (new or old or ("input",))[0]
        figure = self.facts.causes[change.cause].own.inference
        return DiffRow(f"{sign} {name if name == 'input' else f'input {name}'}", "", words, figure)

    def _rows(self, match: Match, indent: int, prefix: str, times: int) -> Iterator[DiffRow]:
        """The rows below a node, which count `times` times; `prefix` is the path of blocks without rows."""
        children = [(place, child) for place, child in enumerate(match.children) if self.below[child].anything]
        start = 0
        while start < len(children):
            place, child = children[start]
            end = start + 1
            if self.below[child].downstream:
                while end < len(children) and self.below[children[end][1]].downstream:
                    end += 1
                yield from self._downstream([each for _, each in children[start:end]], indent, prefix, times)
            else:
                while end < len(children) and self._continues(children[end], place + end - start, child):
                    end += 1
                yield from self._node([each for _, each in children[start:end]], indent, prefix, times)
            start = end

    def _continues(self, other: tuple[int, Match], place: int, first: Match) -> bool:
        """Whether a node belongs to a run of equal neighbors in one row."""
        if self.view.everything or (not first.children and first.old is not None and first.new is not None):
            return False
        return other[0] == place and self.below[other[1]].likeness == self.below[first].likeness

    def _node(self, run: Sequence[Match], indent: int, prefix: str, times: int) -> Iterator[DiffRow]:
        """The rows of a node, or of a run of equal neighbors."""
        match, node = run[0], run[0].node
        times *= len(run)
        self.folded = self.folded or len(run) > 1
        sign = "+" if match.old is None else "-" if match.new is None else "~"
        name = f"{sign} {prefix}{label([each.node.label for each in run])}"
        change = self.facts.by_match.get(match)
        if change is not None:
            yield self._of_layer(name, change, indent, times)
            yield from self._rows(match, indent + 1, "", times)
        elif sign != "~":
            yield from self._whole(name, match, len(run), indent, times)
        elif node.depth >= self.depth:
            self.folded = True
            figure = self._figure(self.below[match].cost, times, training_only=node.training_only)
            yield DiffRow(name, node.kind, [*self._of_block(match), *self._inside(match)], figure, indent)
        else:
            words = self._of_block(match)
            visible = [child for child in match.children if self.below[child].anything]
            if not words and len(run) == len(visible) == 1 and not self.below[visible[0]].downstream:
                yield from self._rows(match, indent, f"{prefix}{node.label}.", times)
                return
            yield DiffRow(name, node.kind, words, None, indent, heading=True)
            yield from self._rows(match, indent + 1, "", times)

    def _of_layer(self, name: str, change: LayerChange, indent: int, times: int, *, faint: bool = False) -> DiffRow:
        training = change.layer.training_only and (change.old is None or change.old.training_only)
        figure = self._figure(change.difference, times, training_only=training)
        words = [*self.words.of(change), *(["in training only"] if training else [])]
        return DiffRow(name, change.layer.type, words, figure, indent, faint=faint or training)

    def _whole(self, name: str, match: Match, count: int, indent: int, times: int) -> Iterator[DiffRow]:
        """The row of an added or removed node, followed by changed layers in it that existed before."""
        inner = [each for each in match.walk() if each.node.layer is not None]
        here = [each for each in inner if each.regrouped]
        open_it = self.view.everything or (here and len(here) < len(inner))
        words = [f"{match.node.kind}: {plural(len(inner), 'layer')}{' each' if count > 1 else ''}"]
        if not inner:
            words = [f"{match.node.kind}: its layers are elsewhere now"]
        elif len(here) == len(inner):
            words.append("all existed before" if len(here) > 1 else "it existed before")
        output = match.node.output_shape
        if output is not None and inner and not here:
            words.append(f"output {shape(output)}")
        training = match.node.training_only
        if open_it:
            yield DiffRow(name, match.node.kind, words, None, indent, heading=True)
            yield from self._rows(match, indent + 1, "", times)
            return
        figure = self._figure(self.below[match].cost, times, training_only=training)
        words += ["in training only"] if training else []
        yield DiffRow(name, match.node.kind, words, figure, indent, faint=training)
        for each in here:
            change = self.facts.by_match.get(each)
            if change is not None and (change.settings or change.rewired or change.retyped):
                yield self._of_layer(f"~ {each.node.label}", change, indent + 1, times)

    def _of_block(self, match: Match) -> list[str]:
        """The change of a block itself."""
        words = []
        if match.old is not None and match.new is not None:
            if match.renamed:
                words.append(f"was {match.old.label}")
            if match.moved:
                words.append("moved")
            if match.old.kind != match.new.kind:
                words.append(self.words.pair(match.old.kind, match.new.kind))
        return words

    def _inside(self, match: Match) -> Iterator[str]:
        """A short description of the changes in a folded block."""
        changes = [self.facts.by_match[each] for each in match.walk() if each in self.facts.by_match]
        named: dict[str, None] = {}
        counts = dict.fromkeys(Kind, 0)
        for change in changes:
            counts[change.kind] += 1
            named.update(dict.fromkeys(setting.name for setting in change.settings))
            if change.retyped:
                named["type"] = None
        if counts[Kind.CHANGED]:
            what = f" ({', '.join(named)})" if named else ""
            yield f"{plural(counts[Kind.CHANGED], 'layer')} changed{what}"
        yield from (f"{counts[kind]} {kind.value}" for kind in (Kind.ADDED, Kind.REMOVED) if counts[kind])
        if counts[Kind.CONSEQUENCE]:
            yield f"{counts[Kind.CONSEQUENCE]} downstream"
        before, now = (node.output_shape if node else None for node in (match.old, match.new))
        if before is not None and now is not None and before != now:
            yield f"output {self.words.pair(shape(before), shape(now))}"

    def _downstream(self, run: Sequence[Match], indent: int, prefix: str, times: int) -> Iterator[DiffRow]:
        """Layers with only changed shapes: separate rows if few of them have costs, else one row."""
        tops = {each: match for match in run for each in match.walk() if each in self.facts.by_match}
        shown = list(tops)
        if not self.view.everything:
            shown = [each for each in tops if _weighs(self.facts.by_match[each])]
        if self.view.everything or len(shown) <= MOST_CONSEQUENCES:
            for each in shown:
                above = tops[each].node.above
                name = each.node.name.removeprefix(f"{above}.") if above else each.node.name
                yield self._of_layer(f"  {prefix}{name}", self.facts.by_match[each], indent, times, faint=True)
            self.left_out += (len(tops) - len(shown)) * times
            return
        self.folded = True
        cost = FREE
        for match in run:
            cost += self.below[match].cost
        figure = self._figure(cost, times, training_only=all(match.node.training_only for match in run))
        labels = [match.node.label for match in run]
        name = labels[0] if len(labels) == 1 else f"{labels[0]} .. {labels[-1]}"
        words = [f"{len(tops)} layers downstream: shapes"]
        yield DiffRow(f"  {prefix}{name}", "", words, figure, indent, faint=True)

    def _figure(self, cost: CostChange, times: int, *, training_only: bool) -> Figure:
        return (cost.training if training_only else cost.inference).multiplied(times)


def _weighs(change: LayerChange) -> bool:
    """Whether the parameters or MACs of a downstream layer changed."""
    figure = change.difference.training
    return bool(figure.params or figure.macs)
