"""Darknet configurations, read as specs: sizes by hand from Darknet's src/, counts from the networks' papers."""

import os
import random
from pathlib import Path

import pytest

from cnncalc.analyses.totals import totals
from cnncalc.errors import SpecError
from cnncalc.interchange import darknet
from cnncalc.network.build import load

NET = "[net]\nheight=8\nwidth=10\nchannels=3\n"

TINY = (
    NET
    + """
# a comment
[convolutional]
batch_normalize = 1
filters=4
size=3
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
filters=6
activation=linear

[upsample]
stride=2

[route]
layers=-1, 0

[yolo]
classes=1
"""
)


@pytest.fixture
def layers(tmp_path, monkeypatch):
    """The layers of a configuration as `name: inputs -> shape`."""
    monkeypatch.chdir(tmp_path)

    def read(text):
        Path("net.cfg").write_text(text, encoding="utf-8")
        network = load("net.cfg")
        return [
            f"{layer.name}: {', '.join(layer.inputs)} -> {'x'.join(map(str, layer.output_shape))}"
            for layer in network.layers
        ]

    return read


@pytest.fixture
def refused(layers):
    def read(text):
        with pytest.raises(SpecError) as error:
            layers(text)
        return [str(problem) for problem in error.value.problems]

    return read


def test_sections_become_layers(layers):
    assert layers(TINY.replace("width=10", "width=8")) == [
        "conv_0: input -> 4x4x4",
        "batch_norm_0: conv_0 -> 4x4x4",
        "leaky_relu_0: batch_norm_0 -> 4x4x4",
        # One row and column of padding after the map: (4 + 1 - 2) // 2 + 1 = 2.
        "max_pool_1: leaky_relu_0 -> 4x2x2",
        "conv_2: max_pool_1 -> 6x2x2",
        "upsample_3: conv_2 -> 6x4x4",
        "concat_4: upsample_3, leaky_relu_0 -> 10x4x4",
    ]


def test_the_counts_of_a_small_network(tmp_path):
    path = tmp_path / "net.cfg"
    path.write_text(TINY.replace("width=10", "width=8"), encoding="utf-8")
    network = load(str(path))
    assert network.name == "net"
    assert network.outputs == ("concat_4",)
    # 27 x 4 + 2 x 4 of the first, 4 x 6 + 6 of the second; 16 positions of 108 MACs and 4 of 24.
    assert (totals(network).params, totals(network).macs) == (108 + 8 + 24 + 6, 16 * 108 + 4 * 24)
    assert [str(layer.span) for layer in network.layers[:2]] == [f"{path}:7:1"] * 2


def test_a_route_needs_equal_maps(refused):
    assert refused(TINY) == ["net.cfg:26:1: route needs maps of equal height and width, not 6x4x6 and 4x4x5"]


def test_a_route_of_one_is_no_layer_and_groups_are_slices(layers):
    body = (
        "[convolutional]\nfilters=4\nactivation=linear\n[route]\nlayers=0\n[route]\nlayers=-1\ngroups=2\ngroup_id=1\n"
    )
    assert layers(NET + body) == ["conv_0: input -> 4x8x10", "slice_2: conv_0 -> 2x8x10"]


def test_shortcuts_of_other_sizes(layers):
    """Every second position is added to the channels that both have (src/blas.c, shortcut_cpu)."""
    conv = "[convolutional]\nfilters={}\nstride={}\nactivation=linear\n"
    assert layers(NET + conv.format(4, 1) + conv.format(6, 2) + "[shortcut]\nfrom=-2\nactivation=relu\n") == [
        "conv_0: input -> 4x8x10",
        "conv_1: conv_0 -> 6x4x5",
        "subsample_2: conv_0 -> 4x4x5",
        "pad_2: subsample_2 -> 6x4x5",
        "add_2: conv_1, pad_2 -> 6x4x5",
        "relu_2: add_2 -> 6x4x5",
    ]
    assert layers(NET + conv.format(6, 1) + conv.format(4, 1) + "[shortcut]\nfrom=0\nactivation=linear\n")[2:] == [
        "slice_2: conv_0 -> 4x8x10",
        "add_2: conv_1, slice_2 -> 4x8x10",
    ]


def test_classifiers(layers):
    body = "[crop]\ncrop_height=6\ncrop_width=6\n[local]\nfilters=2\nsize=3\npad=1\n[dropout]\nprobability=.25\n"
    body += "[connected]\noutput=5\nactivation=relu\n[softmax]\n[cost]\ntype=sse\n"
    assert layers(NET + body) == [
        "crop_0: input -> 3x6x6",
        "local_conv_1: crop_0 -> 2x6x6",
        "sigmoid_1: local_conv_1 -> 2x6x6",
        "dropout_2: sigmoid_1 -> 2x6x6",
        "flatten_3: dropout_2 -> 72",
        "linear_3: flatten_3 -> 5",
        "relu_3: linear_3 -> 5",
        "softmax_4: relu_3 -> 5",
    ]
    assert layers(NET + "[reorg]\nstride=2\n[avgpool]\n[softmax]\n") == [
        "pixel_unshuffle_0: input -> 12x4x5",
        "global_avg_pool_1: pixel_unshuffle_0 -> 12x1x1",
        "flatten_2: global_avg_pool_1 -> 12",
        "softmax_2: flatten_2 -> 12",
    ]


