"""Advice that names settings, followed in every small layer: the finding goes, and none of its kind takes its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

from cnncalc.checks import rules
from cnncalc.checks.rule import Rule, Subject
from cnncalc.errors import RuleError, Span
from cnncalc.layers import all_types
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph, figures_of
from cnncalc.spec.decode import read_spec

ABOUT_WINDOWS = [rule for rule in rules.all_rules() if rule.code in ("CNN001", "CNN004", "CNN005", "CNN006", "CNN007")]
# Rules about windows ask nothing of a spec.
ANY_SPEC = read_spec("lenet5")
# A layer by its type and settings.
Written = tuple[str, dict[str, Any]]


def network_of(size: int, layers: list[Written]) -> LayerGraph:
    """Layers one behind the other on an input of 4 channels and `size` positions. Raises RuleError."""
    placed: list[Layer] = []
    name, shape = "input", Shape((4, size))
    for number, (type_name, settings) in enumerate(layers):
        figures = figures_of(all_types()[type_name](**settings), (shape,))
        placed.append(Layer(f"layer{number}", figures, (name,), None, False, Span("", number + 1, 1), {}))
        name, shape = placed[-1].name, figures.output_shape
    return LayerGraph("", "", "", "", None, "", (("input", Shape((4, size))),), tuple(placed), (), (name,))


def found_in(network: LayerGraph) -> list[tuple[Rule, str]]:
    """What the rules about windows find, each with its advice."""
    subject = Subject(ANY_SPEC, network)
    return [(rule, found.hint) for rule in ABOUT_WINDOWS for found in rule.check(subject)]


def small_layers() -> Iterator[tuple[int, Written]]:
    padding = (0, 1, 2, 3, "same")
    for size, kernel, stride, padded, dilation in product(range(1, 9), range(1, 5), range(1, 5), padding, (1, 2)):
        common = {"kernel": kernel, "stride": stride, "padding": padded}
        yield size, ("conv", {"filters": 4, "dilation": dilation, **common})
        for rounding in ("floor", "ceil"):
            yield size, ("max_pool", {"dilation": dilation, "rounding": rounding, **common})
            if dilation == 1:
                yield size, ("avg_pool", {"rounding": rounding, **common})


FOLLOWED = (
    (r"use padding (?:of at most )?(\d+)", lambda value: {"padding": int(value)}),
    (r"set rounding: (ceil)", lambda value: {"rounding": value}),
    (r"use a kernel of (\d+)(?: or \d+)?", lambda value: {"kernel": int(value)}),
    (r"use a kernel of \d+ or (\d+)", lambda value: {"kernel": int(value)}),
    (r"use a kernel of (\d+) and no dilation", lambda value: {"kernel": int(value), "dilation": 1}),
    (r"use a stride of (\d+)", lambda value: {"stride": int(value)}),
)
INPUT = re.compile(r"use an input of (\d+)(?: or (\d+))?")
POOL = re.compile(r"put an average pool of (\d+) with stride (\d+)(?: and rounding: (ceil))? before it and")


def followed(size: int, layer: Written, advice: str) -> Iterator[tuple[int, list[Written]]]:
    """What a layer and its input become, for each way that the advice names."""
    type_name, settings = layer
    for pattern, changes in FOLLOWED:
        if match := re.fullmatch(pattern, advice):
            changed = changes(match.group(1))
            yield size, [(type_name, {key: changed.get(key, value) for key, value in settings.items()})]
    if match := INPUT.fullmatch(advice):
        yield from ((int(each), [layer]) for each in match.groups() if each)
    if match := POOL.match(advice):
        pool = {"kernel": int(match.group(1)), "stride": int(match.group(2)), "rounding": match.group(3) or "floor"}
        yield size, [("avg_pool", pool), (type_name, {**settings, "stride": 1})]


def test_the_advice_of_every_rule_about_windows_cures() -> None:
    tried: dict[str, int] = {}
    for size, layer in small_layers():
        try:
            network = network_of(size, [layer])
        except RuleError:
            continue
        before = found_in(network)
        for rule, advice in before:
            # A smaller padding around a kernel with gaps moves the gaps.
            if not advice or (rule.code == "CNN006" and layer[1]["kernel"] < layer[1]["stride"]):
                continue
            ways = list(followed(size, layer, advice))
            assert ways, f"nobody follows {advice!r}"
            for new_size, layers in ways:
                after = {each.code for each, _ in found_in(network_of(new_size, layers))}
                assert rule.code not in after, (size, layer, advice)
                # A max pool that now reads everything may be seen to have padding that it does not need.
                assert after <= {each.code for each, _ in before} | {"CNN007"}, (size, layer, advice)
            tried[rule.code] = tried.get(rule.code, 0) + 1
    assert set(tried) == {rule.code for rule in ABOUT_WINDOWS}
