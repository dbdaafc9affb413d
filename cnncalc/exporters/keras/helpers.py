"""Functions and layers that generated Keras code defines if it uses them."""

from __future__ import annotations

# The source of each definition, and the names of those that it uses.
HELPERS: dict[str, str] = {
    "pad_with_minimum": '''\
def pad_with_minimum(x: keras.KerasTensor, padding: int | tuple) -> keras.KerasTensor:
    """Pad with the smallest number, which is never the maximum of a window."""
    rank = len(x.shape) - 2
    sides = (padding,) * rank if isinstance(padding, int) else padding
    if rank == 1 and len(sides) == 2:
        sides = (sides,)
    pairs = [(side, side) if isinstance(side, int) else tuple(side) for side in sides]
    return ops.pad(x, ((0, 0), *pairs, (0, 0)), constant_values=-float("inf"))
''',
    "pad_last_windows": '''\
def pad_last_windows(
    x: keras.KerasTensor, pool_size: int | tuple, strides: int | tuple
) -> keras.KerasTensor:
    """Complete the windows that only begin in the input with the smallest number."""
    rank = len(x.shape) - 2
    sizes = (pool_size,) * rank if isinstance(pool_size, int) else pool_size
    steps = (strides,) * rank if isinstance(strides, int) else strides
    after = [
        max(-(length - size) % step, 0) if length > size else size - length
        for length, size, step in zip(x.shape[1:-1], sizes, steps)
    ]
    pairs = [(0, rows) for rows in after]
    return ops.pad(x, ((0, 0), *pairs, (0, 0)), constant_values=-float("inf"))
''',
    "average_pool": '''\
def average_pool(
    x: keras.KerasTensor,
    pool_size: int | tuple,
    strides: int | tuple,
    padding: tuple,
    output_size: tuple,
    count_padding: bool,
) -> keras.KerasTensor:
    """The mean of each window; windows that start near the end may be incomplete."""
    rank = len(padding)
    sizes = (pool_size,) * rank if isinstance(pool_size, int) else pool_size
    steps = (strides,) * rank if isinstance(strides, int) else strides
    # Ones where elements count, so that their mean is the share of each window that does.
    ones = ops.ones((1, *x.shape[1:-1], 1))
    first = padding if count_padding else [(0, 0)] * rank
    rest = [(0, 0)] * rank if count_padding else padding
    filled = []
    for step, size, outputs, length, (before, after) in zip(
        steps, sizes, output_size, x.shape[1:-1], padding
    ):
        filled.append((0, max((outputs - 1) * step + size - length - before - after, 0)))
    x = ops.pad(x, ((0, 0), *padding, (0, 0)))
    ones = ops.pad(ones, ((0, 0), *first, (0, 0)), constant_values=1.0)
    ones = ops.pad(ones, ((0, 0), *rest, (0, 0)))
    x, ones = (ops.pad(tensor, ((0, 0), *filled, (0, 0))) for tensor in (x, ones))
    total = ops.average_pool(x, sizes, steps, data_format="channels_last")
    return total / ops.average_pool(ones, sizes, steps, data_format="channels_last")
''',
    "local_response_normalization": '''\
def local_response_normalization(
    x: keras.KerasTensor, size: int = 5, alpha: float = 0.0001, beta: float = 0.75, k: float = 2
) -> keras.KerasTensor:
    """Divide each element by a power of the sum of squares of `size` neighboring channels."""
    channels, before = x.shape[-1], size // 2
    sides = ((0, 0),) * (len(x.shape) - 1) + ((before, size - 1 - before),)
    squares = ops.pad(ops.square(x), sides)
    total = sum(squares[..., start : start + channels] for start in range(size))
    return x / (k + alpha * total) ** beta
''',
    "maxout": '''\
def maxout(x: keras.KerasTensor, pieces: int) -> keras.KerasTensor:
    """The maximum of every `pieces` neighboring channels."""
    *sizes, channels = x.shape[1:]
    return ops.max(ops.reshape(x, (-1, *sizes, channels // pieces, pieces)), axis=-1)
''',
    "channel_shuffle": '''\
def channel_shuffle(x: keras.KerasTensor, groups: int) -> keras.KerasTensor:
    """Interleave groups of channels: all first channels, then all second ones."""
    *sizes, channels = x.shape[1:]
    x = ops.reshape(x, (-1, *sizes, groups, channels // groups))
    return ops.reshape(ops.swapaxes(x, -1, -2), (-1, *sizes, channels))
''',
    "resize_signal": '''\
def resize_signal(x: keras.KerasTensor, size: int, interpolation: str) -> keras.KerasTensor:
    """Resize the only spatial axis of a signal."""
    image = ops.expand_dims(x, axis=1)
    return ops.squeeze(ops.image.resize(image, (1, size), interpolation=interpolation), axis=1)
''',
    "resize_volume": '''\
def resize_volume(x: keras.KerasTensor, size: tuple[int, ...]) -> keras.KerasTensor:
    """Resize the spatial axes of a volume by copying the nearest elements."""
    for axis, (old, new) in enumerate(zip(x.shape[1:-1], size), start=1):
        x = ops.take(x, [place * old // new for place in range(new)], axis=axis)
    return x
''',
    "SparselyConnectedConv2D": '''\
@keras.saving.register_keras_serializable()
class SparselyConnectedConv2D(layers.Layer):
    """A 2-D convolution whose filters read only the input channels that `connections` lists."""

    def __init__(
        self,
        connections: tuple[tuple[int, ...], ...],
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.connections = connections
        size = kernel_size
        self.kernel_size = (size, size) if isinstance(size, int) else tuple(size)
        self.strides = strides
        self.padding = padding
        self.use_bias = use_bias

    def build(self, input_shape: tuple) -> None:
        shapes = [(*self.kernel_size, len(row), 1) for row in self.connections]
        self.kernels = [
            self.add_weight(shape=shape, name=f"kernel{i}") for i, shape in enumerate(shapes)
        ]
        if self.use_bias:
            self.bias = self.add_weight(shape=(len(shapes),), initializer="zeros", name="bias")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        maps = [
            ops.conv(
                ops.take(x, list(row), axis=-1),
                kernel,
                strides=self.strides,
                padding=self.padding,
                data_format="channels_last",
            )
            for row, kernel in zip(self.connections, self.kernels)
        ]
        x = ops.concatenate(maps, axis=-1)
        return x + self.bias if self.use_bias else x

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "connections": self.connections,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "use_bias": self.use_bias,
        }
''',
    "StandardizedConv2D": '''\
@keras.saving.register_keras_serializable()
class StandardizedConv2D(layers.Conv2D):
    """A convolution whose filters are normalized to mean 0 and variance 1 before use.

    With `gain`, they are then scaled by a learned factor and the root of their number of inputs.
    """

    def __init__(self, *args: Any, gain: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_gain = gain

    def build(self, input_shape: tuple) -> None:
        super().build(input_shape)
        if self.has_gain:
            self.gain = self.add_weight(shape=(self.filters,), initializer="ones", name="gain")

    def convolution_op(
        self, inputs: keras.KerasTensor, kernel: keras.KerasTensor
    ) -> keras.KerasTensor:
        mean, variance = ops.moments(kernel, axes=(0, 1, 2), keepdims=True)
        kernel = (kernel - mean) * ops.rsqrt(variance + 1e-6)
        if self.has_gain:
            kernel = kernel * self.gain * math.prod(kernel.shape[:-1]) ** -0.5
        return super().convolution_op(inputs, kernel)

    # A convolution of Keras stores its kernel and bias alone.
    def save_own_variables(self, store: dict[str, Any]) -> None:
        layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: dict[str, Any]) -> None:
        layers.Layer.load_own_variables(self, store)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.has_gain}
''',
    "LocallyConnected2D": '''\
@keras.saving.register_keras_serializable()
class LocallyConnected2D(layers.Layer):
    """A convolution with filters and biases of its own at each position."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size, self.strides = (
            (size, size) if isinstance(size, int) else tuple(size) for size in (kernel_size, strides)
        )
        self.use_bias = use_bias

    def build(self, input_shape: tuple) -> None:
        sizes = zip(input_shape[1:3], self.kernel_size, self.strides)
        positions = tuple((size - kernel) // stride + 1 for size, kernel, stride in sizes)
        height, width = self.kernel_size
        shape = (*positions, height * width * input_shape[-1], self.filters)
        self.kernel = self.add_weight(shape=shape, name="kernel")
        if self.use_bias:
            shape = (*positions, self.filters)
            self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        windows = ops.image.extract_patches(
            x, self.kernel_size, strides=self.strides, data_format="channels_last"
        )
        x = ops.einsum("bhwi,hwio->bhwo", windows, self.kernel)
        return x + self.bias if self.use_bias else x

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "use_bias": self.use_bias,
        }
''',
    "RadialBasis": '''\
@keras.saving.register_keras_serializable()
class RadialBasis(layers.Layer):
    """The squared distance of a vector from fixed centers."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: tuple) -> None:
        shape = (self.units, input_shape[-1])
        self.centers = self.add_weight(shape=shape, trainable=False, name="centers")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return ops.sum(ops.square(ops.expand_dims(x, axis=1) - self.centers), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
''',
    "TwoBiasLSTMCell": '''\
@keras.saving.register_keras_serializable()
class TwoBiasLSTMCell(layers.LSTMCell):
    """A cell with a bias of the input and one of the state, as in PyTorch and cuDNN."""

    def build(self, input_shape: tuple) -> None:
        super().build(input_shape)
        shape = (4 * self.units,)
        self.state_bias = self.add_weight(shape=shape, initializer="zeros", name="state_bias")

    def call(
        self, inputs: keras.KerasTensor, states: list[keras.KerasTensor], training: bool = False
    ) -> tuple[keras.KerasTensor, list[keras.KerasTensor]]:
        state, cell = states
        gates = ops.matmul(inputs, self.kernel) + ops.matmul(state, self.recurrent_kernel)
        keep, forget, new, out = ops.split(gates + self.bias + self.state_bias, 4, axis=-1)
        cell = ops.sigmoid(forget) * cell + ops.sigmoid(keep) * ops.tanh(new)
        state = ops.sigmoid(out) * ops.tanh(cell)
        return state, [state, cell]
''',
    "Scale": '''\
@keras.saving.register_keras_serializable()
class Scale(layers.Layer):
    """Multiply each channel by a learned factor, and add a learned bias if wanted."""

    def __init__(self, use_bias: bool = False, per_channel: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_bias = use_bias
        self.per_channel = per_channel

    def build(self, input_shape: tuple) -> None:
        shape = (input_shape[-1] if self.per_channel else 1,)
        self.factor = self.add_weight(shape=shape, initializer="ones", name="factor")
        if self.use_bias:
            self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        x = x * self.factor
        return x + self.bias if self.use_bias else x

    def get_config(self) -> dict[str, Any]:
        config = {"use_bias": self.use_bias, "per_channel": self.per_channel}
        return {**super().get_config(), **config}
''',
    "Bias": '''\
@keras.saving.register_keras_serializable()
class Bias(layers.Layer):
    """Add a learned bias to each channel, to each position, or to all elements."""

    def __init__(self, axes: str = "channels", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axes = axes

    def build(self, input_shape: tuple) -> None:
        *sizes, channels = input_shape[1:]
        shapes = {"channels": (channels,), "positions": (*sizes, 1), "all": (*sizes, channels)}
        self.bias = self.add_weight(shape=shapes[self.axes], initializer="zeros", name="bias")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x + self.bias

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes}
''',
    "LearnedTensor": '''\
@keras.saving.register_keras_serializable()
class LearnedTensor(layers.Layer):
    """A learned tensor, repeated for each sample of the batch of its input."""

    def __init__(self, shape: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape = tuple(shape)

    def build(self, input_shape: tuple) -> None:
        self.tensor = self.add_weight(shape=self.shape, name="tensor")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return ops.repeat(ops.expand_dims(self.tensor, axis=0), ops.shape(x)[0], axis=0)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], *self.shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shape": self.shape}
''',
    "Gather": '''\
@keras.saving.register_keras_serializable()
class Gather(layers.Layer):
    """Look elements up along an axis, which becomes axes of the given sizes.

    A table of (2s - 1)^2 offsets gives the bias of each pair of s^2 positions of a window, as in
    Swin. For other shapes, replace the indices by those of your network.
    """

    def __init__(self, shape: tuple[int, ...], axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.axis = axis

    def indices(self, length: int) -> list[int]:
        size = math.isqrt(self.shape[0])
        if self.shape == (size**2, size**2) and length == (2 * size - 1) ** 2:
            places = [(row, column) for row in range(size) for column in range(size)]
            rows = 2 * size - 1
            return [
                (a - c + size - 1) * rows + b - d + size - 1 for a, b in places for c, d in places
            ]
        return [place % length for place in range(math.prod(self.shape))]

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        axis = self.axis % len(x.shape)
        before, after = x.shape[1:axis], x.shape[axis + 1 :]
        x = ops.take(x, self.indices(x.shape[axis]), axis=axis)
        return ops.reshape(x, (-1, *before, *self.shape, *after))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shape": self.shape, "axis": self.axis}
''',
    "ROIAlign": '''\
@keras.saving.register_keras_serializable()
class ROIAlign(layers.Layer):
    """Cut boxes out of feature maps, and sample each to the same size (bilinear).

    The inputs are maps, from the finest to the coarsest, and boxes of shape (batch, boxes, 4) with
    the left, top, right and bottom as fractions of the image. With several maps, a box is cut out
    of the one on which its longer side is between 14 and 28 positions, if there is one.
    """

    def __init__(self, size: int | tuple[int, int], samples: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.samples = samples

    def call(self, inputs: list[keras.KerasTensor]) -> keras.KerasTensor:
        *maps, boxes = inputs
        longer = ops.maximum(boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1])
        finest = max(maps[0].shape[1:3])
        level = ops.floor(ops.log(ops.maximum(longer * finest / 14.0, 1e-6)) / math.log(2.0))
        level = ops.clip(level, 0, len(maps) - 1)
        regions = 0.0
        for number, x in enumerate(maps):
            rows = self.weights_along(boxes[..., 1], boxes[..., 3], x.shape[1], self.size[0])
            columns = self.weights_along(boxes[..., 0], boxes[..., 2], x.shape[2], self.size[1])
            region = ops.einsum("brih,bhwc,brjw->brijc", rows, x, columns)
            chosen = ops.cast(ops.equal(level, number), x.dtype)
            regions += region * chosen[..., None, None, None]
        return regions

    def weights_along(
        self, start: keras.KerasTensor, stop: keras.KerasTensor, length: int, bins: int
    ) -> keras.KerasTensor:
        """The weight of each position of a map's axis in each bin of each box."""
        samples = (ops.arange(bins * self.samples, dtype="float32") + 0.5) / (bins * self.samples)
        places = (start[..., None] + (stop - start)[..., None] * samples) * length - 0.5
        places = ops.clip(places, 0, length - 1)
        distance = ops.absolute(places[..., None] - ops.arange(length, dtype="float32"))
        weights = ops.maximum(1.0 - distance, 0.0)
        count = start.shape[1]
        return ops.mean(ops.reshape(weights, (-1, count, bins, self.samples, length)), axis=3)

    def compute_output_shape(self, input_shape: list[tuple]) -> tuple:
        return (*input_shape[-1][:2], *self.size, input_shape[0][-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "samples": self.samples}
''',
}
