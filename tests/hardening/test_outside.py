"""`extends` and `cnncalc.yaml` stay where they are: no file is read that was not told, unless --allow-outside."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnncalc import git, limits
from cnncalc.errors import SpecError
from cnncalc.limits import Limits
from cnncalc.network import build
from cnncalc.spec import config

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

BASE = "input: [3, 8, 8]\nvariables: {filters: 4}\nlayers:\n  - conv: [filters, 3]\n"
SECRET = "secret: 1234\n"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of designs, what lies below it, and what lies beside it."""
    top = tmp_path / "top"
    for name in ("designs/base.yaml", "designs/below/base.yaml", "base.yaml"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(BASE)
    (tmp_path / "secret.yaml").write_text(SECRET)
    monkeypatch.chdir(top / "designs")
    return top


def extending(name: str) -> str:
    Path("net.yaml").write_text(f"extends: {name}\n")
    return "net.yaml"


def problem_of(reference: str) -> str:
    with pytest.raises(SpecError) as caught:
        build.load(reference)
    (problem,) = caught.value.problems
    return str(problem)


def test_within(folders: Path) -> None:
    assert build.load(extending("base.yaml")).layers
    assert build.load(extending("lenet5")).layers
    os.symlink("base.yaml", "linked.yaml")
    assert build.load(extending("linked.yaml")).layers
    os.symlink("below/base.yaml", "below.yaml")
    assert build.load(extending("below.yaml")).layers


@pytest.mark.parametrize(
    "name",
    [
        "../base.yaml", "..", ".", "/etc/passwd", "below/base.yaml", "./base.yaml", "below/../../base.yaml",
        "'C:\\base.yaml'", "C:base.yaml", "'..\\base.yaml'", "'\\\\host\\share\\base.yaml'", "~/base.yaml", "~root",
        "file:base.yaml", "main:base.yaml", "'https://example.org/base.yaml'", "''",
    ],
)  # fmt: skip
def test_paths_are_refused_by_name(folders: Path, name: str) -> None:
    text = name.strip("'")
    assert problem_of(extending(name)) == (
        f"net.yaml:1:10: extends takes a file in the same folder or a bundled network, not the path {text!r};"
        " copy the file beside this one, or allow it with --allow-outside"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('"base\\0.yaml"', r"'base\x00.yaml'"),
        ('"\\e[31m.yaml"', r"'\x1b[31m.yaml'"),
        (f"{'a' * 300}.yaml", f"'{'a' * 57}...'"),
        ("con", "'con'"),
        ("base.yaml.", "'base.yaml.'"),
    ],
)
def test_names_that_no_file_has(folders: Path, name: str, shown: str) -> None:
    assert problem_of(extending(name)).startswith(f"net.yaml:1:10: extends {shown}, but this folder has no such file")


@pytest.mark.parametrize("target", ["../base.yaml", "{tmp}/secret.yaml", "chain.yaml", "away/secret.yaml"])
def test_links_to_outside_are_refused(folders: Path, target: str) -> None:
    os.symlink("../base.yaml", "chain.yaml")
    os.symlink(folders.parent, "away")
    os.symlink(target.format(tmp=folders.parent), "linked.yaml")
    assert problem_of(extending("linked.yaml")) == (
        "net.yaml:1:10: extends 'linked.yaml', which is a link to a file outside this folder;"
        " copy the file here, or allow it with --allow-outside"
    )


def test_a_folder_with_a_name_that_begins_alike_is_outside(folders: Path) -> None:
    (folders / "designs2").mkdir()
    (folders / "designs2" / "base.yaml").write_text(BASE)
    os.symlink("../designs2/base.yaml", "linked.yaml")
    assert "a link to a file outside" in problem_of(extending("linked.yaml"))


def test_links_that_lead_nowhere_or_in_circles(folders: Path) -> None:
    os.symlink("gone.yaml", "dangling.yaml")
    os.symlink("round.yaml", "round.yaml")
    for name in ("dangling.yaml", "round.yaml"):
        assert "this folder has no such file" in problem_of(extending(name))


def test_what_is_no_file(folders: Path) -> None:
    """A pipe would wait for ever."""
    os.mkfifo("pipe.yaml")
    assert "this folder has no such file" in problem_of(extending("pipe.yaml"))
    assert "this folder has no such file" in problem_of(extending("below"))


def test_a_spec_that_is_itself_a_link_was_told(folders: Path) -> None:
    """And its folder is the one in which it was named."""
    os.symlink("below/base.yaml", "spec.yaml")
    assert build.load("spec.yaml").layers


