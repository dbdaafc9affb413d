from __future__ import annotations

from cnncalc.analyses.conventions.contract import Charge, Convention, Count

# A module whose class name contains Conv costs its weight and bias once for each output position; any other module
# costs its weight and bias once, so that the positions of a linear layer over a feature map are missed.
CONVOLUTION = (Charge(Count.WEIGHTS_PER_OUTPUT), Charge(Count.BIASES))
ONCE = (Charge(Count.PARAMS),)
CONVENTION = Convention(
    name="torchinfo",
    version="1.8.0",
    source="TylerYep/torchinfo: torchinfo/layer_info.py (calculate_macs), torchinfo/model_statistics.py",
    unit="mult-adds",
    charges={
        "Conv": CONVOLUTION,
        "ConvTranspose": CONVOLUTION,
        "DeformConv": CONVOLUTION,
        "Linear": (Charge(Count.WEIGHTS_ONCE), Charge(Count.BIASES_ONCE)),
        "BatchNorm": ONCE,
        "LayerNorm": ONCE,
        "LayerNorm2d": ONCE,
        "GroupNorm": ONCE,
        "InstanceNorm": ONCE,
        "RMSNorm": ONCE,
        "PReLU": ONCE,
        "Embedding": ONCE,
    },
    defects=("linear_positions_missed", "norms_counted_once", "transposed_per_output", "operators_missed"),
    tested=True,
)
