"""What networks are compared by, over sizes of their input and stage by stage."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc import limits
from cnncalc.analyses import compare
from cnncalc.analyses.compare import Heaviest, at_size, facts, front, largest_field, over_sizes
from cnncalc.analyses.stages import stages
from cnncalc.analyses.totals import totals
from cnncalc.errors import SpecError
from cnncalc.limits import Limits
from cnncalc.network.build import build, load
from cnncalc.spec.decode import read_spec
from cnncalc.spec.locate import Place

ARAUJO = Path(__file__).parent.parent / "reference" / "receptive_fields.csv"


def published_fields():
    """Networks whose last feature map Araujo, Norris and Sim 2019 give the field of, or hand arithmetic does."""
    with open(ARAUJO, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            settings = [tuple(row["settings"].split("="))] if row["settings"] else []
            yield pytest.param(row["network"], settings, int(row["size"]), id=f"{row['network']} {row['settings']}")


# --- one network ------------------------------------------------------------------------------------


def test_the_heaviest_layers_of_vgg16():
    """Six of its layers do 224 x 224 x 64 x 64 x 9 MACs: from each stage to the next positions fall to a
    quarter, and products of channels rise fourfold.
    """
    found = facts(load("vgg16"), field=False)
    alike = ("conv1_2", "conv2_2", "conv3_2", "conv3_3", "conv4_2", "conv4_3")
    assert found.heaviest_macs == Heaviest(alike, 224 * 224 * 64 * 64 * 9, 15_470_264_320)
    assert found.heaviest_params == Heaviest(("fc6",), 7 * 7 * 512 * 4096 + 4096, 138_357_544)
    assert found.field is None


def test_what_weighs_nothing_has_no_heaviest_layer(spec):
    found = facts(spec("name: n\ninput: [3, 8, 8]\nlayers: [relu]"))
    assert found.heaviest_params is None
    assert found.heaviest_macs is None
    assert found.field == (1, 1)


def test_layers_of_training_are_left_aside(spec):
    network = spec(
        "input: [3, 8, 8]\nlayers:\n  - conv: [2, 3]\n"
        "  - branch: {aux: {layers: [{conv: [64, 3], training_only: true}]}}"
    )
    assert facts(network).heaviest_params == Heaviest(("conv",), 56, 56)
    assert largest_field(network) == (3, 3)


@pytest.mark.parametrize(("network", "settings", "size"), list(published_fields()))
def test_the_field_is_that_of_the_last_feature_map(network, settings, size):
    assert largest_field(load(network, settings)) == (size, size)


def test_the_field_of_what_slides_over_nothing_is_unknown(spec):
    assert largest_field(spec("input: [100]\nlayers: [linear: 10]")) is None
    # All that is there is global.
    assert largest_field(spec("input: [3, 8, 8]\nlayers: [{global_avg_pool: {keep_dims: true}}]")) is None


def test_the_field_is_told_axis_by_axis(spec):
    """1-D: 80 taps, then 3 taps 4 apart are 80 + 2 x 4. Several inputs: the larger of the two."""
    sound = spec("input: [1, 800]\nlayers: [conv: {filters: 2, kernel: 80, stride: 4}, conv: [2, 3]]")
    assert largest_field(sound) == (88,)
    two = spec(
        "input: {a: [1, 9, 9], b: [1, 9, 9]}\nlayers:\n  - {conv: [1, 3, 1, 1], from: a, name: x}\n"
        "  - {conv: {filters: 1, kernel: [5, 1], padding: same}, from: b, name: y}\n  - {add: , from: [x, y]}"
    )
    assert largest_field(two) == (3, 3)


# --- the front --------------------------------------------------------------------------------------


def test_the_front():
    """(3, 3) is beaten by (2, 3); two that are equal do not beat each other."""
    assert front([(1, 5), (2, 3), (3, 3), (4, 1), (2, 3)]) == (True, True, False, True, True)
    assert front([]) == ()
    assert front([(7, 7)]) == (True,)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12))
def test_what_is_not_on_the_front_is_beaten_by_something_that_is(points):
    ahead = [point for point, best in zip(points, front(points), strict=True) if best]
    for point, best in zip(points, front(points), strict=True):
        beaten = any(one[0] <= point[0] and one[1] <= point[1] and one != point for one in ahead)
        assert beaten != best


# --- sizes of the input -----------------------------------------------------------------------------


def test_convolutions_grow_with_the_input():
    """ResNet-50 does 2,048,000 MACs in fc; all else grows with the area: 3,855,925,248 x (448 / 224)^2."""
    own, double = over_sizes(read_spec("resnet50"), [224, 448])
    assert own.totals.macs == 3_857_973_248
    assert double.totals.macs == 4 * (3_857_973_248 - 2_048_000) + 2_048_000
    assert own.totals.params == double.totals.params == 25_557_032
    # Of very many sizes, all layers would take gigabytes.
    assert own.network.layers == double.network.layers == ()


def test_what_reads_every_position_grows_in_parameters():
    """VGG-16 at 448: pool5 gives 512x14x14, four times as many inputs of fc6."""
    (double,) = over_sizes(read_spec("vgg16"), [448])
    assert double.totals.params == 138_357_544 + 3 * 512 * 7 * 7 * 4096


def test_every_spatial_axis_of_every_input_is_resized(spec, tmp_path):
    path = tmp_path / "inputs.yaml"
    path.write_text(
        "variables: {side: 20}\ninput: {image: [3, side, side], sound: [2, 90], film: [1, 4, 9, 9], code: [7]}\n"
        "layers:\n  - {conv: [1, 1], from: image}\n  - {relu: , from: sound}\n  - {relu: , from: film}\n"
        "  - {linear: 1, from: code}\noutputs: [conv, relu, relu_2, linear]",
        encoding="utf-8",
    )
    shapes = dict(at_size(read_spec(str(path)), 6).inputs)
    assert shapes == {"image": (3, 6, 6), "sound": (2, 6), "film": (1, 6, 6, 6), "code": (7,)}


FITS = "- repeat: 100\n  relu:\n"
NEVER_FITS = f"{FITS}- conv: [1, 1000]\n"


@pytest.mark.parametrize(("layers", "steps"), [(FITS, 100), (NEVER_FITS, 101)])
def test_all_sizes_together_are_bounded(layers, steps, monkeypatch):
    """Counts 100 passes, and the layer that fits nowhere, at each size, whether the network is built or refused."""
    built = []
    monkeypatch.setattr(compare, "build", lambda spec: built.append(spec) or build(spec))
    spec = read_spec(Place("", "<text>", text=f"name: net\ninput: [1, 8, 8]\nlayers:\n{layers}"))
    with limits.using(Limits(work=3 * steps * limits.Cost.STEP)):
        assert [one.size for one in over_sizes(spec, (8, 9, 10))] == [8, 9, 10]
        built.clear()
        with pytest.raises(SpecError) as refused:
            over_sizes(spec, tuple(range(8, 108)))
    assert len(built) == 3
    message = f"building net at 100 sizes takes more than {3 * steps * limits.Cost.STEP:,} operations"
    advice = "compare at most 3 sizes at a time, or raise the limit with `--limit work=N`"
    assert [(problem.message, problem.hint) for problem in refused.value.problems] == [(message, advice)]


def test_what_does_not_fit_is_told():
    """AlexNet at 64: 64 -> 14 -> 6 -> 6 -> 2, and pool5 needs 3."""
    small, own = over_sizes(read_spec("alexnet"), [64, 227])
    assert (small.network, small.totals) == (None, None)
    assert "pool5: kernel 3 does not fit the 2x2 input" in small.reason
    assert own.totals.macs == 724_406_816
    assert own.reason == ""
    with pytest.raises(SpecError):
        at_size(read_spec("alexnet"), 64)


# --- stages -----------------------------------------------------------------------------------------


SEVERAL = (
    "vgg16", "resnet50", "mobilenet_v3_small", "inception_v3", "googlenet", "densenet121", "hrnet_w18", "unet",
    "deeplabv3_resnet50", "dcgan_generator", "lenet5", "m5", "r3d_18", "siamese", "shufflenet_v1",
)  # fmt: skip


@pytest.mark.parametrize("name", SEVERAL)
def test_stages_add_up_to_the_whole(name):
    network = load(name)
    found, counted = stages(network), totals(network)
    assert sum(stage.params for stage in found) == counted.params
    assert sum(stage.macs for stage in found) == counted.macs
    assert sum(stage.layers for stage in found) == counted.layers
    finite = [stage.stride for stage in found if stage.stride is not None]
    assert finite == sorted(set(finite))


def by_stride(name):
    return {stage.stride: stage for stage in stages(load(name))}


def test_the_stages_of_vgg16():
    """Table 1 of the paper: its convolutions work at 224, 112, 56, 28 and 14; pool5 gives 7x7."""
    found = by_stride("vgg16")
    assert {stride: stage.sizes for stride, stage in found.items()} == {
        1: ((224, 224),),
        2: ((112, 112),),
        4: ((56, 56),),
        8: ((28, 28),),
        16: ((14, 14),),
        32: ((7, 7),),
        None: ((),),
    }
    assert found[1].params == (3 * 64 * 9 + 64) + (64 * 64 * 9 + 64)
    assert found[1].macs == 224 * 224 * 9 * (3 * 64 + 64 * 64)
    assert found[16].params == 3 * (512 * 512 * 9 + 512)
    assert (found[32].params, found[32].macs, found[32].layers) == (0, 0, 1)
    assert found[None].macs == 25_088 * 4096 + 4096 * 4096 + 4096 * 1000


def test_the_stages_of_resnet50():
    """Table 1 of He et al.: conv5_x gives 7x7. Its params: torchvision's layer4 has 14,964,736."""
    found = by_stride("resnet50")
    assert found[32].sizes == ((7, 7),)
    assert found[32].params == 14_964_736
    assert found[None].params == 2048 * 1000 + 1000


