"""`cnncalc sweep` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnncalc.commands import _partial
from cnncalc.sweeps import running

if TYPE_CHECKING:
    pass

Run = "Callable[..., Result]"

# A conv of 27 weights and a bias for each filter, on 30x30 positions; a linear layer with a bias.
SPEC = """
input: [3, 32, 32]
variables: {width: 8, classes: 10, deep: false}
layers:
  - conv: {filters: width, kernel: 3}
  - relu:
    when: deep
  - global_avg_pool
  - linear: classes
"""
PROGRAM = [sys.executable, "-m", "cnncalc", "sweep"]


def params(width: int, classes: int) -> int:
    return 28 * width + (width + 1) * classes


def macs(width: int, classes: int) -> int:
    return 27 * width * 900 + width * classes


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_design_is_a_row(folder: Path, run: Run) -> None:
    output = run("sweep", "net.yaml", "--vary", "width=4,8", "--vary", "classes=0..2", "-f", "csv").stdout
    assert output.splitlines()[0] == "width,classes,params,macs,activations,depth,reason"
    found = rows(output)
    assert [(row["width"], row["classes"]) for row in found] == [(w, c) for w in "48" for c in "012"]
    for row in found:
        width, classes = int(row["width"]), int(row["classes"])
        if classes:
            assert (int(row["params"]), int(row["macs"])) == (params(width, classes), macs(width, classes))
            assert row["reason"] == ""
        else:
            assert row["params"] == ""
            assert row["reason"] == "net.yaml:9:13: linear: features takes a whole number of at least 1, not 0"


def test_json_lines(folder: Path, run: Run) -> None:
    output = run("sweep", "net.yaml", "--vary", "width=4,0", "--vary", "deep=true", "-f", "jsonl").stdout
    first, second = map(json.loads, output.splitlines())
    assert first == {
        "width": 4, "deep": True, "params": params(4, 10), "macs": macs(4, 10),
        "activations": 3 * 32 * 32 + 4 * 900 + 4 + 10, "depth": 2, "reason": None,
    }  # fmt: skip
    assert second["params"] is None
    assert second["reason"] == "net.yaml:5:21: conv: filters takes a whole number of at least 1, not 0"


def test_a_table_for_people(folder: Path, run: Run) -> None:
    output = run("sweep", "net.yaml", "--vary", "width=4,8", "--where", "params < 200").stdout
    assert "Sweep of net.yaml" in output
    assert "1 of 2 meets the condition params < 200" in output
    assert f"{params(4, 10)}" in output
    assert f"{params(8, 10)}" not in output


@pytest.mark.parametrize("output", [(), ("-o", "designs.csv")])
def test_no_design_is_kept(output: tuple[str, ...], folder: Path, run: Run) -> None:
    arguments = ("sweep", "net.yaml", "--vary", "width=1..3", "-f", "csv", *output)
    assert run(*arguments, "--where", "params < 9").stderr == "none of 3 designs meets the condition params < 9\n"
    assert run(*arguments, "--where", "params > 9").stderr == ""


def test_a_table_ends_early(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.reports.sweep.MOST_SHOWN", 3)
    output = run("sweep", "net.yaml", "--vary", "classes=1..900000").stdout
    assert "computed only the first 3 of 900,000; write all of them with -o designs.csv" in output


def test_a_front(folder: Path, run: Run) -> None:
    """More classes need more parameters and MACs at each width; depth is 2 everywhere."""
    arguments = ("sweep", "net.yaml", "--vary", "width=1..3", "--vary", "classes=1,2", "-f", "csv")
    found = rows(run(*arguments, "--pareto", "params,macs").stdout)
    assert [(row["width"], row["classes"]) for row in found] == [("1", "1")]
    found = rows(run(*arguments, "--pareto", "params,max:macs").stdout)
    points = {(w, c): (params(w, c), -macs(w, c)) for w in (1, 2, 3) for c in (1, 2)}
    expected = [
        key
        for key, (p, m) in points.items()
        if not any((q, n) != (p, m) and q <= p and n <= m for q, n in points.values())
    ]
    assert [(int(row["width"]), int(row["classes"])) for row in found] == expected


def test_a_quantity_with_the_name_of_a_variable(folder: Path, run: Run) -> None:
    Path("depth.yaml").write_text(SPEC.replace("width", "depth"), encoding="utf-8")
    output = run(
        "sweep", "depth.yaml", "--vary", "depth=4,8", "--columns", "depth,params", "--where",
        "network_depth == 2 and depth > 4", "-f", "csv",
    ).stdout  # fmt: skip
    assert output == f"depth,network_depth,params,reason\n8,2,{params(8, 10)},\n"


def test_lists_of_specs(folder: Path, run: Run) -> None:
    Path("wide.yaml").write_text("extends: net.yaml\nvariables: {width: 16}\n", encoding="utf-8")
    Path("broken.yaml").write_text(SPEC.replace("kernel", "kernal"), encoding="utf-8")
    output = run("sweep", "--vary", "spec=net.yaml,wide.yaml,broken.yaml", "--columns", "params", "-f", "csv").stdout
    first, second, third = rows(output)
    assert (first["params"], second["params"]) == (str(params(8, 10)), str(params(16, 10)))
    assert "broken.yaml:5:28: conv has no setting 'kernal'" in third["reason"]


def test_several_ways_to_combine(folder: Path, run: Run) -> None:
    vary = ("sweep", "net.yaml", "--vary", "width=4,8,16", "--vary", "classes=1..3", "--columns", "params", "-f", "csv")
    pairs = rows(run(*vary, "--zip").stdout)
    assert [(row["width"], row["classes"]) for row in pairs] == [("4", "1"), ("8", "2"), ("16", "3")]
    drawn = rows(run(*vary, "--random", "4", "--seed", "1").stdout)
    assert len({(row["width"], row["classes"]) for row in drawn}) == 4
    assert drawn == rows(run(*vary, "--random", "4", "--seed", "1").stdout)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["net.yaml"], "nothing is varied; name a variable and its values, such as --vary width=16,24,32"),
        (["--vary", "width=1"], "no spec is given; name a SPEC, or list some: --vary spec=a.yaml,b.yaml"),
        (["net.yaml", "--vary", "wdith=1"], "--vary wdith: the spec has no variable 'wdith'; did you mean 'width'?"),
        (["net.yaml", "--vary", "width=8..2"], "--vary width: the range 8..2 is empty; write 2..8"),
        (["net.yaml", "--vary", "deep=treu"], "--vary deep: 'treu' is not defined here"),
        (["net.yaml", "--vary", "input=big"], "--vary input: 'big' is not a size"),
        (["net.yaml", "--vary", "width=1", "--set", "width=2"], "'width' is both varied and set"),
        (["net.yaml", "--vary", "input=8,9", "--input", "3x8x8"], "the input is both varied and set"),
        (["net.yaml", "--vary", "width=1", "--seed", "1"], "--seed needs --random"),
        (["net.yaml", "--vary", "width=1", "--zip", "--random", "1"], "--zip and --random are mutually exclusive"),
        (["net.yaml", "--vary", "spec=net.yaml"], "--vary spec lists the specs, but a spec is given, too"),
        (["net.yaml", "--vary", "width=1..2000000"], "the sweep has 2,000,000 designs, more than 1,000,000"),
        (["net.yaml", "--vary", "width=1", "--columns", "param"], "unknown column 'param'; did you mean 'params'?"),
        (["net.yaml", "--vary", "width=1", "--where", "mac < 1"], "--where: 'mac' is not defined here; did you mean"),
        (["net.yaml", "--vary", "width=1", "--where", "params"], "--where: takes true or false, not 48"),
        (["net.yaml", "--vary", "width=1", "--pareto", "mac,params"], "--pareto: unknown quantity 'mac'; did you mean"),
        (["net.yaml", "--vary", "width=1", "--resume"], "--resume needs an --output in the format csv or jsonl"),
        (["net.yaml", "--vary", "width=1", "-o", "net.yaml"], "this is the spec itself; name another file"),
        (["--vary", "spec=net.yaml", "-o", "net.yaml", "-f", "csv"], "this is the spec itself; name another file"),
        (["net.yaml", "--vary", "width=1", "-f", "csv", "-o", ""], "this is no name of a file"),
        (["net.yaml", "--vary", "width=1", "-o", "none/a.csv"], "none/a.csv"),
        (["none.yaml", "--vary", "width=1"], "none.yaml: no such file"),
        (["--vary", "spec=none.yaml,net.yaml"], "none.yaml: no such file"),
    ],
)
def test_what_cannot_be_swept(arguments: list[str], message: str, folder: Path, run: Run) -> None:
    result = run("sweep", *arguments, status=2)
    assert message in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert Path("net.yaml").read_text(encoding="utf-8") == SPEC


def test_processes_give_the_same_rows_in_the_same_order(folder: Path, run: Run, monkeypatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    arguments = ("sweep", "net.yaml", "--vary", "width=0..20", "--vary", "classes=0..9", "-f", "csv")
    assert run(*arguments, "--jobs", "3").stdout == run(*arguments).stdout
    drawn = (*arguments, "--random", "100", "--where", "params < 300")
    assert run(*drawn, "--jobs", "3").stdout == run(*drawn).stdout


def test_a_process_that_ends_unexpectedly(folder: Path, run: Run, monkeypatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(running, "_work", _end)
    result = run("sweep", "net.yaml", "--vary", "width=1..9", "--jobs", "2", status=2)
    assert "a process of the sweep ended unexpectedly" in result.stderr


def _end(_: object) -> None:
    os._exit(3)


# --- files ------------------------------------------------------------------------------------------

LONG = ("net.yaml", "--vary", "width=1..300", "--vary", "classes=1..100", "-o", "designs.csv")


def test_the_suffix_selects_the_format(folder: Path, run: Run) -> None:
    for name, start in (("a.csv", "width,params"), ("a.jsonl", '{"width": 1,'), ("a.txt", "Sweep of net.yaml")):
        run("sweep", "net.yaml", "--vary", "width=1", "--columns", "params", "-o", name)
        assert Path(name).read_text(encoding="utf-8").startswith(start)
    assert sorted(os.listdir()) == ["a.csv", "a.jsonl", "a.txt", "net.yaml"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_sweep_continues(jobs: str, folder: Path, run: Run) -> None:
    """Ctrl-C after the first saved state; the file is then that of a run without an interruption."""
    command = [*PROGRAM, *LONG, "--jobs", jobs]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    state = Path("designs.csv.part.json")
    while process.poll() is None and not state.exists():
        time.sleep(0.02)
    # As a terminal does: to all processes of the command.
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.endswith(" of 30,000 designs; --resume continues\n")
    assert errors.count("\n") == 1
    assert not Path("designs.csv").exists()
    done = json.loads(state.read_text(encoding="utf-8"))["designs"]
    assert 0 < done < 30_000
    # A line that is not complete, as after a power failure, is written again.
    with open("designs.csv.part", "a", encoding="utf-8") as file:
        file.write("12,3")
    run("sweep", *LONG, "--resume")
    assert sorted(os.listdir()) == ["designs.csv", "net.yaml"]
    found = rows(Path("designs.csv").read_text(encoding="utf-8"))
    assert [(int(row["width"]), int(row["classes"])) for row in found] == [
        (width, classes) for width in range(1, 301) for classes in range(1, 101)
    ]
    assert all(int(row["params"]) == params(int(row["width"]), int(row["classes"])) for row in found)


@pytest.fixture
def interrupted(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep that ended after 3 of 9 designs."""
    monkeypatch.setattr(_partial, "SAVE_EVERY", 0)
    work = running._select
    left = iter(range(3))

    def stop(plan, designs):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return work(plan, designs)

    monkeypatch.setattr(running, "_select", stop)
    result = run("sweep", "net.yaml", "--vary", "width=1..9", "-o", "designs.csv", status=130)
    assert result.stderr == "stopped after 3 of 9 designs; --resume continues\n"
    monkeypatch.setattr(running, "_select", work)
    return folder


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["net.yaml", "--vary", "width=1..10"], "the values differ"),
        (["net.yaml", "--vary", "width=1..9", "--columns", "params"], "--columns differ"),
        (["net.yaml", "--vary", "width=1..9", "--where", "params > 1"], "--where differ"),
        (["net.yaml", "--vary", "width=1..9", "--set", "classes=3"], "--set differ"),
        (["net.yaml", "--vary", "width=1..9", "--batch", "2"], "--batch differ"),
        (["net.yaml", "--vary", "width=1..9", "--format", "jsonl"], "--format differ"),
    ],
)
def test_another_sweep_is_not_continued(changed: list[str], message: str, interrupted: Path, run: Run) -> None:
    before = Path("designs.csv.part").read_bytes()
    result = run("sweep", *changed, "-o", "designs.csv", "--resume", status=2)
    assert message in result.stderr
    assert "remove --resume to start anew" in result.stderr
    assert Path("designs.csv.part").read_bytes() == before


