"""Budgets, expectations and assertions, held to networks whose figures are worked out here by hand.

SMALL has a convolution of 8 filters, 3x3 over 3 channels: 8 x 27 weights and 8 biases, each weight used at 32 x 32
places; and a linear layer of 10 that reads 8 x 32 x 32 numbers.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc.checks.checker import CheckedSpec, Verdict, check
from cnncalc.checks.finding import State
from cnncalc.checks.verdicts import findings
from cnncalc.errors import SpecError
from cnncalc.network.build import build, load
from cnncalc.spec.decode import read_spec

CONV = 8 * 27 + 8
LINEAR = 8 * 32 * 32 * 10 + 10
PARAMS = CONV + LINEAR
MACS = 32 * 32 * 8 * 27 + 8 * 32 * 32 * 10

SMALL = """\
input: [3, 32, 32]
variables: {classes: 10}
layers:
  - conv: {filters: 8, kernel: 3, padding: 1}
    name: conv1
  - relu
  - flatten
  - linear: classes
    name: fc
"""


def verdicts(tmp_path: Path, guards: str, text: str = SMALL, before: str = "", **options: int) -> tuple[Verdict, ...]:
    path = tmp_path / "net.yaml"
    path.write_text(text + guards)
    spec = read_spec(str(path))
    baseline = None
    if before:
        (tmp_path / "before.yaml").write_text(before)
        baseline = load(str(tmp_path / "before.yaml"))
    return check(CheckedSpec(spec, build(spec), baseline, **options), [spec.guards])


def states(found: tuple[Verdict, ...]) -> dict[str, str]:
    return {verdict.check.subject: verdict.check.state.value for verdict in found}


def told(found: tuple[Verdict, ...]) -> list[str]:
    """The findings as they are shown, without the folder they are in."""
    return [str(finding).partition("net.yaml:")[2] for finding in findings(found)]


def test_the_figures_are_those_worked_out() -> None:
    assert (PARAMS, MACS) == (82_154, 303_104)


@pytest.mark.parametrize(
    ("most", "state"),
    [(PARAMS, "kept"), (PARAMS - 1, "broken"), ("82_154.0", "kept"), ("82153.5", "broken"), ("82.2k", "kept")],
)
def test_a_budget_is_exact(tmp_path: Path, most: object, state: str) -> None:
    (verdict,) = verdicts(tmp_path, f"budget: {{params: {most}}}\n")
    assert (verdict.check.state.value, verdict.check.value) == (state, PARAMS)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("params", PARAMS),
        ("macs", MACS),
        # A bias is an add an output number; a relu compares once.
        ("flops", 2 * MACS + 8 * 32 * 32 + 10 + 8 * 32 * 32),
        ("params_size", 4 * PARAMS),
        ("conv1.params", CONV),
        ("fc.params_size", 4 * LINEAR),
        ("fc.macs", 81_920),
        ("buffers", 0),
        # The input, the convolution's output that the relu overwrites, and 10 numbers.
        ("activations", 3 * 32 * 32 + 8 * 32 * 32 + 10),
        ("activations_size", 4 * (3 * 32 * 32 + 8 * 32 * 32 + 10)),
        ("layers", 4),
        ("depth", 2),
        ("conv1.receptive_field", 3),
        ("conv1.layers", 1),
    ],
)
def test_quantities(tmp_path: Path, key: str, value: int) -> None:
    (kept,) = verdicts(tmp_path, f"expect: {{{key}: {value}}}\n")
    assert (kept.check.state, kept.check.value) == (State.KEPT, value)
    (broken,) = verdicts(tmp_path, f"expect: {{{key}: {value + 1}}}\n")
    assert broken.check.state is State.BROKEN


def test_batch_and_bytes(tmp_path: Path) -> None:
    """A batch multiplies operations and activations, a smaller number halves sizes; parameters stay."""
    guards = "expect: {params: 1, macs: 1, activations_size: 1, params_size: 1}\n"
    found = {one.check.subject: one.check.value for one in verdicts(tmp_path, guards, batch=8, dtype_size=2)}
    activations = 3 * 32 * 32 + 8 * 32 * 32 + 10
    expected = {"params": PARAMS, "macs": 8 * MACS, "activations_size": 2 * 8 * activations, "params_size": 2 * PARAMS}
    assert found == expected


def test_shapes(tmp_path: Path) -> None:
    guards = (
        "expect: {output: [classes], conv1.output: [8, 32, 32], input: [3, 32, 32], fc.input: 8192, fc.output: 11}\n"
    )
    found = verdicts(tmp_path, guards)
    kept = dict.fromkeys(("output", "conv1.output", "input", "fc.input"), "kept")
    assert states(found) == {**kept, "fc.output": "broken"}
    assert told(found) == ["10:92: error: fc.output is 10, not 11 [expect]"]


@pytest.mark.parametrize(
    ("guard", "state"),
    [
        ("budget: {params: {max: 80k, tolerance: 2%}}", "broken"),  # 82,154 is 2.7 % more
        ("budget: {params: {max: 80k, tolerance: 3%}}", "tolerated"),
        ("budget: {params: {max: 80k, tolerance: 2154}}", "tolerated"),
        ("budget: {params: {max: 80k, tolerance: 2153}}", "broken"),
        ("budget: {params: {max: 90k, tolerance: 1%}}", "kept"),
        ("budget: {params: {min: 82_154}}", "kept"),
        ("budget: {params: {min: 82_155}}", "broken"),
        ("budget: {params: {min: 83k, max: 90k, tolerance: 5%}}", "tolerated"),
        ("expect: {params: {value: 82k, tolerance: 154}}", "kept"),
        ("expect: {params: {value: 82k, tolerance: 153}}", "broken"),
        ("expect: {params: {value: 82.5k, tolerance: 1%}}", "kept"),
        ("budget: {params: classes * 8300}", "kept"),
        ("budget: {params: classes * 8200}", "broken"),
        ("budget: {params_size: 321 KiB}", "kept"),  # 328,616 bytes are 320.9 KiB
        ("budget: {params_size: 320 KiB}", "broken"),
        ("budget: {params_size: 0.33 MB}", "kept"),
        ("budget: {params_size: 0.32MB}", "broken"),
    ],
)
def test_bounds(tmp_path: Path, guard: str, state: str) -> None:
    (verdict,) = verdicts(tmp_path, f"{guard}\n")
    assert verdict.check.state.value == state


BLOCKS = """\
input: [3, 32, 32]
layers:
  - layers:
      - conv: {filters: 8, kernel: 3}
      - conv: {filters: 8, kernel: 3}
    name: stages
    repeat: 2
  - conv: 8
    name: head
