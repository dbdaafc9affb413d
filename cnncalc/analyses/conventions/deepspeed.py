from __future__ import annotations

from cnncalc.analyses.conventions import calflops
from cnncalc.analyses.conventions.contract import per_output

# calflops is a copy of this profiler; since then, upsampling, products of tensors and transposed
# convolutions were corrected here.
UPSAMPLE = (per_output(),)
CONVENTION = calflops.CONVENTION._replace(
    name="DeepSpeed",
    version="0.19.8",
    source="microsoft/DeepSpeed: deepspeed/profiling/flops_profiler/profiler.py",
    charges={
        **calflops.CONVENTION.charges,
        "ConvTranspose": calflops.CONVOLUTION,
        "Upsample": UPSAMPLE,
    },
    defects=("linear_biases_missed", "activations_missed", "operators_missed"),
    tested=True,
)
