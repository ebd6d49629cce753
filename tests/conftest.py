"""What all tests share: the ``--rewrite`` flag, with which expectations that live in files are written anew."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite",
        action="store_true",
        default=False,
        help="write transcripts and generated documents anew instead of comparing them; read the difference with git",
    )


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    """Whether expectations that live in files are to be written anew."""
    return bool(request.config.getoption("--rewrite"))