def test_a_changed_spec_is_not_continued(interrupted: Path, run: Run) -> None:
    Path("net.yaml").write_text(f"{SPEC}  - relu\n", encoding="utf-8")
    result = run("sweep", "net.yaml", "--vary", "width=1..9", "-o", "designs.csv", "--resume", status=2)
    assert "designs.csv.part: was written by another sweep: the spec differ" in result.stderr


def test_a_state_that_cannot_be_used(interrupted: Path, run: Run) -> None:
    arguments = ("sweep", "net.yaml", "--vary", "width=1..9", "-o", "designs.csv")
    for text in ("", "[]", '{"bytes": 99999, "designs": 1, "marks": {}}', '{"bytes": true}', "[" * 90_000):
        Path("designs.csv.part.json").write_text(text, encoding="utf-8")
        result = run(*arguments, "--resume", status=2)
        assert "designs.csv.part.json: is not the state of a sweep; remove --resume to start anew" in result.stderr
    run(*arguments)
    assert len(rows(Path("designs.csv").read_text(encoding="utf-8"))) == 9
    result = run(*arguments, "--resume", status=2)
    assert "designs.csv: no interrupted sweep of this file" in result.stderr


def test_an_error_leaves_no_file(folder: Path, run: Run) -> None:
    where = "1 / (width - 5) < 9"
    run("sweep", "net.yaml", "--vary", "width=1..9", "--where", where, "-o", "designs.csv", status=2)
    assert os.listdir() == ["net.yaml"]


