"""Finding files by a pattern: `*` matches any name, `**` also folders."""

from __future__ import annotations

import os
import re

from cnncalc import limits
from cnncalc.limits import Cost

WILDCARDS = re.compile(r"[*?[]")


def matches(pattern: list[str], path: list[str]) -> bool:
    """Whether the parts of a pattern match a path, as in `Folders`. Links are not followed."""
    if not pattern or not path:
        return pattern == path
    *parts, last = pattern
    *folders, name = path
    limits.spend(Cost.PATTERN_LOOKUP + len(folders))
    # The numbers of path parts that the pattern parts so far can match.
    places = {0}
    for part in parts:
        if part == "**":
            for place, folder in enumerate(folders):
                if place in places and folder[0] != ".":
                    places.add(place + 1)
        else:
            places = {place + 1 for place in places if place < len(folders) and _matches_part(part, folders[place])}
    return len(folders) in places and _matches_part(last, name)


def split_pattern(pattern: str) -> list[str]:
    """The parts of a pattern: folders, and the name of a file."""
    parts = os.path.normpath(pattern).split(os.sep)
    return [*parts, "*"] if parts[-1] == "**" else parts


def _matches_part(part: str, name: str) -> bool:
    """Whether a part of a pattern matches a file or folder. Hidden ones need a pattern that begins with a dot."""
    if not WILDCARDS.search(part):
        return part == name
    from fnmatch import fnmatch

    return fnmatch(name, part) and (part[0] == "." or name[0] != ".")


class Folders:
    """The folders below `top`, each read once; paths are relative to it.

    A link to a folder is followed only if a pattern names it: `*` would follow a link to a parent folder forever.
    """

    def __init__(self, top: str) -> None:
        self.top = top
        self.seen: dict[str, tuple[list[str], list[str]]] = {}
        self.patterns: set[str] = set()

    def find_files(self, pattern: str) -> list[str]:
        """The files that match a pattern, in alphabetical order."""
        *parts, last = split_pattern(pattern)
        folders = {""}
        for part in parts:
            if part == "**":
                folders = {below for folder in folders for below in self.below(folder)}
            else:
                folders = {
                    os.path.join(folder, name) for folder in folders for name in self.list_matching(folder, part, 0)
                }
        return sorted(os.path.join(folder, name) for folder in folders for name in self.list_matching(folder, last, 1))

    def list_matching(self, folder: str, part: str, kind_: int) -> list[str]:
        """The names of folders (0) or files (1) in a folder that match a part of a pattern."""
        if not WILDCARDS.search(part):
            path = os.path.join(self.top, folder, part)
            is_folder = os.path.isdir(path)
            return [part] if (os.path.lexists(path) and not is_folder if kind_ else is_folder) else []
        names = self.names(folder)[kind_]
        limits.spend(len(names) + (0 if part in self.patterns else Cost.PATTERN))
        self.patterns.add(part)
        return [name for name in names if _matches_part(part, name)]

    def names(self, folder: str) -> tuple[list[str], list[str]]:
        """The folders and the files in a folder. Broken links count as files, so that reading them reports an error.

        Raises OSError if the folder cannot be read.
        """
        if folder not in self.seen:
            found: tuple[list[str], list[str]] = ([], [])
            with os.scandir(os.path.join(self.top, folder) or ".") as entries:
                for entry in entries:
                    limits.spend(Cost.FOLDER_ENTRY)
                    if entry.is_dir(follow_symlinks=False):
                        found[0].append(entry.name)
                    elif not (entry.is_symlink() and os.path.isdir(entry.path)):
                        found[1].append(entry.name)
            self.seen[folder] = found
        return self.seen[folder]

    def below(self, folder: str) -> list[str]:
        """A folder and all folders below it that are not hidden."""
        found, waiting = [], [folder]
        while waiting:
            found.append(at := waiting.pop())
            waiting += [os.path.join(at, name) for name in self.list_matching(at, "*", 0)]
        return found
