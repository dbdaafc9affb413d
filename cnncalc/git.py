"""Files at a git revision, read only from the repository of the current folder.

A pull request can add a repository of its own beside a spec. Git runs programs that the configuration of a
repository names, so it is never started in a folder that a spec or a path selects. Revisions and paths are separate:
each revision is resolved to an object id, and each path is looked up in that object.
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

# Reading an object takes milliseconds; if git takes longer, it probably waits for input or a network.
PATIENCE = 60
# The longest chain of links, as in Linux, and the longest target of a link.
MOST_LINKS = 40
LONGEST_TARGET = 4096
# Git searches no folder for a repository, runs no hook, monitor or pager, and takes each path literally.
OPTIONS = (
    "--no-pager", "--literal-pathspecs",
    "-c", "safe.bareRepository=explicit", "-c", "protocol.allow=never",
    "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}",
)  # fmt: skip
# Git does not prompt, write, fetch (before 2.39.4 it knows only GIT_ALLOW_PROTOCOL) or replace objects, and its
# errors are in English.
ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
# Variables that make git use another repository, or other objects, than the current folder's.
REDIRECTIONS = frozenset(
    f"GIT_{name}"
    for name in (
        "DIR", "WORK_TREE", "COMMON_DIR", "INDEX_FILE", "OBJECT_DIRECTORY", "ALTERNATE_OBJECT_DIRECTORIES",
        "NAMESPACE", "PREFIX", "GRAFT_FILE", "SHALLOW_FILE", "REPLACE_REF_BASE",
    )
)  # fmt: skip

# Refused revisions: searches of commit messages, which may take forever, options, negations and paths.
REVISION = re.compile(r"(?![-^])(?!.*\^\{/)[^:\s\0]+")
OBJECT_ID = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
# An entry as `ls-tree -l -z` writes it: mode, type, id and size, then the path.
ENTRY = re.compile(rb"(?P<mode>[0-7]{6}) (?P<type>\w+) (?P<id>[0-9a-f]+) +(?P<size>\S+)\t[^\0]+\0")
LINK_MODE = b"120000"


class RevisionError(SpecError):
    """A revision cannot be read: git, the repository or the revision is missing."""


class File(Record):
    """A file at a revision: its path from the top of the repository with all links resolved, its id and its size."""

    path: str
    id: str
    size: int


class _Entry(Record):
    """One entry of a tree. `size` is None if git does not have its content."""

    type: str
    is_link: bool
    id: str
    size: int | None


class _Repository(Record):
    """A repository: the top of its work tree, and its git folder."""

    top: str
    folder: str


def split(reference: str) -> tuple[str, str] | None:
    """The revision and the path of `revision:path`, or None; a single letter before the colon is a drive.

    Text that begins with ./, ../ or / is a path.
    """
    match = re.fullmatch(r"(?!\.{0,2}[/\\])([^:\s-][^:\s]+|@):(.+)", reference, re.DOTALL)
    return (match.group(1), match.group(2)) if match else None


def top() -> str | None:
    """The top of the current folder's repository: the nearest folder with a .git."""
    try:
        return _top_above(os.getcwd())
    except OSError:
        # The current folder was removed.
        return None


