"""Specs as git has them at a revision."""

import shutil
import subprocess
from pathlib import Path

import pytest

from cnncalc import git
from cnncalc.errors import SpecError
from cnncalc.network import build

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
        ("nope:net.yaml", r"^nope:net\.yaml: no such revision: 'nope'; list branches with `git branch -a`"),
        ("v1:not.yaml", r"^v1:not\.yaml: no such file at 'v1'; write the path relative to the current folder$"),
        ("v1:designs", r"^v1:designs: no such file at 'v1'"),
        ("HEAD:gone/net.yaml", r"^HEAD:gone/net\.yaml: no such file"),
    ],
)
def test_what_git_does_not_have(repository: Path, reference: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        build.load(reference)


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        SpecError, match=r"^main:net\.yaml: the current folder '.*' is not in a git repository; name a file"
    ):
        build.load("main:net.yaml")


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / ".git").mkdir()
    with pytest.raises(
        SpecError, match=r"^main:net\.yaml: git is not installed; install it, or name a file instead of a revision$"
    ):
        build.load("main:net.yaml")


@pytest.mark.parametrize(
    "reference", ["C:\\nets\\net.yaml", "c:net.yaml", "--output=x:net.yaml", "a b:net.yaml", "main:"]
)
def test_what_names_no_revision(reference: str) -> None:
    """A drive's letter, an option, a sentence: none reaches git."""
    assert git.split(reference) is None


