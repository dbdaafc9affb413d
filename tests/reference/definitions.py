"""Networks that no framework here has, as torch modules: written from the papers, for record.py to run.

Each entry of NETWORKS is a function that builds the network, and its input.
"""

import torch
from torch import nn
from torch.nn import functional


class UNet(nn.Module):
    """Ronneberger, Fischer, Brox 2015, figure 1: 3x3 convolutions without padding, skips cropped at their centre."""

    def __init__(self, up_filters: tuple[int, ...] = (512, 256, 128, 64)) -> None:
        super().__init__()
        widths = (64, 128, 256, 512, 1024)
        below = (1, *widths)
        self.down = nn.ModuleList(two_convolutions(*pair) for pair in zip(below, widths, strict=False))
        self.pool = nn.MaxPool2d(2)
        self.up, self.merge = nn.ModuleList(), nn.ModuleList()
        for width, filters in zip(reversed(widths[:-1]), up_filters, strict=True):
            self.up.append(nn.ConvTranspose2d(2 * width, filters, 2, 2))
            self.merge.append(two_convolutions(width + filters, width))
        self.score = nn.Conv2d(64, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips: list[torch.Tensor] = []
        for level, convolutions in enumerate(self.down):
            x = convolutions(self.pool(x) if level else x)
            skips.append(x)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips[:-1]), strict=True):
            x = up(x)
            edge = (skip.shape[-1] - x.shape[-1]) // 2
            x = merge(torch.cat([skip[..., edge:-edge, edge:-edge], x], 1))
        return self.score(x)


def two_convolutions(channels: int, filters: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, filters, 3), nn.ReLU(), nn.Conv2d(filters, filters, 3), nn.ReLU())


class Generator(nn.Module):
    """Radford, Metz, Chintala 2015, figure 1, normalised and without biases as in the authors' Theano code."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(100, 1024 * 4 * 4, bias=False), nn.BatchNorm1d(1024 * 4 * 4), nn.ReLU())
        layers: list[nn.Module] = []
        for channels, filters in ((1024, 512), (512, 256), (256, 128)):
            layers += [larger(channels, filters), nn.BatchNorm2d(filters), nn.ReLU()]
        self.layers = nn.Sequential(*layers, larger(128, 3), nn.Tanh())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.layers(self.project(z).reshape(-1, 1024, 4, 4))


def larger(channels: int, filters: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels, filters, 5, 2, padding=2, output_padding=1, bias=False)


class Siamese(nn.Module):
    """Koch, Zemel, Salakhutdinov 2015, figure 4: the two images stand beside each other in the input."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels, filters, kernel in ((1, 64, 10), (64, 128, 7), (128, 128, 4)):
            layers += [nn.Conv2d(channels, filters, kernel), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Conv2d(128, 256, 4), nn.ReLU(), nn.Flatten(), nn.Linear(256 * 6 * 6, 4096), nn.Sigmoid()]
        self.tower = nn.Sequential(*layers)
        self.same = nn.Linear(4096, 1)

    def forward(self, pair: torch.Tensor) -> torch.Tensor:
        first, second = self.tower(pair[:, 0]), self.tower(pair[:, 1])
        return torch.sigmoid(self.same((first - second).abs()))


class FCN8s(nn.Module):
    """Long, Shelhamer, Darrell 2015, as in the authors' voc-fcn8s/net.py for Caffe, whose pools round up."""

    def __init__(self) -> None:
        super().__init__()
        channels = 3
        self.stages = nn.ModuleList()
        for filters, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            layers: list[nn.Module] = []
            for _ in range(depth):
                layers += [nn.Conv2d(channels, filters, 3, padding=100 if channels == 3 else 1), nn.ReLU()]
                channels = filters
            self.stages.append(nn.Sequential(*layers, nn.MaxPool2d(2, ceil_mode=True)))
        self.fc6, self.fc7 = nn.Conv2d(512, 4096, 7), nn.Conv2d(4096, 4096, 1)
        self.score_fr, self.score_pool4, self.score_pool3 = (nn.Conv2d(size, 21, 1) for size in (4096, 512, 256))
        self.upscore2, self.upscore_pool4 = (nn.ConvTranspose2d(21, 21, 4, 2, bias=False) for _ in range(2))
        self.upscore8 = nn.ConvTranspose2d(21, 21, 16, 8, bias=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        maps = [image]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        x = functional.relu(self.fc7(functional.relu(self.fc6(maps[5]))))
        x = self.upscore2(self.score_fr(x))
        x = self.upscore_pool4(x + cropped(self.score_pool4(maps[4]), x, 5))
        x = self.upscore8(x + cropped(self.score_pool3(maps[3]), x, 9))
        return cropped(x, image, 31)


def cropped(source: torch.Tensor, like: torch.Tensor, offset: int) -> torch.Tensor:
    height, width = like.shape[-2:]
    return source[..., offset : offset + height, offset : offset + width]


class MobileNet(nn.Module):
    """Howard et al. 2017, table 1, with each side padded by 1 and no stride in the last depthwise convolution."""

    def __init__(self, width: float) -> None:
        super().__init__()
        channels = int(32 * width)
        layers = [normalised(nn.Conv2d(3, channels, 3, 2, 1, bias=False)), nn.ReLU()]
        strided = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
        for full, stride in strided:
            filters = int(full * width)
            layers += [normalised(nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)), nn.ReLU()]
            layers += [normalised(nn.Conv2d(channels, filters, 1, bias=False)), nn.ReLU()]
            channels = filters
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, 1000)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.layers(image).mean((2, 3)))


