from __future__ import annotations

import os
import stat
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from cnncalc.commands import _options
from cnncalc.errors import SpecError
from cnncalc.layers.shapes import DTYPES
from cnncalc.reports.sweep import FORMATS, STREAMS
from cnncalc.sweeps.designs import COLUMNS, DEFAULT_COLUMNS
from cnncalc.text import plain

if TYPE_CHECKING:
    from cnncalc.sweeps.running import Batch
    from cnncalc.sweeps.study import SweepPlan

MOST_JOBS = 1_000
# Seconds after which rows are handed on to a pipe.
FLUSH_EVERY = 0.1
SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@click.command("sweep", short_help="Compute the figures of many designs: a spec with varied variables.")
@click.argument("spec", type=_options.SpecArgument(), required=False)
@_options.columns_option(COLUMNS, note=f" The default is {','.join(DEFAULT_COLUMNS)}.")
@click.option(
    "--vary",
    "varied",
    multiple=True,
    type=_options.KeyValue("NAME=VALUES", "width=16,24,32"),
    help="Vary a variable over values such as 16,24,32, 2..8 or 0.5..2:0.25, the input over sizes such as 128..256:32,"
    " or `spec` over specs; may be repeated.",
)
@click.option("--random", "sample", type=click.IntRange(1), metavar="N", help="Draw N of all combinations, none twice.")
@click.option("--seed", type=click.IntRange(0), metavar="S", help="Seed of --random, 0 by default.")
@click.option(
    "--zip", "pairs", is_flag=True, default=None, help="Combine the first values, the second ones, and so on."
)
@click.option(
    "--where",
    metavar="CONDITION",
    help="Keep the designs that meet a condition, such as 'params < 5M and macs < 600M'.",
)
@click.option(
    "--pareto",
    metavar="[min:|max:]QUANTITY,...",
    help="Keep the designs that no other design surpasses; fields are maximized, all else is minimized, by default.",
)
@click.option("--jobs", type=click.IntRange(1, MOST_JOBS), default=1, metavar="N", help="Use N processes.")
@click.option("--resume", is_flag=True, help="Continue an interrupted sweep into the same --output.")
@_options.input_option
@_options.set_option
@click.option(
    "--batch",
    type=click.IntRange(1, 10**9),
    default=None,
    metavar="N",
    help="Count operations and activations for a batch of N samples.",
)
@click.option("--dtype", type=click.Choice(list(DTYPES)), default=None, help="Number type for sizes in bytes.")
@click.option(
    "-f", "--format", "form", type=click.Choice(FORMATS), default=None,
    help="Output format; by default that of the suffix of --output, else a table.",
)  # fmt: skip
@_options.output_option
@_options.color_option
@_options.bounds_options
def command(spec: str | None, form: str | None, output: str | None, color: str, jobs: int, **options: Any) -> None:
    """Compute the figures of many designs: all combinations of the values of a spec's variables, one row per design.

    A design that cannot be built is a row with the reason. CSV and JSON lines are written while the sweep runs. SPEC
    may be a study file, which has the options under the keys spec, vary, columns, where, pareto, random, seed and zip.

    \b
    Examples:
      cnncalc sweep mobilenet_v2 --vary width=0.5,0.75,1 --vary input=128..224:32
      cnncalc sweep resnet50 --vary depths=[3,4,6,3],[2,2,2,2] --vary classes=10,100 -o designs.csv
      cnncalc sweep efficientnet_b0 --vary width=1..2:0.1 --vary depth=1..2:0.1 --random 50 --seed 1
      cnncalc sweep mobilenet_v2 --vary width=0.5..1.5:0.25 --where 'macs < 300M' --pareto max:params,macs
    """
    resume = options.pop("resume")
    form = form or next(
        (kind for suffix, kind in SUFFIXES.items() if (output or "").lower().endswith(suffix)), FORMATS[0]
    )
    if resume and (output is None or form not in STREAMS):
        raise click.UsageError("--resume needs an --output in the format csv or jsonl")
    plan = _plan(spec, options)
    if resume and plan.objectives:
        raise click.UsageError("--resume does not work with --pareto, which writes at the end; remove one of them")
    try:
        if form not in STREAMS:
            _write_table(plan, output, color, jobs)
        elif output is None:
            _write_stream(plan, form, jobs)
        else:
            _write_file(plan, form, output, jobs, resume=resume)
    except SpecError as error:
        _options.fail(error)


def _plan(spec: str | None, options: dict[str, Any]) -> SweepPlan:
    """The plan of the options and of the study file. Writes problems and ends with status 2."""
    from cnncalc.sweeps.space import SweepAxis, read_values
    from cnncalc.sweeps.study import SweepRequest, make_plan, open_reference, option_words

    try:
        axes = tuple(SweepAxis(name, read_values(values, f"--vary {name}")) for name, values in options["varied"])
        given = SweepRequest(
            (),
            axes,
            tuple(dict.fromkeys(options["columns"])) or None,
            options["where"],
            options["pareto"],
            options["sample"],
            options["seed"],
            options["pairs"],
            options["settings"],
            options["inputs"],
            options["batch"],
            options["dtype"],
        )
        base = SweepRequest() if spec is None else open_reference(spec)
        return make_plan(given.over(base), words=option_words)
    except SpecError as error:
        _options.fail(error)


