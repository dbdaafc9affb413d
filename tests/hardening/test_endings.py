"""However a run ends: files are whole or not there, what is said is one line, and the status is the right one."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnncalc.commands import _options

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

PROGRAM = [sys.executable, "-m", "cnncalc"]
# Every command, with more text than a pipe holds where it has so much.
COMMANDS = [
    ("summary", "densenet201", "--depth", "all"),
    ("summary", "densenet201", "--format", "json"),
    ("summary", "vgg16", "--color", "always"),
    ("summary", "vgg16", "--convention", "fvcore"),
    ("explain", "vgg16"),
    ("explain", "vgg16", "conv1_1"),
    ("field", "vgg16"),
    ("sharing", "vgg16"),
    ("reconcile", "vgg16"),
    ("memory", "vgg16"),
    ("draw", "densenet201", "--depth", "all"),
    ("report", "vgg16"),
    ("sweep", "lenet5", "--vary", "input=28..40"),
    ("sweep", "lenet5", "--vary", "input=28..40", "--format", "csv"),
    ("compare", "vgg16", "alexnet"),
    ("compare", "vgg16", "alexnet", "--color", "always"),
    ("export", "densenet201", "--to", "model-explorer"),
    ("export", "densenet201", "--to", "onnx"),
    ("export", "densenet201", "--to", "keras"),
    ("diff", "vgg16", "vgg19"),
    ("diff", "vgg16", "vgg19", "--color", "always"),
    ("check", "vgg16"),
    ("lint", "alexnet"),
    ("list",),
    ("layers",),
    ("show", "densenet201", "--expand"),
    ("schema",),
    ("--help",),
    ("summary", "--help"),
    ("--version",),
]
# One that fills a pipe, one that rich writes, one that has a status of its own, and what click writes.
OFTEN = (COMMANDS[1], ("diff", "vgg16", "vgg19", "--color", "always"), ("check", "vgg16"), ("--help",))
EACH = [
    pytest.param(command, id=" ".join(command), marks=() if command in OFTEN else pytest.mark.long)
    for command in COMMANDS
]


def end(*arguments: str, shell: str = "", **options: object) -> tuple[int, str]:
    """The status and the errors of a run of its own; `shell` stands behind the command."""
    words = [*PROGRAM, *arguments]
    if shell:
        words = ["bash", "-c", f'"$@" {shell}', "bash", *words]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload]
    return done.returncode, done.stderr


# --- standard output --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", EACH)
def test_a_reader_that_goes_away(command: tuple[str, ...]) -> None:
    """As `head` does: nothing is said, and the status is that of programs which SIGPIPE ends."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stdout:
        done = subprocess.run([*PROGRAM, *command], check=False, stdout=stdout, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (141, b"")


def test_head() -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -1; echo ${PIPESTATUS[0]}', "bash", *PROGRAM, *COMMANDS[0]],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["DenseNet-201", "141"]
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="unknown /dev/full")
@pytest.mark.parametrize("command", EACH)
def test_a_full_disk(command: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as stdout:
        done = subprocess.run([*PROGRAM, *command], check=False, stdout=stdout, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (2, b"Error: standard output: No space left on device\n")


@pytest.mark.parametrize("command", EACH)
def test_standard_output_that_is_closed(command: tuple[str, ...]) -> None:
    assert end(*command, shell=">&-") == (2, "Error: standard output: Bad file descriptor\n")


def test_closed_streams_that_are_not_needed(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    assert end("summary", "lenet5", "-o", str(path), shell=">&- 2>&- <&-")[0] == 0
    assert path.read_text().startswith("LeNet-5")
    assert end("summary", "nothing", shell="2>&-") == (2, "")
    assert end("summary", "-", shell="<&-") == (2, "standard input is closed; name a file instead of -\n")


def test_problems_that_nobody_reads() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stderr:
        done = subprocess.run([*PROGRAM, "summary", "nothing"], check=False, stderr=stderr, timeout=60)
    assert done.returncode == 141


# --- signals ----------------------------------------------------------------------------------------------


SLOW = "input: [3, 64, 64]\nvariables: {a: 1}\nlayers:\n  - relu:\n    when: a + index > 0\n    repeat: 50000\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=str,
)
@pytest.mark.parametrize("patience", [0.4, pytest.param(0.15, marks=pytest.mark.long)])
def test_signals(sent: signal.Signals, status: int, patience: float, tmp_path: Path) -> None:
    """At any time: the file that is being written is not there, nor any other, and nothing is said."""
    spec = tmp_path / "slow.yaml"
    spec.write_text(SLOW)
    out = tmp_path / "out.json"
    out.write_text("before")
    # However quick it is: at standard input, which says nothing, it waits.
    command = [*PROGRAM, "compare", str(spec), "resnet152", "-", "-f", "json", "-o", str(out)]
    pipe = subprocess.PIPE
    # Tests that run under nohup, or behind a shell's &, have signals ignored, and so would what they start.
    heard = partial(signal.signal, sent, signal.SIG_DFL)
    with subprocess.Popen(
        command,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        preexec_fn=heard,  # noqa: PLW1509 - no thread runs here
    ) as process:
        time.sleep(patience)
        process.send_signal(sent)
        try:
            process.wait(timeout=30)
        finally:
            process.kill()
        stdout, stderr = process.communicate()
    if process.returncode == -sent:
        pytest.skip("Python itself had only begun")
    assert (process.returncode, stdout, stderr) == (status, b"", b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "slow.yaml"]
    assert out.read_text() == "before"


def test_ctrl_c_while_a_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]
) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")

    def interrupted(*_: object) -> None:
        assert len(list(tmp_path.iterdir())) == 2, "it is written beside"
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    result = run("summary", "lenet5", "-o", str(path), status=130)
    assert result.output == ""
    assert [one.read_text() for one in tmp_path.iterdir()] == ["before"]


