"""cnncalc from Python."""

import copy
import io
import json
import pickle
import pydoc
import threading
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path

import pytest

import cnncalc
from cnncalc import errors as problem
from cnncalc import limits
from cnncalc.limits import Limits
from cnncalc.record import LONGEST

ONE_CONV = "variables: {width: 4}\ninput: [3, 8, 8]\nlayers:\n  - conv: [width, 3]\n  - relu\n"


@pytest.fixture(autouse=True)
def surface_of_messages():
    """Nothing is worded for the command line here."""


@pytest.fixture
def one_conv(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(ONE_CONV, encoding="utf-8")
    return path


def test_layers_by_name_and_in_turn():
    net = cnncalc.load("vgg16")
    assert net["fc6"].params == 102_764_544
    assert net["fc6"].weights[0].shape == (4096, 25088)
    assert len(net) == len(list(net)) == len(net.layers)
    assert "fc6" in net
    assert "fc9" not in net
    with pytest.raises(KeyError, match="did you mean 'fc6'"):
        net["fc66"]


def test_inputs_and_outputs():
    net = cnncalc.load("googlenet")
    assert net.inputs == {"input": (3, 224, 224)}
    assert set(net.outputs.values()) == {(1000,)}
    assert len(net.outputs) == 3


def test_changes():
    net = cnncalc.load("resnet50", variables={"classes": 10, "stride_in_3x3": True}, input=[3, 64, 64])
    assert net["fc"].output_shape == (10,)
    assert net["conv5_1.residual.conv_bn_2.conv" if "conv5_1.residual.conv_bn_2.conv" in net else "conv1"].params


def test_several_inputs(tmp_path):
    path = tmp_path / "pair.yaml"
    path.write_text("input: {a: [3, 8, 8], b: [3, 8, 8]}\nlayers: [{add: , from: [a, b]}]")
    assert cnncalc.load(str(path), input={"a": [5, 8, 8], "b": [5, 8, 8]}).outputs == {"add": (5, 8, 8)}


def test_problems_are_data():
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.load("vgg16", input=[3, 4, 4])
    problem = caught.value.problems[0]
    assert problem.span.file == "vgg16.yaml"
    assert "does not fit" in problem.message


def test_receptive_fields():
    net = cnncalc.load("siamese")
    first, _ = net.receptive_field("first_tower.stage4.conv", "first")
    assert (first.size, first.stride) == (65, 8)
    assert net.receptive_field("first_tower.stage4.conv", "second") is None
    assert net.reads("difference", ())["second"].whole
    with pytest.raises(TypeError, match="name one of first, second"):
        net.receptive_field("difference")
    with pytest.raises(KeyError, match="did you mean 'first'"):
        net.receptive_field("difference", "frist")
    with pytest.raises(IndexError, match=r"first_tower.stage4.conv has no position \(3, 9\): its output is 6x6"):
        net.reads("first_tower.stage4.conv", (3, 9))


def test_other_forms():
    net = cnncalc.load("lenet5")
    assert net.to_dict()["totals"]["params"] == 60_000
    assert net.to_markdown().startswith("### LeNet-5")
    assert "layers:" in net.to_yaml()
    html = net._repr_html_()
    assert html.count("<tr>") == 1 + len(net)
    assert json.dumps(net.to_dict())


def test_there_is_nothing_else():
    with pytest.raises(AttributeError, match="nothing"):
        _ = cnncalc.nothing


# --- what the functions take ----------------------------------------------------------------------


def test_paths(one_conv, monkeypatch):
    text = str(one_conv)
    assert cnncalc.load(one_conv) == cnncalc.load(text)
    assert cnncalc.check(one_conv).file == text
    assert cnncalc.check(one_conv, against=one_conv).kept
    assert cnncalc.lint(one_conv) == cnncalc.lint(text)
    assert list(cnncalc.compare(one_conv, "lenet5")) == [text, "lenet5"]
    assert not cnncalc.diff(one_conv, one_conv).changes
    monkeypatch.chdir(one_conv.parent)
    assert cnncalc.load(Path("net.yaml"))["conv"].span.file == "net.yaml"


def test_a_path_is_a_file_whatever_its_name_means(one_conv, monkeypatch):
    """Neither a bundled network, nor standard input, nor a revision."""
    monkeypatch.chdir(one_conv.parent)
    with pytest.raises(cnncalc.SpecError, match=r"^vgg16: no such file; write 'vgg16' without Path for"):
        cnncalc.load(Path("vgg16"))
    for name in ("-", "main:net.yaml"):
        with pytest.raises(cnncalc.SpecError, match=f"^{name}: no such file$"):
            cnncalc.load(Path(name))
        Path(name).write_text(ONE_CONV, encoding="utf-8")
        assert len(cnncalc.load(Path(name))) == 2
    Path("vgg16").write_text(ONE_CONV, encoding="utf-8")
    assert len(cnncalc.load(Path("vgg16"))) == 2


class BytesPath:
    def __fspath__(self):
        return b"vgg16"


@pytest.mark.parametrize(
    "wrong",
    [None, 3, 2.5, True, b"vgg16", io.StringIO(ONE_CONV), {}, ["vgg16"], BytesPath()],
    ids=lambda wrong: type(wrong).__name__,
)
def test_a_wrong_type_of_spec_is_a_type_error(wrong):
    taken = "takes the path of a file or the name of a bundled network"
    calls = [
        (lambda: cnncalc.load(wrong), "spec"),
        (lambda: cnncalc.check(wrong), "spec"),
        (lambda: cnncalc.lint(wrong), "spec"),
        (lambda: cnncalc.compare("lenet5", wrong), "compare"),
        (lambda: cnncalc.diff(wrong, "lenet5"), "old"),
        (lambda: cnncalc.diff("lenet5", wrong), "new"),
    ]
    if wrong is not None:
        calls.append((lambda: cnncalc.check("lenet5", against=wrong), "against"))
    kind = "None" if wrong is None else type(wrong).__name__
    for call, argument in calls:
        with pytest.raises(TypeError, match=rf"^{argument} {taken} \(str or os.PathLike\[str\]\), not {kind}$"):
            call()


SIZES = r"takes whole numbers such as \[3, 224, 224\]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input": "3x32x32"}, rf"^input {SIZES}, not str$"),
        ({"input": b"\3 "}, rf"^input {SIZES}, not bytes$"),
        ({"input": 32}, rf"^input {SIZES}, not int$"),
        ({"input": {1, 2}}, rf"^input {SIZES}, not set$"),
        ({"input": [3, 32.0, 32]}, rf"^input {SIZES}, but one is float$"),
        ({"input": [3, None, 32]}, rf"^input {SIZES}, but one is None$"),
        ({"input": ["3", "32"]}, rf"^input {SIZES}, but one is str$"),
        ({"input": [3, True]}, rf"^input {SIZES}, but one is bool$"),
        ({"input": {"input": "3x32x32"}}, rf"^input\['input'\] {SIZES}, not str$"),
        ({"input": {0: [3, 32, 32]}}, r"^input takes names of inputs, not int, as keys$"),
        ({"variables": [("width", 3)]}, r"^variables takes a mapping from names to values, .*, not list$"),
        ({"variables": "width=3"}, r"^variables takes a mapping from names to values, .*, not str$"),
        ({"variables": {3: 4}}, r"^variables takes names, not int, as keys$"),
        ({"variables": {"width": None}}, r"^variables\['width'\] takes a number, True or False, text, .*, not None$"),
        ({"variables": {"width": b"3"}}, r"^variables\['width'\] takes .*, not bytes$"),
        ({"variables": {"width": {"a": 1}}}, r"^variables\['width'\] takes .*, not dict$"),
        ({"variables": {"width": [1, object()]}}, r"^variables\['width'\] takes .*, not object$"),
    ],
)
def test_arguments_of_other_types(one_conv, arguments, message):
    for function in (cnncalc.load, cnncalc.check):
        with pytest.raises(TypeError, match=message):
            function(one_conv, **arguments)


