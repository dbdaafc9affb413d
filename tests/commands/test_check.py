"""`cnncalc check` as it is run: many files, options, a configuration, baselines, and the status it ends with."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

# 8 x 27 weights and 8 biases; 216 multiply-accumulates at each of 16 x 16 places.
DESIGN = """\
name: Design
input: [3, 16, 16]
variables: {filters: 8}
layers:
  - conv: {filters: filters, kernel: 3, padding: 1}
    name: conv1
  - relu
  - global_avg_pool
budget:
  params: 224
  macs: {max: 60k, max_increase: 5%}
expect:
  output: [8]
"""
# Batch normalization has 8 scales and 8 shifts; the convolution's bias is lost in it.
BIASED = DESIGN.replace("  - relu", "  - batch_norm\n  - relu").replace("params: 224", "params: 240")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / ".git").mkdir()
    (tmp_path / "design.yaml").write_text(DESIGN)
    return tmp_path


def test_kept(run) -> None:
    assert run("check", "design.yaml", "--no-lint").output.splitlines() == [
        (
            "design.yaml: 3 checks passed, 1 skipped (no baseline);"
            " params is closest to its budget: 100.0 % of at most 224"
        ),
        "1 spec: 3 checks passed, none failed, 1 without a baseline",
    ]


def test_broken(run) -> None:
    """216 x 256 multiply-accumulates are 55,296; with 9 filters 62,208, and 252 parameters."""
    output = run("check", "design.yaml", "--no-lint", "--set", "filters=9", status=1).output
    assert output.splitlines()[:5] == [
        (
            "design.yaml:10:3: error: params is 252, 28 (12.5 %) more than its budget of 224;"
            " reduce conv1 by 11.2 % or allow 252 [budget]"
        ),
        "    conv1 has 252 (100.0 %)",
        (
            "design.yaml:11:3: error: macs is 62,208, 2,208 (3.7 %) more than its budget of 60,000;"
            " reduce conv1 by 3.6 % or allow 62.3k [budget]"
        ),
        "    conv1 has 62,208 (100.0 %)",
        "design.yaml:13:3: error: output is 9, not 8 [expect]",
    ]


def test_unusable_comes_before_broken_and_all_are_told(run, folder: Path) -> None:
    (folder / "wrong.yaml").write_text("input: [3, 8, 8]\nlayers:\n  - cnv: 3\n")
    (folder / "name.yaml").write_text(DESIGN.replace("params: 224", "conv2.params: 224"))
    output = run("check", "wrong.yaml", "gone.yaml", "design.yaml", "name.yaml", "--set", "filters=9", status=2).output
    assert "wrong.yaml:3:5: error: unknown layer type 'cnv'; did you mean 'conv'? [spec]" in output
    assert "gone.yaml: error: no such file" in output
    assert "design.yaml:10:3: error: params is 252" in output
    assert "name.yaml:10:3: error: no layer or block has the name 'conv2'; did you mean 'conv1'? [spec]" in output
    assert output.splitlines()[-1].startswith("4 specs: 0 checks passed, 3 failed, 1 without a baseline; 3 unusable")


def test_options(run) -> None:
    kept = ["--max", "params=138_357_544", "--max", "params_size=528 MiB", "--expect", "output=[1000]"]
    kept += ["--expect", "depth=16", "--assert", "params('fc6') / params() > 0.74", "--min", "fc?.params=1"]
    run("check", "vgg16", *kept[:-2])
    broken = run("check", "vgg16", "--no-lint", "--max", "params=138M", "--assert", "depth() > 16", status=1).output
    assert broken.splitlines()[0] == (
        "vgg16: error: params is 138,357,544, 357,544 (0.3 %) more than its budget of 138,000,000"
        " (--max params=138M); reduce fc6 by 0.4 % or allow 139M [budget]"
    )
    assert "vgg16: error: depth() > 16 does not hold; depth() is 16 (--assert depth() > 16) [assert]" in broken


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--max", "parms=3"), "--max parms=3: unknown quantity 'parms'; did you mean 'params'?"),
        (("--max", "params"), "'params' is not QUANTITY=N"),
        (("--expect", "output=[a]"), "--expect output=[a]: 'a' is not defined here"),
        (("--assert", "params("), "--assert params(: "),
        (
            ("--against", "vgg16", "--against-ref", "main"),
            "--against and --against-ref are mutually exclusive",
        ),
        (("--max-increase", "params=2%"), "--max-increase needs a baseline; add --against FILE or --against-ref main"),
        (("--config", "gone.yaml"), "gone.yaml: no such file"),
        (("--config", "design.yaml"), "design.yaml is a spec, not a configuration"),
    ],
)
def test_options_that_are_wrong(run, arguments: tuple[str, ...], message: str) -> None:
    assert message in run("check", "vgg16", *arguments, status=2).output


def test_without_a_spec_it_takes_those_of_the_configuration(run, folder: Path) -> None:
    assert "name a SPEC, or list specs in a cnncalc.yaml" in run("check", status=2).output
    (folder / "cnncalc.yaml").write_text("defaults: {budget: {params: 1, depth: 0}}\nspecs: ['*.yaml']\n")
    output = run("check", "--no-lint", status=1).output
    # The spec's own budget for the parameters comes before the default, the depth has no other.
    assert (
        output.splitlines()[0]
        == "design.yaml: error: depth is 1, 1 more than its budget of 0 (cnncalc.yaml:1:32); allow 1 [budget]"
    )
    assert output.splitlines()[-1] == "1 spec: 3 checks passed, 1 failed, 1 without a baseline"
    run("check", "design.yaml", "--no-lint", "--no-config")


@pytest.mark.parametrize(
    ("budget", "options"),
    [
        ("budget: {params: 5G}", ()),
        ("budget: {params: {min: 1, tolerance: 100%}}", ()),
        ("", ("--max", "params=5G")),
    ],
)
def test_another_bound_leaves_a_default_increase_in_force(run, folder: Path, budget: str, options) -> None:
    """A 1x1 convolution of 3 channels with 3 filters has 12 parameters, and with 4 filters 16."""
    spec = "input: [3, 8, 8]\nlayers: [conv: [{}, 1]]\n{}\n"
    (folder / "old.yaml").write_text(spec.format(3, ""))
    (folder / "design.yaml").write_text(spec.format(4, budget))
    (folder / "cnncalc.yaml").write_text("defaults: {budget: {params: {max_increase: 1}}}\nspecs: [design.yaml]\n")
    output = run("check", "design.yaml", "--no-lint", "--against", "old.yaml", *options, status=1).output
    assert "params grew by 4 (33.3 %) to 16, more than the allowed 1 (8.3 %) (cnncalc.yaml:1:21)" in output


@pytest.mark.parametrize(
    ("own", "severities"),
    [("{max: 90}", ["warning"]), ("{max: 90, tolerance: 0}", ["warning"]), ("{max: 90, min: 1}", [])],
)
def test_defaults_fall_back_bound_by_bound(run, folder: Path, own: str, severities: list[str]) -> None:
    """12 parameters are below the default of at least 13, within its own tolerance of half."""
    (folder / "design.yaml").write_text(f"input: [3, 8, 8]\nlayers: [conv: [3, 1]]\nbudget: {{params: {own}}}\n")
    defaults = "defaults: {budget: {params: {max: 1, min: 13, tolerance: 50%}}}\nspecs: [design.yaml]\n"
    (folder / "cnncalc.yaml").write_text(defaults)
    written = json.loads(run("check", "design.yaml", "--no-lint", "--json").stdout)
    assert [finding["severity"] for finding in written["specs"][0]["findings"]] == severities


TWO_SPECS = """\
defaults: {budget: {params_size: 10 B}}
specs:
  "*.yaml": {budget: {params: 100, conv1.macs: 100}, assert: [depth() > 5]}
