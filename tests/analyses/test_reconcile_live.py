"""Random small networks, counted by the tools that are installed and by their conventions.

    python -m pytest -m live tests/analyses/test_reconcile_live.py

Needs the extra `bench`. A tool that is not installed is skipped.
"""

import contextlib
import io
import random

import pytest
from reference.reading import REFERENCE

from cnncalc.analyses.reconcile import reconcile

pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("ignore")]

TOOLS = ("fvcore", "thop", "ptflops", "torchinfo", "calflops", "deepspeed")
SEEDS = range(60)
ACTIVATIONS = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "LeakyReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "softplus": "Softplus",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "hard_sigmoid": "Hardsigmoid",
    "hard_swish": "Hardswish",
}


class RandomNetwork:
    """Layers as settings of a spec and as modules of PyTorch, side by side."""

    def __init__(self, seed):
        from torch import nn

        self.nn = nn
        self.choose = random.Random(seed)
        self.rank = self.choose.choice((1, 2, 2, 2, 3))
        self.channels = self.choose.choice((4, 8))
        self.size = self.choose.choice((8, 12))
        self.input = [self.channels, *[self.size] * self.rank]
        self.layers = []
        self.modules = []
        # calflops fails on networks without parameters, and counts twice from then on.
        self.conv()
        for _ in range(self.choose.randint(1, 6)):
            self.choose.choice((self.conv, self.conv, self.norm, self.activation, self.pool, self.upsample))()
        if self.choose.random() < 0.5:
            self.classifier()

    def add(self, kind, settings, module):
        self.layers.append({kind: settings})
        self.modules.append(module)

    def of_rank(self, name):
        return getattr(self.nn, f"{name}{self.rank}d")

    def conv(self):
        filters = self.choose.choice((4, 8))
        bias = self.choose.random() < 0.5
        if self.choose.random() < 0.3:
            kernel, stride = self.choose.choice(((2, 2), (3, 2), (3, 1)))
            groups = self.choose.choice((1, 2))
            settings = {"filters": filters, "kernel": kernel, "stride": stride, "bias": bias, "groups": groups}
            module = self.of_rank("ConvTranspose")(
                self.channels, filters, kernel, stride=stride, bias=bias, groups=groups
            )
            self.add("conv_transpose", settings, module)
            self.size = (self.size - 1) * stride + kernel
        else:
            kernel, padding, dilation = self.choose.choice(((1, 0, 1), (3, 1, 1), (3, 2, 2)))
            groups = self.choose.choice((1, 1, 2, 4))
            # The same padding, as a number or as a word.
            padding = self.choose.choice((padding, "same"))
            settings = {
                "filters": filters,
                "kernel": kernel,
                "padding": padding,
                "dilation": dilation,
                "groups": groups,
                "bias": bias,
            }
            module = self.of_rank("Conv")(
                self.channels, filters, kernel, padding=padding, dilation=dilation, groups=groups, bias=bias
            )
            self.add("conv", settings, module)
        self.channels = filters

    def norm(self):
        affine = self.choose.random() < 0.6
        kind = self.choose.choice(("batch_norm", "group_norm", "instance_norm"))
        if kind == "batch_norm":
            module = self.of_rank("BatchNorm")(self.channels, affine=affine)
            self.add(kind, {"affine": affine}, module)
        elif kind == "group_norm":
            self.add(kind, {"groups": 2, "affine": affine}, self.nn.GroupNorm(2, self.channels, affine=affine))
        else:
            self.add(kind, {"affine": affine}, self.of_rank("InstanceNorm")(self.channels, affine=affine))

    def activation(self):
        kind = self.choose.choice(sorted(ACTIVATIONS))
        options = {"num_parameters": self.channels} if kind == "prelu" else {}
        settings = {"per_channel": True} if options else {}
        self.add(kind, settings, getattr(self.nn, ACTIVATIONS[kind])(**options))

    def pool(self):
        if self.size < 4:
            return
        kind = self.choose.choice(("max_pool", "avg_pool"))
        module = self.of_rank("MaxPool" if kind == "max_pool" else "AvgPool")(2, stride=2)
        self.add(kind, {"kernel": 2, "stride": 2}, module)
        self.size //= 2

    def upsample(self):
        if self.size > 16:
            return
        mode = self.choose.choice(("nearest", "bilinear", "bicubic") if self.rank == 2 else ("nearest", "bilinear"))
        # PyTorch names it by the number of axes.
        theirs = ("linear", "bilinear", "trilinear")[self.rank - 1] if mode == "bilinear" else mode
        self.add("upsample", {"factor": 2, "mode": mode}, self.nn.Upsample(scale_factor=2, mode=theirs))
        self.size *= 2

    def classifier(self):
        kind, name = self.choose.choice(
            (("global_avg_pool", "AdaptiveAvgPool"), ("global_max_pool", "AdaptiveMaxPool"))
        )
        self.add(kind, {}, self.of_rank(name)(1))
        self.add("flatten", {}, self.nn.Flatten())
        bias = self.choose.random() < 0.5
        self.add("linear", {"features": 10, "bias": bias}, self.nn.Linear(self.channels, 10, bias=bias))
        if self.choose.random() < 0.5:
            self.add("softmax", {}, self.nn.Softmax(dim=1))


@pytest.mark.parametrize("tool", TOOLS)
def test_random_networks(tool, spec, monkeypatch):
    import yaml

    torch = pytest.importorskip("torch")
    pytest.importorskip(tool)
    monkeypatch.syspath_prepend(str(REFERENCE))
    from reference import record_conventions

    run = record_conventions.TOOLS[tool][2]
    counted = 0
    differences = []
    for seed in SEEDS:
        network = RandomNetwork(seed)
        text = yaml.safe_dump({"input": network.input, "layers": network.layers}, sort_keys=False)
        ours = next(each for each in reconcile(spec(text)).conventions if each.key == tool)
        if ours.operations is None:
            continue
        model = torch.nn.Sequential(*network.modules).eval()
        with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
            theirs = run(model, torch.rand(1, *network.input))
        counted += 1
        if (ours.operations, ours.params) != theirs:
            differences.append((seed, theirs, (ours.operations, ours.params), network.layers))
    assert not differences, "\n".join(map(str, differences))
    assert counted > len(SEEDS) / 2
