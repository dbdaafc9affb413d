"""`cnncalc diff` as a user runs it."""

import json
import subprocess

import jsonschema
import pytest

from cnncalc.formats import records
from cnncalc.reports.diff.records import RECORDS

SPEC = """
name: Design
input: [3, 32, 32]
variables: {width: 16, classes: 10}
blocks:
  unit(filters):
    - conv: {filters: filters, kernel: 3, padding: 1, bias: false}
    - batch_norm
    - relu
layers:
  - unit: width
    name: stem
  - unit: 2 * width
    name: stage1_{index + 1}
    repeat: 3
  - max_pool: 2
  - unit: 4 * width
    name: stage2_{index + 1}
    repeat: 3
  - global_avg_pool
  - linear: classes
    name: fc
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two versions of a design, old.yaml and new.yaml, in the folder at hand."""
    monkeypatch.chdir(tmp_path)

    def files(*changes, old=SPEC):
        new = old
        for before, after in changes:
            assert before in new
            new = new.replace(before, after)
        for name, text in (("old.yaml", old), ("new.yaml", new)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        return "old.yaml", "new.yaml"

    return files


@pytest.mark.parametrize(
    "arguments",
    [
        ("vgg16", "vgg19"),
        ("resnet50", "resnet101"),
        ("resnet50", "resnext50_32x4d"),
        ("alexnet", "zfnet"),
        ("alexnet", "zfnet", "--format", "markdown"),
        ("vgg16", "vgg16_bn", "--columns", "layer,type,change,params,buffers,flops"),
    ],
    ids=" ".join,
)
def test_kept(arguments, run, kept):
    name = "_".join(word.lstrip("-").replace(",", "-") for word in arguments)
    kept(f"diff_{name}.txt", run("diff", *arguments).output)


def test_a_pull_request(files, run, kept):
    """What an engineer reviews: a block with another activation, a stage that is longer, and more classes."""
    names = files(
        ("    - relu", "    - silu"),
        ("repeat: 3\n  - max_pool", "repeat: 5\n  - max_pool"),
        ("classes: 10", "classes: 12"),
    )
    kept("diff_pull_request.md", run("diff", *names, "--format", "markdown").output)
    kept("diff_pull_request.txt", run("diff", *names).output)


def test_one_row_a_change_and_what_follows(files, run):
    """27 weights for each of 8 filters more, and 2 of the norm; each of stage1_1's 32 filters reads 8 maps more."""
    output = run("diff", *files(("unit: width", "unit: width + 8"))).output
    changes, causes, totals = _tables(output)
    assert [row.split("  ")[0] for row in changes] == ["~ stem", "", "", ""]
    conv, norm, first = (row.split() for row in changes[1:])
    assert conv[:5] == ["~", "conv", "filters", "16", "->"]
    assert f"+{8 * 27}" in conv
    assert f"+{8 * 2}" in norm
    assert first[0] == "stage1_1.conv"
    assert f"+{32 * 8 * 9:,}" in first
    assert [row.split()[:2] for row in causes] == [
        ["~", "stem.conv"],
        ["downstream", "in"],
        ["all", f"+{8 * 29 + 32 * 72:,}"],
    ]
    assert totals[0].split()[0] == "parameters"


def _tables(output):
    """The rows of each table, without what stands above and below."""
    lines = output.splitlines()
    starts = [place + 1 for place, line in enumerate(lines) if line.startswith("──")]
    ends = [next((place for place in range(start, len(lines)) if not lines[place]), len(lines)) for start in starts]
    return [lines[start:end] for start, end in zip(starts, ends, strict=True)]


def test_numbers_of_automatic_names_are_no_change(files, run):
    output = run("diff", *files(("  - max_pool: 2", "  - dropout: 0.5\n  - relu\n  - max_pool: 2"))).output
    assert [row.split()[:2] for row in _tables(output)[0]] == [["+", "dropout"], ["+", "relu"]]


def test_nothing_changed(files, run):
    assert run("diff", *files()).output == "nothing changed: old.yaml and new.yaml are the same network, Design\n"
    renamed = files(("name: Design", "name: Other"))
    message = "nothing changed: old.yaml and new.yaml are the same network, Design, now named Other\n"
    assert run("diff", *renamed).output == message
    assert "nothing changed" in run("diff", *renamed, "-f", "markdown").output
    facts = json.loads(run("diff", *renamed, "-f", "json").output)
    assert facts["changed"] is False
    assert facts["changes"] == facts["causes"] == []


def test_exit_code(files, run):
    same = files()
    run("diff", *same, "--exit-code", status=0)
    changed = files(("padding: 1", "padding: same"))
    run("diff", *changed)
    for form in ("table", "json", "markdown"):
        run("diff", *changed, "--exit-code", "--format", form, status=1)


def test_all_shows_every_layer(files, run):
    names = files(("[3, 32, 32]", "[3, 64, 64]"))
    short, long = (run("diff", *names, *more).output for more in ((), ("--all",)))
    assert "--all shows every layer" in short
    assert "--all" not in long
    assert long.count("conv ") > short.count("conv ")
    for name in ("stem.conv", "stage2_3.relu", "global_avg_pool"):
        assert name.rpartition(".")[2] in long


def test_json_of_very_many_causes_that_come_together(tmp_path, run):
    """A list of all causes at each layer would grow with the square of the layers."""
    names = [f"c{number}" for number in range(101)]
    behind = f"  - concat:\n    from: [{', '.join(names)}]\n  - conv: [4, 1]\n    name: last\n"
    for version, filters in (("old", 8), ("new", 9)):
        convs = "".join(f"  - conv: [{filters}, 1]\n    name: {name}\n    from: input\n" for name in names)
        text = f"input: [8, 2, 2]\nlayers:\n{convs}{behind}"
        (tmp_path / f"{version}.yaml").write_text(text, encoding="utf-8")
    facts = json.loads(run("diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"), "-f", "json").output)
    jsonschema.validate(facts, records.schema("cnncalc diff", *RECORDS))
    last = next(change for change in facts["changes"] if change["new"]["name"] == "last")
    assert (last["downstream_of"], last["downstream_of_all"]) == ([], True)
    assert last["downstream"]["params"] == 4 * 101
    assert [each["causes"] for each in facts["shared"]] == [list(range(101))]


