"""The records of a convention: how a tool or a paper counts operations and parameters.

A convention is data. For each way in which a layer may be implemented, `charges` says which counts of the layer the
tool adds up, and how often. The keys are the classes of torch.nn without their rank (`Conv`), functions (`F.relu`)
and operators (`+`), for tools that hook into PyTorch; other tools count by role.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from cnncalc.layers.contract import Role
from cnncalc.record import Record


class Count(Enum):
    """A count of a layer that a tool may charge for, for one sample."""

    MACS = "multiply-accumulates"
    NO_MACS = "nothing, where multiply-accumulates are missed"
    GROUPED_TWICE = "the multiply-accumulates of a transposed convolution, divided by its groups once more"
    WEIGHTS_PER_OUTPUT = "the weights, once for each position of the output"
    WEIGHTS_ONCE = "the weights, once"
    WEIGHTS = "the weights, once, for an operation on the weights themselves"
    BIASES = "one per output element of a layer with a bias"
    BIASES_OF_CONV = "the biases of one group, at each position that a convolution with the same settings has"
    BIASES_ONCE = "the biases, once"
    PARAMS = "the learnable weight and bias, once"
    INPUT = "the elements of the first input"
    OUTPUT = "the elements of the output"
    WINDOWS = "the positions of the windows of all outputs"
    SOFTMAX = "an exponential and a divide per element, and the adds of each sum"
    FURTHER_INPUTS = "the output elements, once for each input after the first"
    ROOTS = "the roots of a normalization, one for each set of elements"
    NEIGHBORS = "the positions that each element is normalized over"


# The counts that stand for a layer's multiply-accumulates.
PRODUCTS = frozenset({Count.MACS, Count.NO_MACS, Count.GROUPED_TWICE, Count.WEIGHTS_PER_OUTPUT, Count.WEIGHTS_ONCE})


class Charge(Record):
    """What a tool adds for a layer: `times` a count, or `plain` times if the layer has no learnable weights.

    `item` names the cause, if it is another one than the role of the layer: a defect of the tool.
    """

    of: Count
    times: int = 1
    plain: int | None = None
    item: str = ""


Charges = tuple[Charge, ...]


# Modules that no tool here counts by a rule of this file, unless it says so.
UNMODELED = frozenset({"LSTM", "GRU", "LocallyConnected"})


class Convention(Record):
    """How a tool counts; `version` is the one whose source was read.

    `unit` is what the tool calls its figure. `counts_params` is empty if it counts no parameters; else it names what
    it counts: `learned`, `buffers`, `training` (layers that exist only in training). `params_of_charged` means that it
    counts parameters only in layers that it has a rule for. `unmodeled` are modules that the tool counts by rules of
    their own, which are not here. A tool without `unit` counts no operations. `defects` are keys of
    sentences in the languages. `tested` tells whether figures were compared with the tool's output; None if there is
    no tool to run.
    """

    name: str
    version: str
    source: str
    unit: str
    charges: Mapping[str, Charges] = {}
    by_role: Mapping[Role, Charges] = {}
    unmodeled: frozenset[str] = UNMODELED
    counts_params: frozenset[str] = frozenset({"learned", "training"})
    params_of_charged: bool = False
    defects: tuple[str, ...] = ()
    tested: bool | None = None


# Weights that are standardized by a batch norm in training mode, without and with a gain.
STANDARDIZED = Charge(Count.WEIGHTS, 4, item="standardized_weights")
STANDARDIZED_GAIN = Charge(Count.WEIGHTS, 5, item="standardized_weights")
MACS: Charges = (Charge(Count.MACS),)
DOUBLED: Charges = (Charge(Count.MACS, 2),)
NOTHING: Charges = ()


def per_input(times: int = 1, plain: int | None = None, item: str = "") -> Charge:
    """A number of operations per input element; `plain` for layers without learnable weights."""
    return Charge(Count.INPUT, times, plain, item)


def per_output(times: int = 1) -> Charge:
    """A number of operations per output element."""
    return Charge(Count.OUTPUT, times)
