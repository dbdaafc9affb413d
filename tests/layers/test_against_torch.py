"""Shapes and weights of every type that PyTorch has too, compared over random settings.

Runs where torch is installed; the project does not depend on it. Where PyTorch refuses settings,
they must be refused here too, and the other way round.
"""

from __future__ import annotations

import random
import warnings
from fractions import Fraction
from functools import partial
from math import prod
from typing import Any

import pytest

from cnncalc.errors import RuleError
from cnncalc.layers import all_types
from cnncalc.layers.shapes import Shape

torch = pytest.importorskip("torch")
nn = torch.nn

ROUNDS = 150
# The names of PyTorch's weights where they are others than ours.
RENAMED = {"num_batches_tracked": None}

SAME_SHAPE = {
    "identity": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "hard_sigmoid": nn.Hardsigmoid,
    "hard_swish": nn.Hardswish,
    "softplus": nn.Softplus,
    "softmax": partial(nn.Softmax, 1),
    "log_softmax": partial(nn.LogSoftmax, 1),
    "dropout": nn.Dropout,
}


def ours(
    name: str, shape: tuple[int, ...], /, **settings: Any
) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]] | None:
    """Output shape and weight shapes, or None where the layer is refused."""
    kind = all_types()[name]
    layer = kind(**{key: kind.settings[key].decode(value) for key, value in settings.items()})
    try:
        output = layer.output_shape((Shape(shape),))
    except RuleError:
        return None
    return tuple(output), {weight.name: weight.shape for weight in layer.weights((Shape(shape),))}


def theirs(make: Any, shape: tuple[int, ...]) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]] | None:
    """The same of a PyTorch module, by running it, or None where PyTorch refuses."""
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            module = make().eval()
            output = module(torch.zeros(1, *shape))
    except (RuntimeError, ValueError):
        return None
    if 0 in output.shape:
        return None
    kept = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items() if key not in RENAMED}
    return tuple(output.shape[1:]), kept


def compare(name: str, shape: tuple[int, ...], make: Any, /, **settings: Any) -> bool:
    """Whether both gave an answer, after seeing that it is the same."""
    mine, other = ours(name, shape, **settings), theirs(make, shape)
    assert mine == other, (name, shape, settings)
    return mine is not None


def pick(rng: random.Random, rank: int, low: int, high: int) -> int | tuple[int, ...]:
    """One number, or one an axis."""
    if rng.random() < 0.5:
        return rng.randint(low, high)
    return tuple(rng.randint(low, high) for _ in range(rank))


def rounds(seed: str, ranks: tuple[int, ...] = (1, 2, 3), most: int = 9) -> Any:
    """Random sources with a rank and a shape of few channels."""
    for number in range(ROUNDS):
        rng = random.Random(f"{seed} {number}")
        rank = rng.choice(ranks)
        yield rng, rank, (rng.randint(1, 4) * 2, *(rng.randint(1, most) for _ in range(rank)))


def at_rank(name: str, rank: int) -> Any:
    return getattr(nn, f"{name}{rank}d")


@pytest.mark.parametrize("name", SAME_SHAPE)
@pytest.mark.parametrize("shape", [(6,), (6, 5), (6, 5, 4), (6, 5, 4, 3)])
def test_activations(name: str, shape: tuple[int, ...]) -> None:
    assert compare(name, shape, SAME_SHAPE[name])


def test_gelu_with_tanh() -> None:
    assert compare("gelu", (6, 5, 4), partial(nn.GELU, "tanh"), approximate="tanh")


def test_prelu() -> None:
    assert compare("prelu", (6, 5, 4), nn.PReLU)
    assert compare("prelu", (6, 5, 4), partial(nn.PReLU, 6), per_channel=True)


