"""Flat networks become specs with blocks: the same layers, and about as short as a person writes them."""

import re
from pathlib import Path

import pytest
from looping import every

import cnncalc
from cnncalc import bundled
from cnncalc.network.build import load
from cnncalc.outline import blocks, outline
from cnncalc.outline.tree import LeafNode, lists_in
from cnncalc.spec.locate import Place

# The networks that the importers are measured by, with the lines that a person needs: those of the bundled specs,
# and of their base where a spec extends one.
MEASURED = (
    "resnet50", "densenet121", "mobilenet_v2", "inception_v3", "efficientnet_b0", "shufflenet_v2_x1_0", "convnext_tiny",
)  # fmt: skip
# Graphs whose blocks have several inputs or outputs: they have to be right, not short.
SAMPLE = ("hrnet_w18", "dpn68", "nasnetalarge", "cspdarknet53", "unet", "yolov8n", "swin_t", "vit_b_16", "siamese")


def anonymous(network):
    """The network with names that tell nothing."""
    names = {layer.name: f"n{number}" for number, layer in enumerate(network.layers)}
    renamed = tuple(
        layer._replace(
            name=names[layer.name],
            inputs=tuple(names.get(name, name) for name in layer.inputs),
            weights_from=names.get(layer.weights_from),
        )
        for layer in network.layers
    )
    return network._replace(layers=renamed, groups=(), outputs=tuple(names.get(name, name) for name in network.outputs))


def figures(network):
    """What must not change: each layer with its shapes and settings, in any order."""
    return sorted(
        (layer.type, repr(layer.settings), layer.output_shape, layer.params, layer.buffers, layer.macs, layer.flops)
        for layer in network.layers
    )


def lines_of(text):
    """The lines without comments and empty ones."""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def rebuilt(lines):
    return load(Place("-", "outline.yaml", text="\n".join(lines)))


@every({name: name for name in (*MEASURED, *SAMPLE)})
def test_structure_alone_gives_the_same_layers(name):
    is_same(name)


@pytest.mark.parametrize("name", ["hrnet_w18", "res2net50_26w_4s", "coatnet_0", "mvit_v1_b", "vgg16_bn"])
def test_no_block_has_to_be_given_up(name, monkeypatch):
    """In these, blocks repeat in loops, and expressions move from one block to another."""
    built = []

    def counted(place):
        built.append(place)
        return load(place)

    monkeypatch.setattr("cnncalc.outline.load", counted)
    assert outline(load(name), {}, by_scopes=False) is not None
    assert len(built) == 1


def test_a_name_that_a_layer_has_is_not_given_to_another():
    lines = [
        "input: [3, 8, 8]",
        "layers:",
        "  - conv: {filters: 8, kernel: 1}",
        "    name: map1",
        "  - relu:",
        "    name: middle",
        "  - conv: {filters: 5, kernel: 1}",
        "  - conv: {filters: 7, kernel: 1}",
        "    from: middle",
    ]
    again = rebuilt(outline(rebuilt(lines), {}, by_scopes=False))
    assert [layer.name for layer in again.layers][:2] == ["map1", "map2"]


def test_a_loop_is_no_name_for_what_is_around_it():
    """Names such as conv1_{index + 1} mean something only in their loop."""
    text = "\n".join(outline(load("vgg16_bn"), {}, by_scopes=False))
    assert "    name: conv1\n" in text
    assert "conv1_{" not in text


def test_flags_are_named_and_numbers_are_not():
    """A reader cannot guess what true means; the first numbers of a block are those of its signature."""
    text = "\n".join(outline(anonymous(load("hrnet_w18")), {}, by_scopes=False))
    assert re.search(r"has_\w+: true", text)
    assert not re.search(r"- \w+: (\[.*, )?(true|false)", text)
    assert re.search(r"- \w+: \[\w+, \w", text)


def test_an_activation_with_settings_belongs_to_the_join_above_it():
    join = [
        "  - add:",
        "      - - conv: {filters: 8, kernel: 3, padding: 1}",
        "        - conv: {filters: 8, kernel: 3, padding: 1}",
        "      - []",
    ]
    network = rebuilt(["input: [8, 9, 9]", "layers:", *[*join, "  - leaky_relu: 0.1"] * 3])
    lines = outline(anonymous(network), {}, by_scopes=False)
    assert lines[-3:] == ["layers:", "  - residual:", "    repeat: 3"]


def test_channels_of_a_padding_are_no_width():
    """Most of these blocks pad nothing: what they would pad is a default, and no argument."""

    def block(filters, pad=0):
        return [
            "  - add:",
            f"      - - conv: {{filters: {filters}, kernel: 3, padding: 1}}",
            "        - batch_norm",
            f"        - conv: {{filters: {filters}, kernel: 1}}",
            *([f"      - - pad: {{channels: [0, {pad}]}}"] if pad else ["      - []"]),
            "  - relu",
        ]

    lines = ["input: [8, 9, 9]", "layers:", *block(12, 4), *block(12) * 3, *block(20, 8), *block(20) * 3]
    text = "\n".join(outline(anonymous(rebuilt(lines)), {}, by_scopes=False))
    assert re.search(r"- residual: (\{filters: )?20,? ?", text)
    assert not re.search(r"channels: (12|20)|- residual: \[(12|20), (12|20)", text)


@pytest.mark.long
@every({name: name for name in bundled.names()})
def test_all_bundled_networks(name):
    is_same(name)


