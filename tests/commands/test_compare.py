"""`cnncalc compare` as a user runs it."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pictures import words_of

from cnncalc.analyses.compare import facts, over_sizes
from cnncalc.formats import terminal
from cnncalc.formats.table import Column, Line, Measured, Table
from cnncalc.network.build import load
from cnncalc.reports.compare.networks import COLUMNS, ComparedNetwork, ComparisonView, compare_table, times
from cnncalc.reports.compare.sizes import Results, sizes_table
from cnncalc.reports.compare.stages import stages_table
from cnncalc.spec.decode import read_spec
from cnncalc.text import Share

RECORDED = Path(__file__).parent.parent / "reference" / "conventions" / "tools.csv"
THREE = ("vgg16", "resnet50", "mobilenet_v2")
ALL = tuple(column.key for column in COLUMNS)
HOSTILE = (
    'name: "$\\\\frac{x$ <b>&amp; --> \\e[31m =1+1 _{a}$"\nfamily: _$^{$\ninput: [3, 32, 32]\nlayers: [conv: [4, 3]]'
)


def entries(*names, field=False):
    found = []
    for name in names:
        network = load(name)
        found.append(ComparedNetwork(name, network, facts(network, field=field)))
    return found


@pytest.fixture
def file(tmp_path):
    def write(text, name="spec.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize(
    "arguments",
    [
        THREE,
        (*THREE, "--transpose", "--relative-to", "resnet50"),
        (*THREE, "resnet18", "--group", "family", "--sort", "params", "--format", "markdown"),
        ("lenet5", "vgg16", "--format", "json", "--relative-to", "lenet5"),
        ("vgg16", "alexnet", "--at", "64,224"),
        ("vgg16", "inception_v3", "lenet5", "--stages"),
        ("resnet18", "vgg16", "--stages", "--format", "csv"),
    ],
    ids=" ".join,
)
def test_kept(arguments, run, kept):
    name = "_".join(word.lstrip("-") for word in arguments)
    kept(f"compare_{name}.txt", run("compare", *arguments).output)


# --- the table --------------------------------------------------------------------------------------


def test_published_parameters(run):
    """torchvision's parameter counts; 138,357,544 / 3,504,872 = 39.48."""
    output = run("compare", *THREE).output
    for number in ("138,357,544", "25,557,032", "3,504,872"):
        assert f" {number} " in output
    assert "VGG-16 has 39.5 times the parameters" in output


def test_csv_is_read_back(run):
    rows = list(csv.DictReader(io.StringIO(run("compare", *THREE, "-f", "csv", "--columns", "all").output)))
    assert [int(row["params"]) for row in rows] == [138_357_544, 25_557_032, 3_504_872]
    # Four bytes each; the depth that names ResNet-50; Araujo et al. 2019 give 212 and 483 as fields.
    assert [int(row["params_size"]) for row in rows] == [553_430_176, 102_228_128, 14_019_488]
    assert [row["depth"] for row in rows] == ["16", "50", "53"]
    assert [row["field"] for row in rows[:2]] == ["212", "483"]
    assert rows[0]["heaviest"] == "fc6"
    assert float(rows[0]["heaviest_share"]) == pytest.approx(102_764_544 / 138_357_544, abs=1e-6)
    assert [row["pareto"] for row in rows] == ["no", "no", "yes"]


def test_a_batch_and_a_type_of_number(run):
    """MACs, FLOPs and activations are of the batch, parameters are not; float16 takes two bytes."""
    columns = ("-f", "csv", "--columns", "params,params_size,macs,activations_size")
    output = run("compare", "lenet5_modern", *columns, "--batch", "10", "--dtype", "float16").output
    assert output.splitlines()[1] == f'"LeNet-5, modern",61706,{2 * 61_706},4165200,{10 * 2 * 9118}'
    assert run("compare", "lenet5", "--batch", "10", "--dtype", "float16").output.startswith(
        "batch 10, sizes as float16\n"
    )


def test_json_goes_with_the_summary(run):
    facts = json.loads(run("compare", *THREE, "-f", "json", "--batch", "2", "--dtype", "float16").output)
    for network in facts["networks"]:
        summary = json.loads(run("summary", network["spec"], "-f", "json", "--batch", "2", "--dtype", "float16").output)
        assert summary["totals"].items() >= {key: network[key] for key in summary["totals"] if key in network}.items()
        assert network["input"] == summary["input"]
    assert facts["networks"][1]["receptive_field"] == [483, 483]
    assert facts["networks"][0]["heaviest"]["macs"]["each"] == 2 * 1_849_688_064


