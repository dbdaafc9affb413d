"""What the long runs found, as the smallest spec of each; it stays mended.

`# fine: why` is a network of which all holds that holds for every text; `# expect: 4:13: message` are its
problems; `# judged: why` is told well, in whatever words.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from fuzz.choices import replayed
from fuzz.invariants import OF_TEXTS, network_of
from fuzz.judging import judge
from fuzz.plain import Flat
from fuzz.program import Program
from fuzz.strategies import Made
from fuzz.text import Text

from cnncalc.errors import SpecError
from cnncalc.network import build

FOLDER = Path(__file__).parent / "found"
FOUND = sorted(path.name for path in FOLDER.glob("*.yaml"))

# Of files that are no text, which cannot say themselves what they expect.
NOT_TEXT = {
    "byte_order_mark_before_no_text.yaml": "1:2: the byte 0xff is not UTF-8; save the file as UTF-8",
}


@pytest.mark.parametrize("name", FOUND)
def test_found(name: str, tmp_path: Path) -> None:
    path = FOLDER / name
    data = path.read_bytes()
    became = judge(data, tmp_path)
    if name in NOT_TEXT:
        assert problems_of(path) == [NOT_TEXT[name]]
        return
    text = data.decode()
    word, _, rest = text.removeprefix("# ").partition(": ")
    if word == "expect":
        expected = [line.removeprefix("# expect: ") for line in text.splitlines() if line.startswith("# expect: ")]
        assert problems_of(path) == expected
    elif word == "fine":
        made = Made(Program((), (), (), (), ()), Text(text, {}), Flat((), (), ()), Counter())
        for invariant in OF_TEXTS:
            for first in range(3):
                invariant(made, network_of(text), replayed([first]))
    else:
        assert (word, became) == ("judged", "refused")
        assert rest


def problems_of(path: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        build.load(str(path))
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]