@pytest.mark.parametrize("name", darknet.ACTIVATIONS)
def test_activations(name, layers):
    kind = darknet.ACTIVATIONS[name][0]
    assert layers(f"{NET}[activation]\nactivation={name}\n") == [f"{kind}_0: input -> 3x8x10"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[convolutonal]\n", "5:1: '[convolutonal]' cannot be read; did you mean 'convolutional'?"),
        ("[gru]\n", "5:1: [gru] is recurrent, and only feed-forward networks can be read"),
        ("[route]\nlayers=-1\n", "6:1: layers -1 is no earlier section: this is section 0, and they count from 0"),
        ("[route]\n", "5:1: route needs layers, whole numbers separated by commas"),
        ("[convolutional]\nsize=x\n", "6:1: size takes a whole number from 1 to 1,000,000, not 'x'"),
        ("[convolutional]\nsize=20\n", "5:1: a window of 20 does not fit in 8 positions with 0 of padding"),
        ("[convolutional]\nactivation=leeky\n", "6:1: the activation 'leeky' cannot be read; did you mean 'leaky'?"),
        ("[dropout]\nprobability=high\n", "6:1: 'high' is no probability"),
        ("filters\n", "5:1: expected a section such as [convolutional], or option=value, not 'filters'"),
        ("", "1:1: the configuration has no layers"),
    ],
)
def test_what_cannot_be_read(body, message, refused):
    assert refused(NET + body) == [f"net.cfg:{message}"]


def test_other_sizes_of_the_input(tmp_path):
    """A crop to 6x6 takes 2 rows and 3 columns off each side of 10x12."""
    path = tmp_path / "net.cfg"
    path.write_text(f"{NET}[crop]\ncrop_height=6\ncrop_width=6\n", encoding="utf-8")
    (crop,) = load(str(path), inputs=[("", "3x10x12")]).layers
    assert (crop.figures.type.amount, crop.output_shape) == ((2, 2, 3, 3), (3, 6, 6))


def test_all_unknown_sections_at_once(refused):
    assert len(refused(NET + "[lstm]\n[convolutional]\n[iseg]\n")) == 2


def test_a_configuration_needs_the_size_of_its_input(refused):
    message = "[net] needs channels, height and width; recurrent networks, which have inputs instead, cannot be read"
    assert refused("[net]\ninputs=256\n[gru]\n") == [f"net.cfg:1:1: {message}"]
    assert refused("[convolutional]\n")[0].startswith("net.cfg:1:1: a Darknet configuration begins with [net]")


def test_every_command_reads_configurations(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    Path("net.cfg").write_text(TINY.replace("width=10", "width=8"), encoding="utf-8")
    assert "conv_0" in run("summary", "net.cfg").stdout
    assert "weight (4x3x3x3)" in run("explain", "net.cfg", "conv_0").stdout
    assert "net.cfg: error: params is 146" in run("check", "net.cfg", "--max", "params=100", status=1).stdout
    assert "net.cfg:7:1: " in run("check", "net.cfg", "--max", "conv_0.params=100", status=1).stdout
    expanded = run("show", "--expand", "net.cfg").stdout
    Path("net.yaml").write_text(expanded, encoding="utf-8")
    assert run("diff", "net.cfg", "net.yaml").stdout.startswith("nothing changed")


BREAKING = ("", "[", "=", "[route]", f"layers=-{'9' * 20}", "filters=0", "size=999999", "stride=-1", "\x00")


def test_mutilated_configurations_are_refused_or_read(layers):
    """No text makes a traceback."""
    chance = random.Random(7)
    lines = TINY.split("\n")
    outcomes = set()
    for _ in range(300):
        mutant = list(lines)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(mutant))
            mutant[at] = chance.choice([*BREAKING, mutant[at][: chance.randint(0, 9)], chance.choice(lines)])
        try:
            outcomes.add(bool(layers("\n".join(mutant))))
        except SpecError as error:
            outcomes.add(error.problems[0].span is None)
    assert outcomes == {True, False}


def test_large_configurations_are_refused(refused):
    assert refused("[net]\n" + "[upsample]\n" * 60_000)[0].endswith(
        "more than 50,000 sections; raise the limit with `--limit layers=N`"
    )
    assert "more than 100,000 keys and values" in refused(NET + "[upsample]\nstride=1\n" * 30_000)[0]


REAL = os.environ.get("CNNCALC_REAL_FILES", "")


@pytest.mark.skipif(not REAL, reason="CNNCALC_REAL_FILES names no folder of real files")
def test_real_configurations():
    """Those of pjreddie/darknet: all are read but the three recurrent ones."""
    folder = Path(REAL, "darknet", "pjreddie__darknet")
    refused = set()
    for path in sorted(folder.glob("*.cfg")):
        try:
            load(str(path))
        except SpecError:
            refused.add(path.name)
    assert refused == {"cfg__gru.cfg", "cfg__rnn.cfg", "cfg__rnn.train.cfg"}


@pytest.mark.skipif(not REAL, reason="CNNCALC_REAL_FILES names no folder of real files")
@pytest.mark.parametrize(("file", "bundled"), [("darknet53", "darknet53"), ("vgg-16", "vgg16")])
def test_real_configurations_equal_bundled_networks(file, bundled):
    read = load(str(Path(REAL, "darknet", "pjreddie__darknet", f"cfg__{file}.cfg")))
    ours = load(bundled)

    def weighted(network):
        return [(layer.params, layer.macs) for layer in network.layers if layer.params]

    assert weighted(read) == weighted(ours)