def rows_of(run, *arguments):
    return [
        row["spec"]
        for row in csv.DictReader(io.StringIO(run("compare", *arguments, "-f", "csv", "--columns", "all").output))
    ]


def test_sorting(run):
    """Numbers downwards and names upwards, as `list --sort` has them; what has no number stands last."""
    assert rows_of(run, *THREE) == list(THREE)
    assert rows_of(run, *THREE, "--reverse") == list(THREE[::-1])
    assert rows_of(run, *THREE, "--sort", "depth") == ["mobilenet_v2", "resnet50", "vgg16"]
    assert rows_of(run, *THREE, "--sort", "params", "--reverse") == ["mobilenet_v2", "resnet50", "vgg16"]
    assert rows_of(run, *THREE, "--sort", "network") == ["mobilenet_v2", "resnet50", "vgg16"]
    given = ("dcgan_generator", "vgg16", "resnet50")
    assert rows_of(run, *given, "--sort", "field") == ["resnet50", "vgg16", "dcgan_generator"]
    assert rows_of(run, *given, "--sort", "field", "--reverse") == ["vgg16", "resnet50", "dcgan_generator"]


def test_families(run, file):
    """As in `list`: oldest first, VGG 2014 before ResNet 2015, and what has no family at the end."""
    own = file("name: mine\ninput: [3, 8, 8]\nlayers: [conv: [4, 3]]")
    arguments = (own, "resnet18", "vgg16", "resnet50", "--group", "family")
    lines = run("compare", *arguments).output.splitlines()
    assert [line.split("  ")[0] for line in lines[2:9] if not line.startswith(" ")] == ["VGG", "ResNet", "others"]
    assert lines[4] == "ResNet"
    assert lines[5].startswith("  ResNet-18 ")
    assert rows_of(run, *arguments) == ["vgg16", "resnet18", "resnet50", own]


def test_ratios(run):
    """138,357,544 / 25,557,032 = 5.4137; 300,774,272 / 3,857,973,248 = 0.07796."""
    output = run("compare", *THREE, "--relative-to", "resnet50", "--columns", "network,params,macs").output
    lines = [line.split() for line in output.splitlines()[4:7]]
    assert lines == [
        ["VGG-16", "138,357,544", "x5.41", "15,470,264,320", "x4.01"],
        ["ResNet-50", "25,557,032", "x1", "3,857,973,248", "x1"],
        ["MobileNet", "v2", "3,504,872", "x0.14", "300,774,272", "x0.078"],
    ]
    for word in ("ResNet-50", "resnet-50", "resnet50.yaml"):
        assert run("compare", *THREE, "--relative-to", word, "--columns", "network,params,macs").output == output
    facts = json.loads(run("compare", *THREE, "--relative-to", "resnet50", "-f", "json").output)
    assert facts["relative_to"] == "resnet50"
    assert facts["networks"][0]["ratios"]["params"] == 138_357_544 / 25_557_032


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 1, "1"), (53, 100, "0.53"), (1, 8, "0.13"), (7, 90, "0.078"), (1, 30_000, "0.000033"), (0, 5, "0"),
     (541_368, 100_000, "5.41"), (3948, 100, "39.5"), (1_226_600, 1000, "1,227")],
)  # fmt: skip
def test_how_ratios_are_written(part, whole, text):
    assert times(Share(part, whole)) == text


def test_nothing_is_no_base(run, file):
    """No ratio to a network without parameters, which has no heaviest layer either."""
    relu = file("name: only relu\ninput: [3, 8, 8]\nlayers: [relu]")
    output = run("compare", relu, "lenet5", "--relative-to", relu).output
    row = output.splitlines()[4]
    # Of the base there are activations and additions alone: 3 x 8 x 8 numbers, as many maxima.
    assert re.findall(r"\bx\S+", row) == ["x1", "x1"]
    assert "%" not in row
    assert "times" not in output
    assert (
        json.loads(run("compare", relu, "--relative-to", relu, "-f", "json").output)["networks"][0]["ratios"]["macs"]
        is None
    )