def is_same(name):
    network = anonymous(load(name))
    lines = outline(network, {}, by_scopes=False)
    assert lines is not None
    again = rebuilt(lines)
    assert figures(again) == figures(network)
    assert len(again.outputs) == len(network.outputs)


@pytest.mark.parametrize("name", MEASURED)
def test_an_outline_is_about_as_short_as_the_spec_of_a_person(name):
    network = load(name)
    path = Path(bundled.path(name))
    text = path.read_text(encoding="utf-8")
    if base := re.search(r"^extends: (\w+)$", text, re.MULTILINE):
        text += Path(bundled.path(base.group(1))).read_text(encoding="utf-8")
    lines = outline(anonymous(network), {}, by_scopes=False)
    assert len(lines_of("\n".join(lines))) <= 1.5 * len(lines_of(text))


def test_resnet50_reads_like_the_spec_of_a_person():
    lines = outline(anonymous(load("resnet50")), {}, by_scopes=False)
    text = "\n".join(lines)
    assert len(lines_of(text)) <= 60
    # One block for all 16, with the condition for its projection, and one loop for each stage.
    assert "when: in_channels != filters * 4" in text
    assert [int(count) for count in re.findall(r"repeat: (\d+)", text)] == [3, 4, 6, 3]


@every({name: name for name in ("resnet50", "mobilenet_v2", "googlenet", "densenet121", "yolov3")})
def test_names_change_no_structure(name):
    network = anonymous(load(name))
    names = {layer.name: f"z{len(network.layers) - number}" for number, layer in enumerate(network.layers)}
    other = network._replace(
        layers=tuple(
            layer._replace(name=names[layer.name], inputs=tuple(names.get(one, one) for one in layer.inputs))
            for layer in network.layers
        ),
        outputs=tuple(names[one] for one in network.outputs),
    )
    lines, others = (outline(one, {}, by_scopes=False) for one in (network, other))
    assert [re.sub(r"\b[nz]\d+\b", "_", line) for line in lines] == [
        re.sub(r"\b[nz]\d+\b", "_", line) for line in others
    ]


def test_scopes_become_blocks():
    """Names like those of PyTorch, with the classes of their modules."""
    network = rebuilt(
        [
            "input: [8, 16, 16]",
            "layers:",
            *(
                line
                for stage, width in (("layer1", 8), ("layer2", 16))
                for number in range(2)
                for line in _basic_block(f"{stage}.{number}", width)
            ),
        ]
    )
    classes = {"layer1": "Sequential", "layer2": "Sequential"}
    classes |= {f"layer{stage}.{number}": "BasicBlock" for stage in (1, 2) for number in (0, 1)}
    text = "\n".join(outline(network, classes, by_scopes=True))
    assert "  basic_block(filters):" in text
    assert "  - basic_block: 8\n    name: layer1\n    repeat: 2" in text
    names = {layer.name for layer in rebuilt(text.split("\n")).layers}
    assert {"layer1.0.conv1", "layer1.1.conv1", "layer2.0.conv1", "layer2.1.conv1"} <= names


@every({word: word for word in ("layers", "Repeat", "When", "Conv", "Input", "İ", "a b", "名", "_", "Index", "True")})
def test_classes_with_names_of_the_language_are_blocks(word):
    network = rebuilt(
        ["input: [8, 16, 16]", "layers:", *(line for number in range(4) for line in _basic_block(f"s.{number}", 8))]
    )
    lines = outline(network, {f"s.{number}": word for number in range(4)}, by_scopes=True)
    assert figures(rebuilt(lines)) == figures(network)
    assert "    repeat: 4" in lines


def _basic_block(scope, width):
    return [
        f"  - conv: {{filters: {width}, kernel: 3, padding: 1, bias: false}}",
        f"    name: {scope}.conv1",
        "  - batch_norm:",
        f"    name: {scope}.bn1",
        "  - relu:",
        f"    name: {scope}.relu",
    ]


def test_parts_that_are_read_elsewhere_have_names():
    network = rebuilt(
        [
            "input: [3, 32, 32]",
            "outputs: [high, low]",
            "layers:",
            "  - conv: {filters: 8, kernel: 3, padding: 1}",
            "    name: low",
            "  - conv: {filters: 8, kernel: 3, padding: 1, stride: 2}",
            "    name: high",
        ]
    )
    again = rebuilt(outline(network, {}, by_scopes=False))
    assert again.outputs == ("high", "low")


def test_a_block_that_would_be_wrong_is_given_up(monkeypatch):
    """Each outline is built again and compared: here every block has a wrong kernel."""
    unified = blocks.unify

    def with_wrong_kernels(name, runs, known):
        found = unified(name, runs, known)
        for nodes in lists_in(found.block.nodes if found else []):
            nodes[:] = [
                node._replace(settings=node.settings | {"kernel": 5})
                if isinstance(node, LeafNode) and node.settings.get("kernel") == 3
                else node
                for node in nodes
            ]
        return found

    monkeypatch.setattr(blocks, "unify", with_wrong_kernels)
    is_same("resnet18")


def test_python_has_the_same_spec():
    text = cnncalc.load("resnet18").to_yaml(blocks=True)
    assert figures(cnncalc.loads(text).facts) == figures(load("resnet18"))
    assert len(lines_of(text)) < len(lines_of(cnncalc.load("resnet18").to_yaml())) / 3
