"""A page of HTML about networks: totals, drawing, charts, layers with their explanations, checks, and a comparison.

The page needs no network access. Its policy (Content-Security-Policy) allows only the style and the script in this
folder, by their hashes, so that no text of a spec can become either.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256

from cnncalc.drawing import svg
from cnncalc.formats import html
from cnncalc.languages import Speaker
from cnncalc.page.sections import PageView, ReportedNetwork, compare_section, network_section

# What follows applies to readers who prefer dark pages.
DARK = "@media (prefers-color-scheme: dark) {"
FOLDER = os.path.dirname(__file__)


def write(networks: Sequence[ReportedNetwork], view: PageView, notes: Sequence[tuple[str, str]] = ()) -> Iterator[str]:
    """The lines of the page; `notes` stand below the comparison of several networks."""
    say = Speaker(view.language, "page")
    script = _read("script.js")
    style = "\n".join([_read("style.css"), *svg.color_rules(0), DARK, *svg.color_rules(1), "}"])
    title = networks[0].network.name if len(networks) == 1 else say("comparison")
    yield "<!DOCTYPE html>"
    yield f'<html lang="{view.language}">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    allowed = f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{html.safe(title)}</title>"
    yield f"<style>{style}</style>"
    yield "</head>"
    yield "<body>"
    if len(networks) > 1:
        yield f'<header><nav aria-label="{html.safe(say("networks"))}"><ul>'
        yield f'<li><a href="#comparison">{html.safe(say("comparison"))}</a></li>'
        for number, each in enumerate(networks, 1):
            yield f'<li><a href="#n{number}">{html.safe(each.label)}</a></li>'
        yield "</ul></nav></header>"
    yield "<main>"
    if len(networks) > 1:
        yield from compare_section(networks, view, notes, say)
    for number, each in enumerate(networks, 1):
        yield from network_section(each, number, view, say)
    yield "</main>"
    yield f'<aside id="explanation" tabindex="-1" hidden aria-label="{html.safe(say("explanation"))}">'
    yield f'<button type="button" id="close">{html.safe(say("close"))}</button><div></div></aside>'
    yield f"<script>{script}</script>"
    yield "</body>"
    yield "</html>"


def _read(name: str) -> str:
    """A file of this folder, without its last line end."""
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read().strip()


def _hash(text: str) -> str:
    """The source expression of a Content-Security-Policy for an inline style or script."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
