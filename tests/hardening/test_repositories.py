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
from cnncalc.spec.locate import Place

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
    assert "no such file" in result.stderr


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
    assert "is a file here, but" in result.stderr


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
    message = "the baseline cannot be used, so increases are not checked"
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
    assert "1 check passed, none failed" in run("check", "--against-ref", checkout.base).output
    checkout.write("cnncalc.yaml", "specs: {designs/net.yaml: {set: {filters: 400}}}\n")
    assert "params grew by 11,088" in run("check", "--against-ref", checkout.base, status=1).output


VARIABLE = f"variables: {{filters: 4}}\n{SPEC.replace('[4, 3]', '[filters, 3]')}"


def set_filters(number: int, pattern: str = "designs/net.yaml") -> str:
    """A configuration that sets the filters of a spec."""
    return f"specs: {{'{pattern}': {{set: {{filters: {number}}}}}}}\n"


@pytest.mark.parametrize("config", ["nearest", "named", "moved"])
def test_what_a_pull_request_sets_in_its_specs_is_not_set_in_the_baseline(
    checkout: Checkout, config: str, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The baseline has what the configuration of its own revision sets, if there is one."""
    checkout.write("designs/net.yaml", VARIABLE)
    base = commit()
    checkout.write("designs/net.yaml", VARIABLE.replace("[filters, 3]", "[filters, 3]\n  - conv: [10, 3]"))
    options = ["--against-ref", base, "designs/net.yaml", "--no-lint"]
    if config == "named":
        checkout.write("other.yaml", set_filters(400))
        options += ["--config", "other.yaml"]
    elif config == "moved":
        checkout.write("designs/cnncalc.yaml", set_filters(400, "net.yaml"))
        monkeypatch.chdir("designs")
        options[2] = "net.yaml"
    else:
        checkout.write("cnncalc.yaml", set_filters(400))
    # From 4 filters of 28 numbers to 400, and 10 filters of 9 * 400 weights and a bias.
    output = run("check", *options, status=1).output
    assert f"params grew by {396 * 28 + 10 * 3601:,}" in output
    assert "the configuration sets nothing for the baseline, but 'filters=400' for the spec" in output
    # Options are for both, and come after what configurations say.
    output = run("check", *options, "--set", "filters=5", status=1).output
    assert f"params grew by {10 * 46:,}" in output


@pytest.mark.parametrize("pattern", ["designs/net.yaml", "**/*.yaml", "d*/*", "linked/net.yaml", "linked/*.yaml"])
@pytest.mark.parametrize("spec", ["designs/net.yaml", "linked/net.yaml", "alias.yaml"])
def test_the_baseline_has_what_its_configuration_sets(
    checkout: Checkout, pattern: str, spec: str, run: Callable[..., Result]
) -> None:
    """By whichever path of the spec, also where the pull request drops it."""
    checkout.write("designs/net.yaml", VARIABLE.replace("filters: 4", "filters: 400"))
    (checkout.folder / "linked").symlink_to("designs")
    (checkout.folder / "alias.yaml").symlink_to("designs/net.yaml")
    checkout.write("cnncalc.yaml", set_filters(4, pattern))
    base = commit()
    for change in ("", "specs: [designs/net.yaml]\n", None):
        if change is None:
            (checkout.folder / "cnncalc.yaml").unlink()
        else:
            checkout.write("cnncalc.yaml", change or set_filters(400, pattern))
        assert "params grew by 11,088" in run("check", spec, "--against-ref", base, status=1).output


def test_the_inputs_of_a_baseline(checkout: Checkout, run: Callable[..., Result]) -> None:
    """A 1x1 convolution multiplies 3 numbers at each position for each of its 4 filters."""
    spec = "input: [3, 8, 8]\nlayers:\n  - conv: [4, 1]\n"
    checkout.write("designs/net.yaml", spec)
    checkout.write("cnncalc.yaml", "specs: {designs/net.yaml: {input: [3, 4, 4]}}\n")
    base = commit()
    checkout.write("cnncalc.yaml", "specs: {designs/net.yaml: {input: [3, 16, 16]}}\n")
    options = ("check", "--no-lint", "--against-ref", base, "--max-increase", "macs=0")
    assert f"macs grew by {12 * (16**2 - 4**2):,}" in run(*options, status=1).output
    assert "none failed" in run(*options, "--input", "3x5x5").output
    assert "none failed" in run(*options, "--no-config", "designs/net.yaml").output


@pytest.mark.parametrize("text", ["specs: 3\n", "\t", "spces: []\n", "specs: {x: {set: 3}}\n", None])
def test_a_broken_configuration_of_the_baseline(
    checkout: Checkout, text: str | None, run: Callable[..., Result]
) -> None:
    if text is None:
        (checkout.folder / "cnncalc.yaml").symlink_to("gone.yaml")
    else:
        checkout.write("cnncalc.yaml", text)
    base = commit()
    (checkout.folder / "cnncalc.yaml").unlink()
    options = ("check", "designs/net.yaml", "--against-ref", base)
    assert (
        f"the baseline cannot be used, so increases are not checked: {base}:cnncalc.yaml"
        in run(*options, status=1).output
    )
    assert "designs/net.yaml: note: the baseline cannot be used" in run(*options, "--allow-broken-baseline").output
    assert "the baseline cannot be used" not in run(*options, "--no-config").output
    assert f"{base}:cnncalc.yaml" in run("diff", "designs/net.yaml", "--against-ref", base, status=2).stderr


def test_a_link_to_a_configuration_elsewhere_at_the_baseline(checkout: Checkout, run: Callable[..., Result]) -> None:
    checkout.write("designs/deep/net.yaml", SPEC)
    checkout.write("other/set.yaml", set_filters(400))
    (checkout.folder / "designs" / "cnncalc.yaml").symlink_to("../other/set.yaml")
    base = commit()
    (checkout.folder / "designs" / "cnncalc.yaml").unlink()
    os.chdir("designs")
    output = run("check", "net.yaml", "--against-ref", base, status=1).output
    assert f"{base}:cnncalc.yaml: is a link to a file outside its folder" in output


def test_a_configuration_outside_of_the_repository(checkout: Checkout, run: Callable[..., Result]) -> None:
    """It is of whoever runs the command, and the same for both sides."""
    checkout.write("designs/net.yaml", VARIABLE)
    base = commit()
    outside = checkout.folder.parent / "trusted.yaml"
    outside.write_text(set_filters(400, "checkout/designs/net.yaml"))
    output = run("check", "--config", str(outside), "--against-ref", base, "designs/net.yaml", "--no-lint").output
    assert "1 check passed, none failed" in output
    assert "the configuration has" not in output


@pytest.mark.parametrize("baseline", ["{base}:designs/net.yaml", "kept.yaml"])
def test_a_named_baseline_has_what_its_own_entries_set(
    checkout: Checkout, baseline: str, run: Callable[..., Result]
) -> None:
    checkout.write("designs/net.yaml", VARIABLE)
    checkout.write("kept.yaml", VARIABLE)
    base = commit()
    checkout.write("cnncalc.yaml", set_filters(400))
    options = ("check", "--against", baseline.format(base=base), "designs/net.yaml", "--no-lint")
    assert "params grew by 11,088" in run(*options, status=1).output
    assert "none failed" in run(*options, "--set", "filters=3").output


@pytest.mark.parametrize(
    "pattern",
    ["*", "**", "*.yaml", "**/*.yaml", "sub/**", "a/*/.c/*", "a/**/net.y*ml", "*/*/*", ".*", "./sub//net.yaml",
     "**/**/**", "[a]/b/*", "a/b", "sub/net.yaml/", "?et.yaml", "**/b/**/*", "**/.c/*"],
)  # fmt: skip
def test_patterns_at_a_revision_name_what_they_name_here(checkout: Checkout, pattern: str) -> None:
    names = ["net.yaml", "sub/net.yaml", "a/b/.c/net.yaml", "a/b/net.yml", ".hidden.yaml", "*", "a/[b]/**"]
    for name in names:
        checkout.write(name, SPEC)
    checkout.write("cnncalc.yaml", f"specs: {{'{pattern}': {{set: {{filters: 4}}}}}}\n")
    base = commit()
    here = config.read("cnncalc.yaml")
    there = config.ConfigsInGit(here, None)
    named = [name for name in names if there.entries_of(Place(name, name, base))]
    assert named == [name for name in names if config.entries_of(here, name)]


def test_a_file_that_takes_the_place_of_a_bundled_baseline(checkout: Checkout, run: Callable[..., Result]) -> None:
    """`--against lenet5` means the network; a pull request can add a file of that name."""
    checkout.write("lenet5", LARGE)
    output = run("check", "designs/net.yaml", "--against", "lenet5", status=1).output
    assert "lenet5: is both a file here and a bundled network; fix the baseline" in output
    assert "write ./lenet5 for the file, or rename it" in output
    checkout.write("cnncalc.yaml", "specs: [lenet5]\n")
    assert "cnncalc.yaml:1:9: 'lenet5' is both a file here and a bundled network" in run("check", status=2).stderr
    for pattern in ("./lenet5", "lenet*"):
        checkout.write("cnncalc.yaml", f"specs: ['{pattern}']\n")
        assert run("check", "--no-lint").output.startswith("./lenet5: ")


def test_a_path_through_a_link_of_the_pull_request(checkout: Checkout, run: Callable[..., Result]) -> None:
    """The file is not new: git has it by another path."""
    checkout.write("designs/net.yaml", LARGE)
    (checkout.folder / "linked").symlink_to("designs")
    (checkout.folder / "alias.yaml").symlink_to("linked/net.yaml")
    for spec in ("linked/net.yaml", "alias.yaml"):
        output = run("check", spec, "--against-ref", checkout.base, status=1).output
        assert "params grew by 11,088" in output


def add_submodule(checkout: Checkout, folder: str, *, absorbed: bool) -> str:
    """Turn a folder into a submodule that has a large baseline, as a pull request can."""
    other = checkout.folder.parent / "other"
    run_git("init", "--quiet", "--initial-branch", "main", str(other))
    (other / "net.yaml").write_text(LARGE)
    commit(folder=other)
    run_git("rm", "--quiet", "-r", folder)
    run_git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "--force", str(other), folder)
    if not absorbed:
        path = checkout.folder / folder / ".git"
        path.unlink()
        (checkout.folder / ".git" / "modules" / folder).rename(path)
        run_git("config", "--file", str(path / "config"), "--unset", "core.worktree")
    return commit()


@pytest.mark.parametrize("absorbed", [True, False])
def test_a_folder_that_becomes_a_submodule(
    checkout: Checkout, absorbed: bool, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works in it would take the submodule's main for the baseline."""
    add_submodule(checkout, "designs", absorbed=absorbed)
    monkeypatch.chdir("designs")
    for arguments in (("--against-ref", "main"), ("--against", "main:net.yaml")):
        output = run("check", "net.yaml", *arguments, status=2).output
        assert "' is a submodule or folder of the repository '" in output
    (checkout.folder / "designs" / "main:net.yaml").write_text(LARGE)
    assert "is a submodule or folder of" in run("check", "net.yaml", "--against", "main:net.yaml", status=2).output
    assert "none failed" in run("check", "--no-lint", "net.yaml", "--against-ref", "main", "--allow-outside").output
    assert "is a submodule or folder of" in run("check", "net.yaml", "--against-ref", "main", status=2).output


def test_a_repository_in_a_folder_that_another_has_files_in(
    checkout: Checkout, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git makes none there, but an archive can."""
    checkout.write("designs/net.yaml", LARGE)
    monkeypatch.chdir("designs")
    run_git("init", "--quiet", "--initial-branch", "main")
    commit()
    assert "is a submodule or folder of" in run("check", "net.yaml", "--against-ref", "main", status=2).output


@pytest.mark.parametrize("target", ["gone.yaml", "../.git/config"])
def test_a_baseline_that_is_a_link_to_nowhere(checkout: Checkout, target: str, run: Callable[..., Result]) -> None:
    (checkout.folder / "designs" / "link.yaml").symlink_to(target)
    base = commit()
    (checkout.folder / "designs" / "link.yaml").unlink()
    checkout.write("designs/link.yaml", LARGE)
    output = run("check", "designs/link.yaml", "--against-ref", base, status=1).output
    assert (
        f"the baseline cannot be used, so increases are not checked: {base}:designs/link.yaml: is a broken link"
        in output
    )


def test_a_file_called_like_standard_input(checkout: Checkout, run: Callable[..., Result]) -> None:
    checkout.write("-", SPEC)
    base = commit()
    checkout.write("-", LARGE)
    for pattern in ("-", "*"):
        checkout.write("cnncalc.yaml", f"specs: ['{pattern}']\n")
        assert "params grew by 11,088" in run("check", "--against-ref", base, status=1, stdin=SPEC).output


def test_a_configuration_that_is_a_pipe(checkout: Checkout, run: Callable[..., Result]) -> None:
    """To open it would wait for ever."""
    os.mkfifo("cnncalc.yaml")
    assert "cnncalc.yaml: is not a regular file" in run("check", "designs/net.yaml", status=2).stderr


def test_a_submodule_of_a_work_tree(
    checkout: Checkout, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = add_submodule(checkout, "designs", absorbed=True)
    tree = checkout.folder.parent / "tree"
    run_git("worktree", "add", "--quiet", str(tree), change)
    run_git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", folder=tree)
    monkeypatch.chdir(tree / "designs")
    assert "is a submodule or folder of" in run("check", "net.yaml", "--against-ref", "HEAD", status=2).output


def test_what_lies_in_another_repository_and_is_no_submodule(
    checkout: Checkout, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A work tree, a clone, and a repository in a home that is one."""
    checkout.write("designs/net.yaml", LARGE)
    run_git("worktree", "add", "--quiet", "--detach", "inside")
    run_git("clone", "--quiet", ".", "cloned")
    run_git("init", "--quiet", "--separate-git-dir", str(checkout.folder / ".git" / "kept"), "kept")
    run_git("pull", "--quiet", str(checkout.folder), "main", folder=checkout.folder / "kept")
    for folder in ("inside", "cloned", "kept"):
        monkeypatch.chdir(checkout.folder / folder)
        shutil.copy(checkout.folder / "designs" / "net.yaml", "designs")
        assert "params grew by 11,088" in run("check", "designs/net.yaml", "--against-ref", "HEAD", status=1).output


def test_a_file_like_a_revision_of_a_repository_that_git_refuses(
    checkout: Checkout, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one of another owner: whether there is such a revision cannot be known."""
    checkout.write("main:designs/net.yaml", LARGE)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    git._repository.cache_clear()
    output = run("check", "designs/net.yaml", "--against", "main:designs/net.yaml", status=2).output
    assert "git cannot use the repository" in output


def test_the_hint_of_a_broken_baseline(checkout: Checkout, run: Callable[..., Result]) -> None:
    checkout.write("designs/net.yaml", SPEC.replace("conv", "cnv"))
    base = commit()
    checkout.write("designs/net.yaml", SPEC)
    lines = run("check", "designs/net.yaml", "--no-lint", "--against-ref", base, status=1).output.splitlines()
    assert lines[0].endswith("unknown layer type 'cnv'; fix the baseline, or pass --allow-broken-baseline [baseline]")
    assert lines[1].strip() == "did you mean 'conv'?"


@pytest.mark.parametrize("arguments", [("lenet5", "--no-lint"), ("lenet5", "--against", "lenet5", "--no-lint")])
def test_a_current_folder_that_is_gone(
    checkout: Checkout, arguments: tuple[str, ...], run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout.folder / "gone").mkdir()
    monkeypatch.chdir("gone")
    (checkout.folder / "gone").rmdir()
    assert "1 spec" in run("check", *arguments).output
    message = "the current folder cannot be used: No such file or directory; change to a folder that exists"
    assert message in run("check", "lenet5", "--against-ref", "main", status=2).stderr
    assert message in run("summary", "main:net.yaml", status=2).stderr
    output = run("summary", "lenet5", "--output", "x.txt", status=2).stderr
    assert "standard output" not in output


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
    assert "lenet5.yaml: error: is a broken link" in output


def test_a_link_to_the_configuration_is_a_spec(checkout: Checkout, run: Callable[..., Result]) -> None:
    (checkout.folder / "designs" / "net.yaml").unlink()
    (checkout.folder / "designs" / "net.yaml").symlink_to("../cnncalc.yaml")
    checkout.write("designs/other.yaml", SPEC)
    checkout.write("cnncalc.yaml", "specs: ['designs/*.yaml']\n")
    assert "designs/net.yaml" in run("check", status=2).output


def test_what_is_no_file(checkout: Checkout, run: Callable[..., Result]) -> None:
    os.mkfifo("designs/pipe.yaml")
    checkout.write("cnncalc.yaml", "specs: ['designs/*.yaml']\n")
    assert "cnncalc.yaml:1:9: 'designs/pipe.yaml' is not a regular file" in run("check", status=2).stderr


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
        assert "designs/linked.yaml: error: is a link to a file outside the repository; name the target" in output
        assert "secret'" not in output
    assert "unknown key 'secret'" in run("check", "../secret.yaml", status=2).output
    checkout.write("designs/of.yaml", "extends: linked.yaml\n")
    checkout.write("cnncalc.yaml", "specs: ['designs/*.yaml']\n")
    assert "is a link to a file outside the folder" in run("check", status=2).stderr
    assert "is a link to a file outside this folder" in run("check", "designs/of.yaml", "--no-config", status=2).output


def test_a_bundled_network_takes_the_place_of_no_baseline(checkout: Checkout, run: Callable[..., Result]) -> None:
    checkout.write("lenet5.yaml", SPEC)
    base = commit()
    (checkout.folder / "lenet5.yaml").unlink()
    output = run(
        "check", "--no-lint", "--against-ref", base, "--max-increase", "params=2%", "lenet5.yaml", status=1
    ).output
    assert f"{base} has a file lenet5.yaml, but here the bundled network with this name is read" in output
