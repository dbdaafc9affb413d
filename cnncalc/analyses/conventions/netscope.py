from __future__ import annotations

from cnncalc.analyses.conventions.contract import MACS, Charge, Convention, Count, per_output
from cnncalc.layers.contract import Role

# `macc` of an early version: convolutions as if they had no groups, linear layers, the squares of local response
# normalization, and one product per element of Scale layers (the second half of Caffe's batch norm) and of products.
CONVENTION = Convention(
    name="Caffe (Netscope)",
    version="2016 (ZynqNet)",
    source="dgschwend/netscope: src/analyzer.coffee (`d.comp.macc`)",
    unit="MACs",
    charges={"LocalResponseNorm": (Charge(Count.NEIGHBORS),)},
    by_role={
        Role.CONVOLUTION: (Charge(Count.UNGROUPED),),
        Role.LINEAR: MACS,
        Role.BATCH_NORM: (Charge(Count.OUTPUT, 1, 0),),
        Role.PRODUCT: (per_output(),),
    },
    counts_params=frozenset(),
    defects=("convolution_groups_ignored",),
    tested=False,
)
