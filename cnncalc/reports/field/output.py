"""What one output reads of the input: in words, as slices and as a drawing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from cnncalc import limits
from cnncalc.analyses.regions import Region, Runs
from cnncalc.errors import SpecError
from cnncalc.formats.document import Block, Drawing, Heading, ListItem, Paragraph
from cnncalc.reports.field import plot
from cnncalc.text import integer

if TYPE_CHECKING:
    from cnncalc.reports.field.layer import FieldOfLayer


def show_output(subject: FieldOfLayer) -> Iterator[Block]:
    """The inputs of one output."""
    say = subject.say
    if not any(sizes.rank for _, sizes in subject.network.inputs):
        return
    position = ",".join(map(str, subject.query.at or subject.position))
    yield Heading(say("output_at", position=position) if position else say("at_vector"))
    if subject.regions is None:
        yield Paragraph(say("reads_too_long", work=integer(limits.current().work)))
        return
    for name, sizes in subject.network.inputs:
        if name in subject.fields and sizes.rank:
            yield from _describe_reads(subject, name, subject.regions[name])
    for source, read in subject.directly.items():
        itself = read.boxes == (tuple(((place, place),) for place in subject.position),)
        if source not in subject.found.inputs and read.shape.rank and read.boxes and not itself:
            yield ListItem(say("directly", source=source), _describe_slices(subject, "A", read), say("colon"))


def _describe_reads(subject: FieldOfLayer, name: str, read: Region) -> Iterator[Block]:
    """The positions that an output reads of one input, and those in the padding."""
    say = subject.say
    if not read.boxes:
        yield Paragraph(say("reads_nothing", input=name))
        return
    extents = subject.found.extent(subject.layer.name, name, subject.position)
    for axis, size in enumerate(read.shape.spatial):
        text = _describe_runs(subject, read.along(axis), size)
        end = extents[axis]
        beyond = [] if end is None else outside(end, size)
        if beyond:
            ends = ((integer(start), integer(stop)) for start, stop in beyond)
            parts = [start if start == stop else say("range", first=start, last=stop) for start, stop in ends]
            text += say("in_padding", parts=say.join(parts))
        where = subject.axis(name, axis)
        yield ListItem(say.row([name, where]) if subject.several else where, text, say("colon"))
    yield ListItem(say("slice"), _describe_slices(subject, subject.name_of(name), read), say("colon"))
    if not read.exact:
        yield Paragraph(say("reads_at_most"))


def _describe_runs(subject: FieldOfLayer, runs: Runs, size: int) -> str:
    """A description of the positions along one axis."""
    first, last, step, count = progression(runs)
    numbers = {"first": first, "last": last, "step": step, "count": count, "size": size}
    values = {key: integer(value) for key, value in numbers.items()}
    if count == size:
        return subject.say("reads_all", **values)
    if count == 1:
        return subject.say("reads_one", **values)
    return subject.say("reads" if step == 1 else "reads_steps" if step else "reads_holes", **values)


def _describe_slices(subject: FieldOfLayer, name: str, read: Region) -> str:
    """A region as a slice of NumPy."""
    say = subject.say
    hwc, chw = slices(name, read)
    if read.whole:
        return say("slice_whole", slices=hwc)
    text = say("slices", hwc=hwc, chw=chw)
    if any(not progression(read.along(axis))[2] for axis in range(read.shape.rank)):
        return say("slice_hull", slices=text)
    return say("slice_boxes", slices=text) if len(read.boxes) > 1 else text


def draw_reads(subject: FieldOfLayer) -> Iterator[Drawing]:
    """A drawing of the positions that the output reads of each input."""
    for name, sizes in subject.network.inputs:
        if subject.regions is not None and name in subject.fields and sizes.rank:
            yield Drawing(partial(_draw, subject, name))


def _draw(subject: FieldOfLayer, name: str, width: int, ascii_only: bool) -> Iterator[str]:  # noqa: FBT001
    """The lines of the drawing of one input, its title first."""
    extents = subject.found.extent(subject.layer.name, name, subject.position)
    yield subject.say("plot_title_of" if subject.several else "plot_title", input=name)
    try:
        with limits.counted():
            read = (subject.regions or {})[name]
            drawn = list(plot.draw(read, extents, subject.say, width=width, ascii_only=ascii_only))
    except SpecError:
        drawn = [subject.say("drawing_too_long", work=integer(limits.current().work))]
    yield from drawn


def outside(end: tuple[int, int], size: int) -> list[tuple[int, int]]:
    """The parts of a field before and after the input."""
    first, last = end
    before = [(first, min(last, -1))] if first < 0 else []
    return before + ([(max(first, size), last)] if last >= size else [])


def progression(runs: Runs) -> tuple[int, int, int, int]:
    """First, last, step and count of positions; step 0 if they are not evenly spaced."""
    first, last = runs[0][0], runs[-1][1]
    count = sum(stop - start + 1 for start, stop in runs)
    if len(runs) == 1:
        return first, last, 1, count
    gaps = {two[0] - one[0] for one, two in pairwise(runs)}
    even = len(gaps) == 1 and all(start == stop for start, stop in runs)
    return first, last, gaps.pop() if even else 0, count


def slices(name: str, read: Region) -> tuple[str, str]:
    """The smallest slice that contains a region, with channels last and first."""
    axes = []
    for axis, size in enumerate(read.shape.spatial):
        first, last, step, count = progression(read.along(axis))
        stepped = f":{step}" if step > 1 else ""
        axes.append(":" if count == size else f"{first}:{last + 1}{stepped}")
    return f"{name}[{', '.join([*axes, ':'])}]", f"{name}[{', '.join([':', *axes])}]"
