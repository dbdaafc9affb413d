from __future__ import annotations

from cnncalc.analyses.conventions.contract import UNMODELED, Charge, Convention, Count, per_input, per_output

# Weighs operations by their price on a CPU: a divide 4, a square root 24, an exponential 32. A batch norm costs
# 31 per element, as if each element computed the root again. Activations that the exporter splits into several
# operators are the sums of these.
PRODUCTS_AND_BIASES = (Charge(Count.MACS), Charge(Count.BIASES))
NORM = (per_output(7), Charge(Count.ROOTS, 29))
CONVENTION = Convention(
    name="onnx-tool",
    version="1.0.1",
    source="ThanatosShinji/onnx-tool: onnx_tool/node.py",
    unit="MACs",
    charges={
        "Conv": PRODUCTS_AND_BIASES,
        "Linear": PRODUCTS_AND_BIASES,
        "ConvTranspose": (Charge(Count.WEIGHTS_PER_OUTPUT), Charge(Count.BIASES)),
        "torch.matmul": (Charge(Count.MACS),),
        "BatchNorm": (per_output(31),),
        "ReLU": (per_output(),),
        "F.relu": (per_output(),),
        "ReLU6": (per_output(2),),
        "LeakyReLU": (per_output(2),),
        "PReLU": (per_output(2),),
        "ELU": (per_output(35),),
        "Sigmoid": (per_output(32),),
        "Tanh": (per_output(38),),
        # Exported as a sigmoid and a product.
        "SiLU": (per_output(33),),
        "Softmax": (per_output(36),),
        "Hardsigmoid": (per_output(4),),
        "Hardswish": (per_output(5),),
        "MaxPool": (Charge(Count.WINDOWS),),
        "AvgPool": (Charge(Count.WINDOWS),),
        "F.max_pool": (Charge(Count.WINDOWS),),
        "F.avg_pool": (Charge(Count.WINDOWS),),
        "AdaptiveAvgPool": (per_input(), per_output(4)),
        # Exported as an average pool with windows of one position.
        "AdaptiveAvgPool.same": (per_output(),),
        "F.adaptive_avg_pool": (per_input(), per_output(4)),
        "mean": (per_input(),),
        "LayerNorm": NORM,
        "LayerNorm2d": NORM,
        # Exported as Gelu: an exponential and two products.
        "GELU": (per_output(34),),
        "layer_scale": (per_output(),),
        "+": (Charge(Count.FURTHER_INPUTS),),
        "*": (Charge(Count.FURTHER_INPUTS),),
    },
    unmodeled=UNMODELED
    | frozenset(
        {
            "Upsample",
            "GroupNorm",
            "InstanceNorm",
            "RMSNorm",
            "LocalResponseNorm",
            "SELU",
            "Mish",
            "Softplus",
            "LogSoftmax",
            "torch.abs",
            "AdaptiveMaxPool",
            "DeformConv",
            "-",
        }
    ),
    counts_params=frozenset({"learned", "buffers"}),
    defects=("norms_by_cpu_price", "other_operations_named_macs"),
    tested=True,
)
