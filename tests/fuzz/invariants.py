"""What holds for every valid spec, as functions that raise AssertionError with what they compared."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import yaml
from fuzz.choices import Choices
from fuzz.program import Group, Item, JoinUse, LayerUse, Sides
from fuzz.strategies import Made, Wishes, make
from fuzz.text import write
from jsonschema import Draft7Validator
from jsonschema.validators import validator_for
from reports.test_spec_schema import CoreLoader

from cnncalc.analyses import explanation, story
from cnncalc.analyses.compare import facts
from cnncalc.analyses.diff import diff
from cnncalc.analyses.receptive_field import receptive_fields
from cnncalc.analyses.saved_tensors import saved_tensors
from cnncalc.analyses.sharing import sharing
from cnncalc.analyses.totals import stored, totals
from cnncalc.analyses.training_memory import training_memory
from cnncalc.analyses.tree import Figure, fold, rows, tree
from cnncalc.checks.linter import EVERYTHING
from cnncalc.checks.linter import lint as find
from cnncalc.errors import SpecError
from cnncalc.formats import csv as csv_report
from cnncalc.formats import markdown, plain_text, records, terminal
from cnncalc.network.build import build, load
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.outline import flat as flat_spec
from cnncalc.outline.text import value as value_text
from cnncalc.reports import imported, spec_schema, summary_records
from cnncalc.reports.diff import records as diff_records
from cnncalc.reports.diff.rows import DiffView
from cnncalc.reports.diff.tables import diff_tables, write_markdown
from cnncalc.reports.explain.layer import explain_layer
from cnncalc.reports.explain.story import explain_network
from cnncalc.reports.explain.wording import ExplanationView
from cnncalc.reports.summary import SummaryView, summary
from cnncalc.reports.summary_records import summary_record
from cnncalc.spec.decode import decode
from cnncalc.spec.locate import ParsedFile, Place
from cnncalc.spec.records import Spec
from cnncalc.syntax.source import Mapping, parse

FILE = "made.yaml"


def spec_of(text: str, *bases: str) -> Spec:
    """The decoded spec of a text, which extends others."""
    chain = []
    for number, one in enumerate((text, *bases)):
        node = parse(one, FILE if not number else f"base{number}.yaml")
        assert isinstance(node, Mapping)
        chain.append(ParsedFile(node, one, FILE if not number else f"base{number}.yaml"))
    return decode(tuple(chain))


def network_of(text: str, *bases: str) -> LayerGraph:
    """The network of a spec's text."""
    return build(spec_of(text, *bases))


def same(one: Any, other: Any, what: str) -> None:
    """Equal, or an error that shows both: `assert` is not rewritten in modules that are no tests."""
    if one != other:
        raise AssertionError(f"{what}:\n  {one!r}\nis not\n  {other!r}")


def facts_of(layer: Layer) -> tuple[Any, ...]:
    """What a layer is, wherever it was written."""
    return (
        layer.name,
        layer.figures.type,
        layer.inputs,
        layer.input_shapes,
        layer.output_shape,
        layer.weights,
        layer.operations,
        layer.params,
        layer.buffers,
        layer.weights_from,
        layer.training_only,
    )


def network_facts(network: LayerGraph) -> tuple[Any, ...]:
    return network.name, network.inputs, tuple(map(facts_of, network.layers)), network.outputs


# --- one invariant each -----------------------------------------------------------------------------


def is_the_plain_expansion(made: Made, network: LayerGraph, choices: Choices) -> None:
    """The layers of the plain expansion, with its names, shapes and weights, each at its place in the text."""
    same(len(network.layers), len(made.flat.layers), "the number of layers")
    for layer, flat in zip(network.layers, made.flat.layers, strict=True):
        same(layer.name, flat.name, "the name")
        same(layer.figures.type, flat.type, flat.name)
        same(layer.inputs, flat.inputs, f"inputs of {flat.name}")
        same(layer.input_shapes, flat.input_shapes, f"input shapes of {flat.name}")
        same(layer.output_shape, flat.output_shape, f"output shape of {flat.name}")
        same(layer.weights_from, flat.weights_from, f"owner of the weights of {flat.name}")
        same(layer.training_only, flat.training_only, f"training only, {flat.name}")
        same(layer.weights, flat.type.weights(flat.input_shapes), f"weights of {flat.name}")
        same(layer.operations, flat.type.operations(flat.input_shapes, flat.output_shape), f"operations of {flat.name}")
        own = flat.weights_from is None
        learned = sum(prod(weight.shape) for weight in layer.weights if weight.learned)
        kept = sum(prod(weight.shape) for weight in layer.weights if not weight.learned)
        same((layer.params, layer.buffers), (learned * own, kept * own), f"parameters of {flat.name}")
        place = made.text.places[id(flat.item)]
        same((layer.span.line, layer.span.column), place, f"place of {flat.name}")
        written = getattr(flat.item.action, "layer", flat.item.action).settings
        same(set(layer.written), {name for name, _ in written}, f"written settings of {flat.name}")
    same(network.outputs, made.flat.outputs, "outputs")
    groups = [(group.name, group.kind, tuple(group.arguments)) for group in network.groups]
    same(groups, list(made.flat.groups), "groups")
    same(network.inputs, made.program.inputs, "inputs")