@pytest.mark.parametrize("name", ["../base.yaml", "below/base.yaml", "linked.yaml", "{top}/base.yaml"])
def test_allow_outside(folders: Path, name: str, run: Callable[..., Result]) -> None:
    os.symlink("../base.yaml", "linked.yaml")
    spec = extending(name.format(top=folders))
    assert "conv" in run("summary", spec, "--allow-outside").stdout
    assert run("check", spec, "--allow-outside").stdout
    run("summary", spec, status=2)


def test_the_base_of_a_base_is_sought_beside_it(folders: Path) -> None:
    (folders / "middle.yaml").write_text("extends: base.yaml\nvariables: {filters: 6}\n")
    with limits.using(Limits(outside=True)):
        assert build.load(extending("../middle.yaml")).layers[0].params == 6 * 28


def test_extending_for_ever(folders: Path) -> None:
    for number in range(70):
        Path(f"n{number}.yaml").write_text(f"extends: n{number + 1}.yaml\n")
    Path("n60.yaml").write_text(BASE)
    assert build.load("n0.yaml").layers
    Path("n60.yaml").write_text("extends: n61.yaml\n")
    Path("n61.yaml").write_text(BASE)
    assert problem_of("n0.yaml").startswith("n60.yaml:1:10: the spec needs more than 60 other files")


def test_the_limits_hold_for_all_together(folders: Path) -> None:
    Path("base.yaml").write_text(f"{BASE}#{'x' * 100}")
    size = len(extending("base.yaml")) + len("extends: base.yaml\n") - len("net.yaml") + len(BASE) + 101
    with limits.using(Limits(bytes=size)):
        assert build.load("net.yaml").layers
    with limits.using(Limits(bytes=size - 1)):
        assert problem_of("net.yaml").startswith(
            f"net.yaml:1:10: with the files that it needs the spec has more than {size - 1} bytes"
        )
    # extends and its name in a mapping are 3 values; the base has 5, 5 and 8 in one.
    with limits.using(Limits(values=3 + 1 + 5 + 4 + 7)):
        assert build.load("net.yaml").layers
    with limits.using(Limits(values=3 + 1 + 5 + 4 + 7 - 1)):
        assert "with the files that it needs the spec has more than 19 values" in problem_of("net.yaml")


# --- git ------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    os.symlink("../base.yaml", "linked.yaml")
    for name, base in (("net", "base.yaml"), ("above", "../base.yaml"), ("link", "linked.yaml"), ("null", '"a\\0b"')):
        Path(f"{name}.yaml").write_text(f"extends: {base}\n")
    Path("long.yaml").write_text(f"extends: {'a' * 9_000}\n")
    here = ["git", "-C", str(folders)]
    subprocess.run([*here, "init", "--quiet", "--initial-branch", "main"], check=True)
    subprocess.run([*here, "add", "--all"], check=True)
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*here, *who, "commit", "--quiet", "--message", "first"], check=True)
    return folders


def test_git_revisions(repository: Path) -> None:
    assert build.load("main:net.yaml").layers
    assert "not the path '../base.yaml'" in problem_of("main:above.yaml")
    assert "'linked.yaml', which is a link to a file outside this folder" in problem_of("main:link.yaml")
    assert "no such file" in problem_of("main:null.yaml")
    assert "no such file" in problem_of("main:long.yaml")
    with limits.using(Limits(outside=True)):
        assert build.load("main:above.yaml").layers