def test_numbers_that_are_none(one_conv):
    endless = []
    endless.append(endless)
    for value, message in [
        (float("inf"), "takes a finite number, not inf"),
        (float("nan"), "takes a finite number, not nan"),
        (10**5000, "is a number of 16,610 bits, which is too large"),
        (endless, "has lists nested more than 30 deep"),
    ]:
        with pytest.raises(ValueError, match=rf"^variables\['width'\] {message}$"):
            cnncalc.load(one_conv, variables={"width": value})
    with pytest.raises(ValueError, match=r"^input holds a number of 16,610 bits, which is too large$"):
        cnncalc.load(one_conv, input=[3, 10**5000, 8])


class Whole:
    """A whole number of another library."""

    def __index__(self):
        return 5


def test_numbers_of_every_kind(one_conv):
    def channels(width):
        return cnncalc.load(one_conv, variables=OrderedDict(width=width))["conv"].output_shape.channels

    assert [channels(width) for width in (7, 7.0, Fraction(14, 2), Fraction(7))] == [7] * 4
    path = one_conv.parent / "computed.yaml"
    path.write_text(
        "variables: {third: 1, list: [1], large: 1, word: a, flag: false}\ninput: [3, 8, 8]\nlayers:\n"
        "  - conv: ['third * 9 + list[1]', 1]\n  - conv: [large / 10 ** 18, 1]\n"
        "  - {conv: [5, 1], when: word == 'b' and flag}\n"
    )
    variables = {"third": Fraction(1, 3), "list": (1, 2), "large": 2e18, "word": "b", "flag": True}
    net = cnncalc.load(path, variables=variables)
    assert [layer.output_shape.channels for layer in net] == [5, 2, 5]
    assert cnncalc.load(one_conv, input=(size for size in (3, Whole(), 8))).inputs == {"input": (3, 5, 8)}