def test_links_are_not_followed(folder: Path, run: Run) -> None:
    Path("other").write_text("mine", encoding="utf-8")
    arguments = ("sweep", "net.yaml", "--vary", "width=1..9", "-o", "designs.csv")
    for link in ("designs.csv", "designs.csv.part"):
        os.symlink("other", link)
        assert link in run(*arguments, status=2).stderr
        os.unlink(link)
    os.symlink("other", "designs.csv.part.json.new")
    run(*arguments)
    assert Path("other").read_text(encoding="utf-8") == "mine"


def test_rows_come_while_the_sweep_runs(folder: Path) -> None:
    """The first rows arrive, and `head` ends a sweep that would take minutes."""
    arguments = ["net.yaml", "--vary", "width=1..1000", "--vary", "classes=1..1000", "-f", "csv"]
    with subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("width,classes,params")
        assert process.stdout.readline().startswith("1,1,")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_progress_on_a_terminal(folder: Path) -> None:
    """The rate and the time left, removed at the end."""
    own, other = pty.openpty()
    with subprocess.Popen([*PROGRAM, *LONG], stdout=other, stderr=other) as process:
        os.close(other)
        text = b""
        while True:
            try:
                piece = os.read(own, 10_000)
            except OSError:
                break
            text += piece
            if not piece:
                break
    assert process.returncode == 0
    assert b" of 30,000 designs, " in text
    assert b" per second, " in text
    assert text.endswith(b" \r")
    os.close(own)