def test_what_nohup_ignores_stays_ignored() -> None:
    program = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from cnncalc import __main__; __main__._prepare()\n"
        "print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"


# --- files ------------------------------------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    """Let one call of the system fail, as it does where tests cannot make it."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(name, fail)


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("os.replace", errno.ENOSPC, "No space left on device"),
        ("os.chmod", errno.EROFS, "Read-only file system"),
        ("tempfile.mkstemp", errno.EACCES, "Permission denied"),
        ("tempfile.mkstemp", errno.EROFS, "Read-only file system"),
    ],
)
def test_a_file_that_cannot_be_written(
    name: str,
    code: int,
    reason: str,
    exists: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., Result],
) -> None:
    path = tmp_path / "out.txt"
    if exists:
        path.write_text("before")
    failing(monkeypatch, name, code)
    result = run("summary", "lenet5", "-o", str(path), status=2)
    assert result.output.splitlines() == [f"Error: Could not open file '{path}': {reason}"]
    assert [one.read_text() for one in tmp_path.iterdir()] == ["before"] * exists


@pytest.mark.parametrize("size", [10, 3_000, 40_000])
def test_a_disk_that_fills_up(size: int, tmp_path: Path) -> None:
    """A limit on files is as good as a full disk: it is met while the file is written, or when it is closed."""
    resource = pytest.importorskip("resource")

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    path = tmp_path / "out.txt"
    path.write_text("before")
    status, errors = end("summary", "densenet201", "-f", "json", "-o", str(path), preexec_fn=limited)
    assert (status, errors) == (2, f"Error: Could not open file '{path}': File too large\n")
    assert [one.read_text() for one in tmp_path.iterdir()] == ["before"]


def test_a_folder_that_is_not_there(tmp_path: Path, run: Callable[..., Result]) -> None:
    path = tmp_path / "gone" / "out.txt"
    result = run("summary", "lenet5", "-o", str(path), status=2)
    assert result.output == f"Error: Could not open file '{path}': No such file or directory\n"
    result = run("check", "lenet5", "--summary", str(tmp_path), status=2)
    assert result.stderr.startswith(f"Error: Could not open file '{tmp_path}': Is a directory")


@pytest.mark.parametrize(
    "command",
    [
        ("summary", "{}"),
        ("show", "{}", "--expand"),
        ("compare", "vgg16", "{}"),
        ("check", "{}"),
        ("diff", "{}", "vgg16"),
    ],
)
def test_the_spec_is_not_overwritten(command: tuple[str, ...], tmp_path: Path, run: Callable[..., Result]) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text("input: [3, 8, 8]\nlayers: [relu]\n")
    other = os.path.join(str(tmp_path), "..", tmp_path.name, "net.yaml")
    for path in (str(spec), other):
        result = run(*(word.format(spec) for word in command), "-o", path, status=2)
        assert "this is the spec itself; name another file" in result.stderr
    assert spec.read_text().startswith("input")


def test_a_link_is_not_followed(tmp_path: Path, run: Callable[..., Result]) -> None:
    """A pull request can hold one: report.md -> ../../.bashrc."""
    (tmp_path / "target").write_text("before")
    for target in ("target", "gone"):
        link = tmp_path / "link"
        link.symlink_to(target)
        result = run("summary", "lenet5", "-o", str(link), status=2)
        assert result.output == f"Error: Could not open file '{link}': this is a link to {target}; name that file\n"
        assert link.is_symlink()
        link.unlink()
    assert (tmp_path / "target").read_text() == "before"
    assert not (tmp_path / "gone").exists()


def test_devices_are_written_to(tmp_path: Path) -> None:
    """And not replaced by files."""
    assert end("summary", "lenet5", "-o", os.devnull) == (0, "")
    assert not os.path.isfile(os.devnull)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen([*PROGRAM, "summary", "lenet5", "-o", str(pipe)])
    assert pipe.read_text().startswith("LeNet-5")
    assert process.wait(timeout=30) == 0
    assert not pipe.is_file()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="unknown /dev/full")
