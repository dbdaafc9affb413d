"""The same job by other tools: parameters and multiply-accumulates of a torchvision network. Run by run.py.

Each tool that is installed is asked for the network of that name, in this process and in turn, some times; what
is told is the least time. Building the module is left out of it; a tool that reads ONNX gets the file made.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Job = Callable[[], tuple[int, int]]
INPUT = (3, 224, 224)
# What makes torchvision's network of a bundled one.
AS_TORCHVISION = {"resnet152": {"stride_in_3x3": True}}


def best(job: Job, runs: int) -> tuple[float, int, int]:
    """The least seconds of some runs, and what they gave."""
    least = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        params, macs = job()
        least = min(least, time.perf_counter() - start)
    return least, params, macs


def jobs(name: str) -> Iterator[tuple[str, Job | str]]:
    """Each tool with its job, or why it is not run."""
    import cnncalc

    def own() -> tuple[int, int]:
        totals = cnncalc.load(name, variables=AS_TORCHVISION.get(name)).totals
        return totals.params, totals.macs

    yield "cnncalc", own
    try:
        import torch
        import torchvision
    except ImportError:
        yield "others", "torch and torchvision are not installed (pip install 'cnncalc[bench]')"
        return
    model = getattr(torchvision.models, name)().eval()
    tools = {"torchinfo": _torchinfo, "fvcore": _fvcore, "ptflops": _ptflops, "onnx-tool": _onnx_tool}
    for tool, make in tools.items():
        try:
            yield tool, make(model, torch)
        except ImportError as error:
            yield tool, f"not run: {error}"
        except Exception as error:  # noqa: BLE001 - whatever another tool raises, the rest is still measured
            yield tool, f"{type(error).__name__}: {error}"[:100]


def _torchinfo(model: Any, torch: Any) -> Job:
    """On the meta device, where nothing is computed."""
    import torchinfo

    on_meta = model.to("meta")

    def job() -> tuple[int, int]:
        found = torchinfo.summary(on_meta, (1, *INPUT), device="meta", verbose=0)
        return found.total_params, found.total_mult_adds

    job()
    return job


def _fresh(model: Any, torch: Any) -> Any:
    """The model with numbers in it again."""
    return model.to_empty(device="cpu").eval()


def _fvcore(model: Any, torch: Any) -> Job:
    from fvcore.nn import FlopCountAnalysis, parameter_count

    module, image = _fresh(model, torch), torch.zeros(1, *INPUT)

    def job() -> tuple[int, int]:
        with torch.no_grad():
            counted = FlopCountAnalysis(module, image).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
            return parameter_count(module)[""], int(counted.total())

    job()
    return job


def _ptflops(model: Any, torch: Any) -> Job:
    from ptflops import get_model_complexity_info

    module = _fresh(model, torch)

    def job() -> tuple[int, int]:
        with contextlib.redirect_stdout(io.StringIO()):
            macs, params = get_model_complexity_info(module, INPUT, as_strings=False, print_per_layer_stat=False)
        return int(params), int(macs)

    job()
    return job


def _onnx_tool(model: Any, torch: Any) -> Job:
    import onnx_tool

    path = Path(tempfile.mkdtemp()) / "net.onnx"
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(_fresh(model, torch), torch.zeros(1, *INPUT), str(path))

    def job() -> tuple[int, int]:
        loaded = onnx_tool.Model(str(path))
        loaded.graph.shape_infer(None)
        loaded.graph.profile()
        return int(loaded.graph.params), int(sum(loaded.graph.macs))

    job()
    return job


def main(names: tuple[str, ...] = ("resnet152", "densenet201"), runs: int = 5) -> None:
    warnings.simplefilter("ignore")
    print(f"parameters and MACs in process, least of {runs} runs after a first")
    print(f"{'network':14}{'tool':12}{'ms':>9}{'times':>8}{'params':>14}{'MACs':>17}")
    for name in names:
        base = 0.0
        for tool, job in jobs(name):
            if isinstance(job, str):
                print(f"{name:14}{tool:12}  {job}")
                continue
            seconds, params, macs = best(job, runs)
            base = base or seconds
            print(f"{name:14}{tool:12}{1000 * seconds:9.1f}{seconds / base:8.1f}{params:14,}{macs:17,}")


if __name__ == "__main__":
    main()
