"""The configuration inside a .keras file, which is a zip archive; its weights are never read."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO
from typing import BinaryIO

from cnncalc import limits
from cnncalc.errors import Problem, SpecError

CONFIG = "config.json"
# A directory of an archive is read at once; that of a model takes a few hundred bytes.
LARGEST_READ = 1_000_000
CHUNK = 65_536
HDF5 = b"\x89HDF"
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    OverflowError,
    RuntimeError,
)


class _BoundedFile:
    """A file of which no read takes more than the largest that is allowed."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size if 0 <= size <= LARGEST_READ else LARGEST_READ + 1)
        if len(data) > LARGEST_READ:
            raise ValueError
        return data


def read_config(path: str, shown: str, data: bytes) -> bytes:
    """The configuration of an archive, at most one byte more than the limit.

    `data` is the file, or its beginning if it is larger than a spec may be: then it is read from `path`. Nothing is
    unpacked to disk. Raises SpecError for what is no such archive.
    """
    if data.startswith(HDF5):
        hint = "save the model with Keras 3, or write model.to_json() to a .json file"
        raise SpecError([Problem(None, f"{shown}: is an HDF5 file, which cannot be read", hint)])
    try:
        if len(data) <= limits.current().bytes or not path:
            return _read_member(BytesIO(data))
        with open(path, "rb") as file:
            return _read_member(file)
    except BROKEN:
        hint = "save it again, or write model.to_json() to a .json file"
        raise SpecError([Problem(None, f"{shown}: is not an archive with a readable {CONFIG}", hint)]) from None


def _read_member(file: BinaryIO) -> bytes:
    most = limits.current().bytes + 1
    with zipfile.ZipFile(_BoundedFile(file)) as archive:
        info = archive.getinfo(CONFIG)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # The other methods unpack all that a piece holds at once, however much it is.
            raise ValueError
        with archive.open(info) as member:
            parts, size = [], 0
            while size < most and (part := member.read(min(CHUNK, most - size))):
                parts.append(part)
                size += len(part)
    return b"".join(parts)
