"""Generated code in PyTorch itself: every bundled network and every layer type has the figures that cnncalc counts.

    python -m pytest -m live tests/exporters

Needs torch 2.14.1; deform_conv also torchvision.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from layers.test_every_layer import EXAMPLES

from cnncalc.analyses.totals import totals
from cnncalc.exporters import ExportedNetwork, export
from cnncalc.exporters.pytorch.helpers import HELPER_NAMES
from cnncalc.layers import all_types
from cnncalc.layers.shapes import Shape
from cnncalc.network.build import build
from cnncalc.spec.decode import read_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.network.records import LayerGraph

pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("ignore")]

ARCHITECTURES = Path(__file__).parents[2] / "architectures"
NETWORKS = sorted(path.stem for path in ARCHITECTURES.glob("*.yaml") if "opaque:" not in path.read_text("utf-8"))
BATCH = 2
# Types whose modules order the axes otherwise; their sizes are compared in any order.
REORDERED = ("lstm", "gru", "linear", "layer_norm", "rms_norm", "embedding", "lrn")


class Generated:
    """A network, and the model of its generated code on a device."""

    def __init__(self, reference: str, settings: Any = (), inputs: Any = (), device: str = "meta") -> None:
        torch = pytest.importorskip("torch")
        spec = read_spec(reference, settings, inputs)
        self.network: LayerGraph = build(spec)
        self.text = "".join(f"{line}\n" for line in export(ExportedNetwork(spec, self.network), "pytorch"))
        self.names: dict[str, Any] = {"__name__": "generated"}
        exec(compile(self.text, reference, "exec"), self.names)
        own = [each for each in self.names.values() if getattr(each, "__module__", "") == "generated"]
        self.root = [each for each in own if isinstance(each, type)][-1]
        self.torch = torch
        self.device = device
        with torch.device(device):
            self.model = self.root().eval()

    @property
    def learned(self) -> int:
        return sum(weight.numel() for weight in self.model.parameters() if weight.requires_grad)

    @property
    def kept(self) -> int:
        buffers = [each for name, each in self.model.named_buffers() if not name.endswith("num_batches_tracked")]
        frozen = [weight for weight in self.model.parameters() if not weight.requires_grad]
        return sum(each.numel() for each in (*buffers, *frozen))

    def run(self) -> list[tuple[int, ...]]:
        """The shapes of the outputs."""
        inputs = [self.torch.zeros(BATCH, *shape, device=self.device) for _, shape in self.network.inputs]
        with self.torch.no_grad():
            outputs = self.model(*inputs)
        return [tuple(each.shape) for each in (outputs if isinstance(outputs, tuple) else (outputs,))]

    def record(self) -> list[tuple[int, tuple[int, ...]]]:
        """The number of weights and the output shape of each module with weights of its own, in the order of calls."""
        calls = []

        def hook(module: Any, _inputs: Any, output: Any) -> None:
            weights = list(own_weights(module))
            if weights:
                shape = (output[0] if isinstance(output, tuple) else output).shape
                calls.append((sum(weight.numel() for weight in weights), tuple(shape[1:])))

        handles = [module.register_forward_hook(hook) for module in self.model.modules()]
        self.run()
        for handle in handles:
            handle.remove()
        return calls


def own_weights(module: Any) -> Iterator[Any]:
    """The parameters and buffers of a module, without those of a block's own `parameter` layers."""
    kind = type(module)
    if kind.__module__ == "generated" and kind.__name__ not in HELPER_NAMES:
        return
    yield from module.parameters(recurse=False)
    yield from (each for name, each in module.named_buffers(recurse=False) if name != "num_batches_tracked")


def check(generated: Generated) -> None:
    """Hold a model to its network: totals, shapes of the outputs, weighted layers in order."""
    network = generated.network
    training = totals(network).training
    assert (generated.learned, generated.kept) == (training.params, training.buffers)
    layers = {layer.name: layer for layer in network.layers}
    outputs = [name for name in network.outputs if name not in layers or not layers[name].training_only]
    assert generated.run() == [(BATCH, *network.shape_of(name)) for name in outputs]
    weighted = [
        layer
        for layer in network.layers
        if layer.figures.weights and not layer.training_only and layer.figures.type.least_inputs
    ]
    calls = generated.record()
    assert len(calls) == len(weighted)
    for layer, (count, shape) in zip(weighted, calls, strict=True):
        assert count == sum(weight.size for weight in layer.weights), layer.name
        if layer.type in REORDERED:
            assert sorted(shape) == sorted(layer.output_shape) or len(shape) != len(layer.output_shape), layer.name
        elif layer.type == "conv_transpose":
            # Padding that differs at two sides is cropped after it.
            assert shape[0] == layer.output_shape[0], layer.name
        else:
            assert shape == tuple(layer.output_shape), layer.name


@pytest.mark.parametrize("name", NETWORKS)
def test_a_bundled_network(name):
    check(Generated(name))


@pytest.mark.parametrize("name", ["googlenet", "googlenet_torchvision", "inception_v3"])
def test_a_network_in_training(name):
    generated = Generated(name)
    generated.model.train()
    assert sorted(generated.run()) == sorted(
        (BATCH, *generated.network.shape_of(each)) for each in generated.network.outputs
    )


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("resnet50", (("classes", "10"), ("groups", "32"), ("group_width", "4"))),
        ("resnet50", (("stride_in_3x3", "true"), ("depths", "[2, 3, 1, 2]"))),
        ("resnet18", (("shortcuts", "false"),)),
        ("mobilenet_v2", (("width", "0.35"),)),
        ("mobilenet_v2", (("width", "1.4"),)),
        ("mobilenet_v1", (("width", "0.5"),)),
        ("densenet121", (("growth", "12"), ("depths", "[2, 1, 2, 1]"))),
        ("hourglass", (("stacks", "2"), ("depth", "2"))),
        ("swin_t", (("window", "8"),)),
        ("yolov8n", (("depth", "1"),)),
    ],
)
def test_settings(name, settings):
    check(Generated(name, settings))