def _top_above(folder: str) -> str | None:
    """The nearest folder with a .git: this one or one above it."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def has_revision(revision: str) -> bool:
    """Whether the current folder's repository has a revision with this name.

    Raises RevisionError if the repository cannot be read.
    """
    return top() is not None and _object_id(_current_repository(), revision) is not None


def find(revision: str, path: str) -> File | None:
    """The file at a path, relative to the current folder, at a revision; None if it does not exist.

    Links inside the repository are followed. Raises RevisionError if the revision cannot be read, and SpecError if
    the path leads out of the repository.
    """
    found = _find(revision, path)
    if found is None or found[1].type != "blob":
        return None
    real_path, entry = found
    if entry.size is None:
        message = f"{revision}:{path}: git does not have the content of this file, as in a partial clone"
        _refuse(message, "fetch all contents with `git fetch --refetch --no-filter`")
    return File(real_path, entry.id, entry.size)


def read(revision: str, path: str, most: int) -> bytes:
    """The content of a file, relative to the current folder, at a revision; at most one byte more than `most`.

    Raises SpecError if git, the repository, the revision or the file is missing.
    """
    file = find(revision, path)
    if file is None:
        message = f"{revision}:{path}: no such file at {quoted(revision)}"
        _refuse(message, "write the path relative to the current folder")
    if file.size > most:
        return b" " * (most + 1)
    return _content(_current_repository(), file.id, f"{revision}:{path}")


def is_within(revision: str, path: str, folder: str) -> bool:
    """Whether a path at a revision, with links resolved, is in a folder or below it."""
    found, above = _find(revision, path), _find(revision, folder or os.curdir)
    return found is not None and above is not None and (not above[0] or found[0].startswith(f"{above[0]}/"))


def is_file(revision: str, path: str) -> bool:
    """Whether a path at a revision is a file or a broken link."""
    found = _find(revision, path)
    if found is not None:
        return found[1].type == "blob"
    repository, commit = _resolve_revision(revision, path)
    return _look_up(repository, commit, _path_from_top(path, repository.top, path), path) is not None


def follow_links(revision: str, path: str) -> str | None:
    """A path at a revision, relative to the top, with all links resolved; None if it does not exist."""
    found = _find(revision, path)
    return None if found is None else found[0]


def path_from_top(path: str) -> str | None:
    """A path, relative to the current folder, from the top of its repository; None if it leads out of it.

    Links are not followed. Raises RevisionError if there is no repository.
    """
    return _from_top(path, _current_repository().top)


def _find(revision: str, path: str) -> tuple[str, _Entry] | None:
    """The entry at a path at a revision, and its path from the top with all links resolved."""
    shown = f"{revision}:{path}"
    repository, commit = _resolve_revision(revision, shown)
    return _follow(repository, commit, _path_from_top(path, repository.top, shown), shown)


def _resolve_revision(revision: str, shown: str) -> tuple[_Repository, str]:
    """The repository of the current folder, and the object id of a revision."""
    try:
        repository = _current_repository()
    except RevisionError as error:
        problems = (problem._replace(message=f"{shown}: {problem.message}") for problem in error.problems)
        raise RevisionError(problems) from None
    if not _is_revision(revision):
        message = f"{shown}: {quoted(revision)} is not a revision"
        raise RevisionError([Problem(None, message, "name a branch, a tag or a commit")])
    commit = _object_id(repository, revision)
    if commit is None:
        message = f"{shown}: no such revision: {quoted(revision)}"
        hint = "list branches with `git branch -a`; in a shallow clone, fetch it first, such as `git fetch origin main`"
        raise RevisionError([Problem(None, message, hint)])
    return repository, commit


def _object_id(repository: _Repository, revision: str) -> str | None:
    """The object id of the commit of a revision; None if there is none."""
    if not _is_revision(revision):
        return None
    done = _run(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    found = done.stdout.strip()
    return found.decode() if not done.returncode and OBJECT_ID.fullmatch(found) else None


def _is_revision(text: str) -> bool:
    """Whether a text can be a revision."""
    return bool(REVISION.fullmatch(text)) and _is_argument(text)


def _current_repository() -> _Repository:
    """The repository of the current folder.

    Raises RevisionError if there is none, if git refuses it, or if it is inside another repository, like a
    submodule: a pull request can turn a folder into one, and its commits would replace the baseline.
    """
    try:
        repository = _repository(_current_folder())
    except SpecError as error:
        raise RevisionError(error.problems) from None
    if not limits.current().outside and (outer := _superproject(repository)):
        message = f"{quoted(repository.top)} is a submodule or folder of the repository {quoted(outer)}"
        raise RevisionError([Problem(None, message, f"clone it separately, or allow it with {surface.outside()}")])
    return repository


@cache
def _repository(current: str) -> _Repository:
    """The repository of the current folder. Raises SpecError if there is none, or git refuses it.

    Git runs only at the top, so that its own check of the repository's owner applies.
    """
    above = top()
    if above is None:
        _refuse(f"the current folder {quoted(current)} is not in a git repository", "name a file instead")
    done = _start(["-C", above], ["rev-parse", "--absolute-git-dir", "--show-toplevel"])
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
        _refuse(f"git cannot use the repository {quoted(above)}: {words[:300]}", "run `git status` there for details")
    folder, _, found = os.fsdecode(done.stdout).removesuffix("\n").rpartition("\n")
    if not os.path.isdir(folder) or not os.path.isdir(found) or not os.path.samefile(found, above):
        message = f"the repository {quoted(above)} keeps its files in another folder, {quoted(found)}"
        _refuse(message, "name a file instead")
    return _Repository(above, folder)


@cache
def _superproject(repository: _Repository) -> str | None:
    """The top of the outer repository, if this one is a submodule or the outer one has files in its folder; else None.

    A work tree has its repository elsewhere, and one that only lies in the folder of another is independent.
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
    """The git folder of a work tree, with links resolved: its .git, or the folder that the file .git names."""
    path = os.path.join(top, ".git")
    if os.path.isfile(path):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            named = file.read(LONGEST_TARGET).removeprefix(b"gitdir: ").removesuffix(b"\n")
            path = os.path.join(top, os.fsdecode(named).replace("\0", ""))
    return os.path.realpath(path)