# --- study files ----------------------------------------------------------------------------------------

STUDY = """
spec: net.yaml
vary:
  width: [4, 8, 10..12]
  classes: 1..2
columns: [params, peak_memory]
where: params < 240
set: {deep: true}
batch: 2
"""


def test_a_study_file(folder: Path, run: Run) -> None:
    Path("study.yaml").write_text(STUDY, encoding="utf-8")
    by_options = run(
        "sweep", "net.yaml", "--vary", "width=4,8,10..12", "--vary", "classes=1..2", "--columns", "params,peak_memory",
        "--where", "params < 240", "--set", "deep=true", "--batch", "2", "-f", "csv",
    ).stdout  # fmt: skip
    assert len(rows(by_options)) == 3
    assert run("sweep", "study.yaml", "-f", "csv").stdout == by_options
    assert run("sweep", "-", "-f", "csv", stdin=STUDY).stdout == by_options
    # An option takes the place of a key; a variable that of its values.
    output = run("sweep", "study.yaml", "-f", "csv", "--vary", "width=1", "--columns", "macs", "--where", "true").stdout
    assert output == f"classes,width,macs,reason\n1,1,{2 * macs(1, 1)},\n2,1,{2 * macs(1, 2)},\n"


def test_a_study_of_several_specs(folder: Path, run: Run) -> None:
    Path("study.yaml").write_text("spec: [net.yaml, lenet5]\nvary: {input: [32]}\ncolumns: params\n", encoding="utf-8")
    assert [row["spec"] for row in rows(run("sweep", "study.yaml", "-f", "csv").stdout)] == ["net.yaml", "lenet5.yaml"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("where:", "were:", "study.yaml:7:1: a study has no 'were'; did you mean 'where'?"),
        ("classes: 1..2", "classes: 2..1", "study.yaml:5:12: --vary classes: the range 2..1 is empty; write 1..2"),
        ("spec: net.yaml", "spec: none.yaml", "study.yaml:2:7: spec 'none.yaml', but this folder has no such file"),
        ("spec: net.yaml", "spec: ../net.yaml", "study.yaml:2:7: spec takes a file in the same folder"),
        ("[params, peak_memory]", "[parms]", "study.yaml:6:10: unknown column 'parms'; did you mean 'params'?"),
        ("batch: 2", "batch: 0", "study.yaml:9:8: batch takes a whole number from 1, not '0'"),
        ("batch: 2", "dtype: int9", "study.yaml:9:8: unknown dtype 'int9'"),
        ("batch: 2", "zip: maybe", "study.yaml:9:6: zip takes true or false, not 'maybe'"),
        ("width: [4, 8, 10..12]", "spec: a.yaml", "study.yaml:4:3: specs are listed under spec:"),
        ("{deep: true}", "[deep]", "study.yaml:8:6: set is a mapping from variables to values, not a list"),
        ("width: [4, 8, 10..12]", "width: {a: 1}", "study.yaml:4:10: expected a value, got a mapping"),
        ("params < 240", "parms < 240", "--where: 'parms' is not defined here; did you mean 'params'?"),
    ],
)
def test_problems_of_a_study(old: str, new: str, message: str, folder: Path, run: Run) -> None:
    assert old in STUDY
    Path("study.yaml").write_text(STUDY.replace(old, new), encoding="utf-8")
    assert message in run("sweep", "study.yaml", status=2).stderr


