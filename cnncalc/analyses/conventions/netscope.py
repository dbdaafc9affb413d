from __future__ import annotations

from cnncalc.analyses.conventions.contract import MACS, UNMODELED, Charge, Convention, Count
from cnncalc.layers.contract import Role

# `macc` in the table of the analyzer, for one image: products of convolutions and linear layers, the squares of local
# response normalization, and one per element of Scale layers (the second half of Caffe's batch norm). Products of
# Eltwise layers are meant to count, but the operation is read from `n.eltwise_param` instead of
# `n.attribs.eltwise_param`, so that each counts as a sum.
CONVENTION = Convention(
    name="Caffe (Netscope)",
    version="8ae36d8",
    source="dgschwend/netscope: src/analyzer.coffee (`d.comp.macc`)",
    unit="MACs",
    charges={"LocalResponseNorm": (Charge(Count.NEIGHBORS),)},
    by_role={
        Role.CONVOLUTION: MACS,
        Role.LINEAR: MACS,
        Role.BATCH_NORM: (Charge(Count.OUTPUT, 1, 0),),
        # Scale and Power count alike.
        Role.SCALING: (Charge(Count.OUTPUT),),
    },
    # A transposed convolution counts its kernel divided by its stride, at each position of the output.
    unmodeled=UNMODELED | {"ConvTranspose"},
    counts_params=frozenset(),
    defects=("products_are_sums",),
    tested=True,
)
