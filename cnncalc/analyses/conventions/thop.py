from __future__ import annotations

from cnncalc.analyses.conventions.contract import NOTHING, Charge, Convention, Count, per_input, per_output

# Hooks on modules of exactly these classes: functions, operators and subclasses are missed, with their parameters.
# A convolution counts its filters once for each output position, a transposed one too.
CONVOLUTION = (Charge(Count.WEIGHTS_PER_OUTPUT),)
NORM = (per_input(4, 2),)
AVERAGE = (per_input(), per_output())
CONVENTION = Convention(
    name="thop",
    version="0.1.1.post2209072238",
    source="Lyken17/pytorch-OpCounter: thop/profile.py, thop/vision/basic_hooks.py, thop/vision/calc_func.py",
    unit="MACs",
    charges={
        "Conv": CONVOLUTION,
        # A subclass of the convolution.
        "Conv.standardized_plain": NOTHING,
        "Conv.standardized_gain": NOTHING,
        "ConvTranspose": CONVOLUTION,
        "Linear": (Charge(Count.MACS),),
        "BatchNorm": NORM,
        "LayerNorm": NORM,
        "InstanceNorm": NORM,
        "PReLU": (per_input(),),
        "Softmax": (Charge(Count.SOFTMAX),),
        "AvgPool": (per_output(),),
        "AdaptiveAvgPool": AVERAGE,
        "Upsample": (per_output(),),
        "Upsample.bilinear": (per_output(11),),
        "Upsample.bilinear1d": (per_output(5),),
        # It has a rule for trilinear, but counts only the modes of signals and images.
        "Upsample.bilinear3d": NOTHING,
        "Upsample.bicubic": (per_output(259),),
        "ReLU": NOTHING,
        "ReLU6": NOTHING,
        "LeakyReLU": NOTHING,
        "MaxPool": NOTHING,
        "AdaptiveMaxPool": NOTHING,
        "Dropout": NOTHING,
        "PixelShuffle": NOTHING,
    },
    counts_params=frozenset({"learned"}),
    params_of_charged=True,
    defects=("other_operations_named_macs", "functions_missed", "transposed_per_output"),
    tested=True,
)