def totals_are_sums(made: Made, network: LayerGraph, choices: Choices) -> None:
    """Totals are the sums over layers, taken one by one."""
    counted = totals(network)
    kept = stored(network)
    for whole, layers in (
        (counted.inference, [layer for layer in network.layers if not layer.training_only]),
        (counted.training, list(network.layers)),
    ):
        same(whole.params, sum(layer.params for layer in layers), "params")
        same(whole.buffers, sum(layer.buffers for layer in layers), "buffers")
        same(whole.macs, sum(layer.macs for layer in layers), "macs")
        same(whole.flops, sum(layer.flops for layer in layers), "flops")
        inputs = sum(prod(shape) for _, shape in network.inputs)
        same(whole.activations, inputs + sum(kept[layer.name] for layer in layers), "activations")
    same(counted.layers, sum(not layer.training_only for layer in network.layers), "layers")
    same(facts(network).totals, counted, "the totals that compare shows")
    shared = sharing(network)
    same(shared.total.params, counted.params, "the parameters that sharing shows")


def expanded_is_the_same(made: Made, network: LayerGraph, choices: Choices) -> None:
    """`show --expand` is a spec of the same network, and of itself."""
    text = "\n".join([*flat_spec.write(network), ""])
    again = network_of(text)
    same(network_facts(again), network_facts(network), "the expanded network")
    same("\n".join([*flat_spec.write(again), ""]), text, "expanded twice")
    same(problems_of_schema(text), [], "the editor's schema on the expanded spec")


def imported_is_the_same(made: Made, network: LayerGraph, choices: Choices) -> None:
    """`import` writes a spec with the same layers, whether it finds blocks by names or by structure."""
    for way in (imported.SCOPES, imported.STRUCTURE):
        text = "\n".join([*imported.write(network, "a\nb: c", None, way, is_flat=False), ""])
        again = network_of(text)
        same(*(Counter(map(unnamed_facts, one.layers)) for one in (again, network)), f"the layers, by {way}")
        same((again.name, again.source), (network.name, network.source), "the head")
        same(*(tuple(map(shape_of(one), one.outputs)) for one in (again, network)), "the shapes of outputs")
        same(problems_of_schema(text), [], "the editor's schema on the imported spec")


def unnamed_facts(layer: Layer) -> str:
    """What a layer is, whatever its name and its place in the text."""
    return repr(
        (layer.type, layer.settings, layer.input_shapes, layer.figures.output_shape, layer.frozen, layer.params)
    )


def shape_of(network: LayerGraph) -> Callable[[str], Any]:
    """A function that gives the shape of a tensor."""
    shapes = dict(network.inputs) | {layer.name: layer.output_shape for layer in network.layers}
    return lambda name: tuple(shapes[name])


def reads_alike_as_a_base(made: Made, network: LayerGraph, choices: Choices) -> None:
    """A spec that only extends another is that one."""
    text = made.text.text
    same(network_facts(network_of("extends: base1.yaml\n", text))[1:], network_facts(network)[1:], "the extended one")


