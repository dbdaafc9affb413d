"""Keras builds what is exported: equal parameters, output shapes and weighted layers, in order.

    KERAS_BACKEND=torch python -m pytest -m live tests/exporters/test_keras_live.py

With PyTorch as the backend, models are built without memory for their weights.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import pytest
from layers.test_every_layer import EXAMPLES, Example

from cnncalc import bundled
from cnncalc.errors import SpecError
from cnncalc.exporters import ExportedNetwork, export
from cnncalc.network.build import build
from cnncalc.network.records import LayerGraph
from cnncalc.spec.decode import read_spec

keras = pytest.importorskip("keras")
pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("ignore")]

BUNDLED = sorted(path.stem for path in Path(bundled.__file__).parent.parent.glob("architectures/*.yaml"))
RUN = ("lenet5", "lenet5_modern", "resnet20_cifar", "mobilenet_v2", "m5", "siamese", "googlenet", "tcn_mnist")
IMPORTED = (
    "lenet5_modern", "vgg11", "resnet18", "resnet50", "densenet121", "mobilenet_v2", "squeezenet1_1", "mobilenet_v1",
    "darknet53", "inception_v3", "plain18", "unet",
)  # fmt: skip
# Layers that one layer of Keras cannot be: the reason for which the shapes of their parts differ.
OTHER_SHAPES = {"conv_transpose": "cropped afterwards", "lstm": "cells", "parameter": "has no output", "subsample": ""}
# The types that Keras lacks, and what it lacks of others.
UNSUPPORTED = {
    "deform_conv": "no deformable convolution",
    "fold": "no fold",
    "max_unpool": "no max_unpool",
    "opaque": "no code",
}


def read(name: str, *settings: tuple[str, str], inputs: tuple[tuple[str, str], ...] = ()) -> tuple[LayerGraph, str]:
    """A network and its Keras code."""
    spec = read_spec(name, settings, inputs)
    network = build(spec)
    return network, "\n".join(export(ExportedNetwork(spec, network), "keras"))


def on_no_device() -> Any:
    return keras.device("meta") if keras.backend.backend() == "torch" else contextlib.nullcontext()


def make(code: str, *, real: bool = False, **arguments: Any) -> tuple[Any, list[Any]]:
    """The model of generated code, and its layers with weights in the order in which they are built."""
    keras.backend.clear_session()
    scope: dict[str, Any] = {}
    exec(compile(code, "generated", "exec", dont_inherit=True), scope)
    functions = [one for one in scope.values() if getattr(one, "__annotations__", {}).get("return") is keras.Model]
    order: list[Any] = []
    add_weight = keras.layers.Layer.add_weight

    def record(layer: Any, *positional: Any, **named: Any) -> Any:
        if not any(layer is other for other in order):
            order.append(layer)
        return add_weight(layer, *positional, **named)

    keras.layers.Layer.add_weight = record
    try:
        with contextlib.nullcontext() if real else on_no_device():
            model = functions[-1](**arguments)
    finally:
        keras.layers.Layer.add_weight = add_weight
    inside = {id(layer) for layer in model._flatten_layers()}
    return model, [layer for layer in order if id(layer) in inside]


def count(weights: list[Any]) -> int:
    return sum(prod(weight.shape) for weight in weights)


def channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[1:], shape[0])


def assert_equal(network: LayerGraph, model: Any, layers: list[Any]) -> None:
    """The model has the network's parameters, outputs and weighted layers."""
    used = [layer for layer in network.layers if not layer.training_only]
    assert count(model.trainable_weights) == sum(layer.params for layer in used)
    assert count(model.non_trainable_weights) == sum(layer.buffers for layer in used)
    assert model.count_params() == sum(layer.params + layer.buffers for layer in used)
    names = {layer.name for layer in used} | {name for name, _ in network.inputs}
    wanted = [channels_last(network.shape_of(name)) for name in network.outputs if name in names]
    assert [tuple(output.shape[1:]) for output in model.outputs] == wanted
    parts = iter(layers)
    for layer in used:
        size = layer.params + layer.buffers
        found: list[Any] = []
        while sum(count(part._trainable_variables + part._non_trainable_variables) for part in found) < size:
            found.append(next(parts))
        assert sum(count(part._trainable_variables + part._non_trainable_variables) for part in found) == size, layer
        if len(found) == 1 and layer.type not in OTHER_SHAPES and found[0]._inbound_nodes:
            own = tuple(found[0]._inbound_nodes[0].output_tensors[0].shape[1:])
            if None not in own and not _is_subsampled(layer):
                assert own == channels_last(layer.output_shape), layer
    assert next(parts, None) is None


