"""Files at a git revision, read from the repository that holds the current folder and from no other.

A pull request can put a repository of its own beside a spec. Git runs what the configuration of a repository names,
so it is never started in a folder that a spec or a path chose. A revision and a path stay apart: each revision is
resolved to an object id, and each path is looked up in that object.
"""

from __future__ import annotations

import contextlib
import os
import re
from functools import cache
from typing import TYPE_CHECKING, NoReturn

from cnncalc import limits, surface
from cnncalc.errors import Problem, SpecError, quoted
from cnncalc.record import Record

if TYPE_CHECKING:
    from subprocess import CompletedProcess

# Reading an object takes milliseconds; git that takes longer waits for something that will not come.
PATIENCE = 60
# Links that lead to one another, as many as Linux follows, and the longest target of a link.
MOST_LINKS = 40
LONGEST_TARGET = 4096
# Git searches no folder for a repository, runs no hook or monitor, pages nothing and takes each path literally.
OPTIONS = (
    "--no-pager", "--literal-pathspecs",
    "-c", "safe.bareRepository=explicit", "-c", "protocol.allow=never",
    "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}",
)  # fmt: skip
# Git asks nobody, writes nothing, fetches nothing (before 2.39.4 it knows only GIT_ALLOW_PROTOCOL), sees no
# replacements of objects, and words its errors in English.
ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
# Variables that point git to another repository, or to other objects, than those of the current folder.
REDIRECTIONS = frozenset(
    f"GIT_{name}"
    for name in (
        "DIR", "WORK_TREE", "COMMON_DIR", "INDEX_FILE", "OBJECT_DIRECTORY", "ALTERNATE_OBJECT_DIRECTORIES",
        "NAMESPACE", "PREFIX", "GRAFT_FILE", "SHALLOW_FILE", "REPLACE_REF_BASE",
    )
)  # fmt: skip

# A revision that searches the messages of commits may take for ever; the others that are refused are options,
# negations and what holds a path.
REVISION = re.compile(r"(?![-^])(?!.*\^\{/)[^:\s\0]+")
OBJECT_ID = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
# An entry as `ls-tree -l -z` writes it: mode, type, id and size, then the path.
ENTRY = re.compile(rb"(?P<mode>[0-7]{6}) (?P<type>\w+) (?P<id>[0-9a-f]+) +(?P<size>\S+)\t[^\0]+\0")
LINK_MODE = b"120000"


class RevisionError(SpecError):
    """No file can be read at a revision: git, the repository or the revision is missing."""


class File(Record):
    """A file at a revision: its path from the top of the repository, with all links followed, its id and its size."""

    path: str
    id: str
    size: int


class _Entry(Record):
    """One entry of a tree. `size` is None where git has no content for it."""

    type: str
    is_link: bool
    id: str
    size: int | None


class _Repository(Record):
    """A repository: the top of its work tree, and the folder that git keeps it in."""

    top: str
    folder: str


def split(reference: str) -> tuple[str, str] | None:
    """The revision and the path of `revision:path`, or None; a single letter before the colon is a drive.

    Text that begins with ./, ../ or / is a path.
    """
    match = re.fullmatch(r"(?!\.{0,2}[/\\])([^:\s-][^:\s]+|@):(.+)", reference, re.DOTALL)
    return (match.group(1), match.group(2)) if match else None


def top() -> str | None:
    """The top folder of the repository that holds the current folder: the nearest that has a .git."""
    try:
        return _top_above(os.getcwd())
    except OSError:
        # The folder was removed, and with it what held it.
        return None