"""
FORMATS = ("text", "json", "markdown", "github", "junit", "sarif")


@pytest.mark.parametrize("form", FORMATS)
def test_each_finding_names_its_spec_and_its_guard(run, folder: Path, form: str) -> None:
    """Two equal specs of one pattern: nothing that is said of the one could be of the other."""
    (folder / "design.yaml").write_text("input: [3, 16, 16]\nlayers:\n  - conv: [8, 3]\n    name: conv1\n")
    (folder / "twin.yaml").write_text((folder / "design.yaml").read_text())
    (folder / "cnncalc.yaml").write_text(TWO_SPECS)
    output = run("check", "--no-lint", "-f", form, status=1).output
    guards = ("cnncalc.yaml:1:21", "cnncalc.yaml:3:23", "cnncalc.yaml:3:36", "cnncalc.yaml:3:63")
    assert all(output.count(guard) >= 2 for guard in guards)
    if form == "text":
        errors = [line for line in output.splitlines() if ": error: " in line]
        assert sum(line.startswith("design.yaml:") for line in errors) == 4
        assert sum(line.startswith("twin.yaml:") for line in errors) == 4
        # 16 x 16 without padding are 14 x 14 positions, of 8 x 27 multiplications each.
        assert "twin.yaml:3:5: error: conv1.macs is 42,336," in output
    if form == "github":
        errors = [line for line in output.splitlines() if line.startswith("::error ")]
        assert len(errors) == len(set(errors)) == 8
        assert all(line.startswith(("::error file=design.yaml,", "::error file=twin.yaml,")) for line in errors)
        assert sum(",line=3,col=5," in line for line in errors) == 2
    if form == "sarif":
        results = json.loads(output)["runs"][0]["results"]
        places = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results]
        assert places == ["design.yaml"] * 4 + ["twin.yaml"] * 4
        related = [result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results]
        assert set(related) == {"cnncalc.yaml"}


@pytest.mark.parametrize("form", ["text", "github"])
def test_a_finding_in_a_shared_file_names_the_spec(run, folder: Path, form: str) -> None:
    (folder / "base.yaml").write_text("input: [3, 8, 8]\nlayers: [cnv]\n")
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text("extends: base.yaml\n")
    output = run("check", "one.yaml", "two.yaml", "vgg16", "-f", form, status=2).output
    assert output.count("(for one.yaml)") == output.count("(for two.yaml)") == 1
    assert "(for vgg16" not in output


def test_a_spec_that_is_given_twice_is_checked_once(run) -> None:
    assert run("check", "design.yaml", "design.yaml").output.count("1 spec:") == 1


def test_quiet(run, folder: Path) -> None:
    """Errors and warnings, and where there are none, nothing: not even notes, which vgg16 has."""
    assert "note: " in run("check", "vgg16").output
    assert run("check", "vgg16", "-q").output == ""
    output = run("check", "vgg16", "--quiet", "--max", "params=1", status=1).output
    assert [line.partition(": ")[2].partition(":")[0] for line in output.splitlines() if line[0] != " "] == ["error"]
    (folder / "design.yaml").write_text(BIASED)
    assert "warning: " in run("check", "design.yaml", "-q").output
    # Other formats are for programs, and whole.
    assert json.loads(run("check", "vgg16", "-q", "-f", "json").output)["specs"][0]["findings"]


def test_the_configuration_changes_the_network(run, folder: Path) -> None:
    (folder / "cnncalc.yaml").write_text(
        "specs:\n  design.yaml: {set: {filters: 4}, input: [3, 8, 8], dtype: float16, batch: 2,"
        " expect: {params: 112, macs: 2 * 64 * 108, params_size: 224}}\n"
    )
    output = run("check", "--no-lint", "-f", "json", status=1).output
    states = {check["subject"]: check["state"] for check in json.loads(output)["specs"][0]["checks"][-3:]}
    assert states == dict.fromkeys(("params", "macs", "params_size"), "kept")
    run("check", "--no-lint", "--set", "filters=4", "--dtype", "float32", status=1)


def test_what_the_configuration_says_of_rules(run, folder: Path) -> None:
    (folder / "design.yaml").write_text(BIASED)
    assert "has a bias that batch_norm removes again" in run("check", "design.yaml").output
    (folder / "cnncalc.yaml").write_text("lint: {severity: {bias-before-batch-norm: error}}\nspecs: [design.yaml]\n")
    run("check", status=1)
    (folder / "cnncalc.yaml").write_text("lint: {ignore: [bias-before-batch-norm]}\nspecs: [design.yaml]\n")
    assert "its bias" not in run("check").output
    (folder / "cnncalc.yaml").write_text(
        "lint: {ignore: [CNN999], severity: {bias-before-batch-norm: eror}}\nspecs: [design.yaml]\n"
    )
    output = run("check", status=2).output
    assert "cnncalc.yaml:1:17: unknown rule 'CNN999'" in output
    assert "cnncalc.yaml:1:61: unknown severity 'eror'; use error, warning or note" in output


def test_warnings_break_a_strict_check(run, folder: Path) -> None:
    (folder / "design.yaml").write_text(BIASED)
    run("check", "design.yaml")
    run("check", "design.yaml", "--strict", status=1)


def test_a_baseline_in_a_file(run, folder: Path) -> None:
    (folder / "before.yaml").write_text(DESIGN)
    arguments = ("check", "design.yaml", "--no-lint", "--against", "before.yaml")
    assert "4 checks passed, none failed" in run(*arguments).output
    run(*arguments, "--max-increase", "params=0")
    (folder / "before.yaml").write_text(DESIGN.replace("filters: 8", "filters: 7"))
    output = run(*arguments, "--max-increase", "params=27", status=1).output
    assert "params grew by 28 (14.3 %) to 224, more than the allowed 27 (13.8 %) (--max-increase params=27)" in output
    # 55,296 against 48,384.
    assert (
        "design.yaml:11:3: error: macs grew by 6,912 (14.3 %) to 55,296, more than the allowed 2,419 (5.0 %)" in output
    )


def test_a_baseline_without_a_limit_is_told(run) -> None:
    output = run("check", "vgg16", "--no-lint", "--against", "vgg16").output
    assert "vgg16: note: the baseline has no effect without max_increase; use --max-increase params=2%" in output


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_baseline_in_git(run, folder: Path) -> None:
    (folder / ".git").rmdir()
    git("init", "--quiet", "--initial-branch", "main")
    (folder / "broken.yaml").write_text("layers: 3\n")
    git("add", "--all")
    git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "first")
    (folder / "design.yaml").write_text(DESIGN.replace("filters: 8", "filters: 9"))
    (folder / "new.yaml").write_text(DESIGN)
    (folder / "broken.yaml").write_text(DESIGN)
    output = run("check", "design.yaml", "--no-lint", "--against-ref", "main", status=1).output
    assert "macs grew by 6,912 (12.5 %) to 62,208, more than the allowed 2,765 (5.0 %)" in output
    assert "new.yaml: note: main has no new.yaml: it is new" in run("check", "new.yaml", "--against-ref", "main").output
    output = run("check", "broken.yaml", "--against-ref", "main", status=1).output
    message = "the baseline cannot be used, so increases are not checked: main:broken.yaml:1:1: the spec has no input"
    assert f"broken.yaml: error: {message}" in output
    assert "1 baseline unusable" in output
    # What is wrong on main must not keep its repair from being merged.
    output = run("check", "broken.yaml", "--against-ref", "main", "--allow-broken-baseline").output
    assert f"broken.yaml: note: {message}" in output
    assert "no such revision: 'nope'" in run("check", "design.yaml", "--against-ref", "nope", status=2).output
    assert "main has no vgg16.yaml: it is new" in run("check", "vgg16", "--against-ref", "main").output
    assert "standard input is not in git" in run("check", "-", "--against-ref", "main", status=1, stdin=DESIGN).output
    # A revision is held against another, by the same path.
    output = run("check", "main:design.yaml", "--no-lint", "--against-ref", "main").output
    assert "4 checks passed, none failed" in output


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


@pytest.mark.parametrize("form", ["json", "markdown", "github", "junit", "sarif"])
def test_formats_have_the_status_of_the_text(run, form: str) -> None:
    assert "budget" in run("check", "design.yaml", "--set", "filters=9", "-f", form, status=1).output


def test_the_summary_is_added_to_a_file(run, folder: Path) -> None:
    (folder / "summary.md").write_text("# Before\n")
    run("check", "design.yaml", "--summary", "summary.md")
    run("check", "vgg16", "--summary", "summary.md", "--max", "params=1", status=1)
    lines = (folder / "summary.md").read_text().splitlines()
    assert lines[0] == "# Before"
    assert sum(line.startswith("### cnncalc:") for line in lines) == 2
    assert "Could not open file" in run("check", "vgg16", "--summary", "gone/summary.md", status=2).output


@pytest.mark.parametrize("before", [b"one\r\ntwo\r\n", b"one\ntwo", b"one\rtwo\x0cthree\n", b"\xff\xfe\n", b""])
def test_the_summary_leaves_what_the_file_has_as_it_is(run, folder: Path, before: bytes) -> None:
    """Byte by byte: line ends, what Python counts as such, and what is no UTF-8."""
    path = folder / "summary.md"
    path.write_bytes(before)
    run("check", "design.yaml", "--summary", "summary.md")
    after = path.read_bytes()
    assert after.startswith(before)
    added = after[len(before) :]
    if before == b"one\ntwo":
        assert added.startswith(b"\n### cnncalc: ")
    else:
        assert added.startswith(b"### cnncalc: ")
    assert (b"\r\n" in added) == before.endswith(b"\r\n")
    assert added.count(b"\n") == len(added.decode().splitlines())


def test_a_spec_without_a_budget_is_checked_for_validity_and_lint_alone(run) -> None:
    output = run("check", "vgg16").output
    assert "CNN020" in output
    assert "checks" not in output


# --- conventions ----------------------------------------------------------------------------------


def test_a_convention_counts_what_budgets_limit(run) -> None:
    """fvcore prints 4,111,512,576 for torchvision's ResNet-50; cnncalc counts 4,089,184,256 MACs."""
    arguments = ("check", "resnet50", "--set", "stride_in_3x3=true", "--no-lint", "--max", "macs=4.1G")
    assert run(*arguments).exit_code == 0
    output = run(*arguments, "--convention", "fvcore", status=1).output
    assert "macs (fvcore) is 4,111,512,576, 11,512,576 (0.3 %) more than its budget of 4,100,000,000" in output
    (check,) = json.loads(run(*arguments, "--convention", "fvcore", "-f", "json", status=1).output)["specs"][0][
        "checks"
    ]
    assert (check["subject"], check["convention"], check["value"]) == ("macs", "fvcore", 4_111_512_576)
    (check,) = json.loads(run(*arguments, "-f", "json").output)["specs"][0]["checks"]
    assert "convention" not in check
    # Keras counts 53,120 moving statistics: 25,610,152.
    keras = run("check", "resnet50", "--no-lint", "--max", "params=25.6M", "--convention", "keras", status=1).output
    assert "params (keras) is 25,610,152" in keras
    assert "| budget | macs (fvcore) | 4,111,512,576 |" in (
        run(*arguments, "--convention", "fvcore", "-f", "markdown", status=1).output
    )