def _batches(
    plan: SweepPlan, jobs: int, output: str | None, *, start: int = 0, is_table: bool = False
) -> Generator[Batch, None, None]:
    """The designs of a plan, with their progress on a terminal."""
    from cnncalc.commands._progress import RateLine
    from cnncalc.sweeps import running

    # A pager shares the screen with standard error, and so do rows.
    is_apart = output is not None or (is_table and sys.stdout.isatty()) or _is_file(sys.stdout)
    line = RateLine("designs", plan.study.space.designs, is_watched=is_apart and sys.stderr.isatty(), done=start)
    done = start
    try:
        with closing(running.run(plan, start=start, jobs=jobs)) as batches:
            for batch in batches:
                done += batch.total
                line.step(done)
                yield batch
    finally:
        line.clear()


def _is_file(stream: Any) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


def _write_table(plan: SweepPlan, output: str | None, color: str, jobs: int) -> None:
    from cnncalc.reports.sweep import MOST_SHOWN, SweepCounts, sweep_table
    from cnncalc.sweeps.running import front_of

    seen = met = invalid = 0

    def counted() -> Generator[Batch, None, None]:
        nonlocal seen, met, invalid
        with closing(_batches(plan, jobs, output, is_table=True)) as batches:
            for batch in batches:
                seen, met, invalid = seen + batch.total, met + len(batch.kept), invalid + batch.invalid
                yield batch

    if plan.objectives:
        designs = list(front_of(plan, counted()))
    else:
        designs = []
        with closing(counted()) as batches:
            for batch in batches:
                designs += batch.kept
                if len(designs) >= MOST_SHOWN:
                    break
    counts = SweepCounts(seen, met, invalid, len(designs))
    # A front, or a batch of several processes, may have more rows than a table.
    del designs[MOST_SHOWN:]
    _options.write_report(lambda: sweep_table(plan, designs, counts), "table", output, color=color)


def _lines(plan: SweepPlan, form: str, batches: Generator[Batch, None, None]) -> Iterator[tuple[list[str], int]]:
    """The lines of each batch, and the number of its designs; a front comes at the end."""
    from cnncalc.reports.sweep import line_writer
    from cnncalc.sweeps.running import front_of

    write = line_writer(plan, form)
    if plan.objectives:
        yield [write(design) for design in front_of(plan, batches)], plan.study.space.designs
        return
    for batch in batches:
        yield [write(design) for design in batch.kept], batch.total


def _write_stream(plan: SweepPlan, form: str, jobs: int) -> None:
    """Write rows to standard output as they come."""
    from cnncalc.reports.sweep import header

    flushed = 0.0
    kept = 0
    sys.stdout.writelines(f"{line}\n" for line in header(plan, form))
    with closing(_batches(plan, jobs, None)) as batches:
        for lines, _ in _lines(plan, form, batches):
            kept += len(lines)
            sys.stdout.writelines(f"{line}\n" for line in lines)
            if monotonic() - flushed > FLUSH_EVERY:
                sys.stdout.flush()
                flushed = monotonic()
    _tell_of_none(plan, kept)


def _tell_of_none(plan: SweepPlan, kept: int) -> None:
    """Tell on standard error that no design was kept: rows of none look like a failure."""
    if not kept:
        condition = "" if plan.where is None else f" meets the condition {plain(plan.where.text)}"
        click.echo(f"none of {plan.study.space.designs:,} designs{condition or ' can be built'}", err=True)


def _write_file(plan: SweepPlan, form: str, output: str, jobs: int, *, resume: bool) -> None:
    """Write rows to a file, which is there when it is complete; until then they are beside it, and can be continued."""
    from cnncalc.commands._partial import PartialFile
    from cnncalc.reports.sweep import header
    from cnncalc.sweeps.study import list_marks

    for _, place in plan.study.specs:
        if os.path.exists(output) and os.path.exists(place.path) and os.path.samefile(output, place.path):
            raise _options.Unwritable(output, "this is the spec itself; name another file")
    total = plan.study.space.designs
    file = PartialFile(output, {**list_marks(plan), "--format": form}, resume=resume)
    kept = file.done
    try:
        if not file.done:
            file.write(header(plan, form), 0)
        with closing(_batches(plan, jobs, output, start=file.done)) as batches:
            for lines, count in _lines(plan, form, batches):
                kept += len(lines)
                file.write(lines, file.done + count)
        file.finish()
        _tell_of_none(plan, kept)
    except OSError as error:
        file.stop(keep=not plan.objectives)
        raise _options.Unwritable(output, error.strerror or str(error)) from None
    except KeyboardInterrupt:
        is_kept = bool(file.done) and not plan.objectives
        file.stop(keep=is_kept)
        if is_kept:
            click.echo(f"stopped after {file.done:,} of {total:,} designs; --resume continues", err=True)
        raise
    except BaseException:
        file.stop(keep=False)
        raise
