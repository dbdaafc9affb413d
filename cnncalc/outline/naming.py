"""Names for blocks: those of classes as a spec writes them, or what papers call such a block."""

from __future__ import annotations

import re

from cnncalc import layers
from cnncalc.layers.contract import Role
from cnncalc.outline.align import has_own_weights
from cnncalc.outline.tree import CallNode, JoinNode, LeafNode, OutlineNode
from cnncalc.outline.unify import Run


def snake_case(name: str) -> str:
    """The name of a class as blocks are named: inverted_residual for InvertedResidual."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.strip("_"))
    return re.sub(r"\W", "_", words.lower()) or "block"


def describe(run: Run) -> str:
    """A name for a block without one, from its joins or its layers, as the papers call them."""
    for node in run.nodes:
        if isinstance(node, JoinNode) and (kind := layers.find(node.type)):
            return _describe_join(node, kind.role)
    words = [_word(node) for node in run.nodes]
    return "_".join(words) if len(words) < 4 else f"{words[0]}_block"


def _describe_join(join: JoinNode, role: Role) -> str:
    main = max(join.branches, key=len, default=[])
    leaves = [node for node in main if isinstance(node, LeafNode)]
    if role is Role.PRODUCT:
        kinds = [layers.find(leaf.type) for leaf in leaves if isinstance(leaf.type, str)]
        return "squeeze_excite" if any(kind and kind.role is Role.GLOBAL_POOL for kind in kinds) else "gated"
    if role is Role.SUM:
        kernels = [leaf.settings["kernel"] for leaf in leaves if has_own_weights(leaf) and "kernel" in leaf.settings]
        if len(kernels) != 3 or kernels[0] != 1 or kernels[2] != 1:
            return "residual"
        # A convolution that keeps the channels apart has no filters.
        is_full = all("filters" in leaf.settings for leaf in leaves if "kernel" in leaf.settings)
        return "bottleneck" if is_full else "inverted_residual"
    if role is Role.MATRIX_PRODUCT:
        return "attention"
    if not all(join.branches):
        return "dense_layer"
    return "inception" if len(join.branches) > 2 else "two_branches"


def _word(node: OutlineNode) -> str:
    if isinstance(node, CallNode):
        return node.block
    if not isinstance(node, LeafNode) or not isinstance(node.type, str):
        return "act"
    kind = layers.find(node.type)
    return "bn" if kind and kind.role is Role.BATCH_NORM else node.type