def reads_alike_as_an_item(made: Made, network: LayerGraph, choices: Choices) -> None:
    """A network that is the only item of another has the same layers, below the name of the item."""
    inputs = {name: list(shape) for name, shape in network.inputs}
    text = f"input: {json.dumps({f'{name}_': shape for name, shape in inputs.items()})}\n"
    text += f"layers:\n- network: made.yaml\n  from: {json.dumps({name: f'{name}_' for name in inputs})}\n"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "made.yaml").write_text(made.text.text, encoding="utf-8")
        other = load(Place(f"{folder}/outer.yaml", "outer.yaml", text=text))

    def inside(name: str) -> str:
        return f"{name}_" if name in inputs else f"made.{name}"

    same(len(other.layers), len(network.layers), "the number of layers of the item")
    for one, two in zip(network.layers, other.layers, strict=True):
        same((two.name, two.inputs), (inside(one.name), tuple(map(inside, one.inputs))), "the layer of the item")
        same((two.figures, two.training_only), (one.figures, one.training_only), one.name)
        same(two.weights_from, one.weights_from and inside(one.weights_from), f"weights of {one.name}")
    # An item that passes its input on is no end: the outputs are then those of the layers before it, or the last layer.
    if set(network.outputs) <= set(inputs):
        return
    # Of outputs that a spec names, some are read by other layers: these are no ends.
    same(set(other.outputs) - set(map(inside, network.outputs)), set(), "outputs of the item")


def spaces_change_nothing(made: Made, network: LayerGraph, choices: Choices) -> None:
    """The same program in another way of writing it is the same network."""
    other = write(made.program, choices)
    same(network_facts(network_of(other.text))[1:], network_facts(network)[1:], "written in another way")


def renaming_changes_no_number(made: Made, network: LayerGraph, choices: Choices) -> None:
    """With other names for blocks, parameters, variables, layers and inputs, all is as it was but for them."""
    other = network_of(made.text.text.replace("Q", "Renamed"))
    same(len(other.layers), len(network.layers), "the number of layers")
    fields, other_fields = receptive_fields(network), receptive_fields(other)
    for one, two in zip(network.layers, other.layers, strict=True):
        same(two.name, one.name.replace("Q", "Renamed"), "the name")
        same(facts_of(two)[3:9], facts_of(one)[3:9], one.name)
        same(two.inputs, tuple(name.replace("Q", "Renamed") for name in one.inputs), f"inputs of {one.name}")
        same(other_fields[two.name], fields[one.name], f"receptive field of {one.name}")
    same(totals(other), totals(network), "totals")


def json_validates(made: Made, network: LayerGraph, choices: Choices) -> None:
    """`summary --format json` is what `schema summary` says, and the batch scales what it should."""
    one = json.loads("\n".join(records.write(summary_record(network))))
    same(errors(summary_schema(), one), [], "the schema of summary")
    batch, size = choices.integer(2, 64), choices.pick((1, 2, 8))
    many = json.loads("\n".join(records.write(summary_record(network, batch=batch, dtype_size=size))))
    for part in ("totals", "training"):
        before, after = (
            document["totals"] if part == "totals" else document["totals"]["training"] for document in (one, many)
        )
        for key in ("params", "buffers"):
            same(after[key], before[key], key)
            same(after[f"{key}_size"], before[key] * size, f"{key}_size")
        for key in ("macs", "flops", "activations"):
            same(after[key], before[key] * batch, key)
        same(after["activations_size"], before["activations"] * batch * size, "activations_size")
    for before, after in zip(one["layers"], many["layers"], strict=True):
        scaled = {**before, **{key: before[key] * batch for key in ("macs", "flops", "activations")}}
        same(after, scaled, before["name"])


def rows_sum_to_totals(made: Made, network: LayerGraph, choices: Choices) -> None:
    """The rows of the csv are the layers in order and sum to the totals, as does the tree however it is folded."""
    counted = totals(network)
    keys = ("params", "buffers", "macs", "flops", "activations")
    table = summary(network, SummaryView(("name", "type", *keys), flat=True))
    read = list(csv.DictReader(io.StringIO("\n".join(csv_report.write(table)))))
    names = [layer.name for layer in network.layers]
    same([row["name"] for row in read], names, "the rows")
    same(len(names), len(set(names)), "names")
    for key in keys[:-1]:
        numbers = [0 if row[key].startswith("as ") else int(row[key] or 0) for row in read]
        same(sum(numbers), getattr(counted.training, key), f"the column {key}")
    root = tree(network)
    same([row.node.name for row in rows(root, len(names) + 999) if row.node.layer], names, "the leaves of the tree")
    inputs = sum(prod(shape) for _, shape in network.inputs)
    whole = Figure(*(getattr(counted.inference, key) for key in keys))
    whole = whole._replace(activations=whole.activations - inputs)
    if not root.training_only:
        same(root.figure, whole, "the root of the tree")
    for depth in range(1, 6):
        shown = list(rows(root, depth))
        figures = [row.figure for row in shown if row.figure is not None and not is_in_training_only(root, row.node)]
        same(total_of(figures), whole, f"the rows at depth {depth}")
    for most in (1, choices.integer(2, 60)):
        shown, _ = fold(root, most)
        figures = [row.figure for row in shown if row.figure is not None and not is_in_training_only(root, row.node)]
        same(total_of(figures), whole, f"folded to {most} rows")


