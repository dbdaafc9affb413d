"""Files as git has them at a revision: `main:designs/net.yaml`."""

from __future__ import annotations

import os
import re

from cnncalc.problem import Problem, SpecError, quoted

# A partial clone may fetch the file first; git that takes longer waits for something that will not come.
PATIENCE = 60
# Git asks nobody anything, and leaves the repository as it is.
ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def split(reference: str) -> tuple[str, str] | None:
    """The revision and the path of `revision:path`, or None; a single letter before the colon is a drive."""
    match = re.fullmatch(r"([^:\s-][^:\s]+|@):([^:]+)", reference)
    return (match.group(1), match.group(2)) if match else None


def read(revision: str, path: str, most: int) -> bytes:
    """The content of a file, relative to the current folder, at a revision; at most one byte more than `most`.

    Raises SpecError where there is no git, no repository, no such revision or no such file in it.
    """
    commit = _commit(revision, path)
    folder, rest = _inside(path)
    found = _run(folder, "cat-file", "-t", f"{commit}:./{rest}")
    if found is None or found.strip() != b"blob":
        message = f"{revision}:{path}: git has no such file at {quoted(revision)}"
        raise SpecError([Problem(None, message, "the path is relative to the current folder")])
    size = _run(folder, "cat-file", "-s", f"{commit}:./{rest}")
    if size is not None and int(size) > most:
        return b" " * (most + 1)
    return _run(folder, "cat-file", "blob", f"{commit}:./{rest}") or b""


def exists(revision: str, path: str) -> bool:
    """Whether git has a file of that path at a revision."""
    folder, rest = _inside(path)
    found = _run(folder, "cat-file", "-t", f"{_commit(revision, path)}:./{rest}")
    return found is not None and found.strip() == b"blob"


def _commit(revision: str, path: str) -> str:
    """The commit that a revision names."""
    folder, _ = _inside(path)
    commit = None
    if not revision.startswith("-"):
        commit = _run(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is not None:
        return commit.decode().strip().rpartition("\n")[2]
    if _run(folder, "rev-parse", "--git-dir") is None:
        message, hint = f"{revision}:{path}: {quoted(folder)} is in no git repository", "name a file instead"
    else:
        message = f"{revision}:{path}: git knows no revision {quoted(revision)}"
        hint = "`git branch -a` shows the branches; a shallow clone lacks most: `git fetch origin main`"
    raise SpecError([Problem(None, message, hint)])


def _inside(path: str) -> tuple[str, str]:
    """The nearest folder that exists, and the path from there: an old revision may have folders that are gone."""
    folder, rest = os.path.split(path)
    while folder and not os.path.isdir(folder):
        folder, last = os.path.split(folder)
        rest = f"{last}/{rest}"
    return folder or ".", rest


def _run(folder: str, *arguments: str) -> bytes | None:
    """What a git command prints, or None where it fails. None of those used here runs filters or hooks."""
    import subprocess

    command = ["git", "-C", folder, *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - a list, and no shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            env={**os.environ, **ENVIRONMENT},
        )
    except FileNotFoundError:
        raise SpecError([Problem(None, "git is not installed", "name a file instead of a revision")]) from None
    except subprocess.TimeoutExpired:
        message = f"git took longer than {PATIENCE} seconds"
        raise SpecError([Problem(None, message, f"`git {arguments[0]}` shows what it waits for")]) from None
    except (OSError, ValueError):
        # A name that no system call takes: too long, or with a zero in it.
        return None
    return done.stdout if done.returncode == 0 else None
