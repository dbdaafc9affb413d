from __future__ import annotations

from cnncalc.analyses.conventions.contract import Charge, Convention, Count, per_output
from cnncalc.layers.contract import Role

# "Estimated count of arithmetic ops" of the converter. Batch norm is folded into convolutions, whose bias it becomes;
# activations are fused, apart from softmax, logistic and tanh at 64 per element.
WEIGHTED = (Charge(Count.MACS, 2), Charge(Count.BIASES))
POOL = (Charge(Count.WINDOWS),)
CONVENTION = Convention(
    name="TFLite converter",
    version="toco",
    source="tensorflow/tensorflow: tensorflow/lite/toco/tooling_util.cc (EstimateArithmeticOpsCount)",
    unit="FLOPs",
    charges={"Sigmoid": (per_output(64),), "Tanh": (per_output(64),)},
    by_role={
        Role.CONVOLUTION: WEIGHTED,
        Role.LINEAR: WEIGHTED,
        Role.BATCH_NORM: (Charge(Count.OUTPUT, item="biases_of_norms"),),
        Role.PROBABILITIES: (per_output(64),),
        Role.MAX_POOL: POOL,
        Role.AVERAGE_POOL: POOL,
        Role.SUM: (Charge(Count.FURTHER_INPUTS),),
        Role.PRODUCT: (Charge(Count.FURTHER_INPUTS),),
    },
    counts_params=frozenset(),
    defects=("norms_folded",),
    tested=False,
)