def _top_above(folder: str) -> str | None:
    """The nearest folder that has a .git: this one, or one above it."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def has_revision(revision: str) -> bool:
    """Whether the current folder is in a repository that has a revision of that name.

    Raises RevisionError where there is a repository that cannot be asked.
    """
    return top() is not None and _object_id(_current_repository(), revision) is not None


def find(revision: str, path: str) -> File | None:
    """The file that a path, relative to the current folder, names at a revision, or None where there is none.

    Links are followed as far as they stay in the repository. Raises RevisionError where no file can be read at the
    revision, and SpecError where the path leads out of the repository.
    """
    found = _find(revision, path)
    if found is None or found[1].type != "blob":
        return None
    real_path, entry = found
    if entry.size is None:
        message = f"{revision}:{path}: git has the name of this file but not its content, as in a partial clone"
        _refuse(message, "`git fetch --refetch --no-filter` fetches all contents")
    return File(real_path, entry.id, entry.size)


def read(revision: str, path: str, most: int) -> bytes:
    """The content of a file, relative to the current folder, at a revision; at most one byte more than `most`.

    Raises SpecError where there is no git, no repository, no such revision or no such file in it.
    """
    file = find(revision, path)
    if file is None:
        message = f"{revision}:{path}: git has no such file at {quoted(revision)}"
        _refuse(message, "the path is relative to the current folder")
    if file.size > most:
        return b" " * (most + 1)
    return _content(_current_repository(), file.id, f"{revision}:{path}")


def is_within(revision: str, path: str, folder: str) -> bool:
    """Whether a path leads to something in a folder or below it at a revision, wherever links lead."""
    found, above = _find(revision, path), _find(revision, folder or os.curdir)
    return found is not None and above is not None and (not above[0] or found[0].startswith(f"{above[0]}/"))


def is_file(revision: str, path: str) -> bool:
    """Whether a path is that of a file, or of a link that leads nowhere, at a revision."""
    found = _find(revision, path)
    if found is not None:
        return found[1].type == "blob"
    repository, commit = _resolve_revision(revision, path)
    return _look_up(repository, commit, _path_from_top(path, repository.top, path), path) is not None


def follow_links(revision: str, path: str) -> str | None:
    """The path from the top, with all links followed, of what a path leads to at a revision; None where nothing is."""
    found = _find(revision, path)
    return None if found is None else found[0]


def path_from_top(path: str) -> str | None:
    """A path, relative to the current folder, from the top of its repository; None where it leads out of it.

    No link is followed. Raises RevisionError where there is no repository.
    """
    return _from_top(path, _current_repository().top)


def _find(revision: str, path: str) -> tuple[str, _Entry] | None:
    """What a path leads to at a revision, and its path from the top with all links followed."""
    shown = f"{revision}:{path}"
    repository, commit = _resolve_revision(revision, shown)
    return _follow(repository, commit, _path_from_top(path, repository.top, shown), shown)


def _resolve_revision(revision: str, shown: str) -> tuple[_Repository, str]:
    """The repository of the current folder, and the object id that a revision names in it."""
    try:
        repository = _current_repository()
    except RevisionError as error:
        problems = (problem._replace(message=f"{shown}: {problem.message}") for problem in error.problems)
        raise RevisionError(problems) from None
    if not _is_revision(revision):
        message = f"{shown}: {quoted(revision)} is no revision"
        raise RevisionError([Problem(None, message, "name a branch, a tag or a commit")])
    commit = _object_id(repository, revision)
    if commit is None:
        message = f"{shown}: git knows no revision {quoted(revision)}"
        hint = "`git branch -a` shows the branches; a shallow clone lacks most: `git fetch origin main`"
        raise RevisionError([Problem(None, message, hint)])
    return repository, commit


def _object_id(repository: _Repository, revision: str) -> str | None:
    """The object id of the commit that a revision names; None where it names none."""
    if not _is_revision(revision):
        return None
    done = _run(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    found = done.stdout.strip()
    return found.decode() if not done.returncode and OBJECT_ID.fullmatch(found) else None


def _is_revision(text: str) -> bool:
    """Whether a text can name a revision."""
    return bool(REVISION.fullmatch(text)) and _is_argument(text)


def _current_repository() -> _Repository:
    """The repository that holds the current folder.

    Raises RevisionError where there is none, git refuses it, or it lies in another as a submodule does: a pull request
    can turn a folder into one, and its commits would be read in place of the baseline.
    """
    try:
        repository = _repository(_current_folder())
    except SpecError as error:
        raise RevisionError(error.problems) from None
    if not limits.current().outside and (outer := _superproject(repository)):
        message = f"{quoted(repository.top)} is a submodule or folder of the repository {quoted(outer)}"
        raise RevisionError([Problem(None, message, f"clone it by itself, or allow it: {surface.outside()}")])
    return repository


@cache
def _repository(current: str) -> _Repository:
    """The repository that holds the current folder. Raises SpecError where there is none, or git refuses it.

    Git itself is asked at the top only, so that its own check of who owns the repository holds.
    """
    above = top()
    if above is None:
        _refuse(f"the current folder {quoted(current)} is in no git repository", "name a file instead")
    done = _start(["-C", above], ["rev-parse", "--absolute-git-dir", "--show-toplevel"])
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
        _refuse(f"git cannot use the repository {quoted(above)}: {words[:300]}", "`git status` there tells more")
    folder, _, found = os.fsdecode(done.stdout).removesuffix("\n").rpartition("\n")
    if not os.path.isdir(folder) or not os.path.isdir(found) or not os.path.samefile(found, above):
        message = f"the repository {quoted(above)} keeps its files in another folder, {quoted(found)}"
        _refuse(message, "name a file instead")
    return _Repository(above, folder)


@cache
def _superproject(repository: _Repository) -> str | None:
    """The top of the repository that this one is a submodule of, or that has files in its folder; None of most.

    A work tree keeps its repository elsewhere, and one that merely lies in the folder of another is no part of it.
    """
    outer = _top_above(os.path.dirname(repository.top))
    if outer in (None, repository.top):
        return None
    if os.path.realpath(repository.folder).startswith(os.path.join(_git_folder(outer), "modules", "")):
        return outer
    path = os.path.relpath(repository.top, outer).replace(os.sep, "/")
    done = _start(["-C", outer], ["ls-files", "-z", "--", path])
    return outer if done.returncode == 0 and done.stdout else None


def _git_folder(top: str) -> str:
    """The folder that git keeps a work tree in, links followed: its .git, or what the file .git names."""
    path = os.path.join(top, ".git")
    if os.path.isfile(path):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            named = file.read(LONGEST_TARGET).removeprefix(b"gitdir: ").removesuffix(b"\n")
            path = os.path.join(top, os.fsdecode(named).replace("\0", ""))
    return os.path.realpath(path)


def _current_folder() -> str:
    """The current folder. Raises SpecError where it was removed."""
    try:
        return os.getcwd()
    except OSError as error:
        _refuse(f"the current folder cannot be used: {error.strerror or error}", "change to a folder that exists")


def _path_from_top(path: str, top: str, shown: str) -> str:
    """A path, relative to the current folder, from the top of the repository; empty for the top itself."""
    found = _from_top(path, top)
    if found is None:
        message = f"{shown}: this file is outside of the repository {quoted(top)}"
        _refuse(message, "run cnncalc in the repository that holds it")
    return found


def _from_top(path: str, top: str) -> str | None:
    """A path from the top of the repository; None where it leads out of it."""
    whole = os.path.normpath(os.path.join(_current_folder(), path))
    if whole != top and not whole.startswith(os.path.join(top, "")):
        # Another spelling of the same folder, such as /tmp for /private/tmp.
        above = whole
        while not (os.path.exists(above) and os.path.samefile(above, top)):
            parent = os.path.dirname(above)
            if parent == above:
                return None
            above = parent
        whole = os.path.normpath(os.path.join(top, os.path.relpath(whole, above)))
    rest = os.path.relpath(whole, top)
    return "" if rest == os.curdir else rest.replace(os.sep, "/")


def _follow(repository: _Repository, commit: str, path: str, shown: str) -> tuple[str, _Entry] | None:
    """What a path from the top leads to, and its path with all links followed; None where there is nothing."""
    # Most paths have no link in them: one question is enough.
    if path and (entry := _look_up(repository, commit, path, shown)) and not entry.is_link and entry.type != "commit":
        return path, entry
    links = 0
    done: list[str] = []
    entry = _Entry("tree", False, commit, None)
    waiting = path.split("/")[::-1]
    while waiting:
        name = waiting.pop()
        if name in ("", "."):
            continue
        if name == "..":
            if not done:
                _refuse(f"{shown}: leads through a link out of the repository", "name a file in the repository")
            done.pop()
            continue
        found = _look_up(repository, commit, "/".join((*done, name)), shown)
        if found is None or (found.type == "blob" and not found.is_link and waiting):
            return None
        if found.type == "commit":
            message = f"{shown}: {quoted('/'.join((*done, name)))} is a repository of its own, a submodule"
            _refuse(message, "run cnncalc in that repository, cloned by itself")
        if not found.is_link:
            entry = found
            done.append(name)
            continue
        links += 1
        if links > MOST_LINKS or (found.size or 0) > LONGEST_TARGET:
            _refuse(f"{shown}: more than {MOST_LINKS} links lead to one another, or one to a very long path")
        target = os.fsdecode(_content(repository, found.id, shown))
        if target.startswith("/"):
            _refuse(f"{shown}: is a link out of the repository, to {quoted(target)}", "name a file in the repository")
        waiting += target.split("/")[::-1]
    if done and entry.type == "tree":
        entry = _look_up(repository, commit, "/".join(done), shown) or entry
    return "/".join(done), entry


def _look_up(repository: _Repository, commit: str, path: str, shown: str) -> _Entry | None:
    """The entry of a path from the top, no link followed."""
    if not _is_argument(path):
        return None
    done = _run(repository, "ls-tree", "-l", "-z", "--full-tree", commit, "--", path)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
        _refuse(f"{shown}: git cannot look it up: {words[:300]}", "`git fsck` checks the repository")
    match = ENTRY.fullmatch(done.stdout)
    if match is None:
        return None
    size = match["size"]
    return _Entry(
        match["type"].decode(),
        match["mode"] == LINK_MODE,
        match["id"].decode(),
        int(size) if size.isdigit() else None,
    )


def _is_argument(text: str) -> bool:
    """Whether a program can be given a text: one without a zero, which the file system's encoding can write."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _content(repository: _Repository, blob: str, shown: str) -> bytes:
    """The content of an object."""
    done = _run(repository, "cat-file", "blob", blob)
    if done.returncode:
        _refuse(f"{shown}: git cannot read the content of this file", "`git fsck` checks the repository")
    return done.stdout


