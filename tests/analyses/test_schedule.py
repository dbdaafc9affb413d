"""Orders of execution and static plans, against brute force over random small networks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc import layers, limits
from cnncalc.analyses import schedule
from cnncalc.analyses.arena import ALIGNMENT, plan
from cnncalc.analyses.liveness import Storage, TensorGraph, live_in_order
from cnncalc.analyses.schedule import best_order
from cnncalc.errors import SpecError
from cnncalc.layers.shapes import Shape
from cnncalc.network.build import load
from cnncalc.network.records import LayerGraph, figures_of

ANY = load("lenet5")
TYPES = layers.all_types()
INPUT = Shape((3, 2, 2))


@st.composite
def networks(draw: st.DrawFn, most: int = 8) -> LayerGraph:
    """A network of few layers that read any earlier tensors: new, in place and views, of several sizes."""
    shapes = {"input": INPUT}
    built = []
    for number in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(["conv", "conv", "relu", "dropout", "slice", "concat", "concat", "parameter"]))
        names = [draw(st.sampled_from(list(shapes)))]
        given_settings: dict[str, object] = {}
        if kind == "conv":
            given_settings = {"filters": draw(st.sampled_from([1, 2, 5, 9])), "kernel": 1}
        elif kind == "slice":
            given_settings = {"stop": draw(st.integers(1, shapes[names[0]].channels))}
        elif kind == "parameter":
            names, given_settings = [], {"shape": (2, 2, 2)}
        elif kind == "concat":
            names = draw(st.lists(st.sampled_from(list(shapes)), min_size=2, max_size=3))
        figures = figures_of(TYPES[kind](**given_settings), tuple(shapes[name] for name in names))
        name = f"{kind}{number}"
        shapes[name] = figures.output_shape
        built.append(ANY.layers[0]._replace(name=name, figures=figures, inputs=tuple(names)))
    ends = [layer.name for layer in built if not any(layer.name in other.inputs for other in built)]
    outputs = draw(st.lists(st.sampled_from(list(shapes)), max_size=1)) + ends
    return ANY._replace(inputs=(("input", INPUT),), layers=tuple(built), outputs=tuple(dict.fromkeys(outputs)))


def orders(network: LayerGraph, ran: tuple[int, ...] = ()):
    """All orders in which each layer follows those that it reads."""
    if len(ran) == len(network.layers):
        yield ran
    names = {network.layers[index].name for index in ran} | {name for name, _ in network.inputs}
    for index, layer in enumerate(network.layers):
        if index not in ran and names.issuperset(layer.inputs):
            yield from orders(network, (*ran, index))


def peak_by_definition(network: LayerGraph, order: tuple[int, ...]) -> int:
    """The peak from what is read when, without the records of the analysis.

    Each tensor belongs to the storage of the tensor that it is a view of. A storage is needed at a step if a layer
    from this step on, or an output, reads one of its tensors.
    """
    run = [network.layers[index] for index in order]
    owner: dict[str, str | None] = {name: name for name, _ in network.inputs}
    elements = {name: shape.elements for name, shape in network.inputs}
    for layer in run:
        is_view = layer.type in ("slice", "dropout", "parameter")
        owner[layer.name] = (owner[layer.inputs[0]] if layer.inputs else None) if is_view else layer.name
        elements[layer.name] = layer.output_shape.elements
    unread = {"input"} - {owner[name] for layer in run for name in layer.inputs}

    def is_needed(own: str, step: int) -> bool:
        reads = [name for layer in run[step:] for name in layer.inputs] + list(network.outputs)
        return own in unread or any(owner[name] == own for name in reads)

    peak, created = 0, [name for name, _ in network.inputs]
    for step, layer in enumerate(run):
        live = {own for own in created if is_needed(own, step)}
        if owner[layer.name] == layer.name:
            source = owner[layer.inputs[0]] if layer.type == "relu" else None
            if source and elements[source] == elements[layer.name] and not is_needed(source, step + 1):
                live.remove(source)
            live.add(layer.name)
            created.append(layer.name)
        peak = max(peak, sum(elements[own] for own in live))
    return peak


@settings(max_examples=120, deadline=None)
@given(networks())
def test_liveness_by_definition(network):
    graph = TensorGraph(network)
    for order, _ in zip(orders(network), range(20), strict=False):
        assert live_in_order(graph, order).peak == peak_by_definition(network, order)


@settings(max_examples=120, deadline=None)
@given(networks(most=7))
def test_best_order_by_brute_force(network):
    graph = TensorGraph(network)
    found = best_order(graph)
    assert found.exact
    assert sorted(found.order) == list(range(len(network.layers)))
    assert found.order in set(orders(network))
    assert live_in_order(graph, found.order).peak == min(live_in_order(graph, each).peak for each in orders(network))


@settings(max_examples=80, deadline=None)
@given(networks())
def test_without_the_exact_search(network):
    """The greedy order is a valid order, and not worse than that of the file; exactness is not claimed wrongly."""
    graph = TensorGraph(network)
    best = live_in_order(graph, best_order(graph).order).peak
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "MOST_WORK", 0)
        found = best_order(graph)
    peak = live_in_order(graph, found.order).peak
    names = {"input"}
    for index in found.order:
        assert names.issuperset(network.layers[index].inputs)
        names.add(network.layers[index].name)
    assert best <= peak <= live_in_order(graph).peak
    assert not found.exact or peak == best


@settings(max_examples=120, deadline=None)
@given(networks(), st.integers(1, 40))
def test_plan_holds_the_tensors_apart(network, element):
    """bound <= plan <= sum, and no two buffers that are alive together overlap."""
    found = live_in_order(TensorGraph(network))
    planned = plan(found.storages, element)
    assert found.peak * element <= planned.size <= sum(buffer.size for buffer in planned.buffers)
    for buffer in planned.buffers:
        assert buffer.offset % ALIGNMENT == 0
        assert 0 <= buffer.size - buffer.storage.elements * element < ALIGNMENT
    for number, one in enumerate(planned.buffers):
        for other in planned.buffers[:number]:
            together = one.storage.first <= other.storage.last and other.storage.first <= one.storage.last
            assert not together or one.end <= other.offset or other.end <= one.offset


def test_plan_by_hand():
    """Of equal sizes, the last is first: c at 0, then b after it, since both are alive at step 2; a fits at 0."""
    a, b, c = (Storage((name,), 32, first, first + 1) for first, name in enumerate("abc"))
    assert [buffer.offset for buffer in plan((a, b, c)).buffers] == [0, 32, 0]
    small = Storage(("d",), 1, 0, 3)
    planned = plan((a, small, b, c))
    assert [buffer.offset for buffer in planned.buffers] == [0, 64, 32, 0]
    assert planned.size == 80


def test_plan_is_bounded():
    """All pairs of 10,000 tensors that are alive together are 49,995,000, more than the limit allows."""
    storages = [Storage((f"t{number}",), 1, 0, 1) for number in range(10_000)]
    with limits.using(limits.Limits(work=1_000_000)), pytest.raises(SpecError, match="the plan of the arena"):
        plan(storages)


def test_branches_in_another_order():
    """A branch is reduced before the next one is computed.

    The input has 3 x 4 = 12 elements. In the order of the file: a has 9 x 4 = 36, b 36 and c (from b) 4, d (from a) 4.
    While b runs, the input, a and b are alive: 84. If d runs before b: the input, a and d are 52, then the
    input, d and b are 52.
    """
    conv = TYPES["conv"]
    wide, narrow = conv(filters=9, kernel=1), conv(filters=1, kernel=1)
    parts = [
        ("a", wide, ("input",)),
        ("b", wide, ("input",)),
        ("c", narrow, ("b",)),
        ("d", narrow, ("a",)),
        ("e", TYPES["concat"](), ("c", "d")),
    ]
    shapes = {"input": INPUT}
    built = []
    for name, kind, inputs in parts:
        figures = figures_of(kind, tuple(shapes[one] for one in inputs))
        shapes[name] = figures.output_shape
        built.append(ANY.layers[0]._replace(name=name, figures=figures, inputs=inputs))
    network = ANY._replace(inputs=(("input", INPUT),), layers=tuple(built), outputs=("e",))
    graph = TensorGraph(network)
    found = best_order(graph)
    assert (live_in_order(graph).peak, live_in_order(graph, found.order).peak, found.exact) == (84, 52, True)


def test_a_layer_that_frees_memory_runs_before_one_that_needs_more(spec):
    """Both inputs, 5x2x2 = 20 and 9x2x2 = 36 elements, are there from the start.

    x leaves no more memory than it found, but needs 56 + 20 = 76 meanwhile. If y (4 elements) frees its input first,
    the peak is 56 + 4 = 60: x then has 20 + 4 + 20 = 44, and the concatenation 20 + 4 + 24 = 48.
    """
    network = spec("""\
input: {left: [5, 2, 2], right: [9, 2, 2]}
layers:
  - {conv: {filters: 5, kernel: 1}, name: x, from: left}
  - {conv: {filters: 1, kernel: 1}, name: y, from: right}
  - {concat: , from: [x, y]}
""")
    graph = TensorGraph(network)
    found = best_order(graph)
    assert (live_in_order(graph).peak, live_in_order(graph, found.order).peak, found.exact) == (76, 60, True)
