from __future__ import annotations

from cnncalc.analyses.conventions.contract import (
    DOUBLED,
    NOTHING,
    STANDARDIZED,
    STANDARDIZED_GAIN,
    Charge,
    Convention,
    Count,
    per_input,
)

# Replaced functions of torch.nn.functional, which modules call as well. The forward methods of ReLU6, Hardswish,
# Hardsigmoid and Sigmoid call functions that are not replaced. `+` and `*` are not torch.add and torch.mul.
CONVOLUTION = (Charge(Count.MACS, 2), Charge(Count.BIASES))
ONCE = (per_input(),)
NORM = (per_input(5, 4),)
CONVENTION = Convention(
    name="calflops",
    version="0.3.2",
    source="MrYxJ/calculate-flops.pytorch: calflops/pytorch_ops.py",
    unit="FLOPs",
    charges={
        "Conv": CONVOLUTION,
        "Conv.standardized_plain": (*CONVOLUTION, STANDARDIZED),
        "Conv.standardized_gain": (*CONVOLUTION, STANDARDIZED_GAIN),
        "ConvTranspose": (Charge(Count.GROUPED_TWICE, 2), Charge(Count.BIASES_OF_CONV)),
        "Linear": DOUBLED,
        "torch.matmul": DOUBLED,
        "ReLU": ONCE,
        "PReLU": ONCE,
        "ELU": ONCE,
        "LeakyReLU": ONCE,
        "SiLU": ONCE,
        "GELU": ONCE,
        "Softmax": ONCE,
        "F.relu": ONCE,
        "MaxPool": ONCE,
        "AvgPool": ONCE,
        "AdaptiveAvgPool": ONCE,
        "AdaptiveMaxPool": ONCE,
        "F.max_pool": ONCE,
        "F.avg_pool": ONCE,
        "F.adaptive_avg_pool": ONCE,
        "BatchNorm": (per_input(2, 1),),
        "LayerNorm": NORM,
        "LayerNorm2d": NORM,
        "GroupNorm": NORM,
        "InstanceNorm": NORM,
        # The size of the output is computed and dropped: the result is the input's.
        "Upsample": ONCE,
        "Embedding": NOTHING,
        "Dropout": NOTHING,
    },
    defects=(
        "linear_biases_missed",
        "transposed_as_conv",
        "activations_missed",
        "upsampling_by_input",
        "operators_missed",
    ),
    tested=True,
)
