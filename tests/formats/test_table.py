"""Cells of several texts: people read the first of very many, programs all of them."""

from cnncalc.formats import csv, latex, markdown, terminal
from cnncalc.formats.table import Column, Items, Line, Table
from cnncalc.text import several


def test_a_long_row_of_texts_is_cut_after_a_whole_text():
    """Each of the texts takes 10 characters with its comma: 20 of them are 200."""
    words = [f"layer_{number:02}" for number in range(100)]
    assert several(words[:20]) == ", ".join(words[:20])
    assert several(words) == f"{', '.join(words[:20])}, ... (100 in all)"
    assert several(["a" * 300, "b"]) == f"{'a' * 300}, ... (2 in all)"
    assert several(["a" * 300]) == "a" * 300
    assert several([]) == ""


def test_a_cell_of_very_many_texts_widens_no_column_and_csv_has_them_all():
    names = tuple(f"layer{number}" for number in range(30_000))
    columns = (Column("name", "layer"), Column("inputs", "reads"))
    table = Table("", (), columns, (Line(("concat", Items(names))), Line(("relu", Items(("concat",))))), ())
    for lines in ([line.text for line in terminal.layout(table, None)], markdown.write(table), latex.write(table)):
        assert all(len(line) < 300 for line in lines)
    assert any(line.text.endswith(", ... (30,000 in all)") for line in terminal.layout(table, None))
    assert list(csv.write(table))[1:] == [f'concat,"{", ".join(names)}"', "relu,concat"]