def test_a_network_given_twice(run, file):
    assert rows_of(run, "lenet5", "lenet5") == ["lenet5", "lenet5"]
    assert run("compare", "lenet5", "lenet5").output.count("\nLeNet-5 ") == 2
    # Two files of one name are told apart as they were given.
    first, second = (file(f"name: net\ninput: [3, 8, 8]\nlayers: [conv: [{n}, 3]]", f"{n}.yaml") for n in (1, 2))
    output = run("compare", first, second).output
    assert f"\n{first} " in output
    assert f"\n{second} " in output


def test_standard_input_is_read_once(run):
    spec = "name: piped\ninput: [3, 9, 9]\nvariables: {n: 2}\nlayers: [conv: [n, 3]]"
    output = run("compare", "-", "lenet5", "-", "--set", "n=4", stdin=spec).output
    # 3 x 4 x 9 + 4
    assert re.findall(r"\n(?:piped|-) +(\d+)", output) == ["112", "112"]
    assert "--set n does not change lenet5: no such variable" in output
    assert "3x8x8" in run("compare", "-", "--at", "8,9", stdin=spec).output


def test_set_and_input_change_all(run):
    """fc of 10 instead of 1000 classes: 990 x (2048 + 1) and 990 x (512 + 1) parameters less."""
    rows = json.loads(run("compare", "resnet50", "resnet18", "--set", "classes=10", "-f", "json").output)["networks"]
    assert [row["params"] for row in rows] == [25_557_032 - 990 * 2049, 11_689_512 - 990 * 513]
    rows = json.loads(run("compare", "resnet50", "resnet18", "--input", "3x64x64", "-f", "json").output)["networks"]
    assert [row["input"] for row in rows] == [[3, 64, 64]] * 2


def test_the_front_is_named(run):
    """SqueezeNet 1.1 has fewer parameters, ShuffleNet v2 x0.5 fewer MACs; MobileNet v2 has more of both."""
    output = run("compare", "squeezenet1_1", "shufflenet_v2_x0_5", "mobilenet_v2").output
    assert "fewer MACs: SqueezeNet 1.1 and ShuffleNet v2 x0.5\n" in output
    assert "Pareto" not in run("compare", "squeezenet1_1", "shufflenet_v2_x0_5").output


# --- on terminals -----------------------------------------------------------------------------------


def lines_at(table, width):
    return [line.text for line in terminal.layout(table, width)]


def test_bars():
    """At 80 columns bars are 11 wide. Of VGG-16's MACs ResNet-50 does 0.2494: 21.9 eighths of 88."""
    lines = lines_at(compare_table(entries(*THREE, field=True), ComparisonView()), 80)
    assert re.search(r"15,470,264,320 █{11} ", lines[2])
    assert re.search(r"3,857,973,248 ██▊ ", lines[3])
    # What is there shows, however little.
    tiny = lines_at(compare_table(entries("vgg16", "lenet5"), ComparisonView(columns=("network", "params"))), 80)
    assert tiny[3].endswith(" 60,000 ▏")


def test_a_pipe_has_no_bars(run):
    assert not set(run("compare", *THREE).output) & set("▏▎▍▌▋▊▉█")


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("base", [None, 1])
def test_a_comparison_fits_the_terminal(width, transpose, base):
    shown = entries(*THREE, "deeplabv3_resnet101", "siamese", "r3d_18", field=True)
    for columns in (ComparisonView().columns, ALL):
        options = ComparisonView(columns, transpose=transpose, base=base, grouped=not transpose)
        assert max(map(terminal.columns_of, lines_at(compare_table(shown, options), width))) <= width


def test_numbers_are_never_cut():
    for width in range(60, 130, 7):
        lines = lines_at(compare_table(entries(*THREE), ComparisonView(transpose=True)), width)
        numbers = {"params": 138_357_544, "MACs": 15_470_264_320}
        for name, number in numbers.items():
            assert next(line for line in lines if line.startswith(name)).split()[1] == f"{number:,}"


def test_bars_go_before_the_columns_that_they_stand_beside():
    columns = (Column("name", "name"), Column("n", "n", numeric=True, bars=2), Column("m", "m", numeric=True, drop=1))
    table = Table("", (), columns, (Line(("a", Measured(50, 100), 3)), Line(("b", Measured(100, 100), 4))), ())
    # name, 3 for the number and 1 for m, with gaps: 12; a bar and its space take 9 more at least.
    assert lines_at(table, 21)[2] == "a      50 ████      3"
    assert lines_at(table, 20)[2] == "a      50  3"