def test_conv() -> None:
    fitted = 0
    for rng, rank, shape in rounds("conv"):
        kernel, stride, dilation = pick(rng, rank, 1, 4), pick(rng, rank, 1, 3), pick(rng, rank, 1, 3)
        padding: Any = pick(rng, rank, 0, 3)
        groups, filters, bias = rng.choice([1, 1, 2, 3]), rng.randint(1, 4) * 2, rng.random() < 0.5
        settings = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation, "bias": bias}
        fitted += compare(
            "conv",
            shape,
            partial(
                at_rank("Conv", rank),
                shape[0],
                filters,
                kernel,
                stride,
                padding,
                dilation,
                groups,
                bias,
            ),
            filters=filters,
            groups=groups,
            **settings,
        )
        depthwise = theirs(
            partial(
                at_rank("Conv", rank),
                shape[0],
                3 * shape[0],
                kernel,
                stride,
                padding,
                dilation,
                shape[0],
                bias,
            ),
            shape,
        )
        assert ours("depthwise_conv", shape, multiplier=3, **settings) == depthwise
    assert fitted > ROUNDS // 3


@pytest.mark.parametrize("transposed", [False, True])
def test_multiply_accumulates(transposed: bool) -> None:
    """PyTorch's own counter, which takes 2 a multiply-accumulate, and a transposed convolution by its input."""
    from torch.utils.flop_counter import FlopCounterMode

    name, module = ("conv_transpose", "ConvTranspose") if transposed else ("conv", "Conv")
    for rng, rank, shape in rounds(f"macs {transposed}"):
        kernel, stride, groups = pick(rng, rank, 1, 3), pick(rng, rank, 1, 3), rng.choice([1, 2])
        settings = {"filters": 4, "kernel": kernel, "stride": stride, "groups": groups}
        kind = all_types()[name]
        layer, inputs = kind(**settings), (Shape(shape),)
        try:
            macs = layer.operations(inputs, layer.output_shape(inputs)).multiply_accumulates
        except RuleError:
            continue
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            at_rank(module, rank)(shape[0], 4, kernel, stride, groups=groups)(torch.zeros(1, *shape))
        assert counter.get_total_flops() == 2 * macs


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_conv_with_padding_by_name(padding: str) -> None:
    for rng, rank, shape in rounds(padding):
        kernel, dilation = pick(rng, rank, 1, 5), pick(rng, rank, 1, 3)
        compare(
            "conv",
            shape,
            partial(at_rank("Conv", rank), shape[0], 4, kernel, 1, padding, dilation),
            filters=4,
            kernel=kernel,
            padding=padding,
            dilation=dilation,
        )


def test_conv_transpose() -> None:
    fitted = 0
    for rng, rank, shape in rounds("conv_transpose"):
        kernel, stride, dilation = pick(rng, rank, 1, 4), pick(rng, rank, 1, 3), pick(rng, rank, 1, 3)
        padding, output_padding = pick(rng, rank, 0, 3), pick(rng, rank, 0, 2)
        groups, filters, bias = rng.choice([1, 1, 2, 3]), rng.randint(1, 4) * 2, rng.random() < 0.5
        fitted += compare(
            "conv_transpose",
            shape,
            partial(
                at_rank("ConvTranspose", rank),
                shape[0],
                filters,
                kernel,
                stride,
                padding,
                output_padding,
                groups,
                bias,
                dilation,
            ),
            filters=filters,
            kernel=kernel,
            stride=stride,
            padding=padding,
            output_padding=output_padding,
            groups=groups,
            bias=bias,
            dilation=dilation,
        )
    assert fitted > ROUNDS // 4


@pytest.mark.parametrize("ceil", [False, True])
def test_pools(ceil: bool) -> None:
    fitted = 0
    for rng, rank, shape in rounds(f"pool {ceil}"):
        kernel, stride, dilation = pick(rng, rank, 1, 4), pick(rng, rank, 1, 5), pick(rng, rank, 1, 2)
        padding = pick(rng, rank, 0, 2)
        settings = {"kernel": kernel, "stride": stride, "padding": padding, "rounding": "ceil" if ceil else "floor"}
        fitted += compare(
            "max_pool",
            shape,
            partial(at_rank("MaxPool", rank), kernel, stride, padding, dilation, ceil_mode=ceil),
            dilation=dilation,
            **settings,
        )
        kernels = (kernel,) * rank if isinstance(kernel, int) else kernel
        if rank < 3 or all(map(int.__le__, kernels, shape[1:])):  # AvgPool3d alone does not count the padding here
            compare("avg_pool", shape, partial(at_rank("AvgPool", rank), kernel, stride, padding, ceil), **settings)
        compare("max_pool", shape, partial(at_rank("MaxPool", rank), kernel), kernel=kernel)
    assert fitted > ROUNDS // 4


