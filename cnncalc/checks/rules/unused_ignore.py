"""A comment that silences a rule has no effect.

Why it matters
    The original finding is fixed, or has moved to another line. The comment would also silence
    the next finding there.

What triggers it
    input: [3, 32, 32]
    layers:
      - conv: {filters: 64, kernel: 3, bias: false} # cnncalc: ignore CNN003
      - batch_norm

What is better
    input: [3, 32, 32]
    layers:
      - conv: {filters: 64, kernel: 3, bias: false}
      - batch_norm

When to leave it
    If the finding appears with other variables or another input.

Source
    The linter.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import ABOUT_COMMENTS, Found, Subject
from cnncalc.errors import listed

CODE = "CNN091"
NAME = "unused-ignore"
SEVERITY = Severity.NOTE


def check(subject: Subject) -> Iterator[Found]:
    """Find comments that name selected rules without findings."""
    from cnncalc.checks.rules import all_rules

    every = {rule.code for rule in all_rules() if not rule.code.startswith(ABOUT_COMMENTS)}
    for comment in subject.comments:
        where = "in this file" if comment.whole_file else "here"
        if comment.misplaced:
            continue
        if not comment.words and not comment.used and every <= subject.asked:
            yield Found(comment.span, "", f"no rule finds anything {where}", "remove the comment")
        unused = [
            word
            for word, codes in comment.words
            if codes is not None and every.intersection(codes) <= subject.asked and not comment.used.intersection(codes)
        ]
        if unused:
            verb = "finds" if len(unused) == 1 else "find"
            yield Found(comment.span, "", f"{listed(unused)} {verb} nothing {where}", "remove it from the comment")