# --- sizes and stages -------------------------------------------------------------------------------


def test_sizes_in_every_format(run):
    rows = list(
        csv.DictReader(io.StringIO(run("compare", "resnet50", "alexnet", "--at", "64,448", "-f", "csv").output))
    )
    assert [row["at"] for row in rows] == ["64", "448", "64", "448"]
    assert int(rows[1]["macs"]) == 4 * (3_857_973_248 - 2_048_000) + 2_048_000
    assert rows[2]["macs"] == ""
    assert "pool5: kernel 3 does not fit the 2x2 input" in rows[2]["problem"]
    facts = json.loads(run("compare", "resnet50", "alexnet", "--at", "64,448", "--batch", "3", "-f", "json").output)
    assert facts["networks"][0]["sizes"][1]["macs"] == 3 * int(rows[1]["macs"])
    assert set(facts["networks"][1]["sizes"][0]) == {"at", "problem"}


def test_a_size_that_does_not_fit_is_no_failure(run):
    output = run("compare", "alexnet", "--at", "64,227").output
    assert "not possible" in output
    assert "AlexNet at 64  alexnet.yaml:" in output
    assert "724,406,816" in output


def test_where_no_size_fits_nothing_is_compared(run):
    output = run("compare", "alexnet", "--at", "32,64", status=2).output
    assert output.count("AlexNet at ") == 2
    # What is wrong at every size is wrong with the spec.
    broken = "input: [3, 8, 8]\nlayers: [cnv: [4, 3]]"
    output = run("compare", "lenet5", "-", "--at", "32", status=2, stdin=broken).output
    assert output.startswith("<stdin>:2:10: unknown layer type 'cnv'; did you mean 'conv'")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_sizes_and_stages_fit_the_terminal(width):
    names = ("vgg16", "inception_v3", "unet")
    found = [(name, name, over_sizes(read_spec(name), (224, 572))) for name in names]
    tables = [
        sizes_table(Results((224, 572), found, 1), (), exact=False),
        stages_table(entries(*names), 1, (), exact=False),
    ]
    for table in tables:
        assert max(map(terminal.columns_of, lines_at(table, width))) <= width


def test_stages_add_up(run):
    rows = list(csv.DictReader(io.StringIO(run("compare", *THREE, "--stages", "-f", "csv").output)))
    for spec, params in zip(THREE, (138_357_544, 25_557_032, 3_504_872), strict=True):
        own = [row for row in rows if row["spec"] == spec]
        assert sum(int(row["params"]) for row in own) == params
        assert sum(float(row["params_share"]) for row in own) == pytest.approx(1, abs=1e-5)
    facts = json.loads(run("compare", *THREE, "--stages", "-f", "json").output)
    # torchvision's layer4 of ResNet-50 has 14,964,736 parameters.
    (last,) = [stage for stage in facts["networks"][1]["stages"] if stage["stride"] == 32]
    assert (last["sizes"], last["params"]) == ([[7, 7]], 14_964_736)


def test_networks_of_other_inputs_are_aligned_by_stride():
    """At 224 and 299 the maps at stride 8 are 28x28 and 35x35: one heading, with the sizes in a column."""
    lines = lines_at(stages_table(entries("vgg16", "inception_v3"), 1, (), exact=False), 200)
    start = lines.index("stride 8")
    assert [line.split()[:2] for line in lines[start + 1 : start + 3]] == [
        ["VGG-16", "28x28"],
        ["Inception-v3", "35x35"],
    ]
    lines = lines_at(stages_table(entries("vgg16", "resnet50"), 1, (), exact=False), 200)
    assert "stride 8: 28x28" in lines


# --- what is wrong ----------------------------------------------------------------------------------