def test_git_asks_nobody(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = subprocess.run

    def spy(command: list[str], **options: object) -> object:
        seen.append(options)
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", spy)
    build.load("main:net.yaml")
    assert seen
    for options in seen:
        assert options["env"].items() >= git.ENVIRONMENT.items()  # type: ignore[attr-defined]
        assert options["stdin"] == subprocess.DEVNULL
        assert options["timeout"] == 60


def test_git_that_hangs(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(command, 60)

    monkeypatch.setattr(subprocess, "run", hang)
    message = "main:net.yaml: git took longer than 60 seconds; run `git rev-parse` to see why it waits"
    assert problem_of("main:net.yaml") == message


# --- cnncalc.yaml -----------------------------------------------------------------------------------------


def read(text: str) -> config.Config:
    Path("cnncalc.yaml").write_text(text)
    return config.read("cnncalc.yaml")


def problems_of_config(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read(text)
    return [str(problem).removeprefix("cnncalc.yaml:") for problem in caught.value.problems]


@pytest.mark.parametrize(
    "pattern",
    ["../*.yaml", "../base.yaml", "below/../../base.yaml", "/etc/*", "..", "C:base.yaml", "~/x.yaml", "'..\\x.yaml'"],
)
def test_patterns_that_leave_the_folder(folders: Path, pattern: str) -> None:
    text = pattern.strip("'")
    assert problems_of_config(f"specs: [base.yaml, {pattern}]") == [
        (
            f"1:20: the pattern {text!r} leaves the folder of cnncalc.yaml;"
            " write a pattern inside the folder, or allow other folders with --allow-outside"
        )
    ]


def test_patterns_that_find_links_to_outside(folders: Path) -> None:
    os.symlink(folders.parent / "secret.yaml", "linked.yaml")
    os.symlink(folders.parent, "away")
    os.symlink("base.yaml", "inside.yaml")
    assert problems_of_config("specs: ['*.yaml', away/*.yaml, away/secret.yaml]") == [
        (
            "1:9: 'linked.yaml' is a link to a file outside the folder of cnncalc.yaml;"
            " copy the file here, or allow it with --allow-outside"
        ),
        (
            "1:19: 'away/secret.yaml' is a link to a file outside the folder of cnncalc.yaml;"
            " copy the file here, or allow it with --allow-outside"
        ),
        (
            "1:32: 'away/secret.yaml' is a link to a file outside the folder of cnncalc.yaml;"
            " copy the file here, or allow it with --allow-outside"
        ),
    ]
    with limits.using(Limits(outside=True)):
        assert "away/secret.yaml" in config.specs_of(read("specs: [away/*.yaml, ../base.yaml]"))


def test_what_was_told_is_read(folders: Path, run: Callable[..., Result]) -> None:
    """A pattern comes from the file; a SPEC is the user's own."""
    assert run("check", "../base.yaml", "--no-config").exit_code == 0
    Path("cnncalc.yaml").write_text("specs: [../base.yaml]\n")
    assert "leaves the folder" in run("check", status=2).stderr
    assert run("check", "--allow-outside").exit_code == 0


def test_a_configuration_that_is_a_link(folders: Path, run: Callable[..., Result]) -> None:
    """Its lines would be shown where they are no configuration."""
    os.symlink(folders.parent / "secret.yaml", "cnncalc.yaml")
    result = run("check", "base.yaml", status=2)
    assert result.stderr == "cnncalc.yaml: is a link to a file outside its folder; name the file with --config\n"
    assert "has no 'secret'" in run("check", "base.yaml", "--config", "cnncalc.yaml", status=2).stderr
    os.unlink("cnncalc.yaml")
    Path("other.yaml").write_text("specs: [base.yaml]\n")
    os.symlink("other.yaml", "cnncalc.yaml")
    assert run("check").exit_code == 0


def test_links_in_circles_end(folders: Path) -> None:
    """Each of them would double the folders on every level, 40 levels deep."""
    for name in "abcdefgh":
        os.symlink(".", name)
    found = config.specs_of(read("specs: ['**/*.yaml', '**/**/**/**/base.yaml', a/*.yaml]"))
    assert found == ("base.yaml", "below/base.yaml", "a/base.yaml")


def test_hidden_files_are_left_out(folders: Path) -> None:
    Path(".hidden").mkdir()
    for name in (".hidden/net.yaml", ".net.yaml"):
        Path(name).write_text(BASE)
    assert config.specs_of(read("specs: ['**/*.yaml']")) == ("base.yaml", "below/base.yaml")
    assert config.specs_of(read("specs: ['.*.yaml', .hidden/*.yaml]")) == (".net.yaml", ".hidden/net.yaml")


@pytest.mark.parametrize("pattern", ['"a\\0b/*.yaml"', '"a\\0b"', "'[*.yaml'", f"{'a' * 5000}/*", "'[!]*.yaml'"])
def test_patterns_that_no_file_has(folders: Path, pattern: str) -> None:
    with pytest.raises(SpecError, match="matches no spec"):
        config.specs_of(read(f"specs: [{pattern}]"))


def test_very_many_patterns(folders: Path) -> None:
    for number in range(200):
        Path(f"{number}.yaml").write_text(BASE)
    patterns = ", ".join(f"'**/*{number}*.yaml'" for number in range(40_000))
    with pytest.raises(SpecError, match="takes more than 3,000,000 operations"):
        read(f"specs: [{patterns}]")
