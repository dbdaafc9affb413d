"""How torchvision implements its networks, where that differs from one module of torch.nn per layer.

Tools that hook into PyTorch see modules and functions, which a spec does not tell apart. For each bundled network
there are patterns of layers with the module, function or operator that computes them in torchvision 0.29.1; the last
match applies, and "" means that torchvision does not have the layer. `ADDED` has modules that torchvision runs after
a layer and that the spec does not have, because they change nothing at the published input size.
"""

from __future__ import annotations

from collections.abc import Mapping

Implementation = tuple[tuple[str, str], ...]

# torchvision's classifiers return scores; the softmax is in the loss.
SCORES = (("softmax", ""),)
CONVNEXT = (
    *SCORES,
    ("**.expand", "Linear"),
    ("**.project", "Linear"),
    ("**.scale", "layer_scale"),
    ("layer_norm*", "LayerNorm2d"),
    ("*.downsample.layer_norm", "LayerNorm2d"),
)
DENSENET = (*SCORES, ("relu_2", "F.relu"), ("global_avg_pool", "F.adaptive_avg_pool"))
MEAN = (*SCORES, ("global_avg_pool", "mean"))
# The average pool to 7x7, or 6x6, of a map that has this size.
SAME_SIZE = "AdaptiveAvgPool.same"
# Networks that run one module for each layer.
PLAIN = (
    "alexnet_torchvision",
    *(f"efficientnet_b{number}" for number in range(8)),
    *(f"efficientnet_v2_{size}" for size in "sml"),
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    *(f"regnet_{kind}_{size}" for kind in "xy" for size in ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")),
    "regnet_y_128gf",
    *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "squeezenet1_0",
    "squeezenet1_1",
    *(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
    "wide_resnet50_2",
    "wide_resnet101_2",
)
NETWORKS: Mapping[str, Implementation] = {
    **dict.fromkeys(PLAIN, SCORES),
    **{f"convnext_{size}": CONVNEXT for size in ("base", "large", "small", "tiny")},
    **{f"densenet{depth}": DENSENET for depth in (121, 161, 169, 201)},
    **{f"mnasnet{width}": MEAN for width in ("0_5", "0_75", "1_0", "1_3")},
    **{f"shufflenet_v2_x{width}": MEAN for width in ("0_5", "1_0", "1_5", "2_0")},
    "googlenet_torchvision": (*SCORES, ("**.relu", "F.relu")),
    "inception_v3": (
        *SCORES,
        ("**.relu", "F.relu"),
        ("Mixed_**.avg_pool", "F.avg_pool"),
        ("Mixed_**.max_pool", "F.max_pool"),
    ),
    "mobilenet_v2": (*SCORES, ("global_avg_pool", "F.adaptive_avg_pool")),
}
ADDED: Mapping[str, Mapping[str, str]] = {
    name: {"pool5": SAME_SIZE} for name in PLAIN if name.startswith(("alexnet", "vgg"))
}


def find(name: str) -> Implementation | None:
    """The implementation of a bundled network; None if torchvision has none, or it is not known."""
    return NETWORKS.get(name)
