"""The control plane's transcripts, one test a file; ``pytest --rewrite`` writes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transcripts.cloud_driver import CloudDriver
from tests.transcripts.runner import run

TRANSCRIPTS = sorted((Path(__file__).parent / "cloud").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
def test_transcript(path: Path, rewrite: bool) -> None:
    run(path, CloudDriver(), rewrite=rewrite)


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 5
