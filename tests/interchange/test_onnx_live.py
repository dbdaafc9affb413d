"""ONNX files of the package onnx, and exports of torchvision, held to the bundled networks."""

import gc
import warnings
from collections import Counter
from math import prod
from pathlib import Path

import pytest

from cnncalc.analyses.totals import totals
from cnncalc.network.build import load
from cnncalc.outline import outline
from cnncalc.spec.locate import chain_of, locate

pytestmark = pytest.mark.live

LIGHT = {
    "bvlc_alexnet": "alexnet", "densenet121": "densenet121", "inception_v1": "googlenet", "inception_v2": "",
    "resnet50": "resnet50", "shufflenet": "", "squeezenet": "squeezenet1_1", "vgg19": "vgg19", "zfnet512": "",
}  # fmt: skip
# Why a file does other work than the bundled network with the same weights.
OTHER_MACS = {
    "bvlc_alexnet": "reads 224x224 pixels, the bundled one 227x227 as in Caffe",
    "inception_v1": "its first pool rounds down to 55x55, that of Caffe up to 56x56",
    "resnet50": "its blocks have the stride in the 3x3 convolution, those of the paper in the first 1x1",
}
# Files without a bundled network of the same weights: BN-Inception, ShuffleNet with 4 groups and a grouped first layer,
# and ZFNet with 512 maps.

TORCHVISION = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet", "inception_v3",
    "maxvit_t", "mc3_18", "mnasnet0_5", "mnasnet1_0", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small",
    "regnet_x_400mf", "regnet_y_400mf", "resnet18", "resnet50", "resnext50_32x4d", "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0", "squeezenet1_0", "squeezenet1_1", "swin_t", "vit_b_16",
)  # fmt: skip
BUNDLED = {"alexnet": "alexnet_torchvision", "googlenet": "googlenet_torchvision"}
# torchvision has the stride of a block in its 3x3 convolution, the paper in the first 1x1.
OTHER_STRIDES = ("resnet50",)
# Masks that the program computes are buffers here: 64, 16 and three times 4 windows of 49 x 49 pairs.
MASKS = {"swin_t": (64 + 16 + 3 * 4) * 49 * 49}


def kernels(network):
    """How often each size of kernels and matrices occurs, with the MACs, in layers that inference runs."""
    return Counter(
        (prod(weight.shape), layer.figures.operations.multiply_accumulates)
        for layer in network.layers
        for weight in layer.figures.weights
        if weight.learned and layer.figures.operations.multiply_accumulates and prod(weight.shape) > max(weight.shape)
        if not layer.training_only
    )


def learned(network):
    """How often each size of learned tensors occurs."""
    return Counter(
        weight.size
        for layer in network.layers
        if not layer.training_only and layer.weights_from is None
        for weight in layer.figures.weights
        if weight.learned
    )


@pytest.fixture
def light():
    """The path of a file that the package onnx brings, with sizes of weights and no weights."""
    onnx = pytest.importorskip("onnx")
    folder = Path(onnx.__file__).parent / "backend/test/data/light"
    return lambda name: str(folder / f"light_{name}.onnx")


@pytest.mark.parametrize("name", [name for name, bundled in LIGHT.items() if bundled])
def test_light_files_are_the_bundled_networks(light, name):
    made, bundled = load(light(name)), load(LIGHT[name])
    assert learned(made) == learned(bundled)
    assert totals(made).buffers == totals(bundled).buffers
    if name not in OTHER_MACS:
        assert kernels(made) == kernels(bundled)
        assert totals(made).macs == totals(bundled).macs
    else:
        assert totals(made).macs != totals(bundled).macs