def test_all_problems_of_all_specs_are_told(run, file):
    first = file("input: [3, 8, 8]\nlayers: [conv: [4, 9], max_pol: 2]", "first.yaml")
    second = file("input: [3, 8, 8]\nlayers: [linear: 0]", "second.yaml")
    output = run("compare", first, "vgg61", second, first, status=2).output
    lines = output.splitlines()
    assert len(lines) == 4
    assert [line.partition(": ")[0].rpartition("/")[2] for line in lines] == [
        "first.yaml:2:20", "first.yaml:2:24", "vgg61", "second.yaml:2:18",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument 'SPEC...'"),
        (("vgg16", "--columns", "parms"), "unknown column 'parms'; did you mean 'params'?"),
        (("vgg16", "--sort", "pram"), "'pram' is not one of 'network', 'year', 'params'"),
        (("vgg16", "resnet50", "--relative-to", "resnet18"), "did you mean 'resnet50'?"),
        (("vgg16", "m5", "--relative-to", "xyz"), "is not among the compared networks; use vgg16 or m5\n"),
        (
            ("vgg16", "resnet50", "--set", "clases=1"),
            "no network has a variable 'clases'; did you mean 'classes'?\n",
        ),
        (("vgg16", "--set", "clases=1"), "--set clases: the spec has no variable 'clases'; did you mean 'classes'?\n"),
        (("vgg16", "--at", "64,x"), "'64,x' is not a list of sizes; write whole numbers from 1, such as 128,160,224"),
        (("vgg16", "--at", "0"), "'0' is not a list of sizes"),
        (("vgg16", "--at", "64", "--stages"), "--at and --stages are mutually exclusive; use one of them"),
        (("vgg16", "--at", "64", "--sort", "params"), "--at does not use --sort; remove --sort"),
        (
            ("vgg16", "--stages", "--relative-to", "vgg16"),
            "--stages does not use --relative-to; remove --relative-to",
        ),
        (("vgg16", "--plot", "x.jpg"), "the file name 'x.jpg' must end with .svg, .png or .pdf"),
        (("vgg16", "--transpos"), "--transpose"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(arguments, message, run):
    output = run("compare", *arguments, status=2).output
    assert message in output
    assert "Traceback" not in output


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "latex"])
@pytest.mark.parametrize("more", [(), ("--transpose",), ("--at", "32"), ("--stages",)], ids=str)
def test_names_are_text(form, more, run, file):
    output = run("compare", file(HOSTILE), "lenet5", "-f", form, *more).output
    assert "\x1b" not in output
    if form == "markdown":
        assert "<b>" not in output


def test_a_name_is_no_formula_for_a_spreadsheet(run, file):
    path = file('name: "=1+1"\ninput: [3, 8, 8]\nlayers: [conv: [4, 3]]')
    assert run("compare", path, "-f", "csv", "--columns", "network,params").output == "network,params\n'=1+1,112\n"


# --- the picture ------------------------------------------------------------------------------------


