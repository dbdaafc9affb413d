"""A checkout of a stranger's pull request: nothing of it is run, and nothing in it passes the gate unseen.

Each test is an attack. What would run a command leaves a file behind, `ran`, and no test may find one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnncalc import git
from cnncalc.errors import SpecError
from cnncalc.network import build
from cnncalc.spec import config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

pytestmark = pytest.mark.skipif(
    shutil.which("git") is None or sys.platform == "win32", reason="git and links are needed"
)

# 27 weights and a bias a filter: 112 parameters with 4 filters.
SPEC = "input: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\nbudget: {params: {max_increase: 2%}}\n"
LARGE = SPEC.replace("[4, 3]", "[400, 3]")
EVIL = """\
[core]
	repositoryformatversion = 1
	bare = {bare}
	sshCommand = "touch {ran}; false"
	fsmonitor = "touch {ran}; false"
	pager = "touch {ran}; false"
	hooksPath = {hooks}
[extensions]
	partialClone = origin
[protocol "ssh"]
	allow = always
[protocol "ext"]
	allow = always
[remote "origin"]
	url = {url}
	uploadpack = "touch {ran}; false"
	promisor = true
"""


def run_git(*arguments: str, folder: Path | None = None) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(*, folder: Path | None = None) -> str:
    """Commit all that is there; the id of the commit."""
    run_git("add", "--all", "--force", folder=folder)
    run_git("commit", "--quiet", "--allow-empty", "--message", "a change", folder=folder)
    return run_git("rev-parse", "HEAD", folder=folder)


class Checkout:
    """A repository with a base commit, whose work tree is a pull request's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran = folder.parent / "ran"
        run_git("init", "--quiet", "--initial-branch", "main", str(folder))
        self.write("designs/net.yaml", SPEC)
        self.base = commit(folder=folder)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def write_evil(self, folder: str, url: str = "ssh://x/y", *, bare: bool = True) -> None:
        """A repository whose configuration runs a command where git fetches, watches, pages or calls a hook."""
        hooks = self.folder / folder / "hooks"
        settings = EVIL.format(ran=self.ran, url=url.format(ran=self.ran), hooks=hooks, bare=str(bare).lower())
        for name, text in (
            ("HEAD", "ref: refs/heads/main\n"),
            ("config", settings),
            ("objects/info/keep", ""),
            ("refs/heads/.keep", ""),
        ):
            self.write(f"{folder}/{name}", text)
        for hook in ("post-checkout", "reference-transaction", "fsmonitor-watchman"):
            self.write(f"{folder}/hooks/{hook}", f"#!/bin/sh\ntouch {self.ran}\n")
            (hooks / hook).chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkout]:
    (tmp_path / "checkout").mkdir()
    made = Checkout(tmp_path / "checkout")
    monkeypatch.chdir(made.folder)
    yield made
    assert not made.ran.exists(), "a command of the pull request was run"


URLS = ["ssh://x/y", "ext::touch {ran}", "../x"]


# --- nothing is run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", URLS)
def test_a_bare_repository_beside_a_spec(checkout: Checkout, url: str, run: Callable[..., Result]) -> None:
    checkout.write_evil("designs/evil", url)
    checkout.write("designs/evil/net.yaml", LARGE)
    checkout.write("cnncalc.yaml", "specs: [designs/evil/*.yaml]\n")
    result = run("check", "--no-lint", "--against-ref", checkout.base)
    assert f"{checkout.base} has no designs/evil/net.yaml: it is new" in result.output
    result = run("diff", f"{checkout.base}:designs/evil/net.yaml", "designs/evil/net.yaml", status=2)
    assert "git has no such file" in result.stderr