def test_a_device_is_not_read_to_its_end(run: Callable[..., Result]) -> None:
    """As a summary is, which keeps what stands in its file."""
    result = run("check", "lenet5", "--summary", "/dev/full", status=2)
    assert result.stderr == "Error: Could not open file '/dev/full': No space left on device\n"


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="unknown /dev/stdout")
def test_standard_output_by_its_name(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "summary", "lenet5", "-o", "/dev/stdout"], capture_output=True, check=True, text=True
    )
    assert done.stdout.startswith("LeNet-5")
    with open(tmp_path / "out.txt", "w") as stdout:
        subprocess.run([*PROGRAM, "summary", "lenet5", "-o", "/dev/stdout"], stdout=stdout, check=True)
    assert (tmp_path / "out.txt").read_text().startswith("LeNet-5")


def test_the_mode_of_a_file(tmp_path: Path, run: Callable[..., Result]) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    path.chmod(0o640)
    run("summary", "lenet5", "-o", str(path))
    assert path.stat().st_mode & 0o777 == 0o640
    new = tmp_path / "new.txt"
    run("summary", "lenet5", "-o", str(new))
    umask = os.umask(0)
    os.umask(umask)
    assert new.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_wrong_spec_leaves_the_file_as_it_was(tmp_path: Path, run: Callable[..., Result]) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    run("summary", "-", "-o", str(path), stdin="input: [3]\nlayers: [cnv]", status=2)
    assert [one.read_text() for one in tmp_path.iterdir()] == ["before"]


def test_a_report_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")

    def lines() -> object:
        yield "one"
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - it is the one above
        _options.write_lines(lines(), str(path))  # type: ignore[arg-type]
    assert [one.read_text() for one in tmp_path.iterdir()] == ["before"]


# --- what nobody thought of -------------------------------------------------------------------------------

BROKEN = """
import sys
from cnncalc import __main__
from cnncalc.network import build
def load(*_):
    raise {error}
build.load = load
sys.argv = ["cnncalc", "summary", "vgg16"]
__main__.main()
"""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("MemoryError", "Error: out of memory; use a smaller spec or lower limits\n"),
        (
            "ZeroDivisionError('\\x1b[31m')",
            "Error: this is a bug in cnncalc: ZeroDivisionError: \\x1b[31m;",
        ),
        ("RecursionError('deep')", "Error: this is a bug in cnncalc: RecursionError: deep;"),
    ],
)
def test_no_traceback(error: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", BROKEN.format(error=error)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(words)
    assert done.stderr.count("\n") == 1
    if "MemoryError" not in error:
        monkeypatch.setenv("CNNCALC_TRACEBACK", "1")
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert "Traceback" in done.stderr


@pytest.mark.long
def test_a_spec_too_large_for_memory(tmp_path: Path) -> None:
    """It ends with one line, not by filling the machine."""
    resource = pytest.importorskip("resource")
    spec = tmp_path / "net.yaml"
    spec.write_text("input: [3, 8, 8]\nlayers:\n  - relu:\n    repeat: 50000\n    name: 'r{index}'\n")

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (60 * 2**20, 60 * 2**20))

    status, errors = end("summary", str(spec), "--depth", "all", preexec_fn=limited)
    assert (status, errors) == (2, "Error: out of memory; use a smaller spec or lower limits\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="unknown device that is always full")
@pytest.mark.parametrize("arguments", [("summary", "nope"), ("check", "nope"), ("badcmd",)], ids=" ".join)
def test_the_status_is_the_same_where_errors_cannot_be_written(arguments: tuple[str, ...]) -> None:
    for shell in ("2>/dev/full", ">/dev/full 2>/dev/full", ">&- 2>&-"):
        assert end(*arguments, shell=shell) == (2, "")


def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    find = "from cnncalc.spec import config; assert config.find() is None"
    for command in ([*PROGRAM, "summary", "lenet5"], [sys.executable, "-c", find]):
        gone.mkdir(exist_ok=True)
        program = ["bash", "-c", 'cd "$0" && rmdir "$0" && "$@"', str(gone), *command]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", [("layers",), ("layers", "conv"), ("schema",)], ids=" ".join)
def test_without_docstrings_the_reference_says_why_it_is_not_there(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-OO", "-m", "cnncalc", *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == (
        "the reference needs docstrings, which Python removes with -OO and PYTHONOPTIMIZE=2; run cnncalc without them\n"
    )


def test_optimized_python_counts_the_same(run: Callable[..., Result]) -> None:
    done = subprocess.run(
        [sys.executable, "-OO", "-W", "error", "-m", "cnncalc", "summary", "lenet5"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == run("summary", "lenet5").stdout