def test_a_file_that_is_too_large(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(git.read("main", "net.yaml", most=10)) == 11


def test_a_file_that_is_named_like_a_revision_is_refused(repository: Path) -> None:
    """Neither is read in place of the other: a pull request names its files, and a reviewer the revision."""
    (repository / "v1:net.yaml").write_text(SMALL.replace("filters: 4", "filters: 2"))
    with pytest.raises(
        SpecError, match=r"^v1:net\.yaml: is a file here, but 'v1' is also a git revision; write \./v1:net"
    ):
        build.load("v1:net.yaml")
    assert build.load("./v1:net.yaml").layers[0].params == 2 * 28
    (repository / "small:net.yaml").write_text(SMALL.replace("filters: 4", "filters: 2"))
    assert build.load("small:net.yaml").layers[0].params == 2 * 28


@pytest.mark.parametrize(
    "name", ["a:b.yaml", "net-g1234567.yaml", "net~1", "*.yaml", "[n]et.yaml", ":(top)net.yaml", "-"]
)
def test_names_that_git_would_read_as_more_than_a_path(repository: Path, name: str) -> None:
    (repository / "odd").mkdir()
    (repository / "odd" / name).write_text(SMALL.replace("filters: 4", "filters: 2"))
    commit("third")
    (repository / "odd" / name).unlink()
    assert git.find("main", f"odd/{name}") is not None
    assert git.find("v1", f"odd/{name}") is None
    assert build.load(f"main:odd/{name}").layers[0].params == 2 * 28


@pytest.mark.parametrize("reference", ["main:net.yaml", "main:{top}/net.yaml", "main:{link}/net.yaml"])
def test_spellings_of_a_path(repository: Path, reference: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(repository)
    assert build.load(reference.format(top=repository, link=link)).layers[0].params == 8 * 28


def test_links_are_followed_within_the_repository(repository: Path) -> None:
    (repository / "real" / "deep").mkdir(parents=True)
    (repository / "real" / "deep" / "net.yaml").write_text(SMALL.replace("filters: 4", "filters: 2"))
    links = {
        "file.yaml": "real/deep/net.yaml",
        "folder": "real/deep",
        "chain.yaml": "folder/../deep/net.yaml",
        "real/up.yaml": "../file.yaml",
        "out.yaml": "../outside.yaml",
        "absolute.yaml": "/etc/passwd",
        "broken.yaml": "gone.yaml",
        "round.yaml": "round.yaml",
        "below.yaml": "net.yaml/x",
    }
    for name, target in links.items():
        (repository / name).symlink_to(target)
    commit("third")
    for name in ("file.yaml", "folder/net.yaml", "chain.yaml", "real/up.yaml"):
        found = git.find("main", name)
        assert found is not None
        assert found.path == "real/deep/net.yaml"
        assert build.load(f"main:{name}").layers[0].params == 2 * 28
    assert git.find("main", "broken.yaml") is None
    assert git.find("main", "below.yaml") is None
    assert git.find("main", "folder") is None
    for name, message in (
        ("out.yaml", "leads through a link out of the repository"),
        ("absolute.yaml", "is a link to '/etc/passwd', outside the repository"),
        ("round.yaml", "more than 40 links in a chain"),
    ):
        with pytest.raises(SpecError, match=f"^main:{name}: {message}"):
            git.find("main", name)


def test_what_a_base_is_a_link_to(repository: Path) -> None:
    """`extends` stays in its folder at a revision as it does on disk."""
    (repository / "below").mkdir()
    (repository / "below" / "base.yaml").write_text(SMALL)
    (repository / "below" / "out.yaml").symlink_to("../net.yaml")
    (repository / "below" / "in.yaml").symlink_to("base.yaml")
    for name in ("in", "out"):
        (repository / "below" / f"of_{name}.yaml").write_text(f"extends: {name}.yaml\n")
    (repository / "linked").symlink_to("below")
    commit("third")
    assert build.load("main:below/of_in.yaml").layers
    assert build.load("main:linked/of_in.yaml").layers
    with pytest.raises(SpecError, match="which is a link to a file outside this folder"):
        build.load("main:below/of_out.yaml")


def test_a_path_that_leads_out_of_the_repository(repository: Path) -> None:
    with pytest.raises(SpecError, match=r"^main:\.\./net\.yaml: this file is outside the repository '"):
        build.load("main:../net.yaml")


def test_a_submodule_is_a_repository_of_its_own(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    run("init", "--quiet", str(other))
    (other / "net.yaml").write_text(SMALL)
    run("-C", str(other), "add", "--all")
    run("-C", str(other), "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "x")
    run("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    commit("third")
    with pytest.raises(SpecError, match=r"'sub' is a submodule; clone the submodule separately"):
        git.find("main", "sub/net.yaml")


@pytest.mark.parametrize(
    "revision",
    ["--output=x", "^main", "main:designs", ":/first", "main^{/first}", "v1..main", "a b", "", "main\0", "a" * 500],
)
def test_what_is_no_revision(repository: Path, revision: str) -> None:
    with pytest.raises(git.RevisionError, match=r"not a revision|no such revision"):
        git.find(revision, "net.yaml")


@pytest.mark.parametrize("revision", ["@", "HEAD", "main@{0}", "refs/heads/main", "main^{commit}"])
def test_revisions_as_git_spells_them(repository: Path, revision: str) -> None:
    found = git.find(revision, "net.yaml")
    assert found is not None
    assert found.size == len(SMALL)


def test_an_annotated_tag(repository: Path) -> None:
    run("-c", "user.name=A", "-c", "user.email=a@example.org", "tag", "--annotate", "--message", "x", "v2")
    assert git.find("v2", "net.yaml") is not None


def test_a_work_tree_and_a_separate_git_folder(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their .git is a file that says where git keeps the repository."""
    run("worktree", "add", "--quiet", "../tree", "v1")
    monkeypatch.chdir(repository.parent / "tree")
    assert build.load("main:net.yaml").layers[0].params == 8 * 28
    run("init", "--quiet", "--separate-git-dir", str(repository.parent / "kept"), str(repository))
    monkeypatch.chdir(repository)
    git._repository.cache_clear()
    assert build.load("v1:net.yaml").layers[0].params == 4 * 28


def test_without_settings_of_a_user(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that has neither a home nor a configuration."""
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert build.load("v1:net.yaml").layers[0].params == 4 * 28
