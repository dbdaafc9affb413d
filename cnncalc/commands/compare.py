from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from cnncalc import formats
from cnncalc.analyses import conventions
from cnncalc.analyses.compare import facts, over_sizes
from cnncalc.bundled import SUFFIX
from cnncalc.commands import _options
from cnncalc.commands._given import GivenSpecs
from cnncalc.errors import Problem, SpecError, did_you_mean, listed
from cnncalc.layers.shapes import DTYPES
from cnncalc.reports.compare import networks
from cnncalc.reports.compare.networks import BY_KEY, COLUMNS, DEFAULT_COLUMNS, SORTABLE, ComparedNetwork, ComparisonView
from cnncalc.spec.quantities import MEMORIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from cnncalc.analyses.compare import Facts, Size
    from cnncalc.formats.table import Table
    from cnncalc.network.records import LayerGraph
    from cnncalc.spec.records import Spec


class Sizes(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """Sizes of an input, separated by commas."""

    name = "sizes"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "SIZE[,...]"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if not isinstance(value, str):
            return value
        words = [word.strip() for word in value.split(",")]
        if not all(word.isascii() and word.isdecimal() and len(word) < 10 and 0 < int(word) < 10**6 for word in words):
            self.fail(f"{value!r} is not a list of sizes; write whole numbers from 1, such as 128,160,224", param, ctx)
        return tuple(dict.fromkeys(map(int, words)))


@click.command("compare", short_help="Compare networks side by side.")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=_options.SpecArgument())
@_options.columns_option([column.key for column in COLUMNS], DEFAULT_COLUMNS)
@click.option(
    "--sort",
    type=click.Choice(SORTABLE),
    default=None,
    metavar="COLUMN",
    help=f"Sort by a column, numbers in descending order, names in ascending: {', '.join(SORTABLE)}.",
)
@click.option("--reverse", is_flag=True, help="Reverse the order of --sort.")
@click.option(
    "--relative-to",
    metavar="SPEC",
    shell_complete=_options.completer("given_specs"),
    help="Also show ratios to this network, such as x0.53.",
)
@click.option("--group", type=click.Choice(["family"]), default=None, help="Group by family, oldest first.")
@click.option("--transpose", is_flag=True, help="Show one column per network and one row per quantity.")
@click.option(
    "--at",
    type=Sizes(),
    default=None,
    help="Compare at these input sizes, such as 128,160,192,224; channels stay the same.",
)
@click.option(
    "--stages",
    is_flag=True,
    help="Show where each network spends its parameters and MACs, by the size of the feature maps.",
)
@_options.plot_option(
    "Also plot MACs against parameters to this file, with --at over the sizes, with --stages by stage; needs"
    " matplotlib (the extra `plot`)."
)
@_options.convention_option
@_options.input_option
@_options.set_option
@_options.batch_option
@_options.dtype_option
@_options.format_option(*formats.TABLE)
@_options.output_option
@_options.color_option
@_options.bounds_options
@click.pass_context
def command(
    context: click.Context,
    specs: tuple[str, ...],
    columns: tuple[str, ...],
    sort: str | None,
    reverse: bool,  # noqa: FBT001 - click passes it by name
    relative_to: str | None,
    group: str | None,
    transpose: bool,  # noqa: FBT001
    at: tuple[int, ...] | None,
    stages: bool,  # noqa: FBT001
    plot: str | None,
    convention: str | None,
    dtype: str,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    batch: int,
    form: str,
    output: str | None,
    color: str,
) -> None:
    """Compare networks side by side: parameters, operations, memory, depth and receptive field, one row per network.

    The receptive field is that of the last feature map before a layer reads everything; the heaviest layers are those
    with the most parameters and the most MACs. --set and --input apply to all networks that have the variable.

    \b
    Examples:
      cnncalc compare vgg16 resnet50 mobilenet_v2
      cnncalc compare resnet18 resnet50 --relative-to resnet18
      cnncalc compare vgg16 resnet50 --at 128,160,192,224
      cnncalc compare vgg16 resnet50 --convention thop
    """
    _check(context, at, stages=stages)
    if convention is not None:
        if plot is not None:
            raise click.UsageError("--plot does not use --convention; remove one of them")
        columns = _options.select_counted(context, convention, columns, BY_KEY)
    if not {"network", "spec"} & set(columns):
        columns = ("network", *columns)
    if plot is not None:
        _options.need_matplotlib()
    given = GivenSpecs(specs, settings, inputs)
    exact = form == "csv"

    def write(table: Callable[[], Table], record: Callable[[], object]) -> None:
        _options.write_report(table, form, output, record=record, color=color)

    if at is not None:
        from cnncalc.reports.compare import sizes

        results = sizes.Results(at, _over_sizes(given, at), batch)
        if plot is not None:
            _options.write_plot(plot, lambda form: plots().sizes_plot(results, form))
        write(lambda: sizes.sizes_table(results, given.notes, exact=exact), lambda: records().sizes_record(results))
        return
    field = not stages and (form == "json" or networks.needs_fields(columns, sort or ""))
    memory = () if stages else tuple(MEMORIES) if form == "json" else networks.list_memories(columns, sort or "")

    def figures(network: LayerGraph, reference: str) -> Facts:
        counting = _options.counting(convention, reference)
        return facts(network, field=field, memory=memory, batch=batch, dtype_size=DTYPES[dtype], counting=counting)

    entries = _entries(given, figures, layers=stages)
    if stages:
        from cnncalc.reports.compare import stages as by_stage

        if plot is not None:
            _options.write_plot(plot, lambda form: plots().stages_plot(entries, form, batch))
        write(
            lambda: by_stage.stages_table(entries, batch, given.notes, exact=exact),
            lambda: records().stages_record(entries, batch),
        )
        return
    base = None if relative_to is None else _base(relative_to, entries)
    options = ComparisonView(columns, sort or "", reverse, base, bool(group), transpose, batch, dtype, exact=exact)
    if convention is not None:
        options = options._replace(convention=conventions.find(convention))
    if plot is not None:
        _options.write_plot(plot, lambda form: plots().compare_plot(entries, form, batch))
    write(
        lambda: networks.compare_table(entries, options, given.notes),
        lambda: records().comparison_record(entries, options),
    )


