"""Record what programs outside PyTorch print for networks, for the tests of conventions to compare with.

    python tests/reference/record_programs.py darknet FOLDER [cfg/resnet50.cfg ...]   # a built pjreddie/darknet
    python tests/reference/record_programs.py bflops FOLDER [../cfg/resnet50.cfg ...]   # a built AlexeyAB/darknet
    python tests/reference/record_programs.py netscope FOLDER [deploy.prototxt ...]   # dgschwend/netscope, with node
    python tests/reference/record_programs.py tflite   # needs tensorflow

Writes tests/reference/conventions/programs.csv: `network` is the name of a file without its ending, of a network of
keras.applications or of a layer; `spec` is what cnncalc reads: a bundled network, a file in this folder, a spec, or
empty for files of others. `operations` is the figure as printed. Darknet is built by `make`, without a GPU, from commit
f6afaab of pjreddie/darknet and 59596d7 of AlexeyAB/darknet. Netscope, at commit 8ae36d8, needs
`npm install coffeescript@1 lodash@4` in the folder where this runs.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "conventions"
FILE = HERE / "programs.csv"
COLUMNS = ("tool", "version", "network", "spec", "operations")
Rows = Iterator[tuple[str, str, str, str]]


def find_spec(file: Path) -> str:
    return file.name if file.resolve().parent == HERE else ""


def run_darknet(folder: str, files: Iterable[Path], pattern: str) -> Iterator[tuple[Path, str]]:
    for file in files:
        command = [f"{folder}/darknet", "ops", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if found := re.search(pattern, done.stdout + done.stderr):
            yield file, found[1]
        else:
            print(f"no figure for {file}: {(done.stdout + done.stderr)[-200:]!r}", file=sys.stderr)


def record_darknet(folder: str, files: list[Path]) -> Rows:
    for file, figure in run_darknet(folder, files, r"Floating Point Operations: (\d+)\n"):
        yield "f6afaab", file.stem, find_spec(file), figure


def record_bflops(folder: str, files: list[Path]) -> Rows:
    for file, figure in run_darknet(folder, files, r"Total BFLOPS ([\d.]+)"):
        yield "59596d7", file.stem, find_spec(file), f"{figure}G"


# The browser's names that the analyzer uses. The phase `test` leaves out the layers of training.
ANALYZE = """
require('coffeescript/register')
global._ = require('lodash')
global.window = global
global.do_variants_analysis = false
global.onerror = message => { throw message }
global.$ = { inArray: (item, list) => list.indexOf(item) }
const parser = require(process.argv[1] + '/src/caffe/caffe.coffee')
const network = parser.parse(require('fs').readFileSync(process.argv[2], 'utf8'), 'test')
const macs = network.nodes.reduce((sum, node) => sum + node.analysis.comp.macc, 0)
const batch = Math.max(...network.nodes.map(node => node.analysis.batchOut || 1))
console.error(JSON.stringify({ macs, batch }))
"""


def record_netscope(folder: str, files: list[Path]) -> Rows:
    for file in files:
        command = ["node", "-e", ANALYZE, os.path.abspath(folder), str(file.resolve())]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            print(f"no figure for {file}: {done.stderr[-200:]!r}", file=sys.stderr)
            continue
        found = json.loads(done.stderr.splitlines()[-1])
        # The figures are those of the batch that the file declares.
        yield "8ae36d8", file.stem, find_spec(file), str(found["macs"] // found["batch"])


# --- the converter of TensorFlow Lite -------------------------------------------------------------

Build = Callable[[Any, Any], Any]


def norm(layers: Any) -> Any:
    """A batch norm that the converter cannot simplify."""
    names = ("gamma", "beta", "moving_mean")
    return layers.BatchNormalization(**{f"{name}_initializer": "random_normal" for name in names})


BIAS = {"bias_initializer": "random_normal"}
CONV = "{conv: {filters: 6, kernel: 3}}"
BARE = "{conv: {filters: 6, kernel: 3, bias: false}}"
# Each layer with its spec, after an input of 4x4x4.
LAYERS: dict[str, tuple[str, Build]] = {
    "conv": (CONV, lambda k, x: k.Conv2D(6, 3, **BIAS)(x)),
    "conv_without_bias": (BARE, lambda k, x: k.Conv2D(6, 3, use_bias=False)(x)),
    "conv_bn_relu": (
        f"{BARE}, batch_norm, relu",
        lambda k, x: k.ReLU()(norm(k)(k.Conv2D(6, 3, use_bias=False)(x))),
    ),
    "conv_bias_bn": (f"{CONV}, batch_norm", lambda k, x: norm(k)(k.Conv2D(6, 3, **BIAS)(x))),
    "bn": ("batch_norm", lambda k, x: norm(k)(x)),
    "relu_bn": ("relu, batch_norm", lambda k, x: norm(k)(k.ReLU()(x))),
    "bn_conv": (f"batch_norm, {CONV}", lambda k, x: k.Conv2D(6, 3, **BIAS)(norm(k)(x))),
    "depthwise_bn": (
        "{depthwise_conv: {kernel: 3, bias: false}}, batch_norm",
        lambda k, x: norm(k)(k.DepthwiseConv2D(3, use_bias=False)(x)),
    ),
    "grouped_bn": (
        "{conv: {filters: 8, kernel: 3, groups: 2, bias: false}}, batch_norm",
        lambda k, x: norm(k)(k.Conv2D(8, 3, groups=2, use_bias=False)(x)),
    ),
    "transposed_bn": (
        "{conv_transpose: {filters: 6, kernel: 2, stride: 2, bias: false}}, batch_norm",
        lambda k, x: norm(k)(k.Conv2DTranspose(6, 2, strides=2, use_bias=False)(x)),
    ),
    "grouped": (
        "{conv: {filters: 8, kernel: 3, groups: 2}}",
        lambda k, x: k.Conv2D(8, 3, groups=2, **BIAS)(x),
    ),
    "dilated": (
        "{conv: {filters: 8, kernel: 2, dilation: 2}}",
        lambda k, x: k.Conv2D(8, 2, dilation_rate=2, **BIAS)(x),
    ),
    "depthwise": ("{depthwise_conv: {kernel: 3}}", lambda k, x: k.DepthwiseConv2D(3, **BIAS)(x)),
    "transposed": (
        "{conv_transpose: {filters: 6, kernel: 2, stride: 2}}",
        lambda k, x: k.Conv2DTranspose(6, 2, strides=2, **BIAS)(x),
    ),
    "transposed_overlapping": (
        "{conv_transpose: {filters: 6, kernel: 3, stride: 2, bias: false}}",
        lambda k, x: k.Conv2DTranspose(6, 3, strides=2, use_bias=False)(x),
    ),
    "linear": ("flatten, {linear: 10}", lambda k, x: k.Dense(10, **BIAS)(k.Flatten()(x))),
    "linear_without_bias": (
        "flatten, {linear: {features: 10, bias: false}}",
        lambda k, x: k.Dense(10, use_bias=False)(k.Flatten()(x)),
    ),
    "linear_bn": ("flatten, {linear: 10}, batch_norm", lambda k, x: norm(k)(k.Dense(10, **BIAS)(k.Flatten()(x)))),
    "linear_without_bias_bn": (
        "flatten, {linear: {features: 10, bias: false}}, batch_norm",
        lambda k, x: norm(k)(k.Dense(10, use_bias=False)(k.Flatten()(x))),
    ),
    "max_pool": ("{max_pool: {kernel: 2, stride: 2}}", lambda k, x: k.MaxPooling2D(2)(x)),
    "avg_pool": ("{avg_pool: {kernel: 2, stride: 2}}", lambda k, x: k.AveragePooling2D(2)(x)),
    "global_avg_pool": ("global_avg_pool", lambda k, x: k.GlobalAveragePooling2D()(x)),
    "global_max_pool": ("global_max_pool", lambda k, x: k.GlobalMaxPooling2D()(x)),
    "add": ("{name: a, relu: }, {add: , from: [a, input]}", lambda k, x: k.Add()([k.ReLU()(x), x])),
    "subtract": ("{name: a, relu: }, {subtract: , from: [a, input]}", lambda k, x: k.Subtract()([k.ReLU()(x), x])),
    "multiply": ("{name: a, relu: }, {multiply: , from: [a, input]}", lambda k, x: k.Multiply()([k.ReLU()(x), x])),
    "gate": (
        "{name: a, global_avg_pool: }, {multiply: , from: [input, a]}",
        lambda k, x: k.Multiply()([x, k.GlobalAveragePooling2D(keepdims=True)(x)]),
    ),
    "concat": ("{name: a, relu: }, {concat: , from: [a, input]}", lambda k, x: k.Concatenate()([k.ReLU()(x), x])),
    "upsample": ("{upsample: {factor: 2, mode: nearest}}", lambda k, x: k.UpSampling2D(2)(x)),
    "bilinear": (
        "{upsample: {factor: 2, mode: bilinear}}",
        lambda k, x: k.UpSampling2D(2, interpolation="bilinear")(x),
    ),
    "prelu": ("prelu", lambda k, x: k.PReLU(shared_axes=[1, 2])(x)),
    "leaky_relu": ("leaky_relu", lambda k, x: k.LeakyReLU()(x)),
    **{
        name: (name, lambda k, x, function=function: k.Activation(function)(x))
        for name, function in {
            "relu": "relu",
            "relu6": "relu6",
            "elu": "elu",
            "selu": "selu",
            "gelu": "gelu",
            "silu": "silu",
            "mish": "mish",
            "softplus": "softplus",
            "sigmoid": "sigmoid",
            "tanh": "tanh",
            "hard_sigmoid": "hard_sigmoid",
            "hard_swish": "hard_silu",
            "softmax": "softmax",
            "log_softmax": "log_softmax",
        }.items()
    },
}
# Networks of keras.applications with the bundled network of the same layers.
APPLICATIONS = {
    "DenseNet121": "densenet121",
    "InceptionResNetV2": "inception_resnet_v2",
    "InceptionV3": "inception_v3",
    "MobileNet": "mobilenet_v1",
    "MobileNetV2": "mobilenet_v2",
    "ResNet50": "resnet50",
    "ResNet50V2": "resnet50v2",
    "ResNet101": "resnet101",
    "VGG16": "vgg16",
    "Xception": "xception",
}


def convert(model: Any) -> str:
    """The estimate in the converter's log, which is written to the file descriptor of stderr."""
    import tempfile

    import tensorflow as tf

    with tempfile.TemporaryFile() as log:
        kept = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            tf.lite.TFLiteConverter.from_keras_model(model).convert()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        log.seek(0)
        text = log.read().decode(errors="replace")
    found = re.search(r"Estimated count of arithmetic ops: ([\d.]+)\s*(\w?)\s+ops", text)
    if found is None:
        raise ValueError(text[-500:])
    return found[1] + found[2]