"""


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("stages.*", ["stages.0", "stages.1"]),
        ("stages.*.*", ["stages.0.conv", "stages.0.conv_2", "stages.1.conv", "stages.1.conv_2"]),
        ("**.conv", ["stages.0.conv", "stages.1.conv"]),
        ("stages.1.conv*", ["stages.1.conv", "stages.1.conv_2"]),
        ("h*d", ["head"]),
        ("s*", ["stages"]),
        ("stages.1", ["stages.1"]),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, names: list[str]) -> None:
    text = BLOCKS.replace("- conv: 8", "- conv: [8, 3]")
    found = verdicts(tmp_path, f'budget: {{"{pattern}.params": 1M}}\n', text)
    assert [verdict.check.subject for verdict in found] == [f"{name}.params" for name in names]


@pytest.mark.parametrize(
    ("guards", "problem"),
    [
        ("budget: {con1.params: 3}", "10:10: no layer or block has the name 'con1'; did you mean 'conv1'?"),
        (
            "budget: {x*.params: 3}",
            "10:10: no layer or block has the name 'x*'; the names at the top are conv1, relu, flatten, fc",
        ),
        ("budget: {params: classes - 11}", "10:18: params: max takes a number of at least 0, not -1"),
        ("budget: {params: [3]}", "10:18: params: max takes a number of at least 0, not [3]"),
        ("budget: {params: classes / (classes - 10)}", "10:26: 10 / 0 divides by zero"),
        (
            "expect: {output: 2.5}",
            "10:18: output takes a shape, not 2.5; write the channels first, such as [64, 56, 56]",
        ),
        ("assert: params('con1') > 3", "10:9: no layer or block has the name 'con1'; did you mean 'conv1'?"),
        (
            "assert: params('conv1', 3) > 3",
            "10:9: params takes the name of a layer or block, or nothing; write params() or params('conv1')",
        ),
        (
            "assert: params()",
            "10:9: an assertion is true or false, but this is 82154; compare it, such as depth() <= 50",
        ),
        ("assert: depth('conv1') > 1", "10:9: depth is a figure of the whole network; write depth()"),
        (
            "assert: receptive_field('*') > 1",
            "10:9: '*' matches 4 layers and blocks, such as conv1, relu, flatten; name one",
        ),
        ("assert: output() > 1", "10:18: '>' takes numbers, not [10]"),
    ],
)
def test_what_cannot_be_held(tmp_path: Path, guards: str, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        verdicts(tmp_path, f"{guards}\n")
    assert [str(each).partition("net.yaml:")[2] for each in caught.value.problems] == [problem]


def test_every_problem_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        verdicts(tmp_path, "budget: {a.params: 3, b.params: 3}\nassert: params('c') > 1\n")
    assert len(caught.value.problems) == 3


def test_several_outputs_have_no_one_shape(tmp_path: Path) -> None:
    text = SMALL.replace("  - flatten", "  - branch: {side: [flatten]}\n  - flatten")
    with pytest.raises(SpecError, match=r"there are 2 outputs; name one: fc or side\.flatten"):
        verdicts(tmp_path, "expect: {output: [10]}\n", text)


# --- assertions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("params('fc') / params() > 0.99", True),  # 81,930 of 82,154 is 0.9973
        ("params('fc') / params() > 0.998", False),
        ("params('conv1') + params('fc') == params()", True),
        ("params('*') == params()", True),
        ("params('**') == params()", True),
        ("output('conv1')[1] == 32 and output() == [classes]", True),
        ("depth() <= 2 and not (layers() > 4)", True),
        ("macs('conv1') < 0.5 * macs()", False),
        ("len(input()) == 3", True),
    ],
)
def test_assertions(tmp_path: Path, condition: str, holds: bool) -> None:
    (verdict,) = verdicts(tmp_path, f"assert:\n  - {condition}\n")
    assert (verdict.check.state is State.KEPT) == holds


def test_an_assertion_tells_its_figures(tmp_path: Path) -> None:
    (line,) = told(verdicts(tmp_path, "assert:\n  - params('fc') / params() < 0.9\n"))
    assert line == (
        "11:5: error: params('fc') / params() < 0.9 does not hold: 0.9973 against 0.9;"
        " params('fc') is 81,930 and params() is 82,154 [assert]"
    )


# --- why ----------------------------------------------------------------------------------------------


def test_a_broken_budget_says_where_it_is_spent_and_what_would_keep_it(tmp_path: Path) -> None:
    """2,154 too many of 82,154 are 2.63 % of the linear layer's, rounded up to be enough."""
    found = verdicts(tmp_path, "budget: {params: 80k}\n")
    (finding,) = findings(found)
    assert finding.message == "params is 82,154, 2,154 (2.7 %) more than its budget of 80,000"
    assert finding.hint == "reduce fc by 2.7 % or allow 82.2k"
    assert finding.details == ("fc has 81,930 (99.7 %)", "conv1 has 224 (0.3 %)")