def test_rules_are_lists_of_words():
    for wrong, kind in (
        ("CNN001", "not str"),
        (3, "not int"),
        (None, "not None"),
        ([1], "but one is int"),
        (range(10**12), "but one is int"),
    ):
        for argument in ("select", "ignore"):
            with pytest.raises(TypeError, match=rf"^{argument} takes a list of codes and names of rules, .*, {kind}$"):
                cnncalc.lint("lenet5", **{argument: wrong})
    with pytest.raises(cnncalc.UnknownRuleError, match="unknown rule 'CNN9'"):
        cnncalc.lint("lenet5", select=["CNN9"])


def test_arguments_of_a_network(one_conv):
    net = cnncalc.load(one_conv)
    other = cnncalc.load("lenet5")
    assert net.receptive_field(net["conv"]) == net.receptive_field("conv")
    assert net.explain(net["conv"]) == net.explain("conv")
    for wrong, kind in ((3, "int"), (None, "None"), (b"conv", "bytes"), (other[0], "Layer"), ([], "list")):
        message = f"^layer takes the name of a layer of this network, not {kind}$"
        for call in (net.receptive_field, lambda layer: net.reads(layer, (0, 0))):
            with pytest.raises(TypeError, match=message):
                call(wrong)
        if wrong is not None:
            with pytest.raises(TypeError, match=message):
                net.explain(wrong)
    with pytest.raises(TypeError, match=r"^input takes the name of an input, not int$"):
        net.receptive_field("conv", 3)
    for wrong, kind in ((3, "not int"), (None, "not None"), ("00", "not str"), ((0, 0.5), "but one is float")):
        with pytest.raises(TypeError, match=rf"^position takes whole numbers such as \(2, 3\), {kind}$"):
            net.reads("conv", wrong)
    with pytest.raises(ValueError, match=r"^language takes one of en, zh, not 'fr'$"):
        net.explain(language="fr")
    with pytest.raises(TypeError, match=r"^language takes one of en, zh, not list$"):
        net.explain(language=["en"])
    with pytest.raises(ValueError, match=r"^language takes one of en, zh, not .{1,120}$"):
        net.explain(language="x" * 9_000)
    with pytest.raises(TypeError, match=r"^Network cannot be created directly; use cnncalc.load$"):
        cnncalc.Network("vgg16")