def record_tflite(*_: object) -> Rows:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import tensorflow as tf

    keras = tf.keras
    for name, (spec, build) in LAYERS.items():
        image = keras.Input((4, 4, 4), batch_size=1)
        text = f"{{input: [4, 4, 4], layers: [{spec}]}}"
        yield tf.__version__, name, text, convert(keras.Model(image, build(keras.layers, image)))
    for name, spec in APPLICATIONS.items():
        model = getattr(keras.applications, name)(weights=None)
        for weight in model.weights:
            # A bias of zeros would be dropped.
            if weight.path.endswith(("bias", "beta", "moving_mean")):
                weight.assign(keras.random.normal(weight.shape))
        image = keras.Input(model.input_shape[1:], batch_size=1)
        yield tf.__version__, name, spec, convert(keras.Model(image, model(image)))


RECORDERS: dict[str, tuple[str, Callable[..., Rows]]] = {
    "darknet": ("darknet", record_darknet),
    "bflops": ("darknet-bflops", record_bflops),
    "netscope": ("netscope", record_netscope),
    "tflite": ("tflite", record_tflite),
}


def main() -> None:
    tool, recorder = RECORDERS[sys.argv[1]]
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    if FILE.exists():
        with FILE.open(encoding="utf-8", newline="") as file:
            rows = {(row[0], row[2]): tuple(row) for row in list(csv.reader(file))[1:]}
    for version, network, spec, operations in recorder(*sys.argv[2:3], [Path(name) for name in sys.argv[3:]]):
        rows[tool, network] = (tool, version, network, spec, operations)
        print(*rows[tool, network], flush=True)
        write(rows)


def write(rows: dict[tuple[str, str], tuple[str, ...]]) -> None:
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows[key] for key in sorted(rows))


if __name__ == "__main__":
    main()