def _current_folder() -> str:
    """The current folder. Raises SpecError if it was removed."""
    try:
        return os.getcwd()
    except OSError as error:
        _refuse(f"the current folder cannot be used: {error.strerror or error}", "change to a folder that exists")


def _path_from_top(path: str, top: str, shown: str) -> str:
    """A path, relative to the current folder, from the top of the repository; empty for the top itself."""
    found = _from_top(path, top)
    if found is None:
        message = f"{shown}: this file is outside the repository {quoted(top)}"
        _refuse(message, "run cnncalc in the repository of the file")
    return found


def _from_top(path: str, top: str) -> str | None:
    """A path from the top of the repository; None if it leads out of it."""
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
    """The entry at a path from the top, and its path with all links resolved; None if it does not exist."""
    # Most paths contain no link: one look-up is enough.
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
            message = f"{shown}: {quoted('/'.join((*done, name)))} is a submodule"
            _refuse(message, "clone the submodule separately and run cnncalc in it")
        if not found.is_link:
            entry = found
            done.append(name)
            continue
        links += 1
        if links > MOST_LINKS or (found.size or 0) > LONGEST_TARGET:
            _refuse(f"{shown}: more than {MOST_LINKS} links in a chain, or a very long link", "name the file itself")
        target = os.fsdecode(_content(repository, found.id, shown))
        if target.startswith("/"):
            _refuse(f"{shown}: is a link to {quoted(target)}, outside the repository", "name a file in the repository")
        waiting += target.split("/")[::-1]
    if done and entry.type == "tree":
        entry = _look_up(repository, commit, "/".join(done), shown) or entry
    return "/".join(done), entry


def _look_up(repository: _Repository, commit: str, path: str, shown: str) -> _Entry | None:
    """The entry at a path from the top, without following links."""
    if not _is_argument(path):
        return None
    done = _run(repository, "ls-tree", "-l", "-z", "--full-tree", commit, "--", path)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
        _refuse(f"{shown}: git cannot look it up: {words[:300]}", "check the repository with `git fsck`")
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
    """Whether a text can be an argument of a program: without NUL, and in the encoding of the file system."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _content(repository: _Repository, blob: str, shown: str) -> bytes:
    """The content of an object."""
    done = _run(repository, "cat-file", "blob", blob)
    if done.returncode:
        _refuse(f"{shown}: git cannot read the content of this file", "check the repository with `git fsck`")
    return done.stdout


def _refuse(message: str, hint: str = "") -> NoReturn:
    raise SpecError([Problem(None, message, hint)])


def _run(repository: _Repository, *arguments: str) -> CompletedProcess[bytes]:
    """Run a git command in the given repository, without a search for one."""
    place = ["-C", repository.top, f"--git-dir={repository.folder}", f"--work-tree={repository.top}"]
    return _start(place, arguments)


def _start(place: list[str], arguments: tuple[str, ...] | list[str]) -> CompletedProcess[bytes]:
    """Run a git command. Raises SpecError if git is not installed, or hangs."""
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
        _refuse(message, f"run `git {arguments[0]}` to see why it waits")
    except OSError as error:
        _refuse(f"git cannot be run: {error.strerror or error}", "install it, or name a file instead of a revision")


def _program() -> str:
    """The git in PATH. By default, Windows prefers a git.exe in the current folder, which is untrusted."""
    for folder in os.get_exec_path():
        path = os.path.join(folder, "git.exe" if os.name == "nt" else "git")
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    _refuse("git is not installed", "install it, or name a file instead of a revision")
