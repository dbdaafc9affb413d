"""The formats of other programs: how each writes a network, and what its files are broken with.

A further format joins as an entry: a function that writes a network as bytes, with the names that it is given. If the
format is binary, its bytes are mutated as they are; else also its words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fuzz.choices import Choices
from fuzz.models import Name, Net, text_of_archive, write_archive, write_caffe, write_darknet, write_keras
from fuzz.onnx_models import write_onnx

from cnncalc.interchange import READERS


def same_text(data: bytes) -> bytes:
    return data


class ModelFormat(NamedTuple):
    """How networks are written in a format, and pieces of its language to put into files.

    `text` gives the text that places of problems refer to; a binary format without one has problems with nodes.
    `folds` tells that normalizations are folded into the convolutions before them.
    """

    suffix: str
    write: Callable[[Net, Name, Choices], bytes]
    pieces: tuple[bytes, ...] = ()
    is_binary: bool = False
    folds: bool = False
    text: Callable[[bytes], bytes] = same_text


_ALL: dict[str, ModelFormat] = {
    "darknet": ModelFormat(
        ".cfg",
        write_darknet,
        (
            b"\n[shortcut]\nfrom=-1,0\nweights_type=per_channel\n", b"\n[reorg]\nstride=2\n",
            b"\n[crop]\ncrop_height=1\n", b"\n[upsample]\n[shortcut]\nfrom=0\n",
            b"\n[local]\nsize=2\npad=1\n", b"\n[avgpool]\n[convolutional]\nfilters=4\n[scale_channels]\nfrom=0\n",
            b"\n[maxpool]\nmaxpool_depth=1\n", b"\n[route]\nlayers=-1\ngroups=2\ngroup_id=1\n",
            b"\n[deconvolutional]\n",
            b"\nshare_index=0\n", b"\n[yolo]\n", b"\n[gru]\n", b"\n[lrn]\n", b"\n[softmax]\n", b"\n[sam]\nfrom=-1\n",
            b"\n[upsample]\nscale=.5\n", b"\n[reorg]\nextra=3\n", b"\ndilation=99\n", b"\npadding=7\n", b"\n[", b"=",
            b"\n[shortcut]\nfrom=0\n", b"\n[shortcut]\nfrom=-2\n", b"\n[local_avgpool]\nsize=2\n", b"\nstride_x=3\n",
        ),
    ),
    "caffe": ModelFormat(
        ".prototxt",
        write_caffe,
        (
            b' layer { name: "a" type: "LRN" bottom: "data" top: "a" lrn_param { norm_region: WITHIN_CHANNEL } }',
            b' layer { name: "b" type: "Reshape" bottom: "data" top: "b" reshape_param { shape { dim: 0 dim: -1 } } }',
            b' layer { name: "c" type: "Crop" bottom: "data" bottom: "b" top: "c" crop_param { offset: 2 } }',
            b' layer { name: "d" type: "Slice" bottom: "data" top: "d" top: "e" slice_param { slice_point: 1 } }',
            b' layer { type: "Deconvolution" bottom: "d" top: "f" convolution_param { num_output: 2 kernel_h: 3 } }',
            b' layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { power: -0.5 scale: 1e9 } }',
            b' layer { name: "i" type: "Interp" bottom: "data" top: "i" interp_param { zoom_factor: 9 } }',
            b' layer { name: "s" type: "Permute" bottom: "data" top: "s" permute_param { order: 0 order: 2 } }',
            b" param { name: 'w' }", b" param: 'w'", b" include { phase: TRAIN }", b"layers { type: CONVOLUTION }",
            b" bottom: 'data' ", b" top: 'data' ", b" axis: -9 ", b"{", b"}", b"<", b">", b"[1, 2]", b'"', b"\\", b"#",
            b" kernel_size: 0 ", b" pad: 999999999 ", b" stride: 1000000000 ", b" num_output: 1000000000 ",
            b' layer { type: "Python" python_param { module: "os" layer: "system" } }', b' include: "/etc/passwd" ',
        ),
    ),
    "keras": ModelFormat(
        ".json",
        write_keras,
        (
            b'"class_name": "Lambda"', b'"class_name": "Sequential"', b'"class_name": "SeparableConv2D"',
            b"[null, 9e999]",
            b'"class_name": "Reshape"', b'"target_shape": [-1, 7]', b'"padding": [[1, 2], [3, 4]]', b'"axis": [1, 2]',
            b'"class_name": "Conv2DTranspose"', b'"dilation_rate": 1000000000', b'"strides": [0, 1]', b'"filters": NaN',
            b'"activation": {"class_name": "function", "config": "relu"}', b'"data_format": "channels_first"',
            b'"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}', b'"groups": 0', b"{}", b"[]",
            b'"keras_history": ["data", 99, 99]', b'"keras_history": ["data", -1, 0]', b'{"a": ', b"[[", b"null", b",",
            b'"batch_shape": [null, 999999999, 999999999, 3]', b'"name": null', b'"name": "data"', b"1e999", b"-1",
        ),
    ),
    "keras archive": ModelFormat(".keras", write_archive, is_binary=True, text=text_of_archive),
    "onnx": ModelFormat(".onnx", write_onnx, is_binary=True),
}  # fmt: skip
# A writer may be there before its reader.
FORMATS = {name: kind for name, kind in _ALL.items() if kind.suffix in READERS}
if ".tflite" in READERS:
    from fuzz.tflite_models import write_tflite

    FORMATS["tflite"] = ModelFormat(".tflite", write_tflite, is_binary=True, folds=True)
