"""Standard output that was closed before the program began: `cnncalc summary vgg16 >&-`."""

from __future__ import annotations

import errno
import io
import os


class Closed(io.TextIOBase):
    """A stream that refuses all text and bytes like the system; Python has no stream at all in this case."""

    encoding = "utf-8"

    def write(self, text: str | bytes) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    @property
    def buffer(self) -> Closed:
        """Where bytes are written."""
        return self
