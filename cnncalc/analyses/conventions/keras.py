from __future__ import annotations

from cnncalc.analyses.conventions.contract import Convention

# `count_params` counts all weights of a layer, the moving mean and variance of a batch norm among them; `summary`
# prints them as non-trainable. Keras counts no operations.
CONVENTION = Convention(
    name="Keras",
    version="3.15.1",
    source="keras-team/keras: keras/src/utils/summary_utils.py, Model.count_params",
    unit="",
    counts_params=frozenset({"learned", "buffers"}),
    defects=("statistics_are_params",),
)