def training_keeps_each_storage_once(made: Made, network: LayerGraph, choices: Choices) -> None:
    """What layers keep sums to the total, is affine in the batch, and the largest batch that fits is the largest."""
    for mixed in (False, True):
        saved = saved_tensors(network, mixed=mixed)
        names = [kept.tensor for layer in saved.layers for kept in layer.tensors if kept.tensor is not None]
        same(len(names), len(set(names)), "storages that are kept")
        same([layer.layer for layer in saved.layers], [layer.name for layer in network.layers], "layers")
        memory = training_memory(network, mixed=mixed)
        same(memory.kept, saved.total, "the kept tensors")
        one, two, three = (memory.amount(batch) for batch in (1, 2, 3))
        same(three - two, two - one, "memory of one more sample")
        limit = choices.integer(0, 3 * three)
        batch = memory.fit(limit)
        assert batch is None or (batch == 0 or memory.amount(batch) <= limit < memory.amount(batch + 1)), batch
        assert batch != 0 or memory.amount(1) > limit, "a sample fits"
        if any("." in layer.name for layer in network.layers) and network.groups:
            spared = training_memory(network, mixed=mixed, checkpoints=("**",))
            same(spared.all_saved, memory.kept, "without recomputation")
            assert spared.recomputed_macs <= sum(layer.macs for layer in network.layers)


def is_in_training_only(root: Any, node: Any) -> bool:
    """Whether what a row adds is no part of inference."""
    return node.layer.training_only if node.layer is not None and not node.children else bool(node.training_only)


def total_of(figures: list[Figure]) -> Figure:
    return sum(figures[1:], figures[0]) if figures else Figure(0, 0, 0, 0, 0)


def diff_adds_up(made: Made, network: LayerGraph, choices: Choices) -> None:
    """A network is no other than itself; the way back is the negative; the causes sum to the difference."""
    itself = diff(network, network_of(made.text.text))
    same(itself.anything, False, "a difference from itself")
    other = network_of(changed(made, choices))
    there, back = diff(network, other), diff(other, network)
    keys = ("params", "buffers", "macs", "flops")
    for part in ("inference", "training"):
        for key in keys:
            before, after = (getattr(getattr(one, part), key) for one in (there.old_totals, there.new_totals))
            reversed_before, reversed_after = (
                getattr(getattr(one, part), key) for one in (back.old_totals, back.new_totals)
            )
            same(reversed_after - reversed_before, before - after, f"the way back, {key}")
            spent = sum(getattr(getattr(cause.own, part), key) for cause in there.causes)
            spent += sum(getattr(getattr(cause.downstream, part), key) for cause in there.causes)
            spent += sum(getattr(getattr(shared.cost, part), key) for shared in there.shared)
            same(spent, after - before, f"the causes' {key} in {part}")
            changes = sum(getattr(getattr(change.difference, part), key) for change in there.changes)
            same(changes, after - before, f"the changes' {key} in {part}")
    same(there.anything, back.anything, "whether anything changed")
    for facts_of_both in (there, back):
        written = json.loads("\n".join(records.write(diff_records.difference_record(facts_of_both))))
        same(errors(diff_schema(), written), [], "the schema of diff")
        for everything in (False, True):
            options = DiffView(everything=everything, width=choices.pick((0, 80, 60, 200)))
            for table in diff_tables(facts_of_both, options):
                list(terminal.layout(table, 80))
            list(write_markdown(facts_of_both, options))


def changed(made: Made, choices: Choices) -> str:
    """Another valid spec: the same with something left out or put in at its end, or quite another."""
    items = made.program.items
    if choices.chance(75) and items:
        at = choices.integer(0, len(items) - 1)
        extra = Item(LayerUse(choices.pick(("relu", "batch_norm", "identity")), ()))
        options = (
            (*items[:at], *items[at + 1 :]),
            (*items[:at], extra, *items[at:]),
            (*items[: at + 1], items[at], *items[at + 1 :]),
            (*items[:at], *items[at + 1 : at + 2], items[at], *items[at + 2 :]),
        )
        program = made.program._replace(items=choices.pick(options), outputs=())
        text = write(program, choices).text
        try:
            network_of(text)
        except SpecError:
            pass
        else:
            return text
    return make(choices).text.text