def _refuse(message: str, hint: str = "") -> NoReturn:
    raise SpecError([Problem(None, message, hint)])


def _run(repository: _Repository, *arguments: str) -> CompletedProcess[bytes]:
    """A git command that has ended, in a repository that is told and not searched."""
    place = ["-C", repository.top, f"--git-dir={repository.folder}", f"--work-tree={repository.top}"]
    return _start(place, arguments)


def _start(place: list[str], arguments: tuple[str, ...] | list[str]) -> CompletedProcess[bytes]:
    """A git command that has ended. Raises SpecError where git is not installed, or hangs."""
    import subprocess

    try:
        return subprocess.run(  # noqa: S603 - a list, and no shell
            [_program(), *place, *OPTIONS, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            env={**{name: value for name, value in os.environ.items() if name not in REDIRECTIONS}, **ENVIRONMENT},
        )
    except subprocess.TimeoutExpired:
        message = f"git took longer than {PATIENCE} seconds"
        _refuse(message, f"`git {arguments[0]}` shows what it waits for")
    except OSError as error:
        _refuse(f"git cannot be run: {error.strerror or error}", "name a file instead of a revision")


def _program() -> str:
    """The git of PATH. Windows, left alone, would first take a git.exe of the current folder, which strangers fill."""
    for folder in os.get_exec_path():
        path = os.path.join(folder, "git.exe" if os.name == "nt" else "git")
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    _refuse("git is not installed", "name a file instead of a revision")