def records() -> ModuleType:
    """The module of the records, imported only for JSON."""
    from cnncalc.reports.compare import records as module

    return module


def plots() -> ModuleType:
    """The module of the plots, imported only for --plot."""
    from cnncalc.reports.compare import plot as module

    return module


def _check(context: click.Context, at: tuple[int, ...] | None, *, stages: bool) -> None:
    """Refuse options that do not apply to the selected table."""
    if at is None and not stages:
        return
    if at is not None and stages:
        raise click.UsageError("--at and --stages are mutually exclusive; use one of them")
    for name in ("columns", "sort", "reverse", "relative_to", "group", "transpose", "convention", "dtype"):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            own, other = "--stages" if stages else "--at", f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{own} does not use {other}; remove {other}")


def _entries(given: GivenSpecs, figures: Callable[[LayerGraph, str], Facts], *, layers: bool) -> list[ComparedNetwork]:
    """The networks with their figures; with their `layers` only if needed."""
    from cnncalc.analyses.compare import without_layers
    from cnncalc.network.build import build

    def made(reference: str, spec: Spec) -> tuple[LayerGraph, Facts]:
        network = build(spec)
        return network if layers else without_layers(network), figures(network, reference)

    found = given.made(made)
    return [ComparedNetwork(reference, *found[reference]) for reference in given.specs]


def _over_sizes(given: GivenSpecs, sizes: tuple[int, ...]) -> list[tuple[str, str, tuple[Size, ...]]]:
    """The networks at all sizes. If no size fits any network, ends with status 2."""
    from cnncalc.network.build import build

    def made(_: str, spec: Spec) -> tuple[str, tuple[Size, ...]]:
        found = over_sizes(spec, sizes)
        if not any(one.network for one in found):
            # Build at the spec's own size first, to report problems that do not depend on the size.
            build(spec)
        return spec.name, found

    results = given.made(made)
    if not any(one.network for _, found in results.values() for one in found):
        _options.fail(
            SpecError(
                Problem(None, f"{name} at {one.size}: {one.reason}")
                for name, found in results.values()
                for one in found
            )
        )
    return [(reference, *results[reference]) for reference in given.specs]


def _base(word: str, entries: Sequence[ComparedNetwork]) -> int:
    """The index of the network that --relative-to names: by the given SPEC, else by name."""
    given = [entry.spec for entry in entries]
    if word in given:
        return given.index(word)
    wanted = word.lower().removesuffix(SUFFIX)
    for place, entry in enumerate(entries):
        if wanted in (entry.spec.lower().removesuffix(SUFFIX), entry.network.name.lower()):
            return place
    known = list(dict.fromkeys(given))
    hint = did_you_mean(word, known, f"use {listed(known, 'or')}" if len(known) > 1 else f"there is only {known[0]}")
    raise click.UsageError(f"--relative-to {word!r} is not among the compared networks; {hint}")