def test_json_sums_and_schema(files, run):
    """Every cause's own and downstream cost and what they share sum to the difference of the totals."""
    cases = [
        files(("unit: 2 * width", "unit: 3 * width"), ("[3, 32, 32]", "[3, 40, 40]")),
        ("googlenet", "googlenet_torchvision"),
        ("vgg16", "unet"),
        ("siamese", "lenet5"),
        ("resnet50", "resnet50"),
    ]
    schema = records.schema("cnncalc diff", *RECORDS)
    jsonschema.Draft202012Validator.check_schema(schema)
    for names in cases:
        facts = json.loads(run("diff", *names, "-f", "json", "--batch", "4").output)
        jsonschema.validate(facts, schema)
        costs = [each[key] for each in facts["causes"] for key in ("own", "downstream")]
        costs += [each["cost"] for each in facts["shared"]]
        for key in ("params", "buffers", "macs", "flops", "activations"):
            assert sum(cost[key] for cost in costs) == facts["totals"][key]["difference"]
            training = facts["totals"]["training"][key]["difference"]
            assert sum(cost["training"][key] for cost in costs) == training
        for change in facts["changes"]:
            assert change["cause"] is None or 0 <= change["cause"] < len(facts["causes"])


def test_json_of_a_change(files, run):
    names = files(("unit: width", "unit: width + 8"))
    facts = json.loads(run("diff", *names, "-f", "json").output)
    (cause,) = facts["causes"]
    assert cause["layers"] == ["stem.conv"]
    conv = next(change for change in facts["changes"] if change["change"] == "changed")
    assert conv["settings"] == {"filters": {"old": 16, "new": 24}}
    assert conv["new"]["line"] == 7
    assert {change["new"]["name"] for change in facts["changes"]} == {
        "stem.conv", "stem.batch_norm", "stem.relu", "stage1_1.conv",
    }  # fmt: skip
    assert facts["totals"]["params"]["difference"] == 8 * 27 + 8 * 2 + 32 * 8 * 9