def test_a_convention_counts_the_budget_of_the_spec_blocks_and_assertions(run) -> None:
    """A convolution of 8 filters of 27 weights at 256 places, and a global pool of 2,048 elements for fvcore."""
    counting = ("check", "design.yaml", "--no-lint", "--convention", "fvcore")
    output = run(*counting, "--max", "conv1.macs=1k", status=1).output
    assert "conv1.macs (fvcore) is 55,296" in output
    figures = run(*counting, "-f", "json").output
    values = {check["subject"]: check["value"] for check in json.loads(figures)["specs"][0]["checks"]}
    assert values["macs"] == 55_296 + 2048
    asserted = ("check", "design.yaml", "--no-lint", "--assert", "macs('*pool') == 0")
    assert run(*asserted).exit_code == 0
    output = run(*asserted, "--convention", "fvcore", status=1).output
    assert "does not hold as counted by fvcore; macs('*pool') is 2,048" in output
    # What does not depend on a convention is not said to.
    assert (
        "depth is 1," in run("check", "design.yaml", "--expect", "depth=2", "--convention", "fvcore", status=1).output
    )


def test_a_convention_counts_the_baseline(run, folder: Path) -> None:
    """A batch norm of 2,048 elements: 2 operations each for ptflops, and no MACs."""
    (folder / "biased.yaml").write_text(BIASED)
    increase = ("check", "biased.yaml", "--no-lint", "--against", "design.yaml", "--max-increase", "macs=4095")
    assert run(*increase).exit_code == 0
    output = run(*increase, "--convention", "ptflops", status=1).output
    assert "macs (ptflops) grew by 4,096 (" in output
    assert "batch_norm: +4,096, new" in output