CONVS = """\
input: [3, 256, 256]
layers:
  - conv: {filters: 8, kernel: 3, padding: 1}
  - global_avg_pool
"""


def test_a_smaller_input_that_keeps_the_budget(tmp_path: Path) -> None:
    """216 multiply-accumulates a position: 192 x 192 of them are 7,962,624, 224 x 224 are 10,838,016."""
    (finding,) = findings(verdicts(tmp_path, "budget: {macs: 10M}\n", CONVS))
    assert finding.hint == "reduce conv by 29.4 %, make the input 3x192x192 or allow 14.2M"
    (exact,) = findings(verdicts(tmp_path, "budget: {macs: 10_838_016}\n", CONVS))
    assert "3x224x224" in exact.hint
    (none,) = findings(verdicts(tmp_path, "budget: {macs: 200k}\n", CONVS))
    assert "input" not in none.hint


def test_a_heavy_block_is_opened(tmp_path: Path) -> None:
    text = BLOCKS.replace("- conv: 8", "- conv: [8, 1]")
    (finding,) = findings(verdicts(tmp_path, "budget: {params: 1k}\n", text))
    # The first pass has 224 + 584, the second 584 + 584, the head 72. stages has more than half of all 2,048, and
    # so has its second pass: both are told part by part.
    assert finding.details == (
        "stages.0 has 808 (39.5 %)",
        "stages.1.conv has 584 (28.5 %)",
        "stages.1.conv_2 has 584 (28.5 %)",
    )


