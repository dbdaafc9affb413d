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
    assert refused(TINY) == ["net.cfg:26:1: route needs maps of equal height and width, got 6x4x6 and 4x4x5"]


def test_a_route_of_many_unequal_maps_names_two(refused):
    text = NET + "[upsample]\n[upsample]\n[route]\nlayers=" + ",".join(["0", "0", "1"] * 900)
    assert refused(text) == ["net.cfg:7:1: route needs maps of equal height and width, got 3x16x20 and 3x32x40"]


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
        (
            "[convolutonal]\n",
            "5:1: '[convolutonal]' is not supported; did you mean 'convolutional' or 'deconvolutional'?",
        ),
        ("[gru]\n", "5:1: [gru] is recurrent, and only feed-forward networks are supported"),
        ("[route]\nlayers=-1\n", "6:1: layers -1 is not an earlier section: this is section 0, counted from 0"),
        ("[route]\n", "5:1: route needs layers: whole numbers, separated by commas"),
        ("[convolutional]\nsize=x\n", "6:1: size takes a whole number from 1 to 1,000,000, not 'x'"),
        (
            "[convolutional]\nsize=20\n",
            "5:1: 'conv_0': kernel 20 does not fit the 8x10 input; use padding 6 or a kernel of at most 8",
        ),
        ("[convolutional]\nactivation=leeky\n", "6:1: the activation 'leeky' is not supported; did you mean 'leaky'?"),
        ("[dropout]\nprobability=high\n", "6:1: probability takes a number, not 'high'"),
        ("filters\n", "5:1: expected a section such as [convolutional], or option=value, not 'filters'"),
        ("", "1:1: the file has no layers"),
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
    assert refused("[net]\nheight=4\n[softmax]\n") == ["net.cfg:1:1: [net] needs channels, height and width, or inputs"]
    assert refused("[convolutional]\n")[0].startswith("net.cfg:1:1: a Darknet configuration begins with [net]")


def test_a_recurrent_section_is_refused_by_name(refused):
    text = "[net]\ninputs=256\n[gru]\nactivation=tanh\n"
    assert refused(text) == ["net.cfg:3:1: [gru] is recurrent, and only feed-forward networks are supported"]


def test_the_input_may_be_a_vector(layers):
    """Darknet treats a vector as a map of one position."""
    body = "[connected]\noutput=6\nactivation=relu\n[convolutional]\nfilters=4\nactivation=linear\n"
    assert layers("[net]\ninputs=5\n" + body) == [
        "linear_0: input -> 6",
        "relu_0: linear_0 -> 6",
        "reshape_1: relu_0 -> 6x1x1",
        "conv_1: reshape_1 -> 4x1x1",
    ]


CONV = "[convolutional]\nfilters={}\nstride={}\nactivation=linear\n"


def test_a_shortcut_of_a_larger_map_that_does_not_divide(layers):
    """Of 9x9 and 4x4, 9 / 4 = 2: positions 0, 2, 4 and 6 take part (src/blas.c, shortcut_cpu)."""
    text = "[net]\nheight=9\nwidth=9\nchannels=3\n" + CONV.format(3, 1)
    text += "[convolutional]\nfilters=3\nsize=2\nstride=2\nactivation=linear\n[shortcut]\nfrom=0\n"
    assert layers(text)[1:] == [
        "conv_1: conv_0 -> 3x4x4",
        "subsample_2: conv_0 -> 3x5x5",
        "crop_2: subsample_2 -> 3x4x4",
        "add_2: conv_1, crop_2 -> 3x4x4",
    ]


def test_a_shortcut_of_a_smaller_map(layers):
    """4x5 to 9x10 would need different ratios; 4x5 to 8x10 is added at every second position of every second row."""
    text = NET + CONV.format(3, 2) + "[upsample]\n[shortcut]\nfrom=0\n"
    assert layers(text)[2:] == [
        "reshape_2: conv_0 -> 3x20x1",
        "pad_2: reshape_2 -> 3x20x2",
        "reshape_2_2: pad_2 -> 3x4x10",
        # A row of ten zeros behind each row of ten.
        "pad_2_2: reshape_2_2 -> 3x4x20",
        "reshape_2_3: pad_2_2 -> 3x8x10",
        "add_2: upsample_1, reshape_2_3 -> 3x8x10",
    ]


