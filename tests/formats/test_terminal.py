"""Tables on terminals of all widths."""

import io

import pytest

from cnncalc.formats import terminal
from cnncalc.formats.table import Column, Line, Table
from cnncalc.formats.terminal import columns_of, layout, wrapped
from cnncalc.network.build import load
from cnncalc.reports.summary import COLUMNS, SummaryView, summary
from cnncalc.text import Share


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize("network", ["vgg16", "resnet152", "googlenet", "lenet5"])
@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("columns", [None, tuple(column.key for column in COLUMNS)])
def test_a_table_fits_the_terminal(network, width, columns):
    options = SummaryView() if columns is None else SummaryView(columns=columns)
    lines = layout(summary(load(network), options), width)
    assert max(columns_of(line.text) for line in lines) <= width


def test_left_out_columns_are_reported():
    lines = [line.text for line in layout(summary(load("resnet50"), SummaryView()), 80)]
    assert lines[-1] == "hidden at this width: window; choose with --columns, or widen the terminal"
    wide = [line.text for line in layout(summary(load("resnet50"), SummaryView()), 200)]
    assert not any("left out" in line for line in wide)


def test_wide_characters_take_two_columns():
    assert columns_of("卷积核") == 6
    assert columns_of("e\u0301") == 1
    table = Table(
        "", (), (Column("name", "layer"), Column("n", "n", numeric=True)), (Line(("卷积", 1)), Line(("conv1", 22))), ()
    )
    rows = [line.text for line in layout(table, None)][2:]
    assert {columns_of(row) for row in rows} == {len("conv1") + 2 + 2}


@pytest.mark.parametrize("width", [20, 33, 80])
def test_chinese_is_folded_between_characters_but_not_before_a_stop(width):
    words = "若没有参数共享，参数量将为 15,483,821,032，是现在的 111.9 倍（稀疏连接）；节省最多的是 conv1_2。"
    lines = wrapped(words, width)
    assert max(map(columns_of, lines)) <= width
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    assert not any(line[0] in "，。；）" or line[-1] == "（" for line in lines)


def test_labels_of_two_columns_a_sign_are_aligned():
    table = Table("", (), (Column("name", "n"),), (), (("合并", "one"), ("不共享", "two")))
    rows = [line.text for line in layout(table, 80)][-2:]
    assert rows == ["合并    one", "不共享  two"]


def test_colour_is_for_terminals_and_for_those_who_ask(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    table = summary(load("lenet5"), SummaryView())

    def written(file, color):
        terminal.write(table, file, color=color)
        return file.getvalue()

    assert "\x1b[" in written(Terminal(), "auto")
    assert "\x1b[" not in written(io.StringIO(), "auto")
    assert "\x1b[" in written(io.StringIO(), "always")
    assert "\x1b[" not in written(Terminal(), "never")
    for terminal_type, shown in (("dumb", False), ("xterm", True)):
        monkeypatch.setenv("TERM", terminal_type)
        assert ("\x1b[" in written(Terminal(), "auto")) == shown
    # A variable that is empty counts as none; NO_COLOR weighs more than FORCE_COLOR, and an option more than both.
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("FORCE_COLOR", "")
    assert "\x1b[" in written(Terminal(), "auto")
    assert "\x1b[" not in written(io.StringIO(), "auto")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in written(io.StringIO(), "auto")
    assert "\x1b[" not in written(Terminal(), "never")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in written(Terminal(), "auto")
    assert "\x1b[" not in written(io.StringIO(), "auto")
    assert "\x1b[1m" in written(io.StringIO(), "always")


def test_bars_have_a_color(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    columns = (Column("name", "layer"), Column("share", "share", numeric=True, bars=1))
    file = Terminal()
    terminal.write(Table("", (), columns, (Line(("conv1", Share(1, 1))),), ()), file, color="always")
    # The widest bar has 24 columns.
    assert f"conv1  100.0 \x1b[36m{24 * '█'}\x1b[0m\n" in file.getvalue()


def test_markup_and_escapes_of_a_spec_are_text():
    table = Table("[red]\x1b[31mname", ("[/]",), (Column("name", "layer"),), (Line(("[bold]x",)),), (("", "[i]"),))
    file = Terminal()
    terminal.write(table, file, color="never")
    assert "\x1b[31m" not in file.getvalue()
    assert "[red]\\x1b[31mname" in file.getvalue()
    assert "[bold]x" in file.getvalue()


def test_signs_that_an_output_lacks_are_replaced():
    class Ascii(io.StringIO):
        encoding = "ascii"

    file = Ascii()
    terminal.write(summary(load("lenet5"), SummaryView()), file)
    assert file.getvalue().isascii()