# --- increases ----------------------------------------------------------------------------------------

WIDER = SMALL.replace("filters: 8", "filters: 9")
# A ninth filter has 28 numbers, and the linear layer reads 1,024 more.
INCREASE = 28 + 10_240


@pytest.mark.parametrize(
    ("allowed", "state"),
    [(INCREASE, "kept"), (INCREASE - 1, "broken"), ("12%", "broken"), ("12.5%", "kept"), ("13 %", "kept")],
)
def test_increases(tmp_path: Path, allowed: object, state: str) -> None:
    """10,268 more than 82,154 are 12.498 %."""
    guards = f"budget: {{params: {{max_increase: {allowed}}}}}\n"
    (verdict,) = verdicts(tmp_path, guards, WIDER, SMALL)
    assert (verdict.check.state.value, verdict.check.before) == (state, PARAMS)


def test_an_increase_tells_what_grew(tmp_path: Path) -> None:
    guards = "budget: {params: {max_increase: 1%}, conv1.params: {max_increase: 0}}\n"
    whole, conv = findings(verdicts(tmp_path, guards, WIDER, SMALL))
    assert whole.message == "params grew by 10,268 (12.5 %) to 92,422, more than the allowed 821.5 (1.0 %)"
    assert whole.details == ("fc: +10,240, from 81,930 to 92,170", "conv1: +28, from 224 to 252")
    assert conv.message == "conv1.params grew by 28 (12.5 %) to 252, more than the allowed 0 (0.0 %)"


def test_less_is_no_increase(tmp_path: Path) -> None:
    guards = "budget: {params: {max_increase: 0}}\n"
    assert [one.check.state for one in verdicts(tmp_path, guards, SMALL, WIDER)] == [State.KEPT]


def test_without_a_baseline_no_increase_is_held(tmp_path: Path) -> None:
    guards = "budget: {params: {max: 1M, max_increase: 1%}}\n"
    found = verdicts(tmp_path, guards)
    assert [(one.check.kind, one.check.state.value) for one in found] == [("budget", "kept"), ("increase", "unchecked")]


def test_what_is_new_is_not_held_to_a_baseline_without_it(tmp_path: Path) -> None:
    guards = "budget: {fc.params: {max_increase: 0}}\n"
    (verdict,) = verdicts(tmp_path, guards, SMALL, SMALL.replace("name: fc", "name: head"))
    assert verdict.check.state is State.UNCHECKED


def test_a_spec_is_held_to_its_own_guards_alone(tmp_path: Path) -> None:
    """One that starts from another has another size, for which the other's budget was not made."""
    (tmp_path / "base.yaml").write_text(f"{SMALL}budget: {{params: 1}}\n")
    (tmp_path / "net.yaml").write_text("extends: base.yaml\nbudget: {macs: 1G}\n")
    spec = read_spec(str(tmp_path / "net.yaml"))
    assert [limit.key for limit in spec.guards.limits] == ["macs"]