def test_set_is_for_both_or_for_the_one_that_has_it(files, run):
    names = files(
        ("variables: {width: 16, classes: 10}", "variables: {width: 16, classes: 10, depth: 3}"),
        ("repeat: 3\n  - max", "repeat: depth\n  - max"),
    )
    assert "nothing changed" in run("diff", *names, "--set", "width=8").output
    output = run("diff", *names, "--set", "depth=4").output
    assert "--set depth does not change old.yaml: no such variable" in output
    assert "+ stage1_4" in output
    output = run("diff", *names, "--set", "dept=4", status=2).output
    assert "--set dept: the spec has no variable 'dept'; did you mean 'depth'?" in output


def test_input_is_for_both(run):
    assert "nothing changed" in run("diff", "vgg16", "vgg16", "--input", "3x64x64").output
    assert "input 3x64x64\n" in run("diff", "vgg16", "vgg19", "--input", "3x64x64").output
    output = run("diff", "siamese", "lenet5", "--input", "first=1x32x32", status=2).output
    assert "Traceback" not in output


def test_batch(run):
    one, many = (json.loads(run("diff", "vgg16", "vgg19", "-f", "json", "--batch", n).output) for n in ("1", "8"))
    assert many["totals"]["macs"]["difference"] == 8 * one["totals"]["macs"]["difference"]
    assert many["totals"]["params"] == one["totals"]["params"]
    assert f"+{8 * one['totals']['macs']['difference']:,}" in run("diff", "vgg16", "vgg19", "--batch", "8").output


def test_standard_input_and_output(files, run, tmp_path):
    files()
    assert "<stdin> -> new.yaml" in run("diff", "-", "new.yaml", stdin=SPEC.replace("- relu", "- gelu")).output
    path = tmp_path / "comment.md"
    assert run("diff", "vgg16", "vgg19", "-f", "markdown", "-o", str(path)).output == ""
    assert path.read_text(encoding="utf-8") == run("diff", "vgg16", "vgg19", "-f", "markdown").output
    text = tmp_path / "table.txt"
    assert run("diff", "vgg16", "vgg19", "-o", str(text)).output == ""
    assert text.read_text(encoding="utf-8") == run("diff", "vgg16", "vgg19").output


def test_against_git(files, run, tmp_path):
    """`main:design.yaml` is the file that git has."""
    files()
    for arguments in (("init", "-q", "-b", "main"), ("add", "old.yaml"), ("commit", "-q", "-m", "one")):
        author = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *author, *arguments], cwd=tmp_path, check=True)
    (tmp_path / "old.yaml").write_text(SPEC.replace("classes: 10", "classes: 20"), encoding="utf-8")
    output = run("diff", "main:old.yaml", "old.yaml").output
    assert "main:old.yaml -> old.yaml" in output
    assert "features 10 -> 20" in output
    assert "nothing changed" in run("diff", "main:old.yaml", "main:old.yaml").output


