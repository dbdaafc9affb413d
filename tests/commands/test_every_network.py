"""The worked reports of every bundled network, in English and in Chinese; of variants of a network in the long run."""

import pytest
from looping import bases_and_variants

from cnncalc.commands import cli

REPORTS = ("explain", "field", "sharing", "memory")


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("network", bases_and_variants())
def test_report(network, report, run):
    if report not in cli.list_commands(None):
        pytest.skip(f"unknown command {report} yet")
    english, chinese = (run(report, network, "--language", language).output for language in ("en", "zh"))
    assert english.strip()
    assert not has_chinese(english)
    assert has_chinese(chinese)


def has_chinese(text):
    return any("\u4e00" <= character <= "\u9fff" for character in text)
