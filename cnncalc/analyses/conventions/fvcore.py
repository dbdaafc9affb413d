from __future__ import annotations

from cnncalc.analyses.conventions.contract import (
    MACS,
    NOTHING,
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
        # aten::_convolution_mode has no rule.
        "Conv.same": (Charge(Count.NO_MACS, item="same_padding_missed"),),
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
        # Of pools and interpolations, only those of images are counted.
        "AdaptiveAvgPool.1d": NOTHING,
        "AdaptiveAvgPool.3d": NOTHING,
        "Upsample.1d": NOTHING,
        "Upsample.3d": NOTHING,
        "Upsample": (per_output(),),
        "Upsample.bilinear": (Charge(Count.OUTPUT, 4),),
        "Upsample.bicubic": NOTHING,
    },
    defects=(
        "macs_named_flops",
        "same_padding_missed",
        "images_only",
    ),
    tested=True,
)