def test_names_of_a_file_are_text(files, run):
    names = files(("name: Design", 'name: "[red]|<b>\\u202e"'), ("name: fc", "name: fc_2/x"))
    table = run("diff", *names).output
    assert "Design -> [red]|<b>\\x202e" in table
    markdown = run("diff", *names, "--format", "markdown").output
    assert "\\[red\\]\\|&lt;b&gt;\\x202e".replace("\\x", "\\\\x") in markdown
    assert "\u202e" not in table + markdown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vgg16",), "give two specs, OLD and NEW, or a git revision with --against-ref"),
        (("vgg16", "vgg19", "alexnet"), "give two specs, OLD and NEW"),
        (("vgg61", "vgg16"), "did you mean 'vgg19' or 'vgg16'?"),
        (("vgg61", "vgg91"), "vgg91: no such file"),
        (("vgg16", "vgg19", "--columns", "layer,parms"), "unknown column 'parms'; did you mean 'params'?"),
        (("vgg16", "vgg19", "--format", "csv"), "'csv' is not one of 'table', 'json', 'markdown'"),
        (("-", "-"), "only one of OLD and NEW can be standard input"),
        (("vgg16", "vgg19", "--input", "3x2x2"), "does not fit"),
        (("vgg16", "vgg19", "--exitcode"), "--exit-code"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(arguments, message, run):
    output = run("diff", *arguments, status=2).output
    assert message in output
    assert "Traceback" not in output


def test_causes_beyond_twelve_are_one_row(run, tmp_path):
    """Layer n has 8 filters more: 8 x (9 x its maps + 1) weights, and each filter of the next reads 8 maps more."""
    for name, filters in (("old", 8), ("new", 16)):
        convs = "".join(
            f"  - conv: {{filters: {filters + n}, kernel: 3, padding: 1}}\n    name: c{n}\n" for n in range(20)
        )
        (tmp_path / f"{name}.yaml").write_text(f"input: [3, 8, 8]\nlayers:\n{convs}")
    names = [str(tmp_path / f"{name}.yaml") for name in ("old", "new")]
    costs = [
        8 * (9 * (7 + n if n else 3) + 1) + (8 * 9 * (17 + n) if n < 19 else 0)  # those of c19 end there
        for n in range(20)
    ]
    rest = sum(sorted(costs)[:8])
    *_, other, whole = _tables(run("diff", *names).output)[1]
    assert other.split()[:3] == ["8", "other", "causes"]
    assert f" +{rest:,} " in other
    assert f" +{sum(costs):,} " in whole
    everything = _tables(run("diff", *names, "--all").output)[1]
    # Twenty changes, what is downstream of all but the last, and the sum.
    assert len(everything) == 20 + 19 + 1


PAIRED = """
input: [3, 8, 8]
blocks:
  unit(width):
    - conv: {filters: width, kernel: 3, padding: 1}
    - relu
  pair(width):
    - unit: width
    - unit: width
layers:
  - unit: 4
  - unit: 4
"""


def test_a_block_around_layers_that_were_there(files, run):
    """The layers of one unit are found in the new block; the block that they stood in is told apart from them."""
    old, new = files(("  - unit: 4\n  - unit: 4\n", "  - pair: 4\n"), old=PAIRED)
    changes = [" ".join(row.split()) for row in _tables(run("diff", old, new).output)[0]]
    assert changes[:2] == ["~ pair unit -> pair", "+ unit unit: 2 layers, all existed before - - - - -"]
    changes = [" ".join(row.split()) for row in _tables(run("diff", new, old).output)[0]]
    assert "- unit unit: its layers are elsewhere now - - - - -" in changes
    assert "~ conv was pair.unit.conv - - - - -" in changes


# --- against a revision ---------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Five specs: one that changed since main, one as it was, one new, one broken there and one broken here."""
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch", "main")
    for name in ("changed", "same", "broken_here"):
        (tmp_path / f"{name}.yaml").write_text(SPEC)
    (tmp_path / "broken_there.yaml").write_text("layers: 3\n")
    (tmp_path / "cnncalc.yaml").write_text("specs: ['*.yaml']\n")
    git("add", "--all")
    git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "first")
    (tmp_path / "changed.yaml").write_text(SPEC.replace("classes: 10", "classes: 12"))
    (tmp_path / "new.yaml").write_text(SPEC)
    (tmp_path / "broken_there.yaml").write_text(SPEC)
    (tmp_path / "broken_here.yaml").write_text("layers: 3\n")
    return tmp_path