def test_the_current_folder_is_a_bare_repository(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repository is the one that has a .git above it."""
    checkout.write_evil("designs/evil")
    monkeypatch.chdir("designs/evil")
    assert build.load(f"{checkout.base}:../net.yaml").layers[0].params == 112


@pytest.mark.parametrize("what", ["file", "folder"])
@pytest.mark.parametrize("url", URLS)
def test_a_repository_of_its_own_below(
    checkout: Checkout, url: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git keeps no .git in a tree, but an archive can. From above it is a folder like others; whoever works in it
    gets its commits, and still runs nothing of it.
    """
    checkout.write_evil("evil" if what == "file" else "designs/.git", url, bare=False)
    if what == "file":
        checkout.write("designs/.git", f"gitdir: {checkout.folder / 'evil'}\n")
    assert build.load(f"{checkout.base}:designs/net.yaml").layers[0].params == 112
    monkeypatch.chdir("designs")
    for revision in ("main", checkout.base):
        with pytest.raises(SpecError):
            build.load(f"{revision}:net.yaml")


@pytest.mark.parametrize("knows_no_lazy_fetch", [True, False])
@pytest.mark.parametrize("url", URLS)
def test_a_partial_clone_fetches_nothing(
    checkout: Checkout, url: str, knows_no_lazy_fetch: bool, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]
) -> None:
    """Not even where the repository itself is such; git before 2.39.4 does not know GIT_NO_LAZY_FETCH."""
    if not knows_no_lazy_fetch:
        monkeypatch.delitem(git.ENVIRONMENT, "GIT_NO_LAZY_FETCH")
    blob = run_git("rev-parse", f"{checkout.base}:designs/net.yaml")
    (checkout.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    checkout.write_evil(".git/evil", url, bare=False)
    shutil.copy(".git/evil/config", ".git/config")
    result = run("check", "designs/net.yaml", "--against-ref", checkout.base, status=1)
    assert "the baseline cannot be used" in result.output


def test_variables_that_name_another_repository(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.write_evil("evil")
    monkeypatch.setenv("GIT_DIR", str(checkout.folder / "evil"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(checkout.folder / "evil" / "objects"))
    monkeypatch.setenv("GIT_WORK_TREE", str(checkout.folder / "designs"))
    assert build.load(f"{checkout.base}:designs/net.yaml").layers[0].params == 112


@pytest.mark.parametrize("folder", [".", "", "bin"])
def test_a_program_called_git_is_not_taken_from_a_relative_folder(
    checkout: Checkout, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("git", "bin/git"):
        checkout.write(name, f"#!/bin/sh\ntouch {checkout.ran}\n")
        (checkout.folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert build.load(f"{checkout.base}:designs/net.yaml").layers[0].params == 112


def test_git_is_started_at_the_top_alone(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    real = subprocess.run

    def spy(command: list[str], **options: object) -> object:
        commands.append(command)
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", spy)
    monkeypatch.chdir("designs")
    git._repository.cache_clear()
    build.load(f"{checkout.base}:net.yaml")
    assert len(commands) >= 3
    for command in commands:
        assert command[1:3] == ["-C", str(checkout.folder)]
        assert "safe.bareRepository=explicit" in command
    for command in commands[1:]:
        assert command[3] == f"--git-dir={checkout.folder / '.git'}"


# --- the baseline is the one of the revision --------------------------------------------------------------


def test_a_folder_that_is_named_like_the_baseline(checkout: Checkout, run: Callable[..., Result]) -> None:
    checkout.write("designs/net.yaml", LARGE)
    honest = run("check", "designs/net.yaml", "--against-ref", checkout.base, status=1).output
    checkout.write(f"{checkout.base}:designs/net.yaml", LARGE)
    assert run("check", "designs/net.yaml", "--against-ref", checkout.base, status=1).output == honest
    # 400 filters of 28 numbers, in place of 4.
    assert "params grew by 11,088" in honest
    result = run("diff", f"{checkout.base}:designs/net.yaml", "designs/net.yaml", status=2)
    assert "is a file here, and" in result.stderr


@pytest.mark.parametrize("name", ["a:b.yaml", "main:net.yaml", "x:y:z.yaml"])
def test_a_spec_with_a_colon_in_its_name(checkout: Checkout, name: str, run: Callable[..., Result]) -> None:
    """It is held to its baseline, whether it is named or found; the file is read, not the revision of that name."""
    checkout.write(name, SPEC)
    base = commit()
    checkout.write(name, LARGE)
    checkout.write("cnncalc.yaml", "specs: ['*:*.yaml']\n")
    for specs in ((), (f"./{name}",)):
        assert "params grew by 11,088" in run("check", *specs, "--against-ref", base, status=1).output


def test_replacements_and_grafts(checkout: Checkout, run: Callable[..., Result]) -> None:
    """A ref of a pull request may replace an object where refs/replace is fetched."""
    checkout.write("designs/net.yaml", LARGE)
    large = commit()
    old = run_git("rev-parse", f"{checkout.base}:designs/net.yaml")
    run_git("replace", old, run_git("rev-parse", f"{large}:designs/net.yaml"))
    assert "params grew by 11,088" in run("check", "designs/net.yaml", "--against-ref", checkout.base, status=1).output


def test_a_folder_that_becomes_a_link(checkout: Checkout, run: Callable[..., Result]) -> None:
    """The baseline is the path as it was, not where the link of the pull request leads."""
    (checkout.folder / "designs").rename(checkout.folder / "other")
    (checkout.folder / "designs").symlink_to("other")
    checkout.write("other/net.yaml", LARGE)
    assert "params grew by 11,088" in run("check", "designs/net.yaml", "--against-ref", checkout.base, status=1).output


def test_a_link_on_the_base_branch(checkout: Checkout, run: Callable[..., Result]) -> None:
    (checkout.folder / "linked").symlink_to("designs")
    base = commit()
    checkout.write("designs/net.yaml", LARGE)
    assert "params grew by 11,088" in run("check", "linked/net.yaml", "--against-ref", base, status=1).output


@pytest.mark.parametrize("text", ["layers: 3\n", "\xff", "extends: gone.yaml\n", f"#{'x' * 10_000_000}\n"])
def test_a_baseline_that_cannot_be_used(checkout: Checkout, text: str, run: Callable[..., Result]) -> None:
    (checkout.folder / "broken.yaml").write_bytes(text.encode("latin-1"))
    base = commit()
    checkout.write("broken.yaml", LARGE)
    message = "the baseline cannot be used, so no increase is held"
    for form in ("text", "json", "markdown", "github", "junit", "sarif"):
        output = run("check", "broken.yaml", "--against-ref", base, "--format", form, status=1).output
        assert message in output
    assert (
        "::error file=broken.yaml"
        in run("check", "broken.yaml", "--against-ref", base, "-f", "github", status=1).output
    )
    assert message in run("check", "broken.yaml", "--against-ref", base, "--allow-broken-baseline").output
    assert message in run("check", "broken.yaml", "--against", "gone.yaml", status=1).output


def test_a_variable_that_the_baseline_lacks(checkout: Checkout, run: Callable[..., Result]) -> None:
    """What a change adds to `set` must not let it pass, nor keep it from passing."""
    checkout.write("designs/net.yaml", f"variables: {{filters: 4}}\n{SPEC.replace('[4, 3]', '[filters, 3]')}")
    checkout.write("cnncalc.yaml", "specs: {designs/net.yaml: {set: {filters: 4}}}\n")
    assert "1 check kept, none broken" in run("check", "--against-ref", checkout.base).output
    checkout.write("cnncalc.yaml", "specs: {designs/net.yaml: {set: {filters: 400}}}\n")
    assert "params grew by 11,088" in run("check", "--against-ref", checkout.base, status=1).output


# --- no spec is hidden ------------------------------------------------------------------------------------


def specs() -> tuple[str, ...]:
    return config.specs_of(config.read("cnncalc.yaml"))


@pytest.mark.parametrize("target", ["x", "../designs/x", "gone", "net.yaml/x", "a" * 300])
def test_links_that_lead_nowhere_hide_nothing(checkout: Checkout, target: str) -> None:
    checkout.write("cnncalc.yaml", "specs: ['**/*.yaml']\n")
    (checkout.folder / "designs" / "x").symlink_to(target)
    assert specs() == ("designs/net.yaml",)


@pytest.mark.parametrize("target", ["x.yaml", "gone.yaml", "net.yaml/x"])
@pytest.mark.parametrize("pattern", ["designs/*.yaml", "designs/x.yaml", "**"])
def test_a_spec_that_leads_nowhere_is_unusable(
    checkout: Checkout, target: str, pattern: str, run: Callable[..., Result]
) -> None:
    """And the bundled network of that name, or the others, are not read in its place."""
    for name in ("x.yaml", "lenet5.yaml"):
        (checkout.folder / "designs" / name).symlink_to(target)
    (checkout.folder / "lenet5.yaml").symlink_to("gone.yaml")
    checkout.write("cnncalc.yaml", f"specs: ['{pattern}', lenet5.yaml]\n")
    output = run("check", status=2).output
    assert "designs/x.yaml: error:" in output
    assert "lenet5.yaml: error: is a link that leads nowhere" in output


def test_a_link_to_the_configuration_is_a_spec(checkout: Checkout, run: Callable[..., Result]) -> None:
    (checkout.folder / "designs" / "net.yaml").unlink()
    (checkout.folder / "designs" / "net.yaml").symlink_to("../cnncalc.yaml")
    checkout.write("designs/other.yaml", SPEC)
    checkout.write("cnncalc.yaml", "specs: ['designs/*.yaml']\n")
    assert "designs/net.yaml" in run("check", status=2).output


def test_what_is_no_file(checkout: Checkout, run: Callable[..., Result]) -> None:
    os.mkfifo("designs/pipe.yaml")
    checkout.write("cnncalc.yaml", "specs: ['designs/*.yaml']\n")
    assert "cnncalc.yaml:1:9: 'designs/pipe.yaml' is no file" in run("check", status=2).stderr


def test_a_folder_that_cannot_be_read(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]
) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if path == "designs":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    checkout.write("net.yaml", SPEC)
    checkout.write("cnncalc.yaml", "specs: ['*.yaml', '**/*.yaml']\n")
    message = "cnncalc.yaml:1:19: the folder 'designs' cannot be read: Permission denied"
    assert message in run("check", status=2).stderr


@pytest.mark.parametrize("target", ["cnncalc.yaml", "gone.yaml"])
def test_a_configuration_that_leads_nowhere(checkout: Checkout, target: str, run: Callable[..., Result]) -> None:
    """Its budgets do not fall away."""
    (checkout.folder / "cnncalc.yaml").symlink_to(target)
    assert run("check", "designs/net.yaml", status=2).stderr.startswith("cnncalc.yaml: ")


# --- nothing else is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["../../secret.yaml", "../.git/config", "../designs/../../secret.yaml"])
def test_links_out_of_the_repository(checkout: Checkout, target: str, run: Callable[..., Result]) -> None:
    """What they lead to would be quoted in a log. Git keeps a token in .git/config."""
    (checkout.folder.parent / "secret.yaml").write_text("secret: 1234\n")
    (checkout.folder / "designs" / "linked.yaml").symlink_to(target)
    for command in ("check", "lint"):
        output = run(command, "designs/linked.yaml", status=2).output
        assert "designs/linked.yaml: error: is a link to a file outside of the repository; name that file" in output
        assert "secret'" not in output
    assert "unknown key 'secret'" in run("check", "../secret.yaml", status=2).output
    checkout.write("designs/of.yaml", "extends: linked.yaml\n")
    checkout.write("cnncalc.yaml", "specs: ['designs/*.yaml']\n")
    assert "is a link to a file outside of the folder" in run("check", status=2).stderr
    assert (
        "is a link to a file outside of this folder" in run("check", "designs/of.yaml", "--no-config", status=2).output
    )


def test_a_bundled_network_takes_the_place_of_no_baseline(checkout: Checkout, run: Callable[..., Result]) -> None:
    checkout.write("lenet5.yaml", SPEC)
    base = commit()
    (checkout.folder / "lenet5.yaml").unlink()
    output = run(
        "check", "--no-lint", "--against-ref", base, "--max-increase", "params=2%", "lenet5.yaml", status=1
    ).output
    assert f"{base} has a file lenet5.yaml, and the bundled network of that name is read here instead" in output