def test_borders_that_kernels_eat_are_no_stride_of_their_own():
    """Inception-v3 (Table 1 of the paper): 149 and 147 at stride 2, 73 and 71 at 4, then 35, 17 and 8."""
    found = by_stride("inception_v3")
    assert {stride: [size[0] for size in stage.sizes] for stride, stage in found.items() if stride} == {
        2: [149, 147],
        4: [73, 71],
        8: [35],
        16: [17],
        32: [8],
    }


def test_what_is_scaled_up_returns_to_its_stride():
    """U-Net (Figure 1 of the paper): the right side has the strides of the left."""
    assert list(by_stride("unet")) == [1, 2, 4, 8, 16]
    assert (388, 388) in by_stride("unet")[1].sizes


def test_one_position_is_no_map():
    """LeNet's C5 gives 120x1x1: it stands with F6 and the output, 48,120 + 10,164 of the 60,000."""
    found = by_stride("lenet5")
    assert found[None].params == 48_120 + 10_164
    assert found[2].sizes == ((14, 14), (10, 10))


def test_without_a_field_the_size_tells():
    """DCGAN's generator starts from a vector: its 4x4 is a sixteenth of its 64x64. What DeepLab's image pooling
    spreads out again stands with the other maps of 65x65.
    """
    found = by_stride("dcgan_generator")
    assert {stride: stage.sizes for stride, stage in found.items() if stride} == {
        1: ((64, 64),),
        2: ((32, 32),),
        4: ((16, 16),),
        8: ((8, 8),),
        16: ((4, 4),),
    }
    assert by_stride("deeplabv3_resnet50")[8].sizes == ((65, 65),)


def test_maps_larger_than_the_input(spec):
    """Upsampled by 2 without a border, outputs lie half a position apart."""
    found = stages(spec("input: [3, 8, 8]\nlayers: [conv: [4, 3, 1, 1], upsample: 2, conv: [4, 3, 1, 1]]"))
    assert [stage.stride for stage in found] == [Fraction(1, 2), 1]
    assert [stage.params for stage in found] == [4 * 4 * 9 + 4, 3 * 4 * 9 + 4]


def test_what_is_spread_out_again_stands_with_maps_of_its_size(spec):
    """Three positions apart are the 7x7 outputs over 21x21; what is 1x1 and scaled up to 7x7 stands with them."""
    found = stages(
        spec(
            "input: [3, 21, 21]\nlayers:\n  - conv: [4, 3, 3]\n  - concat:\n      map: []\n"
            "      pooled: [{global_avg_pool: {keep_dims: true}}, {upsample: 7}, {conv: [4, 1]}]\n"
        )
    )
    # 3 x 4 x 9 + 4 parameters of the one, 4 x 4 + 4 of the other.
    assert [(stage.stride, stage.params) for stage in found] == [(3, 112 + 20), (None, 0)]
