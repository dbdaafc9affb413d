"""Record what other tools print for networks of torchvision, for the tests of conventions to compare with.

    python tests/reference/record_conventions.py [resnet50 ...]

Writes tests/reference/conventions/tools.csv: one row per tool and network, with the tool's version, its figure of
operations (`operations`, in the unit that the tool names) and of parameters (`params`). A tool that is not installed
is skipped, and the rows of other tools and networks stay. The networks have no trained weights and run on one image.
"""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from torch import nn
from torchvision import models

FILE = Path(__file__).parent / "conventions" / "tools.csv"
COLUMNS = ("tool", "version", "network", "size", "unit", "operations", "params")
NETWORKS = (
    "alexnet",
    "vgg16",
    "vgg16_bn",
    "googlenet",
    "inception_v3",
    "resnet18",
    "resnet50",
    "resnext50_32x4d",
    "densenet121",
    "squeezenet1_1",
    "shufflenet_v2_x1_0",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "mnasnet1_0",
    "efficientnet_b0",
    "convnext_tiny",
)
LARGER = {"inception_v3": 299}
Figures = tuple[int, int]


def build(name: str) -> nn.Module:
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return models.get_model(name, weights=None, **options).eval()


def run_fvcore(model: nn.Module, image: torch.Tensor) -> Figures:
    from fvcore.nn import FlopCountAnalysis, parameter_count

    analysis = FlopCountAnalysis(model, image)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return int(analysis.total()), parameter_count(model)[""]


def run_thop(model: nn.Module, image: torch.Tensor) -> Figures:
    from thop import profile

    operations, params = profile(model, (image,), verbose=False)
    return int(operations), int(params)


def run_ptflops(model: nn.Module, image: torch.Tensor) -> Figures:
    from ptflops import get_model_complexity_info

    operations, params = get_model_complexity_info(
        model, tuple(image.shape[1:]), print_per_layer_stat=False, as_strings=False
    )
    return operations, params


def run_torchinfo(model: nn.Module, image: torch.Tensor) -> Figures:
    from torchinfo import summary

    statistics = summary(model, input_data=image, verbose=0)
    return statistics.total_mult_adds, statistics.total_params


def run_calflops(model: nn.Module, image: torch.Tensor) -> Figures:
    from calflops import calculate_flops

    operations, _, params = calculate_flops(
        model, input_shape=tuple(image.shape), output_as_string=False, print_results=False, print_detailed=False
    )
    return operations, params


def run_deepspeed(model: nn.Module, image: torch.Tensor) -> Figures:
    from deepspeed.profiling.flops_profiler import get_model_profile

    operations, _, params = get_model_profile(
        model, input_shape=tuple(image.shape), print_profile=False, detailed=False, as_string=False, warm_up=0
    )
    return int(operations), params


def run_onnx_tool(model: nn.Module, image: torch.Tensor) -> Figures:
    import onnx_tool

    # The exporter merges equal tensors, such as the ones and zeros that all batch norms begin with.
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor))
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/network.onnx"
        torch.onnx.export(model, (image,), file, dynamo=False, do_constant_folding=False)
        graph = onnx_tool.Model(file, {"verbose": False}).graph
        graph.shape_infer()
        graph.profile()
    return int(sum(graph.macs)) if hasattr(graph.macs, "__iter__") else int(graph.macs), int(graph.params)


# Each tool with the name of its package, the unit that it prints, and the function that runs it.
TOOLS: dict[str, tuple[str, str, Callable[[nn.Module, torch.Tensor], Figures]]] = {
    "fvcore": ("fvcore", "FLOPs", run_fvcore),
    "thop": ("thop", "MACs", run_thop),
    "ptflops": ("ptflops", "MACs", run_ptflops),
    "torchinfo": ("torchinfo", "mult-adds", run_torchinfo),
    "calflops": ("calflops", "FLOPs", run_calflops),
    "deepspeed": ("deepspeed", "FLOPs", run_deepspeed),
    "onnx-tool": ("onnx-tool", "MACs", run_onnx_tool),
}


def record(tool: str, network: str) -> dict[str, object] | None:
    package, unit, run = TOOLS[tool]
    try:
        edition = version(package)
    except PackageNotFoundError:
        return None
    size = LARGER.get(network, 224)
    torch.manual_seed(0)
    with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
        try:
            operations, params = run(build(network), torch.rand(1, 3, size, size))
        except Exception as error:  # noqa: BLE001 - a tool that fails on a network has no row
            print(f"{tool} fails on {network}: {error!r}", file=sys.stderr)
            return None
    return dict(zip(COLUMNS, (tool, edition, network, size, unit, operations, params), strict=True))


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable()
    tools = [name for name in sys.argv[1:] if name in TOOLS] or list(TOOLS)
    networks = [name for name in sys.argv[1:] if name not in TOOLS] or list(NETWORKS)
    rows: dict[tuple[str, str], dict[str, object]] = {}
    if FILE.exists():
        with FILE.open(encoding="utf-8", newline="") as file:
            rows = {(row["tool"], row["network"]): dict(row) for row in csv.DictReader(file)}
    for tool in tools:
        for network in networks:
            if row := record(tool, network):
                rows[tool, network] = row
                print(*row.values(), flush=True)
    order = sorted(rows, key=lambda key: (list(TOOLS).index(key[0]), NETWORKS.index(key[1])))
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[key] for key in order)


if __name__ == "__main__":
    main()
