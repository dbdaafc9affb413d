from __future__ import annotations

from cnncalc.analyses.conventions.contract import (
    MACS,
    STANDARDIZED,
    STANDARDIZED_GAIN,
    Charge,
    Convention,
    Count,
    per_input,
    per_output,
)

# fvcore traces the operators of torch, so functions count like modules. Max pools, activations and arithmetic are
# ignored; average pools only if they are not adaptive.
NORM = (per_input(5, 4),)
CONVENTION = Convention(
    name="fvcore",
    version="0.1.5.post20221221",
    source="facebookresearch/fvcore: fvcore/nn/flop_count.py, fvcore/nn/jit_handles.py",
    unit="FLOPs",
    charges={
        "Conv": MACS,
        "Conv.standardized_plain": (*MACS, STANDARDIZED),
        "Conv.standardized_gain": (*MACS, STANDARDIZED_GAIN),
        "ConvTranspose": MACS,
        "Linear": MACS,
        "torch.matmul": MACS,
        "BatchNorm": (per_input(2, 1),),
        "LayerNorm": NORM,
        "LayerNorm2d": NORM,
        "GroupNorm": NORM,
        "InstanceNorm": NORM,
        "AdaptiveAvgPool": (per_input(),),
        "F.adaptive_avg_pool": (per_input(),),
        "Upsample": (per_output(),),
        "Upsample.bilinear": (Charge(Count.OUTPUT, 4),),
        "Upsample.bicubic": (),
    },
    defects=("macs_named_flops",),
    tested=True,
)