def test_a_shortcut_needs_one_ratio(refused):
    text = NET + "[convolutional]\nstride_x=2\n[shortcut]\nfrom=-1\n[crop]\ncrop_height=8\n[shortcut]\nfrom=0\n"
    assert refused(text) == ["net.cfg:11:1: shortcut needs heights and widths of the same ratio, got 1x8x1 and 1x8x5"]


@pytest.mark.parametrize(
    ("options", "factors"),
    [
        ("", []),
        # One number for each of three terms, or one for each of the 4 channels of each.
        ("weights_type=per_feature\nweights_normalization=softmax\n", [1, 1, 1]),
        ("weights_type=per_layer\n", [1, 1, 1]),
        ("weights_type=per_channel\nweights_normalization=relu\n", [4, 4, 4]),
    ],
)
def test_weighted_shortcuts(options, factors, tmp_path):
    """(n + 1) or (n + 1) * c weights (AlexeyAB's src/shortcut_layer.c), also where a term has other channels."""
    path = tmp_path / "net.cfg"
    body = CONV.format(6, 1) + CONV.format(2, 1) + CONV.format(4, 1) + f"[shortcut]\nfrom=0, 1\n{options}"
    path.write_text(NET + body, encoding="utf-8")
    network = load(str(path))
    scales = [layer for layer in network.layers if layer.figures.type.name == "scale"]
    assert [layer.params for layer in scales] == factors
    last = network.layers[-1]
    assert (len(last.inputs), last.output_shape) == (3, (4, 8, 10))
    names = [layer.name for layer in scales] or ["conv_2", "slice_3", "pad_3"]
    assert list(last.inputs) == names


def test_gates(layers):
    """scale_channels multiplies an earlier map by the current vector of channels, sam by the current map."""
    body = CONV.format(4, 1) + "[avgpool]\n[convolutional]\nfilters=4\n[scale_channels]\nfrom=0\n"
    body += CONV.format(4, 1) + "[sam]\nfrom=3\nactivation=relu\n"
    assert layers(NET + body)[1:] == [
        "global_avg_pool_1: conv_0 -> 4x1x1",
        "conv_2: global_avg_pool_1 -> 4x1x1",
        "sigmoid_2: conv_2 -> 4x1x1",
        "multiply_3: conv_0, sigmoid_2 -> 4x8x10",
        "conv_4: multiply_3 -> 4x8x10",
        "multiply_5: multiply_3, conv_4 -> 4x8x10",
        "relu_5: multiply_5 -> 4x8x10",
    ]


def test_one_gate_for_each_position(layers, refused):
    body = CONV.format(4, 1) + CONV.format(1, 1) + "[scale_channels]\nfrom=0\nscale_wh=1\n"
    assert layers(NET + body)[-1] == "multiply_2: conv_0, conv_1 -> 4x8x10"
    text = NET + CONV.format(4, 1) + CONV.format(3, 1) + "[sam]\nfrom=0\n"
    assert refused(text) == ["net.cfg:13:1: sam cannot multiply 4x8x10 by 3x8x10"]