@pytest.mark.parametrize(
    ("name", "inputs"),
    [("resnet50", "3x97x131"), ("googlenet", "3x256x256"), ("swin_t", "3x256x192"), ("unet", "1x188x188")],
)
def test_inputs(name, inputs):
    check(Generated(name, (), (("", inputs),)))


@pytest.mark.parametrize("name", NETWORKS)
def test_arguments_do_what_variables_do(name):
    """Each argument of the network's class: another value gives the network that `--set` gives."""
    generated = Generated(name)
    variables = read_spec(name, (), ()).variables
    defaults = generated.root.__init__.__defaults__ or ()
    code = generated.root.__init__.__code__
    arguments = code.co_varnames[1 : code.co_argcount]
    for argument, default in zip(arguments, defaults, strict=True):
        spelled = next(each for each in variables if re.sub(r"\W", "_", each).lower() == argument.rstrip("_"))
        other = changed(default)
        text = json.dumps(other)
        try:
            network = build(read_spec(name, ((spelled, text),), ()))
        except Exception:  # noqa: BLE001 - this network has no such variant
            continue
        with generated.torch.device("meta"):
            model = generated.root(**{argument: other})
        learned = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
        assert learned == totals(network).training.params, argument


def changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, tuple):
        return [changed(each) for each in value]
    return value * 2 if value else 1


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.label for example in EXAMPLES])
def test_a_layer(example, tmp_path):
    """Each example of a layer type as a network of one layer, computed."""
    if example.type == "opaque" or (
        all_types()[example.type].is_merge and len(example.inputs) < all_types()[example.type].least_inputs
    ):
        pytest.skip("no code, or a join of one tensor, which a spec cannot have")
    if example.type == "deform_conv":
        pytest.importorskip("torchvision")
    if (
        example.type == "batch_norm"
        and len(example.inputs[0]) == 1
        and not example.settings.get("track_statistics", True)
    ):
        pytest.skip("PyTorch refuses statistics of one number")
    path = tmp_path / "spec.yaml"
    path.write_text(spec_of(example), encoding="utf-8")
    generated = Generated(str(path), device="cpu")
    network = generated.network
    training = totals(network).training
    assert (generated.learned, generated.kept) == (training.params, training.buffers)
    # What depends on no input is the same for all samples.
    batch = BATCH if example.inputs else 1
    assert generated.run() == [(batch, *network.shape_of(name)) for name in network.outputs]


def spec_of(example) -> str:
    inputs = {f"in{number}": list(shape) for number, shape in enumerate(example.inputs)}
    settings = json.dumps({key: plain(value) for key, value in example.settings.items()})
    if not inputs:
        return f"input: [1]\nlayers:\n  - {example.type}: {settings}\n"
    sources = json.dumps(list(inputs)) if len(inputs) > 1 else '"in0"'
    return f"input: {json.dumps(inputs)}\nlayers:\n  - {example.type}: {settings}\n    from: {sources}\n"


def plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value


def test_values_of_layers_that_are_composed():
    """Pools and convolutions with padding on one side read what their windows say."""
    torch = pytest.importorskip("torch")
    names = run_text("input: [1, 4]\nlayers:\n  - max_pool: {kernel: 3, stride: 2, padding: same}\n")
    model = names["Spec"]().eval()
    # The second window ends in padding, which never is the maximum.
    assert model(torch.tensor([[[-5.0, -1.0, -3.0, -2.0]]])).tolist() == [[[-1.0, -2.0]]]
    names = run_text(
        "input: [1, 4]\nlayers:\n  - avg_pool: {kernel: 3, stride: 2, padding: same, count_include_pad: false}\n"
    )
    # The means of 3 and of 2 positions.
    means = names["Spec"]().eval()(torch.tensor([[[3.0, 6.0, 9.0, 5.0]]]))
    assert means.tolist() == [[pytest.approx([6.0, 7.0], abs=1e-5)]]


def run_text(text: str) -> dict[str, Any]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spec.yaml"
        path.write_text(text, encoding="utf-8")
        spec = read_spec(str(path), (), ())
        lines = export(ExportedNetwork(spec, build(spec)), "pytorch")
        names: dict[str, Any] = {"__name__": "generated"}
        exec(compile("".join(f"{line}\n" for line in lines), "spec", "exec"), names)
        return names


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "squeezenet1_1"])
def test_code_comes_back_as_a_spec(name, tmp_path, run, monkeypatch):
    """The import of generated code has the same layers with weights, and its blocks."""
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    generated = Generated(name)
    (tmp_path / f"generated_{name}.py").write_text(generated.text, encoding="utf-8")
    shape = "x".join(map(str, generated.network.inputs[0][1]))
    target = f"generated_{name}:{generated.root.__name__}"
    run("import", "--torch", target, "--input", shape, "-o", "back.yaml")
    back = build(read_spec("back.yaml", (), ()))
    assert [layer.weights for layer in back.layers if layer.params] == [
        layer.weights for layer in generated.network.layers if layer.params
    ]
    assert Shape(back.layers[-1].output_shape) == generated.network.layers[-1].output_shape
    assert back.groups