def findings_raise_nothing(made: Made, network: LayerGraph, choices: Choices) -> None:
    """The rules say what they find; the editor's schema takes the spec."""
    spec = spec_of(made.text.text)
    for finding in find(spec, network, EVERYTHING):
        if finding.span is not None:
            same(1 <= finding.span.line <= made.text.text.count("\n"), True, f"the line of {finding}")
    same(problems_of_schema(made.text.text), [], "the editor's schema")


def everything_can_be_told(made: Made, network: LayerGraph, choices: Choices) -> None:
    """Explanations and tables raise nothing, and no line is wider than the terminal."""
    layer = choices.pick(network.layers)
    for language in ("en", "zh"):
        view = ExplanationView(language)
        list(plain_text.write(explain_layer(explanation.explain(network, layer.name), view)))
    list(plain_text.write(explain_network(story.story(network), ExplanationView("en"))))
    depth = choices.integer(0, 4)
    table = summary(network, SummaryView(depth=depth, batch=choices.integer(1, 3), layout=choices.pick(("chw", "hwc"))))
    width = choices.pick((80, 40, 200))
    for line in terminal.layout(table, width):
        same(len(line.text) <= max(width, 80), True, f"the width of {line.text!r}")
    list(markdown.write(table))
    list(csv_report.write(summary(network, SummaryView(all_columns(), flat=True))))


def all_columns() -> tuple[str, ...]:
    from cnncalc.reports.summary import COLUMNS

    return tuple(column.key for column in COLUMNS)


# --- laws of their own kinds of specs ----------------------------------------------------------------


# Types that, with all channels doubled, have twice the channels and otherwise the same.
LAWFUL = (
    *("relu", "identity", "sigmoid", "gelu", "dropout", "batch_norm", "layer_norm", "lrn", "scale", "prelu", "softmax"),
    *("conv", "conv_transpose", "depthwise_conv", "local_conv", "linear", "max_pool", "avg_pool", "subsample"),
    *("global_avg_pool", "global_max_pool", "adaptive_avg_pool", "adaptive_max_pool", "upsample", "crop", "flatten"),
    *("maxout", "channel_shuffle", "group_norm", "instance_norm", "pixel_shuffle", "pixel_unshuffle", "rbf"),
    *("add", "subtract", "multiply", "concat"),
)
CHANNELS = ("filters", "features", "units")
# How many times as many weights there are: those between all pairs of channels, and those of each channel.
PAIRS = {"conv": 4, "conv_transpose": 4, "local_conv": 4, "linear": 4, "rbf": 4}


def doubled_channels(made: Made, network: LayerGraph, choices: Choices) -> None:
    """With every number of channels doubled, weights between channels grow fourfold and all others twofold."""
    for layer in network.layers:
        # One channel stands for all of them where it is repeated, and a list of connections is of fixed channels.
        narrow = {shape.channels for shape in layer.input_shapes} != {layer.input_shapes[0].channels}
        # Numbers along a spatial axis do not double.
        if not isinstance(layer.settings.get("axes", ""), str) or (layer.type == "linear" and layer.settings["axis"]):
            return
        if layer.settings.get("connections") or (narrow and layer.type != "concat"):
            return
    lines = [
        f"input: {{{', '.join(f'{name}: {[2 * shape[0], *shape[1:]]}' for name, shape in network.inputs)}}}",
        "layers:",
    ]
    for layer in network.layers:
        settings = {key: value for key, value in layer.settings.items() if value is not None}
        settings.update({key: 2 * settings[key] for key in CHANNELS if key in settings})
        written = ", ".join(f"{key}: {value_text(value)}" for key, value in settings.items())
        lines.append(f"  - {layer.type}: {{{written}}}")
        lines.append(f"    name: {layer.name}")
        lines.append(f"    from: [{', '.join(layer.inputs)}]")
        lines += [f"    weights: {layer.weights_from}"] if layer.weights_from else []
        lines += ["    training_only: true"] if layer.training_only else []
    text = "\n".join(lines).replace("input:", "input:", 1).replace("{input: ", "{Qinput: ", 1)
    if ("input" in dict(network.inputs)) and len(network.inputs) == 1:
        lines[0] = f"input: {[2 * network.inputs[0][1][0], *network.inputs[0][1][1:]]}"
        text = "\n".join(lines)
    doubled = network_of(text + "\n")
    for one, two in zip(network.layers, doubled.layers, strict=True):
        same(two.output_shape, (2 * one.output_shape[0], *one.output_shape[1:]), f"the output of {one.name}")
        for before, after in zip(one.weights, two.weights, strict=True):
            shared = not one.settings.get("per_channel", True)
            factor = PAIRS.get(one.type, 2) if before.name in ("weight", "centers", "centres") else 2
            same(after.size, before.size * (1 if shared else factor), f"{before.name} of {one.name}")
        same(two.macs, one.macs * PAIRS.get(one.type, 2), f"macs of {one.name}")