@pytest.mark.parametrize(
    ("section", "becomes"),
    [
        # 3 x 2 + 3 x 2: the window of 3 is dilated to 5, and so is its padding, to 2.
        ("[convolutional]\nfilters=4\nsize=3\npad=1\ndilation=2\nactivation=linear\n", ["conv_0 4x8x10"]),
        # A window of one position cannot be dilated, and needs no padding: 1 / 2 = 0.
        ("[convolutional]\nfilters=4\nsize=1\npad=1\ndilation=9\nactivation=linear\n", ["conv_0 4x8x10"]),
        # (8 - 1) x 2 + 4 - 2 x 2 = 14 and (10 - 1) x 2 + 4 - 2 x 2 = 18.
        (
            "[deconvolutional]\nfilters=4\nsize=4\nstride=2\npad=1\nbatch_normalize=1\nactivation=mish\n",
            ["conv_transpose_0 4x14x18", "batch_norm_0 4x14x18", "mish_0 4x14x18"],
        ),
        # With padding, (8 - 1) / 2 + 1 = 4 and (10 - 1) / 2 + 1 = 5 windows, whatever their size.
        ("[local]\nfilters=2\nsize=4\nstride=2\npad=1\nactivation=linear\n", ["local_conv_0 2x4x5"]),
        # The larger of 3 channels at each position.
        ("[maxpool]\nmaxpool_depth=1\nout_channels=1\n", ["reshape_0 3x1x8x10", "reduce_0 1x8x10"]),
        ("[maxpool]\nsize=2\nstride_x=1\nstride_y=2\n", ["max_pool_0 3x4x10"]),
        ("[local_avgpool]\nsize=3\nstride=2\n", ["avg_pool_0 3x4x5"]),
        ("[batchnorm]\n", ["batch_norm_0 3x8x10"]),
        ("[lrn]\nkappa=2\n", ["lrn_0 3x8x10"]),
        ("[upsample]\nscale=.5\n", ["upsample_0 3x16x20", "apply_0 3x16x20"]),
        ("[reorg3d]\nstride=2\n", ["pixel_unshuffle_0 12x4x5"]),
        # 240 numbers and one zero.
        ("[reorg]\nextra=1\n", ["flatten_0 240", "pad_0 241"]),
        ("[logistic]\n", ["sigmoid_0 3x8x10"]),
        ("[silence]\n[Gaussian_yolo]\n[activation]\nactivation=gelu\n", ["gelu_2 3x8x10"]),
        ("[convolutional]\nfilters=4#32\nactivation=linear ; none\n", ["conv_0 4x8x10"]),
    ],
)
def test_sections(section, becomes, layers):
    found = [line.split(": ") for line in layers(NET + section)]
    assert [f"{name} {rest.split(' -> ')[1]}" for name, rest in found] == becomes


def test_reversed_reorganization(layers):
    assert (
        layers(NET + CONV.format(4, 1) + "[reorg]\nstride=2\nreverse=1\n")[-1] == "pixel_shuffle_1: conv_0 -> 1x16x20"
    )


def test_shared_convolutions(tmp_path):
    """A section shares the weights of another, and of its normalization (AlexeyAB's src/convolutional_layer.c)."""
    conv = "[convolutional]\nbatch_normalize=1\nfilters=3\nsize=3\npad=1\nactivation=linear\n"
    path = tmp_path / "net.cfg"
    path.write_text(NET + conv + conv + "share_index=0\ndilation=2\n" + conv + "share_index=-1\n", encoding="utf-8")
    network = load(str(path))
    # 3 x 3 x 9 weights, factor and addend of 3 channels.
    assert totals(network).params == 81 + 6
    assert {layer.name: layer.weights_from for layer in network.layers if layer.weights_from} == {
        "conv_1": "conv_0",
        "batch_norm_1": "batch_norm_0",
        "conv_2": "conv_0",
        "batch_norm_2": "batch_norm_0",
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[convolutional]\nfliters=32\n", "6:1: [convolutional] has no option 'fliters'; did you mean 'filters'?"),
        ("[convolutional]\nantialiasing=1\n", "6:1: antialiasing of [convolutional] is not supported"),
        ("[maxpool]\nmaxpool_zero_nonmax=1\n", "6:1: maxpool_zero_nonmax of [maxpool] is not supported"),
        (
            "[maxpool]\nmaxpool_depth=1\nout_channels=2\n",
            "5:1: maxpool_depth cannot divide 3 channels into 2 equal sets",
        ),
        ("[upsample]\nstride=-2\n", "6:1: stride takes a whole number from 1 to 1,000,000, not '-2'"),
        ("[cost]\n[convolutional]\nshare_index=0\n", "7:1: share_index 0 is not a convolutional section"),
        (
            "[cost]\n[shortcut]\nfrom=0\nweights_type=each\n",
            "6:1: weights_type takes none, per_feature, per_layer, per_channel, not 'each'",
        ),
        (
            "[softmax]\n[reorg]\n[shortcut]\nfrom=0\n",
            "7:1: shortcut needs two maps or two vectors, got 240x1x1 and 240",
        ),
    ],
)
def test_options_that_would_change_a_layer(body, message, refused):
    assert refused(NET + body) == [f"net.cfg:{message}"]


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
