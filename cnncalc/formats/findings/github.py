"""Findings as GitHub workflow commands, which annotate lines of a pull request."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from cnncalc.checks.finding import Finding, Outcome, Severity
from cnncalc.formats.findings import counted, message_of
from cnncalc.text import plain

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def write(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines of the log: a command for each finding, and the totals."""
    for outcome in outcomes:
        for finding in outcome.findings:
            yield _command(outcome, finding)
    yield counted(outcomes)


def _command(outcome: Outcome, finding: Finding) -> str:
    place = {"file": _in_workspace(outcome.file)}
    if finding.span is not None and finding.span.line:
        line, column = str(finding.span.line), str(finding.span.column)
        place = {"file": _in_workspace(finding.span.file), "line": line, "col": column}
    properties = ",".join(f"{key}={_property(value)}" for key, value in {**place, "title": _title(finding)}.items())
    message = "\n".join([message_of(outcome, finding), *finding.details])
    return f"::{COMMANDS[finding.severity]} {properties}::{escape(message)}"


def _title(finding: Finding) -> str:
    return f"cnncalc {finding.code}"


def _in_workspace(file: str) -> str:
    """The path from the top of the checkout, by which GitHub places annotations."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if not workspace or not os.path.exists(file):
        return file
    path = os.path.relpath(os.path.realpath(file), os.path.realpath(workspace))
    return file if path.startswith("..") else path.replace(os.sep, "/")


def escape(text: str) -> str:
    """Text escaped for the message of a command, so that it cannot begin another command."""
    lines = [plain(line) for line in text.split("\n")]
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return escape(text).replace(":", "%3A").replace(",", "%2C")
