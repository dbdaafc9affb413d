"""Names of other frameworks lead to ours, and what a hint says to write can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from cnncalc import layers
from cnncalc.errors import SpecError
from cnncalc.layers import _elsewhere, all_types, foreign
from cnncalc.network import build
from cnncalc.spec import decode
from cnncalc.syntax.settings import ALSO_KNOWN_AS

if TYPE_CHECKING:
    from pathlib import Path

    from cnncalc.layers.contract import LayerType

OTHER_NAMES = [(word, kind) for kind in all_types().values() for word in kind.also_known_as]

# From the documentation of PyTorch 2, Keras 3, Caffe and the operators of ONNX.
OF_FRAMEWORKS = {
    "Conv1d": "conv",
    "Conv2d": "conv",
    "Conv3D": "conv",
    "nn.Conv2d": "conv",
    "tf.keras.layers.Conv2D": "conv",
    "Convolution": "conv",
    "DepthwiseConv2D": "depthwise_conv",
    "ConvTranspose2d": "conv_transpose",
    "Conv2DTranspose": "conv_transpose",
    "Deconvolution": "conv_transpose",
    "Linear": "linear",
    "Dense": "linear",
    "InnerProduct": "linear",
    "Gemm": "linear",
    "BatchNorm2d": "batch_norm",
    "BatchNormalization": "batch_norm",
    "GroupNorm": "group_norm",
    "LayerNormalization": "layer_norm",
    "InstanceNorm2d": "instance_norm",
    "LRN": "lrn",
    "LocalResponseNorm": "lrn",
    "MaxPool2d": "max_pool",
    "MaxPooling2D": "max_pool",
    "AvgPool2d": "avg_pool",
    "AveragePooling2D": "avg_pool",
    "AveragePool": "avg_pool",
    "AdaptiveAvgPool2d": "adaptive_avg_pool",
    "GlobalAveragePooling2D": "global_avg_pool",
    "GlobalAveragePool": "global_avg_pool",
    "GlobalMaxPooling2D": "global_max_pool",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "SiLU": "silu",
    "swish": "silu",
    "GELU": "gelu",
    "Hardswish": "hard_swish",
    "HardSigmoid": "hard_sigmoid",
    "AbsVal": "absolute",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Dropout2d": "dropout",
    "SpatialDropout2D": "dropout",
    "Flatten": "flatten",
    "Reshape": "reshape",
    "Permute": "permute",
    "Transpose": "permute",
    "Identity": "identity",
    "Upsample": "upsample",
    "UpSampling2D": "upsample",
    "Resize": "upsample",
    "PixelShuffle": "pixel_shuffle",
    "DepthToSpace": "pixel_shuffle",
    "SpaceToDepth": "pixel_unshuffle",
    "ZeroPad2d": "pad",
    "ZeroPadding2D": "pad",
    "Cropping2D": "crop",
    "Add": "add",
    "Sum": "add",
    "Multiply": "multiply",
    "Mul": "multiply",
    "Sub": "subtract",
    "Concatenate": "concat",
    "Scale": "scale",
    "LocallyConnected2D": "local_conv",
    "全连接层": "linear",
    "转置卷积": "conv_transpose",
}


def written(hint: str) -> list[str]:
    """What a hint says to write, as items of a list of layers."""
    return [re.sub(r": \[\.\.\.\]$", ": [relu]", text) for text in re.findall(r"`(- [^`]*)`", hint)]


def assert_can_be_read(hint: str, path: Path) -> None:
    for item in written(hint):
        beside = "\n  from: [a, a]" if "from: [a, b]" in hint else ""
        path.write_text(f"input: [8, 32, 32]\nlayers:\n- identity:\n  name: a\n{item}{beside}\n", encoding="utf-8")
        assert not decode.read_spec(str(path)).problems, item


@pytest.mark.parametrize(("word", "name"), OF_FRAMEWORKS.items())
def test_names_of_frameworks(word: str, name: str) -> None:
    assert [kind.name for kind in foreign.find_types(word)] == [name]


@pytest.mark.parametrize(("word", "kind"), OTHER_NAMES, ids=lambda value: getattr(value, "name", value))
def test_every_other_name_leads_to_its_type(word: str, kind: type[LayerType], tmp_path: Path) -> None:
    assert kind in foreign.find_types(word)
    hint = foreign.suggest_type(word, ())
    assert kind.name in hint
    assert written(hint)
    assert_can_be_read(hint, tmp_path / "net.yaml")


def test_every_own_name_is_its_own() -> None:
    for name, kind in all_types().items():
        assert foreign.find_types(name) == (kind,)
        assert foreign.find_types(name.upper().replace("_", "")) == (kind,)
        assert foreign.advise_type(name) == ""
        assert len(set(kind.also_known_as)) == len(kind.also_known_as)


def test_no_type_inherits_the_other_names_of_another() -> None:
    for kind in all_types().values():
        assert not kind.also_known_as or "also_known_as" in vars(kind)


@pytest.mark.parametrize("word", [word for words in _elsewhere.TYPES.values() for word in words])
def test_words_without_a_type_are_advised(word: str, tmp_path: Path) -> None:
    assert foreign.find_types(word) == ()
    hint = foreign.suggest_type(word, ())
    assert hint == foreign.advise_type(word)
    assert hint
    assert_can_be_read(hint, tmp_path / "net.yaml")


@pytest.mark.parametrize(
    ("word", "start"),
    [
        ("sofmax", "did you mean 'softmax'?"),
        ("max_pol", "did you mean 'max_pool'?"),
        ("dens", "did you mean 'Dense'? cnncalc calls it linear: write `- linear: "),
        ("InerProduct", "did you mean 'InnerProduct'? cnncalc calls it linear: "),
        ("atention", "did you mean 'attention'? write its products with "),
        ("unitt", "did you mean 'unit'?"),
        ("stemm", "did you mean 'Stem'?"),
        ("xyzzy", ""),
        ("", ""),
        ("x" * 5_000, ""),
        ("1" * 5_000, ""),
    ],
)
def test_slips(word: str, start: str) -> None:
    """What is ours comes before what is near of elsewhere; `own` are blocks."""
    hint = foreign.suggest_type(word, ("unit", "Stem"))
    assert hint.startswith(start)
    assert bool(hint) == bool(start)


def test_a_block_in_another_spelling_is_meant_before_a_framework() -> None:
    assert foreign.suggest_type("Swish", ("swish",)) == "did you mean 'swish'?"


@pytest.mark.parametrize(
    ("arguments", "item"),
    [
        ("10", "- linear: 10"),
        ("0", "- linear: 1000"),
        ("{units: 10, use_bias: false}", "- linear: {features: 10, bias: false}"),
        ("{in_features: 512, out_features: 10}", "- linear: {features: 10}"),
        ("{units: width}", "- linear: {features: width}"),
        ("{units: 10, unit: 3}", "- linear: 1000"),
        ("{use_bias: false}", "- linear: 1000"),
        ("{units: 10, out_features: 10}", "- linear: 1000"),
        ("{units: [10]}", "- linear: 1000"),
        ("{units: 'a`b'}", "- linear: 1000"),
        ("[512, 10]", "- linear: 1000"),
    ],
)
def test_arguments_are_taken_over_where_they_are_plain(arguments: str, item: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"input: [8]\nlayers:\n  - Dense: {arguments}\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        build.load(str(path))
    (problem,) = caught.value.problems
    assert problem.hint == f"cnncalc calls it linear: write `{item}`"


def test_every_setting_known_elsewhere_is_ours() -> None:
    ours = {name for kind in all_types().values() for name in kind.settings}
    assert set(ALSO_KNOWN_AS) <= ours
    for kind in all_types().values():
        for name in kind.settings:
            assert foreign.suggest_setting(name.upper(), kind.settings).startswith(f"cnncalc calls it {name}")


@pytest.mark.parametrize("word", [word for words in _elsewhere.SETTINGS.values() for word in words])
def test_settings_without_a_counterpart_are_advised(word: str, tmp_path: Path) -> None:
    hint = foreign.suggest_setting(word, layers.find("opaque").settings)
    assert hint
    assert "did you mean" not in hint
    assert_can_be_read(hint, tmp_path / "net.yaml")


def test_hints_are_yaml() -> None:
    for word, _ in OTHER_NAMES:
        for item in written(foreign.suggest_type(word, ())):
            assert isinstance(yaml.safe_load(item), list)


@pytest.mark.parametrize(
    ("item", "written"),
    [
        ("conv1x1: 128", "- conv: [128, 1]"),
        ("conv_5x5: [64]", "- conv: [64, 5]"),
        ("Conv3x3x3: 16", "- conv: [16, 3]"),
        ("maxpool3x3: 2", "- max_pool: 3"),
        ("Activation: softmax", "- softmax"),
        ("activation: swish", "- silu"),
        # What is no function, and Keras's word for none at all.
        ("activation: conv", "- relu"),
        ("activation: linear", "- relu"),
    ],
)
def test_a_kernel_or_a_function_in_other_words(tmp_path, item, written):
    path = tmp_path / "net.yaml"
    path.write_text(f"input: [3, 8, 8]\nlayers:\n  - {item}\n", encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        build.load(str(path))
    (problem,) = refused.value.problems
    assert f"`{written}`" in problem.hint
    assert "beside it" not in problem.hint
