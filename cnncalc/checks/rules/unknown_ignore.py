"""A comment that silences rules names an unknown rule, or is in a place where it has no effect.

Why it matters
    The finding is still reported, although readers of the comment expect that it is silenced.

What triggers it
    input: [3, 32, 32]
    layers:
      - conv: [64, 3] # cnncalc: ignore CNN999

What is better
    input: [3, 32, 32]
    layers:
      - conv: [64, 3] # cnncalc: ignore CNN003 because the published weights have it
      - batch_norm

When to leave it
    Never: `cnncalc lint --list` shows the rules. Give a reason after the word "because".

Source
    The linter.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject
from cnncalc.errors import did_you_mean, quoted

CODE = "CNN090"
NAME = "unknown-ignore"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Find unknown rules in comments, and comments for the whole file that are not at its beginning."""
    from cnncalc.checks.rules import all_rules

    for comment in subject.comments:
        if comment.misplaced:
            hint = "move it to its own line above the spec's first key"
            yield Found(comment.span, "", "ignore-file has no effect here", hint)
        for word, codes in comment.words:
            if codes is None:
                names = [rule.name for rule in all_rules()]
                hint = did_you_mean(word, names, "`cnncalc lint --list` shows the rules; write reasons after `because`")
                yield Found(comment.span, "", f"unknown rule {quoted(word)} in a comment", hint)
