"""Every file in architectures/ is complete, says where it comes from, and holds nothing that is not used."""

import re
from pathlib import Path

from looping import every

from cnncalc import bundled
from cnncalc.network.build import load
from cnncalc.syntax.source import Mapping, Scalar, parse

FOLDER = Path(bundled.folder())
every_network = every({name: name for name in bundled.names()})


def read(name):
    return parse((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


def with_bases(name):
    """The mapping of a network and of those it extends; libraries are for several networks."""
    chain = [read(name)]
    while (base := chain[-1].get("extends")) is not None and not base.text.startswith("blocks/"):
        chain.append(read(base.text.removesuffix(".yaml")))
    return chain


def entries(chain, key):
    """The keys below a top-level key with their values, in all files."""
    sections = (mapping.get(key) for mapping in chain)
    return [entry for section in sections if isinstance(section, Mapping) for entry in section.entries]


def texts(node):
    """All texts in a node, keys included."""
    if isinstance(node, Scalar):
        yield node.text
    elif isinstance(node, Mapping):
        for key, value in node.entries:
            yield key.text
            yield from texts(value)
    else:
        for item in node.items:
            yield from texts(item)


@every_network
def test_it_loads_and_says_what_it_is(name):
    network = load(name)
    assert network.layers
    own = read(name).get("name")
    assert own is not None
    assert network.name == own.text
    assert re.search(r"\b(19|20)\d\d\b", network.source), "the source has authors, a year and a title"


@every_network
def test_it_begins_with_a_comment(name):
    assert (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").startswith("# ")


@every_network
def test_every_variable_is_used(name):
    chain = with_bases(name)
    used = [
        text for mapping in chain for key, node in mapping.entries if key.text != "variables" for text in texts(node)
    ]
    used += [text for _, node in entries(chain, "variables") for text in texts(node)]
    for variable, _ in entries(chain, "variables"):
        assert any(re.search(rf"\b{variable.text}\b", text) for text in used), f"{variable.text} is not used"


@every_network
def test_every_block_is_used(name):
    chain = with_bases(name)
    bodies = [node for _, node in entries(chain, "blocks")]
    bodies += [mapping.get("layers") for mapping in chain if mapping.get("layers") is not None]
    used = {text for body in bodies for text in texts(body)}
    for block, _ in entries(chain, "blocks"):
        assert block.text.partition("(")[0].strip() in used, f"{block.text} is not used"


@every_network
def test_a_variant_is_a_few_lines(name):
    lines = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 110
    mapping = read(name)
    if mapping.get("extends") is not None and mapping.get("blocks") is None and mapping.get("layers") is None:
        assert len(lines) < 15