def test_adaptive_pools() -> None:
    for rng, rank, shape in rounds("adaptive"):
        size = pick(rng, rank, 1, 12)
        assert compare("adaptive_avg_pool", shape, partial(at_rank("AdaptiveAvgPool", rank), size), size=size)
        assert compare("adaptive_max_pool", shape, partial(at_rank("AdaptiveMaxPool", rank), size), size=size)


def test_adaptive_windows_read_what_torch_averages() -> None:
    for size in range(1, 15):
        for outputs in range(1, 18):
            layer = all_types()["adaptive_avg_pool"](size=outputs)
            (window,) = layer.windows((Shape((1, size)),))
            means = nn.AdaptiveAvgPool1d(outputs)(torch.eye(size)[None])[0]
            for position in range(outputs):
                read = {place for place in range(size) if means[place, position] > 0}
                assert set(window.reads(position, size)) == read


def test_conv_transpose_to_a_size() -> None:
    fitted = 0
    for rng, rank, shape in rounds("conv_transpose size"):
        kernel, stride = pick(rng, rank, 1, 4), pick(rng, rank, 1, 3)
        size = tuple(2 * sides + rng.randint(-2, 2) for sides in shape[1:])

        class Sized(at_rank("ConvTranspose", rank)):  # type: ignore[misc]
            def forward(self, x: Any, size: Any = size) -> Any:
                return super().forward(x, output_size=size)

        settings = {"filters": 4, "kernel": kernel, "stride": stride, "size": size}
        fitted += min(size) > 0 and compare(
            "conv_transpose", shape, partial(Sized, shape[0], 4, kernel, stride), **settings
        )
    assert fitted > ROUNDS // 20


def interpolated(positions: int, mode: str, **settings: Any) -> Any:
    """For each position of a row, its part in each position of the output, as PyTorch mixes them."""
    function = nn.functional.interpolate
    if mode != "bicubic":
        return function(torch.eye(positions, dtype=torch.float64)[None], mode="linear", **settings)[0]
    settings = {key: value if key == "align_corners" else (1, value) for key, value in settings.items()}
    return function(torch.eye(positions, dtype=torch.float64)[:, None, None], mode=mode, **settings)[:, 0, 0]


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("align_corners", [False, True])
def test_what_is_mixed_is_what_torch_mixes(mode: str, align_corners: bool) -> None:
    for size in range(1, 12):
        for outputs in range(1, 25):
            settings = {"mode": mode, "align_corners": align_corners}
            _, window = all_types()["upsample"](size=(1, outputs), **settings).windows((Shape((1, 1, size)),))
            parts = interpolated(size, mode, size=outputs, align_corners=align_corners)
            for position in range(outputs):
                # Beyond the border the nearest position is repeated.
                inside = {min(max(place, 0), size - 1) for place in window.reads(position, size)}
                read = {place for place in range(size) if abs(parts[place, position]) > 1e-9}
                assert read <= inside
                within = set(window.reads(position, size)) <= set(range(size))
                assert read == inside or not within, (size, outputs, position)


