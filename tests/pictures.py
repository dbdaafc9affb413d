"""Reading pictures: the texts of an SVG."""

from xml.etree import ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"


def words_of(picture: bytes | str) -> list[str]:
    """The texts that a reader can select."""
    return ["".join(text.itertext()).strip() for text in ET.fromstring(picture).iter(f"{SVG}text")]
