"""The GitHub Action: its steps are run as they are, in a repository with a pull request's change."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

pytestmark = pytest.mark.skipif(
    shutil.which("git") is None or shutil.which("bash") is None or sys.platform == "win32",
    reason="git and bash are needed",
)

# 27 weights and a bias a filter, 4 filters on main.
DESIGN = """\
name: Design
input: [3, 16, 16]
variables: {filters: 4}
layers:
  - conv: {filters: filters, kernel: 3, padding: 1}
    name: conv1
budget:
  params: 200
"""


class Job:
    """A runner with a checkout whose last commit is the change; `inputs` are what a workflow gives the action."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.temporary = folder / "temporary"
        self.inputs = {name: given["default"] for name, given in ACTION["inputs"].items()}
        self.files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        self.checkout.mkdir()
        self.temporary.mkdir()
        for file in self.files.values():
            file.touch()
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.checkout), *arguments], check=True, capture_output=True)

    def commit(self, **texts: str) -> None:
        for name, text in texts.items():
            (self.checkout / f"{name}.yaml").write_text(text)
        self.git("add", "--all")
        self.git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "a change")

    def run(self, step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """A step, in the shell that GitHub runs it in."""
        environment = {
            **os.environ,
            **{name: str(file) for name, file in self.files.items()},
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_WORKSPACE": str(self.checkout),
            **{name: self.filled(text) for name, text in step.get("env", {}).items()},
        }
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        return subprocess.run(shell, cwd=self.checkout, env=environment, capture_output=True, text=True, check=False)

    def filled(self, text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: self.inputs[match.group(1)], text)

    def output(self, name: str) -> str:
        """The text of a file that the action hands on as its output."""
        lines = self.files["GITHUB_OUTPUT"].read_text().splitlines()
        (path,) = [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]
        return Path(path).read_text()

    @property
    def diff(self) -> str:
        return self.output("diff")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job whose install step is done: the program under test stands where that step would put it."""
    job = Job(tmp_path)
    scripts = job.temporary / "cnncalc" / "bin"
    scripts.mkdir(parents=True)
    program = scripts / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    return job


INSTALL, TELL, CHECK = ACTION["runs"]["steps"]


def changed(job: Job, filters: int) -> None:
    """A pull request that changes the filters, and adds a spec."""
    job.commit(design=DESIGN, same=DESIGN, cnncalc="specs: [design.yaml, same.yaml]\n")
    job.git("checkout", "--quiet", "-b", "change")
    job.commit(
        design=DESIGN.replace("filters: 4", f"filters: {filters}"),
        new=DESIGN,
        cnncalc="specs: [design.yaml, same.yaml, new.yaml]\n",
    )
    job.inputs["against-ref"] = "main"


def test_a_change_that_keeps_its_budget(job: Job) -> None:
    changed(job, 6)
    told = job.run(TELL)
    assert (told.returncode, told.stderr) == (0, "")
    # Two filters more are 56 numbers more; what did not change, and what is new, is not told.
    assert "+56" in job.diff
    assert "same.yaml" not in job.diff
    assert "new.yaml" not in job.diff
    assert "### Design" in job.diff
    assert "main:design.yaml -> design.yaml" in job.output("diff-text")
    done = job.run(CHECK)
    assert done.returncode == 0, done.stderr
    assert "3 checks passed" in job.files["GITHUB_STEP_SUMMARY"].read_text()


def test_a_change_that_breaks_its_budget(job: Job) -> None:
    changed(job, 8)
    assert job.run(TELL).returncode == 0
    done = job.run(CHECK)
    assert done.returncode == 1
    assert "::error file=design.yaml,line=8,col=3,title=cnncalc budget::params is 224" in done.stdout
    assert "**failed**" in job.files["GITHUB_STEP_SUMMARY"].read_text()


def test_a_limit_of_increase_among_the_arguments(job: Job) -> None:
    changed(job, 6)
    job.inputs["arguments"] = "--max-increase=params=10%\n--no-lint"
    done = job.run(CHECK)
    assert done.returncode == 1
    assert "params grew by 56 (50.0 %25) to 168" in done.stdout


def test_without_a_base_there_is_no_output(job: Job) -> None:
    changed(job, 6)
    job.inputs |= {"against-ref": "", "specs": "design.yaml  same.yaml"}
    assert job.run(TELL).returncode == 0
    assert job.diff == ""
    done = job.run(CHECK)
    assert (done.returncode, done.stdout.splitlines()[-1].partition(":")[0]) == (0, "2 specs")


def test_specs_that_cannot_be_used_end_the_check_alone(job: Job) -> None:
    changed(job, 6)
    (job.checkout / "design.yaml").write_text("layers: 3\n")
    assert job.run(TELL).returncode == 0
    assert job.run(CHECK).returncode == 2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("specs: [design.yaml, gone.yaml]\n", "'gone.yaml' matches no spec"),
        ("specs: 3\n", "specs is a list of files"),
        ("", "the spec is empty"),
        ("specs: []\n", "cnncalc.yaml lists no specs"),
        (None, "name a SPEC, or list specs in a cnncalc.yaml"),
    ],
)
def test_without_a_usable_spec_the_check_alone_says_so(job: Job, config: str | None, message: str) -> None:
    changed(job, 6)
    if config is None:
        (job.checkout / "cnncalc.yaml").unlink()
    else:
        (job.checkout / "cnncalc.yaml").write_text(config)
    told = job.run(TELL)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
    assert job.diff == job.output("diff-text") == ""
    done = job.run(CHECK)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_spec_that_cannot_be_compared_leaves_the_others(job: Job) -> None:
    changed(job, 6)
    (job.checkout / "same.yaml").write_text("layers: 3\n")
    assert job.run(TELL).returncode == 0
    assert "+56" in job.diff


def test_a_bug_of_the_program_ends_the_step(job: Job) -> None:
    changed(job, 6)
    (job.temporary / "cnncalc" / "bin" / "python").write_text("#!/bin/sh\necho trouble >&2\nexit 1\n")
    told = job.run(TELL)
    assert (told.returncode, told.stderr) == (1, "trouble\n")


@pytest.mark.parametrize("name", ["--output=design.yaml", "--config=x", "-h"])
def test_a_file_name_is_no_option(job: Job, name: str) -> None:
    """A workflow may hand on the names of changed files, which a pull request chooses."""
    changed(job, 6)
    job.inputs["specs"] = f"design.yaml\n{name}\n"
    job.run(TELL)
    done = job.run(CHECK)
    assert done.returncode == 2
    assert f"::error file={name}" in done.stdout
    assert (job.checkout / "design.yaml").read_text().startswith("name: Design")


def test_a_folder_that_is_named_like_the_base(job: Job) -> None:
    changed(job, 6)
    base = job.checkout / "main:design.yaml"
    base.write_text(DESIGN.replace("filters: 4", "filters: 6"))
    assert job.run(TELL).returncode == 0
    assert "+56" in job.diff


LONG = pytest.mark.long
SHADOWS = ("json", "sys", "os", "venv", "pip", "ensurepip", "yaml", "click", "subprocess", "runpy", "site", "cnncalc")


@pytest.mark.parametrize(
    "variable", ["PYTHONPATH", *(pytest.param(name, marks=LONG) for name in ("", "PYTHONSTARTUP"))]
)
def test_no_module_of_the_checkout_is_imported(job: Job, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's -m and -c look into the current folder first."""
    changed(job, 6)
    for name in SHADOWS:
        (job.checkout / f"{name}.py").write_text("open('ran', 'w').close()\nraise SystemExit(0)\n")
    if variable:
        monkeypatch.setenv(variable, str(job.checkout))
    assert job.run(TELL).returncode == 0
    assert job.run(CHECK).returncode == 0
    # There may be no package index to install from: what counts is what runs until then.
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    job.run(INSTALL)
    assert (job.temporary / "cnncalc" / "pyvenv.cfg").exists()
    assert not (job.checkout / "ran").exists()


def test_inputs_reach_the_shell_through_the_environment_alone() -> None:
    """What a workflow gives must not become a part of a script."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


@pytest.mark.wheel
def test_every_step_from_nothing(tmp_path: Path) -> None:
    job = Job(tmp_path)
    changed(job, 6)
    for step in (INSTALL, TELL, CHECK):
        done = job.run(step)
        assert done.returncode == 0, done.stderr
    assert "+56" in job.diff


# --- what belongs beside it ----------------------------------------------------------------------------


def documented_workflow(name: str) -> dict[str, Any]:
    """A workflow of docs/ci.md."""
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"^```yaml\n(name: {name}\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return read_workflow(text)


def read_workflow(text: str) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.safe_load(text)
    # YAML 1.1 reads the key `on` as true.
    workflow["on"] = workflow.pop(True)
    return workflow


WORKFLOWS = ("networks", "networks comment")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_documented_workflows_are_scripts_without_foreign_text(name: str) -> None:
    (job,) = documented_workflow(name)["jobs"].values()
    scripts = [step["run"] for step in job["steps"] if "run" in step]
    assert scripts
    for script in scripts:
        assert "${{" not in script
        subprocess.run(["bash", "-n", "-c", script], check=True)


def test_the_documented_workflow_uses_the_action_as_it_is() -> None:
    workflow = documented_workflow("networks")
    assert workflow["on"] == "pull_request"
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["networks"]["steps"]
    assert steps[0]["with"]["persist-credentials"] is False
    (used,) = [step for step in steps if step.get("id") == "cnncalc"]
    assert set(used["with"]) <= set(ACTION["inputs"])
    outputs = set(re.findall(r"steps\.cnncalc\.outputs\.([\w-]+)", str(steps)))
    assert outputs == set(ACTION["outputs"])


def test_the_workflow_of_the_readme_is_the_safe_part_of_the_documented_one() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n(on: .*?)^```$", readme, re.MULTILINE | re.DOTALL)
    short, whole = read_workflow(text), documented_workflow("networks")
    assert short["on"] == whole["on"]
    assert short["permissions"] == whole["permissions"]
    (job,), (documented,) = short["jobs"].values(), whole["jobs"].values()
    assert job["runs-on"] == documented["runs-on"]
    assert job["steps"] == [{key: step[key] for key in ("uses", "with")} for step in documented["steps"][:2]]


def test_what_may_write_takes_nothing_of_the_pull_request() -> None:
    workflow = documented_workflow("networks comment")
    assert workflow["on"] == {"workflow_run": {"workflows": ["networks"], "types": ["completed"]}}
    assert workflow["permissions"] == {}
    (job,) = workflow["jobs"].values()
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert [step["uses"] for step in job["steps"] if "uses" in step] == ["actions/download-artifact@v4"]


# A GitHub that has the pull request 12, open, of the commit a1 of repository 7.
FAKE_GH = """\
#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
  *--method*) for last; do :; done; cp "${last#body=@}" "$SENT" ;;
  *pulls/12\\ *) echo 'a1 7 open' ;;
  *pulls/*) echo 'b2 8 open' ;;
  *comments*) printf "$COMMENTS" ;;
esac
"""


class Commenting:
    """A run of the second workflow's script; the artifact is what the first one left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.artifact = folder / "networks"
        self.artifact.mkdir()
        (folder / "bin").mkdir()
        (folder / "bin" / "gh").write_text(FAKE_GH)
        (folder / "bin" / "gh").chmod(0o755)
        self.comments = ""
        self.expected = "a1 7 open"
        self.leave("12\n", "x\n")

    def leave(self, number: str, diff: str) -> None:
        (self.artifact / "number.txt").write_text(number, newline="")
        (self.artifact / "diff.txt").write_text(diff, newline="")

    def run(self) -> int:
        (job,) = documented_workflow("networks comment")["jobs"].values()
        environment = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.folder),
            "REPOSITORY": "o/r",
            "EXPECTED": self.expected,
            "COMMENTS": self.comments,
            "LOG": str(self.folder / "log"),
            "SENT": str(self.folder / "sent"),
        }
        command = ["bash", "-e", "-c", job["steps"][-1]["run"]]
        return subprocess.run(command, env=environment, check=False, cwd=self.folder).returncode

    @property
    def writes(self) -> list[str]:
        """The requests that wrote, as far as their address."""
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [" ".join(line.split()[2:4]) for line in lines if "--method" in line]

    @property
    def sent(self) -> str:
        return (self.folder / "sent").read_bytes().decode()


@pytest.fixture
def commenting(tmp_path: Path) -> Commenting:
    return Commenting(tmp_path)


def test_a_comment_is_made_once_and_then_edited(commenting: Commenting) -> None:
    commenting.leave("12\n", "a  +1\nb\n")
    assert commenting.run() == 0
    assert commenting.writes == ["POST repos/o/r/issues/12/comments"]
    head, blank, *code = commenting.sent.split("\n")[1:]
    assert (blank, code) == ("", ["    a  +1", "    b", ""])
    assert head.startswith("What this pull request changes")
    commenting.comments = "3\n4\n"
    commenting.leave("12\n", "")
    assert commenting.run() == 0
    assert commenting.writes[1:] == ["PATCH repos/o/r/issues/comments/4"]
    assert "changes no network" in commenting.sent


def test_no_change_is_no_comment(commenting: Commenting) -> None:
    commenting.leave("12\n", "")
    assert commenting.run() == 0
    assert commenting.writes == []


@pytest.mark.parametrize(
    "number", ["13", "12/../13", "", "0", "-1", "12\n13", "1e3", "$(id)", "12 ", "../issues/1", "9" * 20]
)
def test_a_number_that_is_not_of_the_run(commenting: Commenting, number: str) -> None:
    commenting.leave(number, "x\n")
    commenting.run()
    assert commenting.writes == []


@pytest.mark.parametrize("expected", ["a2 7 open", "a1 8 open", "a1  open", "a1 7 closed"])
def test_a_run_that_is_not_of_the_pull_request(commenting: Commenting, expected: str) -> None:
    """Another commit, another fork, one that is gone; or the pull request was closed since."""
    commenting.expected = expected
    commenting.run()
    assert commenting.writes == []


@pytest.mark.parametrize("name", ["number.txt", "diff.txt"])
def test_an_artifact_with_links(commenting: Commenting, name: str) -> None:
    (commenting.folder / "secret").write_text("12\n")
    (commenting.artifact / name).unlink()
    (commenting.artifact / name).symlink_to("../secret")
    assert commenting.run() == 1
    assert commenting.writes == []


def test_the_text_is_code_and_stays_so(commenting: Commenting) -> None:
    lines = [
        "```",
        "</pre>",
        "@octocat",
        "\r![x](https://evil.example)",
        "a\rb",
        "",
        "<!-- -->",
        "\t- [x](y)",
        "\u2028# x",
    ]
    commenting.leave("12", "\n".join(lines))
    assert commenting.run() == 0
    assert "\r" not in commenting.sent
    tokens = MarkdownIt("commonmark").parse(commenting.sent)
    assert [token.type for token in tokens if token.type not in ("paragraph_open", "paragraph_close")] == [
        "html_block", "inline", "code_block",
    ]  # fmt: skip
    assert len(tokens[-1].content.splitlines()) >= len(lines) - 1
    commenting.leave("12", "x\n" * 1_000_000)
    assert commenting.run() == 0
    # GitHub takes comments of 65,536 characters.
    assert len(commenting.sent) < 65_536


def test_the_documented_configuration(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n(defaults:.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cnncalc.yaml").write_text(text)
    (tmp_path / "designs").mkdir()
    (tmp_path / "designs" / "mobile_a.yaml").write_text("extends: mobilenet_v2\n")
    assert "3 checks passed" in run("check").output


def test_hooks() -> None:
    """Each hook runs a command that exists; pre-commit's own check, where it is installed."""
    path = ROOT / ".pre-commit-hooks.yaml"
    hooks = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [hook["entry"] for hook in hooks] == ["cnncalc check", "cnncalc lint --only-configured"]
    if shutil.which("pre-commit"):
        subprocess.run(["pre-commit", "validate-manifest", str(path)], check=True)