def git(*arguments):
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def test_specs_against_themselves_at_a_revision(repository, run):
    """64 weights and a bias for each of 2 classes more; what cannot be compared is told, and ends with status 2."""
    result = run("diff", "--against-ref", "main", status=2)
    assert f"+{2 * 65}" in result.stdout
    assert "main:changed.yaml -> changed.yaml" in result.stdout
    assert "same" not in result.stdout
    assert "new.yaml" not in result.stdout
    assert "note: main has no new.yaml; new specs are not compared" in result.stderr
    assert "main:broken_there.yaml:1:1: the spec has no input" in result.stderr
    assert "broken_here.yaml:1:1: the spec has no input" in result.stderr


def test_named_specs_against_a_revision(repository, run):
    for name, changed in (("changed.yaml", True), ("same.yaml", False), ("new.yaml", False), ("vgg16", False)):
        for form in ("table", "markdown"):
            arguments = ("diff", "--against-ref", "main", name, "--format", form)
            assert bool(run(*arguments).stdout) is changed
            run(*arguments, "--exit-code", status=int(changed))
    facts = json.loads(run("diff", "--against-ref", "main", "same.yaml", "changed.yaml", "-f", "json").stdout)
    assert [each["changed"] for each in facts] == [False, True]
    output = run("diff", "--against-ref", "nope", "same.yaml", status=2).stderr
    for form in ("table", "json", "markdown"):
        assert run("diff", "--against-ref", "nope", "same.yaml", "-f", form, status=2).stdout == ""
    assert "no such revision: 'nope'" in output


def test_a_file_of_several_differences(repository, run):
    (repository / "same.yaml").write_text(SPEC.replace("classes: 10", "classes: 13"))
    for form in ("table", "markdown"):
        arguments = ("diff", "--against-ref", "main", "same.yaml", "changed.yaml", "--format", form)
        written = run(*arguments).stdout
        run(*arguments, "--output", "changes.txt")
        assert (repository / "changes.txt").read_text(encoding="utf-8") == written
        assert f"+{2 * 65}" in written
        assert f"+{3 * 65}" in written


def test_the_settings_of_the_configuration(repository, run):
    """width 8 has 32 numbers before the last layer; each of 2 classes more reads them, and has a bias.

    Each side is counted with what its own configuration sets.
    """
    (repository / "changed.yaml").write_text(SPEC)
    (repository / "cnncalc.yaml").write_text("specs: {changed.yaml: {set: {width: 8}}}\n")
    git("add", "cnncalc.yaml", "changed.yaml")
    git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "second")
    (repository / "changed.yaml").write_text(SPEC.replace("classes: 10", "classes: 12"))
    assert f"+{2 * 33}" in run("diff", "--against-ref", "main").stdout
    assert f"+{2 * 65}" in run("diff", "--against-ref", "main", "changed.yaml", "--no-config").stdout
    here = run("diff", "--against-ref", "main", "changed.yaml", "--set", "width=16").stdout
    assert f"+{2 * 65}" in here
    (repository / "wide.yaml").write_text("specs: {changed.yaml: {set: {width: 16}}}\n")
    assert f"+{2 * 65}" in run("diff", "--against-ref", "main", "--config", "wide.yaml").stdout
    (repository / "cnncalc.yaml").write_text("specs: [changed.yaml]\n")
    # From 33 numbers for each of 10 classes to 65 for each of 12, in the last layer alone.
    assert f"+{12 * 65 - 10 * 33}" in run("diff", "--against-ref", "main").stdout


def test_a_configuration_is_for_a_revision(files, run):
    output = run("diff", "vgg16", "vgg19", "--config", "x.yaml", status=2).stderr
    assert "--config needs --against-ref" in output
    output = run("diff", "--against-ref", "main", "--config", "x.yaml", "--no-config", status=2).stderr
    assert "--config and --no-config are mutually exclusive; use one of them" in output


def test_the_schema_of_a_list(repository, run):
    schema = json.loads(run("schema", "diff").stdout)
    facts = json.loads(run("diff", "--against-ref", "main", "same.yaml", "changed.yaml", "-f", "json").stdout)
    jsonschema.validate(facts, schema)
    jsonschema.validate(facts[0], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([*facts, 3], schema)