def test_without_matplotlib_it_is_said_what_adds_it(run, monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    path = tmp_path / "plot.svg"
    output = run("compare", "vgg16", "--plot", str(path), status=2).output
    assert output == "--plot needs matplotlib, which is not installed; install it with `pip install 'cnncalc[plot]'`\n"
    assert not path.exists()


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
@pytest.mark.parametrize("more", [(), ("--at", "96,128"), ("--stages",)], ids=str)
def test_a_picture(form, more, run, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"plot.{form.upper()}"
    output = run("compare", *THREE, *more, "--plot", str(path)).output
    assert output == run("compare", *THREE, *more).output
    first = path.read_bytes()
    assert first[:5] == {"svg": b"<?xml", "png": b"\x89PNG\r", "pdf": b"%PDF-"}[form]
    run("compare", *THREE, *more, "--plot", str(path))
    assert path.read_bytes() == first


def test_what_has_no_place_on_logarithmic_axes(run, file, tmp_path):
    pytest.importorskip("matplotlib")
    relu = file("name: only relu\ninput: [3, 8, 8]\nlayers: [relu]")
    path = tmp_path / "some.svg"
    run("compare", relu, "lenet5", "vgg16", "--plot", str(path))
    words = " ".join(words_of(path.read_bytes()))
    assert "not shown, because they have no parameters, no MACs or more than 10^30 of them: only relu" in words
    path = tmp_path / "none.png"
    output = run("compare", relu, "--plot", str(path), status=2).output
    assert output == "nothing to plot: no network has both parameters and MACs, and at most 10^30 of each\n"
    assert not path.exists()


# 7 MACs at (2^63 - 1)^2 positions are 6e38, and 7 * 3 * 10^20 are 2e21, which is beyond 64 bits.
VAST = "name: vast\ninput: [1, 1, 1]\nlayers:\n  - upsample: 9223372036854775807\n  - conv: [7, 1]"
LARGE = "name: large\ninput: [3, 10000000000, 10000000000]\nlayers: [conv: [7, 1]]"


def test_amounts_beyond_64_bits_are_drawn_and_vast_ones_are_not(run, file, tmp_path):
    pytest.importorskip("matplotlib")
    vast = file(VAST, "vast.yaml")
    path = tmp_path / "some.svg"
    run("compare", file(LARGE), "lenet5", vast, "--plot", str(path))
    words = words_of(path.read_bytes())
    # The axis of MACs goes on to 10^21.
    assert "1,000 E" in words
    shown = " ".join(words)
    assert "not shown, because they have no parameters, no MACs or more than 10^30 of them: vast" in shown
    output = run("compare", vast, "--plot", str(tmp_path / "none.png"), status=2).output
    assert output.startswith("nothing to plot")


def test_a_picture_is_written_whole_or_not_at_all(run, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "missing" / "plot.png"
    assert "No such file or directory" in run("compare", "lenet5", "--plot", str(path), status=2).output
    run("compare", "lenet5", "--plot", str(tmp_path / "plot.png"))
    assert [one.name for one in tmp_path.iterdir()] == ["plot.png"]


def test_a_pipe_is_served_without_rich_and_matplotlib():
    program = (
        "import sys, contextlib, io\n"
        "from cnncalc.commands import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    cli(('compare', 'lenet5', 'vgg16'), standalone_mode=False)\n"
        "print('\\n'.join(sys.modules))"
    )
    loaded = set(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    )
    assert not loaded & {"rich", "matplotlib", "cnncalc.plots.figures", "difflib", "tempfile"}


def test_a_convention_is_compared(run):
    """What thop and fvcore print for ResNet-18 and VGG-11 is in tests/reference/conventions/tools.csv."""
    arguments = ("compare", "resnet18", "mobilenet_v2", "--convention", "thop")
    output = run(*arguments, "--relative-to", "resnet18").output
    assert output.startswith("operations and parameters as counted by thop")
    with RECORDED.open(encoding="utf-8", newline="") as file:
        printed = {row["network"]: row for row in csv.DictReader(file) if row["tool"] == "thop"}
    facts = json.loads(run(*arguments, "-f", "json").output)
    assert facts["convention"]["key"] == "thop"
    rows = list(csv.DictReader(io.StringIO(run(*arguments, "-f", "csv").output)))
    for network, row, shown in zip(("resnet18", "mobilenet_v2"), facts["networks"], rows, strict=True):
        operations, params = int(printed[network]["operations"]), int(printed[network]["params"])
        assert row["convention_counts"] == {"operations": operations, "params": params, "unknown": []}
        assert (int(shown["operations"]), int(shown["params"])) == (operations, params)
        assert f"{operations:,}" in output
    assert "flops" not in rows[0]


def test_a_convention_with_unknown_layers_is_compared(run, tmp_path):
    spec = tmp_path / "o.yaml"
    spec.write_text("name: o\ninput: [3, 8, 8]\nlayers: [{opaque: {output: [4, 8, 8], params: 5, macs: 1000}}]\n")
    output = run("compare", "lenet5_modern", str(spec), "resnet18", "--convention", "fvcore", "--columns", "all").output
    assert "unknown" in output
    assert "the rules of fvcore for opaque (opaque) are not modeled" in output
    # What is unknown is neither on the front nor a multiple.
    assert "Pareto front, where" not in output
    assert "times the FLOPs" not in output
    ratios = run("compare", "resnet18", str(spec), "--convention", "fvcore", "--relative-to", "resnet18", "-f", "csv")
    row = list(csv.DictReader(io.StringIO(ratios.output)))[1]
    assert (row["operations"], row["operations_ratio"]) == ("", "")


@pytest.mark.parametrize("option", [("--at", "64"), ("--stages",), ("--plot", "a.svg")])
def test_tables_without_conventions_refuse_one(option, run):
    refused = run("compare", "resnet18", "--convention", "thop", *option, status=2).output
    assert f"{option[0]} does not use --convention" in refused
