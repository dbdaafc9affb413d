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
}