def test_limits_of_other_types():
    for wrong, error, message in [
        (3, TypeError, "limits takes a Limits, such as .*, not int"),
        ({"layers": 3}, TypeError, "limits takes a Limits, such as .*, not dict"),
        (Limits(layers="3"), TypeError, "the limit layers takes a whole number, not str"),
        (Limits(layers=2.0), TypeError, "the limit layers takes a whole number, not float"),
        (Limits(layers=True), TypeError, "the limit layers takes a whole number, not bool"),
        (Limits(layers=0), ValueError, "the limit layers takes a whole number from 1"),
        (Limits(nesting=201), ValueError, "the limit nesting takes a whole number from 1 to 200"),
    ]:
        with pytest.raises(error, match=f"^{message}$"), limits.using(wrong):
            pass


# --- a network as a sequence ----------------------------------------------------------------------


def test_layers_by_their_places():
    net = cnncalc.load("lenet5")
    assert net[0] is net.layers[0]
    assert net[-1] is net.layers[-1]
    assert net[Whole()] is net.layers[5]
    assert net[1:3] == net.layers[1:3]
    assert net[::-1] == tuple(reversed(net))
    assert net[100:] == ()
    for place in (len(net), -len(net) - 1):
        with pytest.raises(IndexError, match=rf"^no layer {place}: the network has {len(net)} layers, from 0"):
            net[place]
    # Python writes no number of more than 4,300 digits.
    with pytest.raises(IndexError, match=r"^no layer with such an index: the network has"):
        net[10**5_000]
    for wrong, kind in ((None, "None"), (1.0, "float"), (b"c1", "bytes"), ((0, 1), "tuple"), ([], "list")):
        with pytest.raises(TypeError, match=f"^a network takes the name or the index of a layer, not {kind}$"):
            net[wrong]


def test_membership():
    net = cnncalc.load("lenet5")
    assert all(layer in net and layer.name in net for layer in net)
    assert cnncalc.load("vgg16")[0] not in net
    assert not any(wrong in net for wrong in (None, 0, [], {}, b"c1", "no"))
    assert net.layers.index(net[2]) == 2


def test_equal_networks_are_equal():
    net, again, other = cnncalc.load("lenet5"), cnncalc.load("lenet5"), cnncalc.load("lenet5", input=[1, 36, 36])
    assert net == again
    assert hash(net) == hash(again)
    assert net != other
    assert net != "lenet5"
    assert len({net, again, other}) == 2
    assert set(net) == set(net.layers)
    assert {net[0]: 1}[again[0]] == 1


@pytest.mark.parametrize("name", ["lenet5", "siamese", "googlenet", "mobilenet_v3_small", "unet"])
def test_copies(name):
    net = cnncalc.load(name)
    answers = (net, cnncalc.check(name), cnncalc.compare(name), cnncalc.lint(name))
    for twin in (pickle.loads(pickle.dumps(answers)), copy.deepcopy(answers), tuple(map(copy.copy, answers))):
        assert twin == answers
        assert twin[0].to_dict() == net.to_dict()


def test_copies_of_errors():
    """What a process of a pool raises comes back pickled."""
    with pytest.raises(cnncalc.SpecError) as wrong:
        cnncalc.load("resnet50", variables={"classs": 1})
    with pytest.raises(cnncalc.UnknownRuleError) as unknown:
        cnncalc.lint("lenet5", select=["biass_before_batch_norm"])
    for error in (wrong.value, unknown.value):
        for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert type(twin) is type(error)
            assert str(twin) == str(error)
            assert vars(twin) == vars(error)


