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

    @property
    def diff(self) -> str:
        """What the action hands on as its output."""
        path = self.files["GITHUB_OUTPUT"].read_text().strip().partition("=")[2]
        return Path(path).read_text()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job whose install step is done: the program under test stands where that step would put it."""
    job = Job(tmp_path)
    scripts = job.temporary / "cnncalc" / "bin"
    scripts.mkdir(parents=True)
    program = scripts / "cnncalc"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cnncalc "$@"\n')
    program.chmod(0o755)
    (scripts / "python").symlink_to(sys.executable)
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
    done = job.run(CHECK)
    assert done.returncode == 0, done.stderr
    assert "3 checks kept" in job.files["GITHUB_STEP_SUMMARY"].read_text()


def test_a_change_that_breaks_its_budget(job: Job) -> None:
    changed(job, 8)
    assert job.run(TELL).returncode == 0
    done = job.run(CHECK)
    assert done.returncode == 1
    assert "::error file=design.yaml,line=8,col=3,title=cnncalc budget::params is 224" in done.stdout
    assert "**broken**" in job.files["GITHUB_STEP_SUMMARY"].read_text()


def test_a_limit_of_increase_among_the_arguments(job: Job) -> None:
    changed(job, 6)
    job.inputs["arguments"] = "--max-increase=params=10%\n--no-lint"
    done = job.run(CHECK)
    assert done.returncode == 1
    assert "params grew by 56 (50.0 %25) to 168" in done.stdout


def test_without_a_base_nothing_is_told(job: Job) -> None:
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


# --- what stands beside it ----------------------------------------------------------------------------


def test_the_workflow_of_the_readme_uses_the_action_as_it_is() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n(name: networks\n.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    workflow = yaml.safe_load(text)
    steps = workflow["jobs"]["networks"]["steps"]
    (used,) = [step for step in steps if step.get("id") == "cnncalc"]
    assert set(used["with"]) <= set(ACTION["inputs"])
    outputs = set(re.findall(r"steps\.cnncalc\.outputs\.([\w-]+)", text))
    assert outputs == set(ACTION["outputs"])
    scripts = [step["run"] for step in steps if "run" in step]
    for script in scripts:
        assert "${{" not in script
        subprocess.run(["bash", "-n", "-c", script], check=True)


def test_the_configuration_of_the_readme(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n(defaults:.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cnncalc.yaml").write_text(text)
    (tmp_path / "designs").mkdir()
    (tmp_path / "designs" / "mobile_a.yaml").write_text("extends: mobilenet_v2\n")
    assert "3 checks kept" in run("check").output


def test_hooks() -> None:
    """Each hook runs a command that exists; pre-commit's own check, where it is installed."""
    path = ROOT / ".pre-commit-hooks.yaml"
    hooks = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [hook["entry"] for hook in hooks] == ["cnncalc check", "cnncalc lint"]
    if shutil.which("pre-commit"):
        subprocess.run(["pre-commit", "validate-manifest", str(path)], check=True)