def _is_subsampled(layer: Any) -> bool:
    """Whether Keras computes a layer with stride and dilation at all positions first."""
    settings = layer.settings
    return settings.get("dilation", 1) != 1 and settings.get("stride", 1) != 1


@pytest.fixture(autouse=True)
def deep_stack() -> Iterator[None]:
    """Keras walks a model recursively; 1,000 layers are more than Python allows by default."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_network_has_equal_weights_and_shapes(name: str) -> None:
    network, code = read(name)
    assert_equal(network, *make(code))


@pytest.mark.parametrize("name", RUN)
def test_a_model_runs_forward(name: str) -> None:
    network, code = read(name)
    model, _ = make(code, real=True)
    result = model([keras.ops.ones((2, *channels_last(shape))) for _, shape in network.inputs])
    first = result[0] if isinstance(result, (list, tuple)) else result
    names = {layer.name for layer in network.layers if not layer.training_only}
    output = next(name for name in network.outputs if name in names)
    assert tuple(first.shape) == (2, *channels_last(network.shape_of(output)))


@pytest.mark.parametrize("name", IMPORTED)
def test_what_a_model_stores_is_read_as_the_same_network(name: str, tmp_path: Path) -> None:
    network, code = read(name)
    model, _ = make(code)
    file = tmp_path / "model.json"
    file.write_text(model.to_json(), encoding="utf-8")
    again = build(read_spec(str(file), (), ()))
    for figure in ("params", "buffers", "macs"):
        mine = [getattr(layer, figure) for layer in network.layers if layer.weights and not layer.training_only]
        assert sorted(getattr(layer, figure) for layer in again.layers if layer.weights) == sorted(mine)


def test_variables_are_keyword_arguments() -> None:
    network, _ = read("resnet50", ("classes", "10"), ("depths", "[1, 1, 1, 1]"))
    _, code = read("resnet50")
    assert_equal(network, *make(code, classes=10, depths=(1, 1, 1, 1)))


def test_a_changed_variable_and_input_are_exported() -> None:
    network, code = read("mobilenet_v2", ("width", "0.35"), inputs=(("input", "3x96x96"),))
    assert "width: float = 0.35" in code
    assert_equal(network, *make(code))


def test_auxiliary_heads_are_further_outputs() -> None:
    network, code = read("googlenet")
    model, _ = make(code, auxiliary_heads=True)
    assert [tuple(output.shape[1:]) for output in model.outputs] == [(1000,), (1000,), (1000,)]
    assert count(model.trainable_weights) == sum(layer.params for layer in network.layers)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.label)
def test_every_layer_type_is_exported_or_refused(example: Example, tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(write_spec(example), encoding="utf-8")
    try:
        spec = read_spec(str(file), (), ())
        network = build(spec)
    except SpecError:
        pytest.skip("not a layer by itself")
    try:
        code = "\n".join(export(ExportedNetwork(spec, network), "keras"))
    except SpecError as error:
        message = error.problems[0].message
        assert message.startswith(f"{example.type}: ")
        assert example.type not in SUPPORTED_EVERYWHERE, message
        return
    assert example.type not in UNSUPPORTED
    model, _ = make(code)
    assert count(model.trainable_weights) == sum(layer.params for layer in network.layers)
    assert tuple(model.outputs[0].shape[1:]) == channels_last(network.layers[-1].output_shape)


# Types without a case that is refused.
SUPPORTED_EVERYWHERE = frozenset(
    {"linear", "relu", "add", "concat", "multiply", "flatten", "reshape", "permute", "layer_norm", "group_norm"}
    | {"softmax", "slice", "reduce", "dropout", "crop", "global_avg_pool", "scale", "bias", "prelu", "lrn", "parameter"}
)


def write_spec(example: Example) -> str:
    """A spec of one layer."""
    inputs = {f"in{number}": list(shape) for number, shape in enumerate(example.inputs)}
    settings = {key: _plain(value) for key, value in example.settings.items()}
    item: dict[str, Any] = {example.type: settings}
    if len(inputs) > 1:
        item["from"] = list(inputs)
    if not inputs:
        inputs = {"in0": [3, 4, 5]}
    if "connections" in settings:
        settings["connections"] = [list(row) for row in settings["connections"]]
    name = "input" if len(inputs) == 1 else ""
    shapes = next(iter(inputs.values())) if name else inputs
    return json.dumps({"input": shapes, "layers": [item]})


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, int, str)) or value is None:
        return value
    return str(value)
