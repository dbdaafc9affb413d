"""Networks side by side, at several sizes or by stage, as plots."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.analyses.stages import stages
from cnncalc.plots.figures import Picture
from cnncalc.reports.catalogue import OTHERS
from cnncalc.reports.compare.networks import ComparedNetwork, labels, labels_of
from cnncalc.reports.compare.sizes import Results


def compare_plot(entries: Sequence[ComparedNetwork], form: str, batch: int) -> Picture:
    """MACs against parameters."""
    from cnncalc.plots.scatter import PlottedNetwork, draw_scatter

    networks = [
        PlottedNetwork(name, entry.network.family or OTHERS, entry.facts.totals.params, entry.facts.totals.macs * batch)
        for entry, name in zip(entries, labels(entries), strict=True)
    ]
    return draw_scatter(networks, form, batch)


def sizes_plot(results: Results, form: str) -> Picture:
    """MACs over the size of the input."""
    from cnncalc.plots.sizes import SizesLine, draw_sizes

    names = labels_of([(spec, name) for spec, name, _ in results.networks])
    lines = [
        SizesLine(
            name,
            tuple((one.size, one.totals.macs * results.batch) for one in found if one.totals is not None),
            tuple(one.size for one in found if one.totals is None),
        )
        for name, (_, _, found) in zip(names, results.networks, strict=True)
    ]
    return draw_sizes(lines, form, results.batch)


def stages_plot(entries: Sequence[ComparedNetwork], form: str, batch: int) -> Picture:
    """Shares of parameters and MACs by stage."""
    from cnncalc.plots.stages import StagesBar, StageShare, draw_stages

    bars = [
        StagesBar(name, tuple(StageShare(stage.stride, stage.params, stage.macs) for stage in stages(entry.network)))
        for entry, name in zip(entries, labels(entries), strict=True)
    ]
    return draw_stages(bars, form, batch)