@pytest.mark.parametrize("factor", [Fraction(1, 2), Fraction(3, 4), Fraction(3, 2), Fraction(7, 4), Fraction(5, 2)])
def test_fractional_factors(factor: Fraction) -> None:
    for size in range(2, 12):
        for mode in ("nearest", "bilinear"):
            kind = all_types()["upsample"](factor=factor, mode=mode)
            shape = Shape((1, size))
            (window,) = kind.windows((shape,))
            rows = torch.eye(size, dtype=torch.float64)[None]
            used = {"mode": "linear"} if mode == "bilinear" else {"mode": "nearest"}
            parts = nn.functional.interpolate(rows, scale_factor=float(factor), **used)[0]
            assert kind.output_shape((shape,)) == (1, parts.shape[1])
            for position in range(parts.shape[1]):
                read = {place for place in range(size) if abs(parts[place, position]) > 1e-9}
                assert read <= {min(max(place, 0), size - 1) for place in window.reads(position, size)}


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_upsample_reads_what_torch_reads(mode: str) -> None:
    for size in range(1, 12):
        for outputs in range(1, 25):
            layer = all_types()["upsample"](size=outputs, mode=mode)
            (window,) = layer.windows((Shape((1, size)),))
            resized = nn.Upsample(outputs, mode="linear" if mode == "bilinear" else mode)(torch.eye(size)[None])[0]
            for position in range(outputs):
                read = {place for place in range(size) if abs(resized[place, position]) > 1e-5}
                assert read <= set(window.reads(position, size))
                assert mode == "bilinear" or set(window.reads(position, size)) == read


def test_upsample() -> None:
    modes = {1: "linear", 2: "bilinear", 3: "trilinear"}
    for rng, rank, shape in rounds("upsample"):
        factor, size = pick(rng, rank, 1, 3), pick(rng, rank, 1, 12)
        assert compare("upsample", shape, partial(nn.Upsample, scale_factor=factor), factor=factor)
        make = partial(nn.Upsample, size, mode=modes[rank])
        assert compare("upsample", shape, make, size=size, mode="bilinear")


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("track", [False, True])
def test_norms_of_channels(affine: bool, track: bool) -> None:
    for rank in (1, 2, 3):
        for sizes in ((1,) * rank, (3,) * rank):
            settings = {"affine": affine, "track_statistics": track}
            kept = {"affine": affine, "track_running_stats": track}
            if sizes[0] > 1:
                assert compare("batch_norm", (6, *sizes), partial(at_rank("BatchNorm", rank), 6, **kept), **settings)
                assert compare(
                    "instance_norm", (6, *sizes), partial(at_rank("InstanceNorm", rank), 6, **kept), **settings
                )
            elif not track:
                assert not compare(
                    "instance_norm", (6, *sizes), partial(at_rank("InstanceNorm", rank), 6, **kept), **settings
                )


def test_batch_norm_of_a_vector() -> None:
    assert compare("batch_norm", (6,), partial(nn.BatchNorm1d, 6))


def test_layer_and_group_norm() -> None:
    for shape in ((6,), (6, 5), (6, 5, 4), (6, 5, 4, 3)):
        assert compare("layer_norm", shape, partial(nn.LayerNorm, shape))
        assert compare("layer_norm", shape, partial(nn.LayerNorm, shape, elementwise_affine=False), affine=False)
        assert compare("group_norm", shape, partial(nn.GroupNorm, 3, 6), groups=3)
        assert compare("group_norm", shape, partial(nn.GroupNorm, 2, 6, affine=False), groups=2, affine=False)
        assert not compare("group_norm", shape, partial(nn.GroupNorm, 4, 6), groups=4)


def test_lrn() -> None:
    for shape in ((6, 5), (6, 5, 4), (6, 5, 4, 3)):
        assert compare("lrn", shape, partial(nn.LocalResponseNorm, 5))


def test_linear_and_flatten() -> None:
    assert compare("linear", (12,), partial(nn.Linear, 12, 7), features=7)
    assert compare("linear", (12,), partial(nn.Linear, 12, 7, bias=False), features=7, bias=False)
    assert compare("flatten", (6, 5, 4), nn.Flatten)
    assert compare("reshape", (6, 5, 4), partial(nn.Unflatten, 1, (2, 3)), shape=(2, 3, 5, 4))