def normalised(convolution: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels))


class ShuffleUnit(nn.Module):
    """Zhang, Zhou, Lin, Sun 2017, figure 2: (b) with stride 1, (c) with stride 2."""

    def __init__(self, channels: int, filters: int, groups: int, first_groups: int, stride: int) -> None:
        super().__init__()
        inner, made = filters // 4, filters - channels if stride == 2 else filters
        self.groups = groups
        self.shortcut = nn.AvgPool2d(3, 2, 1) if stride == 2 else None
        self.reduce = normalised(nn.Conv2d(channels, inner, 1, groups=first_groups, bias=False))
        self.depthwise = normalised(nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False))
        self.restore = normalised(nn.Conv2d(inner, made, 1, groups=groups, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = self.shortcut(x) if self.shortcut else x
        maps = functional.relu(self.reduce(x))
        shuffled = maps.unflatten(1, (self.groups, -1)).transpose(1, 2).flatten(1, 2)
        residual = self.restore(self.depthwise(shuffled))
        return functional.relu(torch.cat([shortcut, residual], 1) if self.shortcut else shortcut + residual)


class ShuffleNet(nn.Module):
    """Zhang, Zhou, Lin, Sun 2017, table 1, with a bias in the linear layer."""

    def __init__(self, groups: int, stage2: int, stem: int = 24) -> None:
        super().__init__()
        layers = [normalised(nn.Conv2d(3, stem, 3, 2, 1, bias=False)), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        channels = stem
        for filters, depth in ((stage2, 4), (2 * stage2, 8), (4 * stage2, 4)):
            for index in range(depth):
                first_groups = 1 if channels == stem else groups
                layers.append(ShuffleUnit(channels, filters, groups, first_groups, 1 if index else 2))
                channels = filters
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, 1000)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.layers(image).mean((2, 3)))


class Waveforms(nn.Module):
    """Dai, Dai, Qu, Li, Das 2016, table 1: filters and convolutions of the rows that a network has of its five."""

    def __init__(self, *stages: tuple[int, int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for stage, (filters, depth) in enumerate(stages):
            for _ in range(depth):
                convolution = nn.Conv1d(channels, filters, 3, 1, 1) if stage else nn.Conv1d(1, filters, 80, 4, 38)
                layers += [convolution, nn.BatchNorm1d(filters), nn.ReLU()]
                channels = filters
            layers += [nn.MaxPool1d(4)] if stage < 4 else []
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, 10)

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.layers(sound).mean(2))


class NetworkInNetwork(nn.Module):
    """Lin, Chen, Yan 2013, as in the authors' CIFAR-10 model for Caffe, whose pools round up."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for kernel, *widths in ((5, 192, 160, 96), (5, 192, 192, 192), (3, 192, 192, 10)):
            for filters, size in zip(widths, (kernel, 1, 1), strict=True):
                layers += [nn.Conv2d(channels, filters, size, padding=size // 2), nn.ReLU()]
                channels = filters
            if channels != 10:
                pool = nn.MaxPool2d if channels == 96 else nn.AvgPool2d
                layers.append(pool(3, 2, ceil_mode=True))
        self.layers = nn.Sequential(*layers)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layers(image).mean((2, 3))


class Maxout(nn.Module):
    """Goodfellow et al. 2013, as in the authors' papers/maxout/cifar10.yaml for pylearn2, whose pools round up."""

    def __init__(self) -> None:
        super().__init__()
        rows = ((3, 96, 8, 4, 4), (96, 192, 8, 3, 4), (192, 192, 5, 3, 2))
        self.h = nn.ModuleList(nn.Conv2d(size, 2 * maps, kernel, padding=pad) for size, maps, kernel, pad, _ in rows)
        self.pools = nn.ModuleList(nn.MaxPool2d(pool, 2, ceil_mode=True) for *_, pool in rows)
        self.h3, self.y = nn.Linear(192 * 5 * 5, 5 * 500), nn.Linear(500, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for convolution, pool in zip(self.h, self.pools, strict=True):
            x = pool(convolution(x).unflatten(1, (-1, 2)).amax(2))
        return self.y(self.h3(x.flatten(1)).unflatten(1, (-1, 5)).amax(2))


class Branches(nn.ModuleList):
    """Side by side on the same input, their maps stacked."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self], 1)


def inception_naive() -> nn.Module:
    """CS231n 2017, lecture 9: the sizes of its slide on the naive Inception module."""
    convolutions = [nn.Conv2d(256, filters, size, padding=size // 2) for filters, size in ((128, 1), (192, 3), (96, 5))]
    return Branches([*convolutions, nn.MaxPool2d(3, 1, 1)])


def inception_with_bottlenecks() -> nn.Module:
    """CS231n 2017, lecture 9: the slide after it."""
    threes = nn.Sequential(nn.Conv2d(256, 64, 1), nn.Conv2d(64, 192, 3, padding=1))
    fives = nn.Sequential(nn.Conv2d(256, 64, 1), nn.Conv2d(64, 96, 5, padding=2))
    pooled = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(256, 64, 1))
    return Branches([nn.Conv2d(256, 128, 1), threes, fives, pooled])


Filters = tuple[int, int | tuple[int, int], int]  # how many, of what size, and the stride


class InceptionResNetV1(nn.Module):
    """Szegedy et al. 2016, figures 14 (stem), 10 to 13 and 15; a convolution of stride 2 has no padding there."""

    def __init__(self) -> None:
        super().__init__()
        stem = [chain(3, (32, 3, 2)), chain(32, (32, 3, 1), unpadded=True), chain(32, (64, 3, 1)), nn.MaxPool2d(3, 2)]
        stem += [chain(64, (80, 1, 1)), chain(80, (192, 3, 1), unpadded=True), chain(192, (256, 3, 2))]
        self.stem = nn.Sequential(*stem)
        a: list[list[Filters]] = [[(32, 1, 1)], [(32, 1, 1), (32, 3, 1)], [(32, 1, 1), (32, 3, 1), (32, 3, 1)]]
        b: list[list[Filters]] = [[(128, 1, 1)], [(128, 1, 1), (128, (1, 7), 1), (128, (7, 1), 1)]]
        c: list[list[Filters]] = [[(192, 1, 1)], [(192, 1, 1), (192, (1, 3), 1), (192, (3, 1), 1)]]
        self.a = nn.ModuleList(Residual(256, a) for _ in range(5))
        self.to_b = shrinking(256, [[(384, 3, 2)], [(192, 1, 1), (192, 3, 1), (256, 3, 2)]])
        self.b = nn.ModuleList(Residual(896, b) for _ in range(10))
        ends: list[list[Filters]] = [[(256, 1, 1), (width, 3, 2)] for width in (384, 256)]
        self.to_c = shrinking(896, [*ends, [(256, 1, 1), (256, 3, 1), (256, 3, 2)]])
        self.c = nn.ModuleList(Residual(1792, c) for _ in range(5))
        self.fc = nn.Linear(1792, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for part in (self.stem, *self.a, self.to_b, *self.b, self.to_c, *self.c):
            x = part(x)
        return self.fc(x.mean((2, 3)))


def chain(channels: int, *convolutions: Filters, unpadded: bool = False) -> nn.Sequential:
    layers: list[nn.Module] = []
    for filters, kernel, stride in convolutions:
        across = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        padding = (0, 0) if unpadded or stride == 2 else tuple(size // 2 for size in across)
        layers += [normalised(nn.Conv2d(channels, filters, kernel, stride, padding, bias=False)), nn.ReLU()]
        channels = filters
    return nn.Sequential(*layers)


def shrinking(channels: int, branches: list[list[Filters]]) -> nn.Module:
    return Branches([*(chain(channels, *branch) for branch in branches), nn.MaxPool2d(3, 2)])


class Residual(nn.Module):
    def __init__(self, channels: int, branches: list[list[Filters]]) -> None:
        super().__init__()
        self.branches = Branches(chain(channels, *branch) for branch in branches)
        self.restore = nn.Conv2d(sum(branch[-1][0] for branch in branches), channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(x + self.restore(self.branches(x)))


class SRCNN(nn.Module):
    """Dong, Loy, He, Tang 2014: 9-1-5, without padding, on the 33x33 pieces that it was trained with."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 64, 9), nn.ReLU(), nn.Conv2d(64, 32, 1), nn.ReLU(), nn.Conv2d(32, 1, 5)
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layers(image)


class EDSR(nn.Module):
    """Lim, Son, Kim, Nah, Lee 2017, table 1, without the mean color that the authors' code takes off and adds again."""

    def __init__(self, filters: int, depth: int, scale: int) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, filters, 3, padding=1)
        self.body = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU(), nn.Conv2d(filters, filters, 3, padding=1)
            )
            for _ in range(depth)
        )
        self.last = nn.Conv2d(filters, filters, 3, padding=1)
        tail: list[nn.Module] = []
        for factor in (2, 2) if scale == 4 else (scale,):
            tail += [nn.Conv2d(filters, factor**2 * filters, 3, padding=1), nn.PixelShuffle(factor)]
        self.tail = nn.Sequential(*tail, nn.Conv2d(filters, 3, 3, padding=1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = head = self.head(image)
        for block in self.body:
            x = x + 0.1 * block(x)
        return self.tail(self.last(x) + head)


class NestedUNet(nn.Module):
    """Zhou, Siddiquee, Tajbakhsh, Liang 2018, figure 1, as Nest_Net of the authors' Keras code (9,041,601)."""

    def __init__(self) -> None:
        super().__init__()
        widths = (32, 64, 128, 256, 512)
        self.pool = nn.MaxPool2d(2)
        self.units, self.ups = nn.ModuleDict(), nn.ModuleDict()
        for column in range(5):
            for row in range(5 - column):
                channels = (1, *widths)[row] if column == 0 else (column + 1) * widths[row]
                self.units[f"{row}_{column}"] = padded_convolutions(channels, widths[row])
                if column:
                    self.ups[f"{row}_{column}"] = nn.ConvTranspose2d(widths[row + 1], widths[row], 2, 2)
        self.output = nn.Conv2d(32, 1, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        maps: dict[tuple[int, int], torch.Tensor] = {}
        for diagonal in range(5):
            for column in range(diagonal + 1):
                row = diagonal - column
                if column == 0:
                    x = self.pool(maps[row - 1, 0]) if row else image
                else:
                    up = self.ups[f"{row}_{column}"](maps[row + 1, column - 1])
                    x = torch.cat([up, *(maps[row, before] for before in range(column))], 1)
                maps[row, column] = self.units[f"{row}_{column}"](x)
        return torch.sigmoid(self.output(maps[0, 4]))


def padded_convolutions(channels: int, filters: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(), nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU()
    )


class PreActivated(nn.Module):
    """Newell, Yang, Deng 2016, figure 4 left: the bottleneck of the authors' layers/Residual.lua."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        inner = filters // 2
        layers: list[nn.Module] = []
        for before, after, kernel in ((channels, inner, 1), (inner, inner, 3), (inner, filters, 1)):
            layers += [nn.BatchNorm2d(before), nn.ReLU(), nn.Conv2d(before, after, kernel, padding=kernel // 2)]
        self.layers = nn.Sequential(*layers)
        self.skip = nn.Conv2d(channels, filters, 1) if channels != filters else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x) + (self.skip(x) if self.skip else x)


class Hourglass(nn.Module):
    def __init__(self, depth: int) -> None:
        super().__init__()
        self.up, self.pool, self.down = PreActivated(256, 256), nn.MaxPool2d(2), PreActivated(256, 256)
        self.within = Hourglass(depth - 1) if depth > 1 else PreActivated(256, 256)
        self.back = PreActivated(256, 256)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        up = self.up(x)
        return up + functional.interpolate(self.back(self.within(self.down(self.pool(x)))), scale_factor=2)


class StackedHourglass(nn.Module):
    """Newell, Yang, Deng 2016, as the authors' pose-hg-train/src/models/hg.lua with 8 stacks of 1 module."""

    def __init__(self, stacks: int = 8, joints: int = 16) -> None:
        super().__init__()
        stem = [nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), PreActivated(64, 128), nn.MaxPool2d(2)]
        self.stem = nn.Sequential(*stem, PreActivated(128, 128), PreActivated(128, 256))
        self.hourglasses = nn.ModuleList(Hourglass(4) for _ in range(stacks))
        self.lin = nn.ModuleList(
            nn.Sequential(nn.Conv2d(256, 256, 1), nn.BatchNorm2d(256), nn.ReLU()) for _ in range(stacks)
        )
        self.heat = nn.ModuleList(nn.Conv2d(256, joints, 1) for _ in range(stacks))
        self.features = nn.ModuleList(nn.Conv2d(256, 256, 1) for _ in range(stacks - 1))
        self.heat_back = nn.ModuleList(nn.Conv2d(joints, 256, 1) for _ in range(stacks - 1))

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        x = self.stem(image)
        heatmaps = []
        for stack, hourglass in enumerate(self.hourglasses):
            y = self.lin[stack](hourglass(x))
            heatmaps.append(self.heat[stack](y))
            if stack < len(self.features):
                x = x + self.features[stack](y) + self.heat_back[stack](heatmaps[-1])
        return heatmaps


class PaddedConv1d(nn.Conv1d):
    """Pads more on one side than on the other: `pads` are before and after, per axis."""

    def __init__(self, channels: int, filters: int, kernel: int, pads: tuple[int, int], dilation: int = 1) -> None:
        super().__init__(channels, filters, kernel, dilation=dilation)
        self.pads = (pads,)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(functional.pad(x, self.pads[0]))


class PaddedConv2d(nn.Conv2d):
    """Likewise."""

    def __init__(self, *settings: object, pads: tuple[tuple[int, int], tuple[int, int]], **options: object) -> None:
        super().__init__(*settings, **options)  # type: ignore[arg-type]
        self.pads = pads

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(functional.pad(x, (*self.pads[1], *self.pads[0])))


class CroppedConvTranspose2d(nn.ConvTranspose2d):
    """Cuts off the last row and column, as TensorFlow does for an output of twice the input."""

    pads = ((0, 1), (0, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return super().forward(x)[..., :-1, :-1]


class TCN(nn.Module):
    """Bai, Kolter, Koltun 2018, as the authors' TCN/mnist_pixel: 8 levels of 25 maps, kernel 7.

    Their code pads both ends and cuts off the later one; here the earlier one alone is padded. Their weight
    normalization, which writes each filter as a length times a direction, is left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.ModuleList(), nn.ModuleList()
        for level in range(8):
            pads, dilation = (6 * 2**level, 0), 2**level
            self.first.append(PaddedConv1d(25 if level else 1, 25, 7, pads, dilation))
            self.second.append(PaddedConv1d(25, 25, 7, pads, dilation))
        self.downsample = nn.Conv1d(1, 25, 1)
        self.linear = nn.Linear(25, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for level, (first, second) in enumerate(zip(self.first, self.second, strict=True)):
            y = functional.relu(second(functional.relu(first(x))))
            x = functional.relu(y + (x if level else self.downsample(x)))
        return self.linear(x[..., -1])


class EEGNet(nn.Module):
    """Lawhern et al. 2018, table 2, as the authors' arl-eegmodels: 64 electrodes, 128 samples, 2 classes."""

    def __init__(self, filters: int, multiplier: int) -> None:
        super().__init__()
        wide = filters * multiplier
        self.block1 = nn.Sequential(
            normalised(PaddedConv2d(1, filters, (1, 64), bias=False, pads=((0, 0), (31, 32)))),
            normalised(nn.Conv2d(filters, wide, (64, 1), groups=filters, bias=False)),
            nn.ELU(),
            nn.AvgPool2d((1, 4)),
        )
        self.block2 = nn.Sequential(
            PaddedConv2d(wide, wide, (1, 16), groups=wide, bias=False, pads=((0, 0), (7, 8))),
            normalised(nn.Conv2d(wide, wide, 1, bias=False)),
            nn.ELU(),
            nn.AvgPool2d((1, 8)),
        )
        self.dense = nn.Linear(4 * wide, 2)

    def forward(self, signals: torch.Tensor) -> torch.Tensor:
        return self.dense(self.block2(self.block1(signals)).flatten(1))


class DarknetBlock(nn.Sequential):
    def __init__(self, channels: int, filters: int, kernel: int, stride: int = 1) -> None:
        convolution = nn.Conv2d(channels, filters, kernel, stride, kernel // 2, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(filters), nn.LeakyReLU(0.1))


class DarknetResidual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(DarknetBlock(channels, channels // 2, 1), DarknetBlock(channels // 2, channels, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x)


class YOLOv3(nn.Module):
    """Redmon, Farhadi 2018, as the authors' cfg/yolov3.cfg."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = DarknetBlock(3, 32, 3)
        self.stages = nn.ModuleList()
        for filters, depth in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
            residuals = [DarknetResidual(filters) for _ in range(depth)]
            self.stages.append(nn.Sequential(DarknetBlock(filters // 2, filters, 3, 2), *residuals))
        self.necks, self.heads, self.before_up = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for channels, wide in ((1024, 1024), (768, 512), (384, 256)):
            half = wide // 2
            neck: list[nn.Module] = [DarknetBlock(channels, half, 1)]
            for _ in range(2):
                neck += [DarknetBlock(half, wide, 3), DarknetBlock(wide, half, 1)]
            self.necks.append(nn.Sequential(*neck))
            self.heads.append(nn.Sequential(DarknetBlock(half, wide, 3), nn.Conv2d(wide, 255, 1)))
        self.before_up.extend([DarknetBlock(512, 256, 1), DarknetBlock(256, 128, 1)])

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        x, maps, outputs = self.stem(image), [], []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        for scale, (neck, head) in enumerate(zip(self.necks, self.heads, strict=True)):
            x = neck(x)
            outputs.append(head(x))
            if scale < 2:
                x = functional.interpolate(self.before_up[scale](x), scale_factor=2)
                x = torch.cat([x, maps[3 - scale]], 1)
        return outputs


class Convolution(nn.Sequential):
    """Of YOLOv8: with batch normalization and SiLU."""

    def __init__(self, channels: int, filters: int, kernel: int = 1, stride: int = 1) -> None:
        convolution = nn.Conv2d(channels, filters, kernel, stride, kernel // 2, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(filters), nn.SiLU())


class C2f(nn.Module):
    """Of YOLOv8: half of the maps, the other half, and what each block makes of the one before, merged."""

    def __init__(self, channels: int, filters: int, depth: int, shortcut: bool) -> None:
        super().__init__()
        half = filters // 2
        self.cv1 = Convolution(channels, filters)
        self.blocks = nn.ModuleList(
            nn.Sequential(Convolution(half, half, 3), Convolution(half, half, 3)) for _ in range(depth)
        )
        self.cv2 = Convolution((2 + depth) * half, filters)
        self.shortcut = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = list(self.cv1(x).chunk(2, 1))
        for block in self.blocks:
            y = block(maps[-1])
            maps.append(maps[-1] + y if self.shortcut else y)
        return self.cv2(torch.cat(maps, 1))


class SPPF(nn.Module):
    """Of YOLOv8: three pools of 5x5 in a row, all stacked."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.cv1 = Convolution(channels, channels // 2)
        self.pools = nn.ModuleList(nn.MaxPool2d(5, 1, 2) for _ in range(3))
        self.cv2 = Convolution(2 * channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = [self.cv1(x)]
        for pool in self.pools:
            maps.append(pool(maps[-1]))
        return self.cv2(torch.cat(maps, 1))


class YOLOv8(nn.Module):
    """Jocher, Chaurasia, Qiu 2023, as ultralytics' yolov8.yaml (3,157,200 parameters at scale n)."""

    def __init__(self, depth: float, width: float, most: int) -> None:
        super().__init__()
        first, *wide = (int(min(filters, most) * width) for filters in (64, 128, 256, 512, 1024))
        c2, c3, c4, c5 = wide
        short, long = (max(round(count * depth), 1) for count in (3, 6))
        self.stem, self.down = Convolution(3, first, 3, 2), nn.ModuleList()
        self.stages = nn.ModuleList()
        for channels, filters, count in ((first, c2, short), (c2, c3, long), (c3, c4, long), (c4, c5, short)):
            self.down.append(Convolution(channels, filters, 3, 2))
            self.stages.append(C2f(filters, filters, count, True))
        self.sppf = SPPF(c5)
        self.top_down = nn.ModuleList([C2f(c5 + c4, c4, short, False), C2f(c4 + c3, c3, short, False)])
        self.down_again = nn.ModuleList([Convolution(c3, c3, 3, 2), Convolution(c4, c4, 3, 2)])
        self.bottom_up = nn.ModuleList([C2f(c3 + c4, c4, short, False), C2f(c4 + c5, c5, short, False)])
        inner = max(c3 // 4, 64)
        self.boxes = nn.ModuleList(self.head(channels, inner, 64) for channels in (c3, c4, c5))
        self.scores = nn.ModuleList(self.head(channels, max(c3, 80), 80) for channels in (c3, c4, c5))
        self.dfl = nn.Conv2d(16, 1, 1, bias=False)

    @staticmethod
    def head(channels: int, inner: int, outputs: int) -> nn.Module:
        convolutions = (Convolution(channels, inner, 3), Convolution(inner, inner, 3))
        return nn.Sequential(*convolutions, nn.Conv2d(inner, outputs, 1))

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, maps = self.stem(image), []
        for down, stage in zip(self.down, self.stages, strict=True):
            x = stage(down(x))
            maps.append(x)
        p5 = self.sppf(x)
        p4 = self.top_down[0](torch.cat([functional.interpolate(p5, scale_factor=2), maps[2]], 1))
        p3 = self.top_down[1](torch.cat([functional.interpolate(p4, scale_factor=2), maps[1]], 1))
        n4 = self.bottom_up[0](torch.cat([self.down_again[0](p3), p4], 1))
        n5 = self.bottom_up[1](torch.cat([self.down_again[1](n4), p5], 1))
        boxes = [head(level).flatten(2) for head, level in zip(self.boxes, (p3, n4, n5), strict=True)]
        scores = [head(level).flatten(2) for head, level in zip(self.scores, (p3, n4, n5), strict=True)]
        distances = torch.cat(boxes, 2).unflatten(1, (4, 16)).transpose(1, 2).softmax(1)
        return self.dfl(distances).squeeze(1), torch.cat(scores, 2).sigmoid()


class CRNN(nn.Module):
    """Shi, Bai, Yao 2015, table 1, as in meijieru/crnn.pytorch: images of 32x100, 36 characters and the blank."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        pools = {0: nn.MaxPool2d(2), 1: nn.MaxPool2d(2)}
        pools |= {index: nn.MaxPool2d(2, (2, 1), (0, 1)) for index in (3, 5)}
        channels = 1
        for index, filters in enumerate((64, 128, 256, 256, 512, 512, 512)):
            last = index == 6
            layers.append(nn.Conv2d(channels, filters, 2 if last else 3, padding=0 if last else 1))
            layers += [nn.BatchNorm2d(filters)] if index in (2, 4, 6) else []
            layers += [nn.ReLU(), *([pools[index]] if index in pools else [])]
            channels = filters
        self.cnn = nn.Sequential(*layers)
        self.lstm = nn.ModuleList(nn.LSTM(size, 256, bidirectional=True, batch_first=True) for size in (512, 256))
        self.linear = nn.ModuleList(nn.Linear(512, size) for size in (256, 37))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.cnn(image).squeeze(2).transpose(1, 2)
        for lstm, linear in zip(self.lstm, self.linear, strict=True):
            x = linear(lstm(x)[0])
        return x


def squash(s: torch.Tensor) -> torch.Tensor:
    length = s.norm(dim=-1, keepdim=True)
    return s * length / (1 + length**2)


class CapsNet(nn.Module):
    """Sabour, Frosst, Hinton 2017, figures 1 and 2 (8.2 million parameters, 6.8 million without the decoder).

    The decoder gets all capsules, where the authors set those of other digits to 0.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.primary = nn.Conv2d(1, 256, 9), nn.Conv2d(256, 256, 9, 2)
        self.weight = nn.Parameter(torch.zeros(1152, 10, 16, 8))
        layers = [nn.Linear(160, 512), nn.ReLU(), nn.Linear(512, 1024), nn.ReLU(), nn.Linear(1024, 784), nn.Sigmoid()]
        self.decoder = nn.Sequential(*layers)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        maps = self.primary(functional.relu(self.conv1(image)))
        u = squash(maps.unflatten(1, (32, 8)).transpose(1, 2).flatten(2).transpose(1, 2))
        predicted = torch.einsum("bic,ijdc->bijd", u, self.weight)
        logits = torch.zeros(1152, 10, device=u.device).expand(len(u), -1, -1)
        for iteration in range(3):
            v = squash(torch.einsum("bij,bijd->bjd", logits.softmax(2), predicted))
            if iteration < 2:
                logits = logits + torch.einsum("bijd,bjd->bij", predicted, v)
        return v.norm(dim=2), self.decoder(v.flatten(1))


class ConvolutionalVAE(nn.Module):
    """Chollet 2020, keras.io/examples/generative/vae (an encoder of 69,076 and a decoder of 65,089 parameters).

    Of the values drawn, the means are what goes on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = PaddedConv2d(1, 32, 3, 2, pads=((0, 1), (0, 1)))
        self.conv2 = PaddedConv2d(32, 64, 3, 2, pads=((0, 1), (0, 1)))
        self.dense = nn.Linear(7 * 7 * 64, 16)
        self.mean, self.log_variance = nn.Linear(16, 2), nn.Linear(16, 2)
        self.spread = nn.Linear(2, 7 * 7 * 64)
        self.up = nn.ModuleList(CroppedConvTranspose2d(64, filters, 3, 2) for filters in (64, 32))
        self.last = nn.ConvTranspose2d(32, 1, 3, 1, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.conv2(functional.relu(self.conv1(image))))
        x = functional.relu(self.dense(x.flatten(1)))
        z = self.mean(x) + torch.exp(self.log_variance(x) / 2)
        x = functional.relu(self.spread(z)).unflatten(1, (64, 7, 7))
        for up in self.up:
            x = functional.relu(up(x))
        return torch.sigmoid(self.last(x))


NETWORKS = {
    "unet": (UNet, (1, 572, 572)),
    "unet_release": (lambda: UNet((512, 256, 128, 128)), (1, 572, 572)),
    "dcgan_generator": (Generator, (100,)),
    "siamese": (Siamese, (2, 1, 105, 105)),
    "fcn8s_vgg16": (FCN8s, (3, 500, 500)),
    "mobilenet_v1_0_75": (lambda: MobileNet(0.75), (3, 224, 224)),
    "mobilenet_v1_0_5": (lambda: MobileNet(0.5), (3, 224, 224)),
    "mobilenet_v1_0_25": (lambda: MobileNet(0.25), (3, 224, 224)),
    "shufflenet_v1_g1": (lambda: ShuffleNet(1, 144), (3, 224, 224)),
    "shufflenet_v1_g2": (lambda: ShuffleNet(2, 200), (3, 224, 224)),
    "shufflenet_v1_g3": (lambda: ShuffleNet(3, 240), (3, 224, 224)),
    "shufflenet_v1_g4": (lambda: ShuffleNet(4, 272), (3, 224, 224)),
    "shufflenet_v1_g8": (lambda: ShuffleNet(8, 384), (3, 224, 224)),
    "shufflenet_v1_g3_0_5": (lambda: ShuffleNet(3, 120, 12), (3, 224, 224)),
    "shufflenet_v1_g3_2": (lambda: ShuffleNet(3, 480, 48), (3, 224, 224)),
    "m3": (lambda: Waveforms((256, 1), (256, 1)), (1, 32000)),
    "m5": (lambda: Waveforms((128, 1), (128, 1), (256, 1), (512, 1)), (1, 32000)),
    "m11": (lambda: Waveforms((64, 1), (64, 2), (128, 2), (256, 3), (512, 2)), (1, 32000)),
    "m18": (lambda: Waveforms((64, 1), (64, 4), (128, 4), (256, 4), (512, 4)), (1, 32000)),
    "network_in_network": (NetworkInNetwork, (3, 32, 32)),
    "maxout_cifar": (Maxout, (3, 32, 32)),
    "inception_module_naive": (inception_naive, (256, 28, 28)),
    "inception_module": (inception_with_bottlenecks, (256, 28, 28)),
    "inception_resnet_v1": (InceptionResNetV1, (3, 299, 299)),
    "srcnn": (SRCNN, (1, 33, 33)),
    "edsr_x4": (lambda: EDSR(256, 32, 4), (3, 48, 48)),
    "edsr_baseline_x2": (lambda: EDSR(64, 16, 2), (3, 48, 48)),
    "unet_plus_plus": (NestedUNet, (1, 96, 96)),
    "hourglass": (StackedHourglass, (3, 256, 256)),
    "tcn": (TCN, (1, 784)),
    "eegnet_8_2": (lambda: EEGNet(8, 2), (1, 64, 128)),
    "eegnet_4_2": (lambda: EEGNet(4, 2), (1, 64, 128)),
    "yolov3": (YOLOv3, (3, 416, 416)),
    "yolov8n": (lambda: YOLOv8(1 / 3, 1 / 4, 1024), (3, 640, 640)),
    "yolov8s": (lambda: YOLOv8(1 / 3, 1 / 2, 1024), (3, 640, 640)),
    "yolov8m": (lambda: YOLOv8(2 / 3, 3 / 4, 768), (3, 640, 640)),
    "yolov8l": (lambda: YOLOv8(1, 1, 512), (3, 640, 640)),
    "yolov8x": (lambda: YOLOv8(1, 5 / 4, 512), (3, 640, 640)),
    "crnn": (CRNN, (1, 32, 100)),
    "capsnet": (CapsNet, (1, 28, 28)),
    "vae": (ConvolutionalVAE, (1, 28, 28)),
}
