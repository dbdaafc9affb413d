from __future__ import annotations

from cnncalc.analyses.conventions.contract import DOUBLED, NOTHING, UNMODELED, Charge, Convention, Count, per_output
from cnncalc.layers.contract import Role

# "Estimated count of arithmetic ops" in the log of the converter. Convolutions always have a bias, of zeros if need
# be. A batch norm after a convolution is folded into its weights; any other becomes a product and a sum. Sums and
# products of tensors count one, softmax, sigmoid and tanh 64 per element; activations that are one operator count
# nothing, and others what they consist of. Global pools (MEAN) and products of matrices count nothing.
POOL = (Charge(Count.WINDOWS),)
ELEMENTWISE = (Charge(Count.FURTHER_INPUTS),)
TRANSCENDENTAL = (per_output(64),)
CONVENTION = Convention(
    name="TFLite converter",
    version="TensorFlow 2.21.0",
    source="tensorflow/tensorflow: tensorflow/compiler/mlir/lite/ir/tfl_ops.cc (GetArithmeticCount)",
    unit="FLOPs",
    charges={
        "Conv": (*DOUBLED, per_output()),
        "ConvTranspose": DOUBLED,
        "Linear": (*DOUBLED, Charge(Count.BIASES)),
        "BatchNorm": (per_output(2),),
        "BatchNorm.folded": NOTHING,
        "BatchNorm.folded_to_bias": (Charge(Count.OUTPUT, item="biases_of_norms"),),
        "Sigmoid": TRANSCENDENTAL,
        "Tanh": TRANSCENDENTAL,
        "SiLU": (per_output(65),),
        "Mish": (per_output(66),),
        "SELU": (per_output(3),),
        "Softplus": (per_output(),),
        "Hardsigmoid": (per_output(2),),
        "+": ELEMENTWISE,
        "-": ELEMENTWISE,
        "*": ELEMENTWISE,
        "torch.matmul": NOTHING,
    },
    by_role={Role.MAX_POOL: POOL, Role.AVERAGE_POOL: POOL, Role.PROBABILITIES: TRANSCENDENTAL},
    unmodeled=UNMODELED
    | frozenset(
        {
            "DeformConv",
            "LayerNorm",
            "LayerNorm2d",
            "GroupNorm",
            "InstanceNorm",
            "RMSNorm",
            "LocalResponseNorm",
        }
    ),
    counts_params=frozenset(),
    defects=("norms_folded", "matrix_products_missed"),
    tested=True,
)
