from __future__ import annotations

from cnncalc.analyses.conventions.contract import NOTHING, Charge, Convention, Count, per_input, per_output

# Hooks on modules, and replaced functions of torch.nn.functional: a module whose forward method calls a replaced
# function is counted by both. `+` and `*` call neither torch.add nor torch.mul, so they are missed.
TWICE = "counted_twice"
PRODUCTS_AND_BIASES = (Charge(Count.MACS), Charge(Count.BIASES))
ONCE = (per_input(),)
BOTH = (per_input(), per_input(item=TWICE))
NORM = (per_input(2, 1),)
CONVENTION = Convention(
    name="ptflops",
    version="0.7.5",
    source="sovrasov/flops-counter.pytorch: ptflops/pytorch_ops.py, ptflops/pytorch_engine.py",
    unit="MACs",
    charges={
        "Conv": PRODUCTS_AND_BIASES,
        # A subclass of the convolution.
        "Conv.standardized_plain": NOTHING,
        "Conv.standardized_gain": NOTHING,
        "ConvTranspose": PRODUCTS_AND_BIASES,
        "Linear": PRODUCTS_AND_BIASES,
        "torch.matmul": (Charge(Count.MACS),),
        "ReLU": BOTH,
        "PReLU": BOTH,
        "ELU": BOTH,
        "GELU": BOTH,
        # Their forward methods call functions that are not replaced: F.hardtanh and F.leaky_relu.
        "ReLU6": ONCE,
        "LeakyReLU": ONCE,
        # Only their functions are counted.
        "SiLU": ONCE,
        "Softmax": ONCE,
        "F.relu": ONCE,
        "MaxPool": BOTH,
        "AvgPool": BOTH,
        "AdaptiveAvgPool": BOTH,
        "AdaptiveMaxPool": BOTH,
        "F.max_pool": ONCE,
        "F.avg_pool": ONCE,
        "F.adaptive_avg_pool": ONCE,
        "BatchNorm": NORM,
        "InstanceNorm": NORM,
        "GroupNorm": NORM,
        # A layer norm has no attribute `affine`, so its scale and shift are missed.
        "LayerNorm": (per_input(),),
        "Upsample": (per_output(), Charge(Count.OUTPUT, item=TWICE)),
    },
    defects=("other_operations_named_macs", "modules_counted_twice", "operators_missed"),
    tested=True,
)