@pytest.mark.parametrize("name", LIGHT)
def test_light_files_have_the_weights_that_they_declare(light, name):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(light(name))
    shapes = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    sizes = {tensor.name: prod(tensor.dims) for tensor in model.graph.initializer}
    sizes |= {
        node.output[0]: prod(map(int, shapes[node.input[0]]))
        for node in model.graph.node
        if node.op_type == "ConstantOfShape"
    }
    declared = Counter()
    for node in model.graph.node:
        if node.op_type == "Reshape" and node.input[0] in sizes:
            sizes[node.output[0]] = sizes[node.input[0]]
        if node.op_type in ("Conv", "Gemm"):
            declared["kernels"] += sum(sizes[name] for name in node.input[1:])
        elif node.op_type == "BatchNormalization":
            declared["learned"] += sum(sizes[name] for name in node.input[1:3])
            declared["buffers"] += sum(sizes[name] for name in node.input[3:])
    # The factor and addend that some have behind a batch norm are its own.
    made = totals(load(light(name)))
    assert (made.params, made.buffers) == (declared["kernels"] + declared["learned"], declared["buffers"])


@pytest.fixture
def export(tmp_path):
    """The file of a network of torchvision with random weights, as one of the exporters writes it."""
    torch = pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models")

    def write(name, exporter, *, keeps_norms):
        torch.manual_seed(0)
        torch.set_num_threads(1)
        extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        model = models.get_model(name, weights=None, **extra).eval()
        for auxiliary in ("aux1", "aux2", "AuxLogits"):
            if hasattr(model, auxiliary):
                setattr(model, auxiliary, None)
                model.aux_logits = False
        with torch.no_grad():
            # Dynamo drops biases that are all zeros.
            for tensor in (*model.parameters(), *(buffer for buffer in model.buffers() if buffer.is_floating_point())):
                tensor.add_(0.01 * torch.rand_like(tensor))
        sides = {"inception_v3": (299, 299), "mc3_18": (16, 112, 112)}.get(name, (224, 224))
        path = tmp_path / f"{name}.onnx"
        image = torch.rand(1, 3, *sides)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if exporter == "dynamo":
                options = {"dynamo": True, "external_data": False, "verbose": False, "optimize": not keeps_norms}
            elif keeps_norms:
                training = torch.onnx.TrainingMode.PRESERVE
                options = {"dynamo": False, "training": training, "do_constant_folding": False, "opset_version": 14}
            else:
                options = {"dynamo": False, "opset_version": 17}
            torch.onnx.export(model, (image,), str(path), **options)
        del model
        gc.collect()
        return str(path), "x".join(map(str, (3, *sides)))

    return write


@pytest.mark.parametrize("exporter", ["torchscript", "dynamo"])
@pytest.mark.parametrize("name", TORCHVISION)
def test_exports_are_the_bundled_networks(export, name, exporter):
    path, size = export(name, exporter, keeps_norms=True)
    made, bundled = load(path), load(BUNDLED.get(name, name), inputs=[("", size)])
    assert totals(made).params == totals(bundled).params
    assert totals(made).buffers == totals(bundled).buffers + MASKS.get(name, 0)
    if name not in OTHER_STRIDES:
        assert totals(made).macs == totals(bundled).macs
        assert kernels(made) == kernels(bundled)
    assert learned(made) == learned(bundled)


@pytest.mark.parametrize("exporter", ["torchscript", "dynamo"])
@pytest.mark.parametrize("name", TORCHVISION)
def test_exports_without_batch_norms_have_the_same_kernels(export, name, exporter):
    """Both exporters fold batch norms into convolutions, which get a bias: the kernels and the work stay."""
    path, size = export(name, exporter, keeps_norms=False)
    made, bundled = load(path), load(BUNDLED.get(name, name), inputs=[("", size)])
    if name not in OTHER_STRIDES:
        assert totals(made).macs == totals(bundled).macs
        assert kernels(made) == kernels(bundled)
    sizes, wanted = ([kernel for kernel, _ in kernels(network).elements()] for network in (made, bundled))
    assert sorted(sizes) == sorted(wanted)


def test_the_page_shows_what_an_exported_resnet50_becomes(export):
    path, _ = export("resnet50", "dynamo", keeps_norms=False)
    graph = chain_of(locate(path))[0].graph
    lines = outline(load(path), graph.classes, by_scopes=True)
    made = [line for line in lines if line and not line.startswith(("name:", "source:"))]
    page = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
    shown = page.partition("## ONNX")[2].partition("```yaml\n")[2].partition("```")[0]
    assert [line for line in shown.splitlines() if line and not line.startswith(("#", "name:", "source:"))] == made
