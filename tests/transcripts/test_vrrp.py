"""Transcripts of the VRRP state machine, each named after what it pins.

Behaviours B1 to B25 are observations of the real daemon: what keepalived 2.2.7 did on the wire, in its log and in its
notify scripts. A number beside them is the section of the RFC that says the same, or that keepalived departs from.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.transcripts import runner
from tests.transcripts.vrrp_network import VrrpNetwork

TRANSCRIPTS = sorted((Path(__file__).parent / "vrrp").glob("*.txt"))
# Where the machine does not yet do what the daemon does: the transcript shows the daemon.
_SOURCE = re.compile(r"^# .*\b(B([1-9]|1\d|2[0-5])\b|RFC (3768|5798))", re.MULTILINE)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, rewrite: bool) -> None:
    runner.run(path, VrrpNetwork(), rewrite=rewrite)


def test_every_transcript_says_what_it_pins() -> None:
    assert len(TRANSCRIPTS) >= 65
    silent = [path.name for path in TRANSCRIPTS if not _SOURCE.search(path.read_text(encoding="utf-8"))]
    assert not silent
