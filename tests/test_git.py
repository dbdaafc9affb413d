"""Specs as git has them at a revision."""

import shutil
import subprocess
from pathlib import Path

import pytest

from cnncalc import build, git
from cnncalc.problem import SpecError

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

SMALL = "input: [3, 8, 8]\nvariables: {filters: 4}\nlayers:\n  - conv: [filters, 3]\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two commits: the filters go from 4 to 8, and `designs/old.yaml` with its folder goes."""
    monkeypatch.chdir(tmp_path)
    run("init", "--quiet", "--initial-branch", "main")
    (tmp_path / "designs").mkdir()
    (tmp_path / "designs" / "old.yaml").write_text("extends: base.yaml\nvariables: {filters: 6}\n")
    (tmp_path / "designs" / "base.yaml").write_text(SMALL)
    (tmp_path / "net.yaml").write_text(SMALL)
    commit("first")
    run("tag", "v1")
    run("rm", "--quiet", "-r", "designs")
    (tmp_path / "net.yaml").write_text(SMALL.replace("filters: 4", "filters: 8"))
    commit("second")
    return tmp_path


def run(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def commit(message: str) -> None:
    run("add", "--all")
    run("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", message)


# A 3x3 convolution of 3 channels: 27 weights and a bias a filter.
@pytest.mark.parametrize(("reference", "filters"), [("main:net.yaml", 8), ("main~1:net.yaml", 4), ("v1:./net.yaml", 4)])
def test_a_spec_at_a_revision(repository: Path, reference: str, filters: int) -> None:
    network = build.load(reference)
    assert network.layers[0].params == filters * 28
    assert network.file == reference


def test_what_it_extends_is_read_there_too(repository: Path) -> None:
    """Also where the folder is gone since."""
    assert build.load("v1:designs/old.yaml").layers[0].params == 6 * 28


def test_from_a_folder_below(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "below").mkdir()
    monkeypatch.chdir(repository / "below")
    assert build.load("v1:../net.yaml").layers[0].params == 4 * 28


def test_a_bundled_network_is_extended_from_a_revision(repository: Path) -> None:
    (repository / "small.yaml").write_text("extends: lenet5\n")
    commit("third")
    assert build.load("main:small.yaml").layers


def test_problems_name_revision_and_line(repository: Path) -> None:
    (repository / "net.yaml").write_text("input: [3, 8, 8]\nlayers:\n  - cnv: 3\n")
    commit("third")
    with pytest.raises(SpecError, match=r"^main:net\.yaml:3:5: unknown layer type 'cnv'"):
        build.load("main:net.yaml")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nope:net.yaml", r"^nope:net\.yaml: git knows no revision 'nope'; `git branch -a` shows the branches"),
        ("v1:not.yaml", r"^v1:not\.yaml: git has no such file at 'v1'; the path is relative to the current folder$"),
        ("v1:designs", r"^v1:designs: git has no such file at 'v1'"),
        ("HEAD:gone/net.yaml", r"^HEAD:gone/net\.yaml: git has no such file"),
    ],
)
def test_what_git_does_not_have(repository: Path, reference: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        build.load(reference)


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SpecError, match=r"^main:net\.yaml: '\.' is in no git repository; name a file instead$"):
        build.load("main:net.yaml")


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpecError, match=r"^git is not installed; name a file instead of a revision$"):
        build.load("main:net.yaml")


@pytest.mark.parametrize(
    "reference", ["C:\\nets\\net.yaml", "c:net.yaml", "--output=x:net.yaml", "a b:net.yaml", "main:"]
)
def test_what_names_no_revision(reference: str) -> None:
    """A drive's letter, an option, a sentence: none reaches git."""
    assert git.split(reference) is None


def test_a_file_that_is_too_large(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(git.read("main", "net.yaml", most=10)) == 11


def test_a_file_of_that_name_comes_first(repository: Path) -> None:
    (repository / "v1:net.yaml").write_text(SMALL.replace("filters: 4", "filters: 2"))
    assert build.load("v1:net.yaml").layers[0].params == 2 * 28