def test_shuffles() -> None:
    for channels in range(1, 20):
        for factor in (1, 2, 3):
            compare("pixel_shuffle", (channels, 2, 3), partial(nn.PixelShuffle, factor), factor=factor)
    for size in range(1, 8):
        for factor in (1, 2, 3):
            compare("pixel_unshuffle", (2, size, 6), partial(nn.PixelUnshuffle, factor), factor=factor)
    for groups in (1, 2, 3, 4, 6):
        compare("channel_shuffle", (6, 4, 4), partial(nn.ChannelShuffle, groups), groups=groups)


def test_unfold_and_fold() -> None:
    """PyTorch has the positions of a map on one axis."""
    fitted = 0
    for rng, _, shape in rounds("unfold", ranks=(2,)):
        kernel, stride, dilation = pick(rng, 2, 1, 3), pick(rng, 2, 1, 3), pick(rng, 2, 1, 2)
        settings = {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": pick(rng, 2, 0, 2)}
        mine = ours("unfold", shape, **settings)
        other = theirs(partial(nn.Unfold, kernel, dilation, settings["padding"], stride), shape)
        assert (mine is None) == (other is None), (shape, settings)
        if mine is None or other is None:
            continue
        fitted += 1
        channels, *sizes = mine[0]
        assert other[0] == (channels, sizes[0] * sizes[1])
        for size in (shape[1:], (shape[1] + 1, shape[2])):
            flat = Shape((channels, sizes[0] * sizes[1]))
            folded = theirs(partial(nn.Fold, size, kernel, dilation, settings["padding"], stride), flat)
            back = ours("fold", mine[0], size=size, **settings)
            assert back is None if folded is None else back is None or back[0] == folded[0] == (shape[0], *size)
            assert size != shape[1:] or back is not None
    assert fitted > ROUNDS // 3


def test_max_unpool() -> None:
    fitted = 0
    for rng, rank, shape in rounds("max_unpool"):
        kernel, stride = pick(rng, rank, 1, 3), pick(rng, rank, 1, 3)
        pool = at_rank("MaxPool", rank)(kernel, stride, return_indices=True)
        try:
            pooled, places = pool(torch.rand(1, *shape))
        except RuntimeError:
            continue
        size = tuple(sides + rng.randint(-1, 1) for sides in shape[1:])
        if min(size) < 1:
            continue
        mine = ours("max_unpool", tuple(pooled.shape[1:]), kernel=kernel, stride=stride, size=size)
        try:
            other = at_rank("MaxUnpool", rank)(kernel, stride)(pooled, places * 0, output_size=size)
        except ValueError:
            assert mine is None
            continue
        fitted += 1
        assert mine == (tuple(other.shape[1:]), {})
    assert fitted > ROUNDS // 4


def test_roll_reads_what_torch_moves() -> None:
    for size in range(1, 8):
        for shift in range(-9, 10):
            (window,) = all_types()["roll"](shift=shift).windows((Shape((1, size)),))
            moved = torch.roll(torch.arange(size), shift)
            for position in range(size):
                read = [place for place in window.reads(position, size) if 0 <= place < size]
                copied = [first for first, last in window.copied(position, position, size) if first == last]
                assert read + copied == [int(moved[position])]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
def test_recurrences(layers: int, bidirectional: bool, bias: bool) -> None:
    for name, module in (("lstm", nn.LSTM), ("gru", nn.GRU)):
        settings = {"bidirectional": bidirectional, "bias": bias}
        made = module(5, 4, layers, batch_first=True, **settings)
        mine = ours(name, (5, 7), hidden=4, layers=layers, **settings)
        assert mine is not None
        assert mine[0] == tuple(made(torch.zeros(1, 7, 5))[0].shape[:0:-1])
        first = sum(p.numel() for key, p in made.named_parameters() if key.startswith("weight_ih_l0"))
        assert prod(mine[1]["weight_ih"]) == first
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            theirs_of = sum(p.numel() for key, p in made.named_parameters() if key.startswith(part))
            assert sum(prod(shape) for key, shape in mine[1].items() if key.startswith(part)) == theirs_of


def test_deform_conv() -> None:
    ops = pytest.importorskip("torchvision.ops")
    fitted = 0
    for rng, _, shape in rounds("deform", ranks=(2,)):
        kernel, stride, dilation = pick(rng, 2, 1, 3), pick(rng, 2, 1, 2), pick(rng, 2, 1, 2)
        groups, parts = rng.choice([1, 2]), rng.choice([1, 2])
        settings = {"filters": 4, "kernel": kernel, "stride": stride, "padding": pick(rng, 2, 0, 2)}
        settings |= {"dilation": dilation, "groups": groups}
        kind = all_types()
        try:
            sizes = kind["conv"](**settings).output_shape((Shape(shape),)).spatial
        except RuleError:
            continue
        taps = kernel**2 if isinstance(kernel, int) else prod(kernel)
        offsets, mask = Shape((2 * taps * parts, *sizes)), Shape((taps * parts, *sizes))
        inputs = (Shape(shape), offsets, mask)[: rng.choice([2, 3])]
        made = ops.DeformConv2d(shape[0], 4, kernel, stride, settings["padding"], dilation, groups)
        layer = kind["deform_conv"](**settings)
        with torch.no_grad():
            assert layer.output_shape(inputs) == made(*(torch.zeros(1, *one) for one in inputs)).shape[1:]
        weights = {weight.name: weight.shape for weight in layer.weights(inputs)}
        assert weights == {key: tuple(tensor.shape) for key, tensor in made.state_dict().items()}
        fitted += 1
    assert fitted > ROUNDS // 3


def test_roi_align() -> None:
    ops = pytest.importorskip("torchvision.ops")
    boxes = [torch.tensor([[0.0, 0.0, 3.0, 3.0]] * 5)]
    cut = ops.roi_align(torch.zeros(1, 6, 9, 8), boxes, (7, 3), sampling_ratio=2)
    mine = ours("roi_align", (6, 9, 8), size=(7, 3), rois=5)
    assert mine is not None
    # PyTorch has the regions in the batch.
    assert mine[0] == (cut.shape[1], cut.shape[0], *cut.shape[2:])


def test_pads() -> None:
    modules = {"zero": "ZeroPad", "reflect": "ReflectionPad", "replicate": "ReplicationPad", "circular": "CircularPad"}
    for rng, rank, shape in rounds("pad", most=4):
        sides = tuple(rng.randint(-2, 4) for _ in range(2 * rank))
        # PyTorch lists the last axis first.
        pairs = [sides[place : place + 2] for place in range(0, 2 * rank, 2)]
        theirs_order = tuple(side for pair in reversed(pairs) for side in pair)
        mode = rng.choice(list(modules))
        make = partial(at_rank(modules[mode], rank), theirs_order)
        compare("pad", shape, make, padding=sides, mode=mode)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply"])
def test_joins_broadcast_as_torch_does(name: str) -> None:
    function = {"add": torch.add, "subtract": torch.sub, "multiply": torch.mul}[name]
    for number in range(ROUNDS):
        rng = random.Random(number)
        full = tuple(rng.randint(1, 3) for _ in range(3))
        shapes = [tuple(rng.choice([size, size, 1, 2]) for size in full) for _ in range(2)]
        layer = all_types()[name]()
        try:
            output = tuple(layer.output_shape(tuple(map(Shape, shapes))))
        except RuleError:
            output = None
        try:
            expected = tuple(function(*map(torch.zeros, shapes)).shape)
        except RuntimeError:
            expected = None
        assert output == expected


def test_concat() -> None:
    for number in range(ROUNDS):
        rng = random.Random(number)
        shapes = [(rng.randint(1, 3), rng.choice([4, 4, 4, 5]), 2) for _ in range(rng.randint(1, 4))]
        axis = rng.choice([0, 0, 1])
        try:
            output = tuple(all_types()["concat"](axis=axis).output_shape(tuple(map(Shape, shapes))))
        except RuleError:
            output = None
        try:
            expected = tuple(torch.cat([torch.zeros(shape) for shape in shapes], axis).shape)
        except RuntimeError:
            expected = None
        assert output == expected
