"""Small classes and functions that generated code of PyTorch defines for what torch.nn lacks."""

from __future__ import annotations

from cnncalc.exporters.python_code import MAKE_DIVISIBLE

# The source of each, by its name; <R> stands for the number of spatial axes.
HELPERS: dict[str, str] = {
    "ConnectedConv": '''\
class ConnectedConv<R>d(nn.Conv<R>d):
    """A convolution whose filters read only the input channels that `connections` lists."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        connections: Sequence[Sequence[int]],
        **settings: Any,
    ) -> None:
        super().__init__(in_channels, out_channels, **settings)
        self.pairs = [(row, each) for row, read in enumerate(connections) for each in read]
        # Only the weights of existing connections are parameters.
        self.weight = nn.Parameter(torch.empty(len(self.pairs), *self.kernel_size))
        nn.init.uniform_(self.weight, -0.1, 0.1)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = torch.tensor(self.pairs, device=x.device).T
        weight = x.new_zeros(self.out_channels, self.in_channels, *self.kernel_size)
        weight = weight.index_put((rows, columns), self.weight)
        return self._conv_forward(x, weight, self.bias)
''',
    "StandardizedConv": '''\
class StandardizedConv<R>d(nn.Conv<R>d):
    """A convolution whose filters have mean 0 and variance 1, maybe times a learnable `gain`."""

    def __init__(self, *sizes: int, gain: bool = False, **settings: Any) -> None:
        super().__init__(*sizes, **settings)
        self.gain = nn.Parameter(torch.ones(self.out_channels)) if gain else None

    def forward(self, x: Tensor) -> Tensor:
        flat = self.weight.flatten(1)
        mean, variance = flat.mean(dim=1, keepdim=True), flat.var(dim=1, keepdim=True)
        flat = (flat - mean) / (variance + 1e-6).sqrt()
        if self.gain is not None:
            flat = flat * (self.gain / flat.shape[1] ** 0.5).unsqueeze(1)
        return self._conv_forward(x, flat.view_as(self.weight), self.bias)
''',
    "UnscaledBatchNorm": '''\
class UnscaledBatchNorm<R>d(nn.BatchNorm<R>d):
    """A batch normalization with a learnable shift, but no scale."""

    def __init__(self, num_features: int, **settings: Any) -> None:
        super().__init__(num_features, **settings)
        self.weight = None
''',
    "UnshiftedBatchNorm": '''\
class UnshiftedBatchNorm<R>d(nn.BatchNorm<R>d):
    """A batch normalization with a learnable scale, but no shift."""

    def __init__(self, num_features: int, **settings: Any) -> None:
        super().__init__(num_features, **settings)
        self.bias = None
''',
    "Subsample": '''\
class Subsample<R>d(nn.Module):
    """The sum of each window, times a learnable coefficient, plus a learnable bias."""

    def __init__(
        self,
        channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride or kernel_size
        self.coefficient = nn.Parameter(torch.ones(channels, *(1,) * <R>))
        self.bias = nn.Parameter(torch.zeros(channels, *(1,) * <R>))

    def forward(self, x: Tensor) -> Tensor:
        sums = F.avg_pool<R>d(x, self.kernel_size, self.stride) * math.prod(self.kernel_size)
        return self.coefficient * sums + self.bias
''',
    "fold_windows": '''\
def fold_windows<R>d(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> Tensor:
    """Add up windows whose elements are channels (col2im): a transposed convolution with ones."""
    count = math.prod(kernel)
    weight = torch.eye(count, dtype=x.dtype, device=x.device).reshape(count, 1, *kernel)
    windows = x.reshape(-1, count, *x.shape[2:])
    folded = F.conv_transpose<R>d(windows, weight, stride=stride, dilation=dilation)
    return folded.reshape(x.shape[0], -1, *folded.shape[2:])
''',
    "unfold_windows": '''\
def unfold_windows(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> Tensor:
    """The elements of each window as the channels of one position (im2col)."""
    rank = len(kernel)
    for axis in range(rank):
        extent = dilation[axis] * (kernel[axis] - 1) + 1
        x = x.unfold(axis + 2, extent, stride[axis])[..., :: dilation[axis]]
    order = (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
    return x.permute(order).flatten(1, 1 + rank)
''',
    "ChannelLinear": '''\
class ChannelLinear(nn.Linear):
    """A linear layer over the channels, separately at each position."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
''',
    "ChannelLayerNorm": '''\
class ChannelLayerNorm(nn.LayerNorm):
    """Layer normalization over the channels, separately at each position."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
''',
    "ChannelRMSNorm": '''\
class ChannelRMSNorm(nn.RMSNorm):
    """Root mean square normalization over the channels, separately at each position."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
''',
    "FoldedConv3d": '''\
class FoldedConv3d(nn.Conv3d):
    """A convolution over the last three axes, separately along the axis before them."""

    def forward(self, x: Tensor) -> Tensor:
        folded = super().forward(x.transpose(1, 2).flatten(0, 1))
        return folded.unflatten(0, (x.shape[0], -1)).transpose(1, 2)
''',
    "LocalConv": '''\
class LocalConv(nn.Module):
    """A convolution without weight sharing: each output position has its own filters and biases."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        output_size: tuple[int, ...],
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        shape = (*output_size, out_channels, in_channels, *kernel_size)
        self.weight = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.zeros(out_channels, *output_size)) if bias else None
        nn.init.normal_(self.weight, std=(in_channels * math.prod(kernel_size)) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        rank = len(self.kernel_size)
        for axis in range(rank):
            x = x.unfold(axis + 2, self.kernel_size[axis], self.stride[axis])
        windows = x.movedim(1, 1 + rank).flatten(1, rank).flatten(2)
        weight = self.weight.flatten(0, rank - 1).flatten(2)
        out = torch.einsum("npi,poi->nop", windows, weight)
        out = out.reshape(*out.shape[:2], *self.weight.shape[:rank])
        return out if self.bias is None else out + self.bias
''',
    "RadialBasis": '''\
class RadialBasis(nn.Module):
    """The squared distance of the input from each of several fixed centers."""

    def __init__(self, in_features: int, units: int) -> None:
        super().__init__()
        self.register_buffer("centers", torch.zeros(units, in_features))

    def forward(self, x: Tensor) -> Tensor:
        return (x.unsqueeze(1) - self.centers).square().sum(dim=-1)
''',
    "Scale": '''\
class Scale(nn.Module):
    """A learnable factor and maybe a bias for each channel; `rank` counts the spatial axes."""

    def __init__(self, channels: int, rank: int, bias: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, *(1,) * rank))
        self.bias = nn.Parameter(torch.zeros(channels, *(1,) * rank)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.weight
        return x if self.bias is None else x + self.bias
''',
    "Bias": '''\
class Bias(nn.Module):
    """A learnable bias of the given shape."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bias
''',
    "DropPath": '''\
class DropPath(nn.Module):
    """Drops whole samples of a branch at random in training (stochastic depth)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.rate:
            return x
        kept = x.new_empty(x.shape[0], *(1,) * (x.ndim - 1)).bernoulli_(1 - self.rate)
        return x * kept / max(1 - self.rate, 1e-6)
''',
    "average_inside": '''\
def average_inside(pool: nn.Module, x: Tensor, padding: tuple[int, ...]) -> Tensor:
    """Average pooling that pads its input, but does not count the padding."""
    inside = F.pad(torch.ones_like(x[:1, :1]), padding)
    return pool(F.pad(x, padding)) / pool(inside)
''',
    "max_unpool": '''\
def max_unpool(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], size: tuple[int, ...]
) -> Tensor:
    """Put each element at the start of its window; use the indices of a pool to restore maxima."""
    out = x.new_zeros(*x.shape[:2], *size)
    for axis, step in enumerate(stride, start=2):
        x = x.narrow(axis, 0, min(x.shape[axis], -(-out.shape[axis] // step)))
    steps = zip(stride, x.shape[2:], strict=True)
    places = tuple(slice(0, step * count, step) for step, count in steps)
    out[(slice(None), slice(None), *places)] = x
    return out
''',
    "look_up": '''\
def look_up(x: Tensor, shape: tuple[int, ...], dim: int) -> Tensor:
    """Look elements up along an axis; these indices only repeat the axis: replace them by yours."""
    indices = torch.arange(math.prod(shape), device=x.device) % x.shape[dim]
    return x.index_select(dim, indices).unflatten(dim, shape)
''',
    "align_regions": '''\
def align_regions(maps: list[Tensor], count: int, size: tuple[int, ...]) -> Tensor:
    """Stands for torchvision.ops.roi_align: `count` regions, each the whole of one of the maps."""
    pool = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)[len(size) - 1]
    pooled = [pool(each, size) for each in maps]
    return torch.stack([pooled[number % len(pooled)] for number in range(count)], dim=2)
''',
    "pixel_shuffle": '''\
def pixel_shuffle(x: Tensor, factor: int) -> Tensor:
    """nn.PixelShuffle for any number of spatial axes."""
    rank = x.ndim - 2
    x = x.unflatten(1, (-1, *(factor,) * rank))
    order = [axis for place in range(2, 2 + rank) for axis in (place + rank, place)]
    x = x.permute(0, 1, *order)
    for axis in range(2, 2 + rank):
        x = x.flatten(axis, axis + 1)
    return x
''',
    "pixel_unshuffle": '''\
def pixel_unshuffle(x: Tensor, factor: int) -> Tensor:
    """nn.PixelUnshuffle for any number of spatial axes."""
    rank = x.ndim - 2
    for axis in range(2 + rank - 1, 1, -1):
        x = x.unflatten(axis, (-1, factor))
    order = (*range(3, 3 + 2 * rank, 2), *range(2, 2 + 2 * rank, 2))
    return x.permute(0, 1, *order).flatten(1, 1 + rank)
''',
    "make_divisible": MAKE_DIVISIBLE,
}

# The names of helpers, which other names of a file must not hide.
HELPER_NAMES = frozenset(name for base in HELPERS for name in (base, *(f"{base}{rank}d" for rank in (1, 2, 3))))
# The names that code takes from elsewhere.
MODULE_NAMES = frozenset({"torch", "nn", "F", "Tensor", "math", "self", "Any", "Sequence", "DeformConv2d"})


def helper_source(name: str) -> str:
    """The source of a helper, such as Scale or StandardizedConv2d."""
    if name in HELPERS:
        return HELPERS[name]
    return HELPERS[name[:-2]].replace("<R>", name[-2])
