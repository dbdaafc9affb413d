"""A comment that silences rules names a rule that does not exist, or is in a place where it has no effect.

Why it matters
    The finding that it was written for is still reported, and readers of the comment believe it is
    settled.

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
    """Where a word of a comment is no rule, or one for the whole file stands below its first lines."""
    from cnncalc.checks.rules import all_rules

    for comment in subject.comments:
        if comment.misplaced:
            hint = "put it on a line of its own above the spec's first key"
            yield Found(comment.span, "", "ignore-file has no effect here", hint)
        for word, codes in comment.words:
            if codes is None:
                names = [rule.name for rule in all_rules()]
                hint = did_you_mean(word, names, "`cnncalc lint --list` shows the rules; a reason follows `because`")
                yield Found(comment.span, "", f"there is no rule {quoted(word)} to ignore", hint)