# --- words ----------------------------------------------------------------------------------------


def test_messages_name_arguments_and_no_options(one_conv):
    base = one_conv.parent / "below.yaml"
    base.write_text("extends: ../net.yaml")
    two = one_conv.parent / "two.yaml"
    two.write_text("input: {a: [3, 8, 8], b: [3, 8, 8]}\nlayers: [{add: , from: [a, b]}]")
    for call, message in [
        (
            lambda: cnncalc.load(one_conv, variables={"widht": 3}),
            "variables['widht']: the spec has no variable 'widht'; ",
        ),
        (lambda: cnncalc.load(one_conv, variables={"width": 1e30}), "variables['width']: the number is too large; "),
        (lambda: cnncalc.load(one_conv, input=[3, -8, 8]), "input: '-8' is not a size; write the channels, then"),
        (lambda: cnncalc.load(one_conv, input=[3, 0, 8]), "input: input takes the channels and up to 3 sizes"),
        (lambda: cnncalc.load(one_conv, input={"left": [3, 8]}), "input['left']: the spec has no input 'left'"),
        (lambda: cnncalc.load(two, input={"a": [3, -8]}), "input['a']: '-8' is not a size; write the channels, then"),
        (
            lambda: cnncalc.load(two, input=[3, 16]),
            "input: the spec has no input 'input'; the inputs are a and b: write",
        ),
        (lambda: cnncalc.load(base), f"{base}:1:10: extends takes a file in the same folder"),
    ]:
        with pytest.raises(cnncalc.SpecError) as caught:
            call()
        assert str(caught.value).startswith(message)
        assert "--" not in str(caught.value)
    with pytest.raises(cnncalc.SpecError, match=r"such as \[3, 224, 224\]$"):
        cnncalc.load(one_conv, input=[])
    with pytest.raises(cnncalc.SpecError, match=r"write input=\{'a': \[3, 16\]\}$"):
        cnncalc.load(two, input=[3, 16])
    with pytest.raises(cnncalc.SpecError, match=r"allow it with `using\(Limits\(outside=True\)\)` of cnncalc.limits$"):
        cnncalc.load(base)
    assert "- 175 layers in 15 rows\n" in f"{cnncalc.load('resnet50').to_markdown()}\n"
    notes = cnncalc.check(one_conv, against="lenet5").findings
    assert [note.hint for note in notes if note.code == "baseline"] == ["use max_increase in a budget"]


@pytest.mark.parametrize("key", limits.DOCS)
def test_every_limit_is_named_as_python_has_it(key):
    assert limits.raised(key) == f"raise the limit with `using(Limits({key}=N))` of cnncalc.limits"


def test_the_command_line_names_options(one_conv, run):
    result = run("summary", str(one_conv), "--set", "widht=3", status=2)
    assert "--set widht: the spec has no variable 'widht'" in result.stderr
    with pytest.raises(cnncalc.SpecError, match=r"^variables\['widht'\]"):
        cnncalc.load(one_conv, variables={"widht": 3})


