from __future__ import annotations

from cnncalc.analyses.conventions.contract import MACS, Convention
from cnncalc.layers.contract import Role

# `_ops` of the published weights was computed by the script of pytorch/vision pull request 6936, a counter by
# TorchDispatchMode: multiply-accumulates of convolutions, linear layers and matrix products. Printed in units of 10^9,
# as GFLOPS.
CONVENTION = Convention(
    name="torchvision (published)",
    version="0.29.1",
    source="pytorch/vision: torchvision/models, `_ops` and `num_params` of the weights; pull request 6936",
    unit="FLOPS",
    by_role=dict.fromkeys(Role, MACS),
    unmodeled=frozenset(),
    defects=("macs_named_flops",),
)