def test_all_problems_of_a_study_at_once(folder: Path, run: Run) -> None:
    Path("study.yaml").write_text("spec: none.yaml\nvary: {a: 2..1}\nseed: x\nrandm: 1\n", encoding="utf-8")
    errors = run("sweep", "study.yaml", status=2).stderr
    assert all(f"study.yaml:{line}:" in errors for line in (1, 2, 3, 4))


def test_hostile_studies_are_bounded(folder: Path, run: Run) -> None:
    """Each ends with a sentence, before designs are listed or memory is taken."""
    for text, message in (
        ("spec: net.yaml\nvary: {width: 1..1000000000000000}\n", "has more than 1,000,000,000,000 values"),
        ("spec: net.yaml\nvary: {width: 0..1:0.000000000001}\n", "has more than 1,000,000,000,000 values"),
        ("spec: net.yaml\nvary: {width: 0..1:0.000001, classes: 1..9}\n", "has 9,000,009 designs, more than 1,000,000"),
        (f"spec: net.yaml\nvary: {{width: '{'9' * 9_000}..1'}}\n", "is not a range"),
        (f"spec: net.yaml\nvary: {{width: 1}}\nwhere: {'(' * 500}1\n", "nested more than 30 deep"),
        (f"spec: net.yaml\nvary: {{width: 1}}\nwhere: {'params + ' * 110}1\n", "more than 100 operations"),
        ("spec: net.yaml\nvary: {width: 1}\nwhere: params ** 60 ** 60 > 1\n", "is too large"),
        (f"spec: net.yaml\nvary: {{width: 1}}\nrandom: {'9' * 400}\n", "takes a whole number from 1"),
        (f"spec: [{'net.yaml, ' * 2}none.yaml]\nvary: {{width: 1}}\n", "this folder has no such file"),
    ):
        Path("study.yaml").write_text(text, encoding="utf-8")
        assert message in run("sweep", "study.yaml", status=2).stderr
