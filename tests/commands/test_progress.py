"""The line that tells how far a long run has come."""

import io
from types import SimpleNamespace

import pytest

from cnncalc.commands import _progress
from cnncalc.commands._progress import progress
from cnncalc.formats.terminal import columns_of


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def streams(monkeypatch):
    """Standard output and standard error as terminals of 40 columns, and a clock that goes half a second a look."""
    seconds = iter(range(10_000))
    monkeypatch.setattr(_progress, "monotonic", lambda: next(seconds) / 2)
    monkeypatch.setenv("COLUMNS", "40")
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(_progress, "sys", SimpleNamespace(stdout=out, stderr=err))
    return out, err


def visible(text):
    """What a terminal of one line shows after a text with carriage returns."""
    line, column = [], 0
    for character in text:
        if character == "\r":
            column = 0
            continue
        # A wide character takes the cell behind it as well.
        wide = columns_of(character)
        line[column : column + wide] = [character, ""][:wide]
        column += wide
    return "".join(line).rstrip()


def test_it_comes_after_a_second_and_goes(streams):
    out, err = streams
    with progress(["vgg16", "resnet50", "m5"], "reading") as each:
        seen = [(item, visible(err.getvalue())) for item in each]
    assert seen == [("vgg16", ""), ("resnet50", "reading 2 of 3: resnet50"), ("m5", "reading 3 of 3: m5")]
    assert visible(err.getvalue()) == ""
    assert err.getvalue().endswith("\r")
    assert out.getvalue() == ""


def test_it_goes_where_the_run_fails(streams):
    _, err = streams
    with pytest.raises(ValueError, match="invalid literal"), progress(["1", "2", "x"], "reading") as each:
        list(map(int, each))
    assert "reading 3 of 3: x" in err.getvalue()
    assert visible(err.getvalue()) == ""


@pytest.mark.parametrize("piped", [0, 1], ids=["standard output", "standard error"])
def test_a_pipe_sees_nothing(piped, streams, monkeypatch):
    monkeypatch.setattr(streams[piped], "isatty", lambda: False)
    with progress(range(5), "reading") as each:
        assert list(each) == [0, 1, 2, 3, 4]
    assert streams[0].getvalue() == streams[1].getvalue() == ""


def test_a_quick_run_shows_nothing(streams, monkeypatch):
    monkeypatch.setattr(_progress, "monotonic", lambda: 7.0)
    with progress(range(5), "reading") as each:
        assert list(each) == [0, 1, 2, 3, 4]
    assert streams[1].getvalue() == ""


def test_a_line_is_never_folded_and_holds_no_escapes(streams):
    """40 columns: the line keeps to 39, of which a wide character takes two."""
    _, err = streams
    with progress(["", "\x1b[31m" + "x" * 100, "卷" * 50], "reading") as each:
        for item in each:
            if item:
                assert columns_of(visible(err.getvalue())) in (38, 39)
    assert "\x1b" not in err.getvalue()
    assert "\\x1b[31mx" in err.getvalue()