def test_threads_have_their_own_limits(one_conv):
    """Each of them loads in the middle of the others' block of code."""
    number = 8
    together = threading.Barrier(number)
    found = [None] * number

    def load(own):
        with limits.using(Limits(layers=1 + own % 2)):
            together.wait()
            try:
                found[own] = len(cnncalc.load(one_conv))
            except cnncalc.SpecError as error:
                found[own] = error.problems[0].hint
            together.wait()

    threads = [threading.Thread(target=load, args=(own,)) for own in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["raise the limit with `using(Limits(layers=N))` of cnncalc.limits", 2] * (number // 2)
    assert limits.current() == Limits()


# --- how it shows ---------------------------------------------------------------------------------


def records_in(value, seen):
    """All named tuples, layer types and networks that an answer holds."""
    if isinstance(value, str | int | float | Fraction | None) or id(value) in seen:
        return
    seen[id(value)] = value
    if isinstance(value, dict):
        for pair in value.items():
            yield from records_in(pair, seen)
    elif isinstance(value, tuple | list | set | frozenset):
        if hasattr(value, "_fields"):
            yield value
        for item in value:
            yield from records_in(item, seen)
    elif type(value).__module__.startswith("cnncalc") and hasattr(value, "__dict__"):
        yield value
        yield from records_in(vars(value), seen)


def answers_of(name, **options):
    net = cnncalc.load(name, **options)
    yield from (net, net.totals, net.sharing, net._fields)
    yield from (cnncalc.check(name, **options), cnncalc.compare(name), cnncalc.lint(name), cnncalc.diff(name, "lenet5"))
    for layer in net:
        yield net.reads(layer.name, (0,) * layer.output_shape.rank)
        yield [net.receptive_field(layer, input_name) for input_name in net.inputs]


@pytest.mark.parametrize("name", ["lenet5", "siamese", "googlenet", "mobilenet_v3_small", "unet"])
def test_reprs_are_short(name):
    seen = {}
    kinds = set()
    for record in records_in(list(answers_of(name)), seen):
        if type(record).__module__ != "cnncalc.syntax.expressions":
            kinds.add(type(record).__name__)
            assert len(repr(record)) <= LONGEST
            assert "\n" not in repr(record)
    assert {"Network", "Layer", "Figures", "Totals", "Outcome", "Fields", "Diff", "Sharing"} <= kinds


def test_reprs_say_what_it_is():
    net = cnncalc.load("alexnet")
    assert repr(net) == "<Network AlexNet: 24 layers, input 3x227x227, 60,965,224 parameters>"
    assert repr(net["conv1"]) == "<Layer conv1: conv, 3x227x227 to 96x55x55, 34,944 parameters>"
    assert repr(net["conv1"].figures.type).startswith("Conv(filters=96, kernel=11, stride=4, padding=0, ")
    assert repr(net["conv1"].weights[0]) == "Weight(name='weight', shape=(96, 3, 11, 11), learned=True)"
    assert repr(cnncalc.check("alexnet")).startswith("Outcome(file='alexnet', name='AlexNet', findings=(Finding(...),)")
    assert repr(net["conv1"].span) == f"Span(file='alexnet.yaml', line={net['conv1'].span.line}, column=5, node='')"


def test_reprs_of_hostile_text(tmp_path):
    path = tmp_path / "net.yaml"
    name = "\\e[31m\\u202e" + "x" * 9_000
    path.write_text(
        f'name: "{name}"\nsource: "{name}"\ninput: [3, 8, 8]\nlayers:\n  - conv: [8, 3]\n', encoding="utf-8"
    )
    net = cnncalc.load(path)
    for record in (net, net.facts, cnncalc.check(path), cnncalc.diff(path, path)):
        assert len(repr(record)) <= LONGEST
        assert "\x1b" not in repr(record)
        assert "\u202e" not in repr(record)
    with pytest.raises(cnncalc.SpecError) as wrong:
        cnncalc.load(path, variables={"\x1b[31m": 3})
    assert "\x1b" not in repr(wrong.value)
    many = problem.SpecError([problem.Problem(None, "x" * 10_000)] * 500)
    assert repr(many).startswith("<SpecError of 500 problems: 'xxx")
    assert len(repr(many)) <= LONGEST


def test_reprs_of_huge_numbers():
    """Python itself writes no number of more than 4300 digits."""
    weight = cnncalc.load("lenet5")["C1"].weights[0]
    assert (
        repr(weight._replace(shape=(10**5000, 2)))
        == "Weight(name='weight', shape=(<a number of 16610 bits>, 2), learned=True)"
    )


def test_help_shows_the_interface():
    assert set(cnncalc.__all__) <= set(dir(cnncalc))
    text = pydoc.render_doc(cnncalc, renderer=pydoc.plaintext)
    for name in ("load", "check", "lint", "compare", "diff"):
        assert f"\n    {name}(" in text
    assert "class Network(" in text


# --- specs without files --------------------------------------------------------------------------

TOWER = {
    "input": [3, 32, 32],
    "variables": {"width": 16},
    "blocks": {"conv_relu(filters)": [{"conv": {"filters": "filters", "kernel": 3, "padding": "same"}}, "relu"]},
    "layers": [{"conv_relu": ["width * 2"]}, {"repeat": 2, "layers": [{"conv_relu": "width"}]}, {"linear": 10}],
}


def test_a_spec_of_mappings_and_lists():
    net = cnncalc.from_dict({**TOWER, "layers": [*TOWER["layers"][:2], "flatten", {"linear": 10}]})
    # Convolutions of 3 to 32, 32 to 16 and 16 to 16 channels, and 10 neurons that read 16 maps of 32x32.
    convs = (3 * 9 + 1) * 32 + (32 * 9 + 1) * 16 + (16 * 9 + 1) * 16
    assert net.params == net.totals.params == convs + (16 * 32 * 32 + 1) * 10
    assert net.macs == 1024 * 9 * (3 * 32 + 32 * 16 + 16 * 16) + 16 * 32 * 32 * 10
    assert net.flops == net.totals.flops


def test_variables_and_inputs_of_a_text():
    text = "input: [3, 8, 8]\nvariables: {classes: 10}\nlayers: [flatten, linear: classes]"
    assert cnncalc.loads(text).params == 193 * 10
    assert cnncalc.loads(text, variables={"classes": 5}, input=[1, 2, 2]).params == 5 * 5


def test_a_text_extends_files_of_the_current_folder(one_conv, monkeypatch):
    monkeypatch.chdir(one_conv.parent)
    assert cnncalc.loads(f"extends: {one_conv.name}").params == cnncalc.load(one_conv).params


def test_errors_of_a_text_have_its_lines():
    with pytest.raises(cnncalc.SpecError) as raised:
        cnncalc.loads("input: [3, 8, 8]\nlayers:\n  - convv: 3\n")
    assert str(raised.value).startswith("<text>:3:5: ")
    with pytest.raises(cnncalc.SpecError, match=r"^<dict>:"):
        cnncalc.from_dict({"input": [3, 8, 8], "layers": [{"convv": 3}]})


@pytest.mark.parametrize("text", ["", "- 1", "\ud800", "input: [1]", "\x00"])
def test_what_is_no_spec(text):
    with pytest.raises(cnncalc.SpecError):
        cnncalc.loads(text)


def test_what_no_spec_can_be_made_of():
    with pytest.raises(TypeError, match="loads takes the text of a spec, not bytes"):
        cnncalc.loads(b"input: [3]")
    with pytest.raises(TypeError, match="from_dict takes a mapping with input and layers, not list"):
        cnncalc.from_dict([1])
    with pytest.raises(TypeError, match="numbers, True, False and None, not Fraction"):
        cnncalc.from_dict({"input": [Fraction(1, 2)], "layers": ["relu"]})
    circle: dict[str, object] = {"input": [3, 8, 8]}
    circle["layers"] = [circle]
    with pytest.raises(cnncalc.SpecError):
        cnncalc.from_dict(circle)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested so deeply"):
        cnncalc.from_dict({"input": [3], "layers": deep})


def test_a_text_is_bounded():
    with pytest.raises(cnncalc.SpecError, match="limit"):
        cnncalc.loads("#" * 20_000_000)


def test_records_of_layers():
    net = cnncalc.load("siamese")
    rows = net.to_records()
    assert [row["name"] for row in rows] == [layer.name for layer in net]
    assert sum(row["params"] for row in rows) == net.params
    assert rows[0]["input_shapes"] == ((1, 105, 105),)
    assert {type(shape) for row in rows for shape in (row["output_shape"], *row["input_shapes"])} == {tuple}
    assert len({tuple(row) for row in rows}) == 1


def test_a_summary_is_the_table_of_the_command(run):
    printed = run("summary", "resnet50").stdout.rstrip("\n")
    assert cnncalc.load("resnet50").summary() == printed.replace("; --depth all shows every layer", "")
    assert cnncalc.load("resnet50").summary(depth=1) == run("summary", "resnet50", "--depth", "1").stdout.rstrip("\n")
    with pytest.raises(ValueError, match="depth takes a whole number from 1, or None, not 0"):
        cnncalc.load("lenet5").summary(depth=0)


def test_bundled_networks_are_listed():
    assert len(cnncalc.networks()) >= 116
    assert cnncalc.load(cnncalc.networks()[-1]).params > 0


# --- memory ---------------------------------------------------------------------------------------


def test_memory_at_inference():
    """The input has 3x32x32 elements, the maps 8x32x32 and 16x32x32, of 2 bytes; 1,392 weights of 1 byte; 5 samples."""
    net = cnncalc.from_dict(
        {
            "input": [3, 32, 32],
            "layers": [
                {"conv": {"filters": 8, "kernel": 3, "padding": "same"}},
                "relu",
                {"conv": {"filters": 16, "kernel": 3, "padding": "same"}},
            ],
        }
    )
    found = net.memory(batch=5, dtype="float16", weights_dtype="int8")
    assert (found.peak, found.at, found.is_exact) == (10 * 24_576, "conv_2", None)
    assert found.alive == {"conv_2": 10 * 16_384, "conv": 10 * 8_192}
    assert found.live == {"conv": 10 * 11_264, "relu": 10 * 8_192, "conv_2": 10 * 24_576}
    assert (found.inputs, found.outputs, found.weights, found.arena) == (10 * 3_072, 10 * 16_384, 1_392, 10 * 24_576)
    assert net.memory(best_order=True).is_exact
    normed = cnncalc.load("resnet18")
    assert normed.memory(fold_batch_norm=True).peak < normed.memory().peak


def test_memory_in_training(run):
    figures = json.loads(run("memory", "resnet18", "--training", "--batch", "8", "--fit", "8GiB", "--json").output)
    found = cnncalc.load("resnet18").training_memory()
    assert found.amount(8) == figures["total"]
    assert found.fit(8 * 2**30) == figures["fitting_batch"]
    assert found.optimizer_state.amount(1) == 2 * found.params.amount(1)
    blocks = cnncalc.load("resnet18").training_memory(optimizer="sgd", checkpoints=["conv2_*"]).blocks
    assert [block.name for block in blocks] == ["conv2_1", "conv2_2"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net: net.memory(batch=0), ValueError, "batch takes a whole number from 1, not 0"),
        (lambda net: net.memory(batch=2.0), TypeError, "batch takes a whole number, not float"),
        (lambda net: net.memory(dtype="int4"), ValueError, "dtype takes one of float64, float32, .*, not 'int4'"),
        (lambda net: net.training_memory(optimizer=3), TypeError, "optimizer takes one of sgd, .*, not int"),
        (
            lambda net: net.training_memory(dtype="float16", mixed_precision=True),
            ValueError,
            "mixed_precision sets the number types; leave dtype at float32",
        ),
        (lambda net: net.training_memory(checkpoints="C1"), TypeError, "checkpoints takes a list of names of blocks"),
        (lambda net: net.training_memory(checkpoints=["nothing"]), KeyError, "no block matches 'nothing'"),
    ],
)
def test_arguments_of_memory(call, error, message):
    with pytest.raises(error, match=message):
        call(cnncalc.load("lenet5"))


def test_memory_in_training_that_is_unknown():
    layer = {"opaque": {"output": [3], "params": 9, "macs": 9}, "name": "mystery"}
    net = cnncalc.from_dict({"input": [3, 4, 4], "layers": [layer]})
    with pytest.raises(cnncalc.SpecError, match=r"what mystery \(opaque\) keeps for the backward pass is unknown"):
        net.training_memory()