def branches_in_any_order(made: Made, network: LayerGraph, choices: Choices) -> None:
    """The order of branches that read nothing of each other changes no layer, but for its name."""
    program = made.program._replace(
        items=shuffled(made.program.items, choices),
        blocks=tuple(block._replace(items=shuffled(block.items, choices)) for block in made.program.blocks),
    )
    other = network_of(write(program, choices).text)

    def without_names(one: LayerGraph) -> Counter[Any]:
        return Counter((*facts_of(layer)[1:2], *facts_of(layer)[4:9], layer.training_only) for layer in one.layers)

    same(without_names(other), without_names(network), "layers in another order")
    same(totals(other), totals(network), "totals")


def shuffled(items: tuple[Item, ...], choices: Choices) -> tuple[Item, ...]:
    """Items with the branches of each join and each side branch in another order."""
    made = []
    for item in items:
        action = item.action
        if isinstance(action, JoinUse | Sides):
            branches = [branch._replace(items=shuffled(branch.items, choices)) for branch in action.branches]
            item = item._replace(action=action._replace(branches=tuple(choices.shuffled(branches))))  # noqa: PLW2901
        elif isinstance(action, Group):
            item = item._replace(action=Group(shuffled(action.items, choices)))  # noqa: PLW2901
        made.append(item)
    return tuple(made)


# --- schemas ------------------------------------------------------------------------------------


class Core(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Scalars as YAML 1.2's core schema has them, which is how editors read them."""

    yaml_implicit_resolvers = CoreLoader.yaml_implicit_resolvers
    yaml_constructors = CoreLoader.yaml_constructors


@lru_cache(1)
def editor_schema() -> Any:
    return Draft7Validator(spec_schema.schema())


@lru_cache(1)
def summary_schema() -> Any:
    schema = records.schema("cnncalc summary", *summary_records.RECORDS)
    return validator_for(schema)(schema)


@lru_cache(1)
def diff_schema() -> Any:
    schema = records.schema("cnncalc diff", *diff_records.RECORDS)
    return validator_for(schema)(schema)


def errors(validator: Any, document: Any) -> list[str]:
    """What is wrong with a document."""
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(document)][:3]


def problems_of_schema(text: str) -> list[str]:
    return errors(editor_schema(), yaml.load(text, Core))


def noted(error: Exception, text: str) -> None:
    """Tell something beside an error; where exceptions take no notes (Python 3.10), it is printed."""
    getattr(error, "add_note", print)(text)


Invariant = Callable[[Made, LayerGraph, Choices], None]
INVARIANTS: tuple[Invariant, ...] = (
    is_the_plain_expansion,
    totals_are_sums,
    expanded_is_the_same,
    imported_is_the_same,
    reads_alike_as_a_base,
    reads_alike_as_an_item,
    spaces_change_nothing,
    renaming_changes_no_number,
    json_validates,
    rows_sum_to_totals,
    training_keeps_each_storage_once,
    diff_adds_up,
    findings_raise_nothing,
    everything_can_be_told,
)
# Those that need a text alone, however it was made.
OF_TEXTS: tuple[Invariant, ...] = (
    totals_are_sums,
    expanded_is_the_same,
    imported_is_the_same,
    reads_alike_as_a_base,
    reads_alike_as_an_item,
    json_validates,
    rows_sum_to_totals,
    training_keeps_each_storage_once,
    findings_raise_nothing,
    everything_can_be_told,
)
LAWS: tuple[tuple[Invariant, Wishes], ...] = (
    (doubled_channels, Wishes(types=LAWFUL)),
    (branches_in_any_order, Wishes(reads=False)),
)


def hold(choices: Choices, invariant: Invariant, wishes: Wishes = Wishes()) -> Made:  # noqa: B008 - it is immutable
    """Make a spec and hold an invariant to it; the error's text ends with the spec."""
    made = make(choices, wishes)
    try:
        invariant(made, network_of(made.text.text), choices)
    except Exception as error:
        noted(error, f"--- of the spec\n{made.text.text}")
        raise
    return made