@pytest.mark.parametrize(
    ("convention", "limit", "message"),
    [
        ("keras", "macs=4G", "Keras counts no operations; check macs without the convention"),
        ("darknet", "params=4G", "Darknet (ops) counts no parameters"),
        ("darknet", "params_size=4GiB", "Darknet (ops) counts no parameters"),
        ("fvcore", "flops=4G", "fvcore has one figure of operations; use macs, which shows it"),
    ],
)
def test_a_convention_without_a_figure(convention, limit, message, run) -> None:
    assert message in run("check", "lenet5", "--convention", convention, "--max", limit, status=2).output


def test_a_convention_with_unknown_layers(run, folder) -> None:
    opaque = "input: [3, 8, 8]\nlayers: [{opaque: {output: [4, 8, 8], params: 5, macs: 1000}}, {conv: {filters: 2}}]\n"
    (folder / "o.yaml").write_text(opaque.replace("filters: 2", "filters: 2, kernel: 1"))
    output = run("check", "o.yaml", "--convention", "fvcore", "--max", "macs=4G", status=2).output
    assert "macs is unknown: the rules of fvcore for 'opaque' (opaque) are not modeled" in output
    assert run("check", "o.yaml", "--no-lint", "--convention", "fvcore", "--max", "conv.macs=512").exit_code == 0
