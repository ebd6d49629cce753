"""What all tests share: the ``--rewrite`` flag, and the rule that nothing may be skipped where everything is installed.

With ``HASIM_SKIPS_FAIL=1`` a skipped test fails the run, unless it says that it needs files which are not beside this
checkout.
"""

from __future__ import annotations

import functools
import gc
import os
import signal
from collections.abc import Iterator

import pytest
import typer.testing
from hypothesis import settings

# Tests in the background inherit that Ctrl-C is ignored; the processes that they interrupt must not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

gc.disable()  # while tests are collected: nothing of that is garbage

# Deterministic: the same examples every time. HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("default", derandomize=True, database=None, deadline=None)
settings.register_profile("search", derandomize=False, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Its runner reads the options of all commands from their functions anew for each call, which takes longer than most
# commands do: once is enough. (A typer that knows this name no more is only slower.)
if hasattr(typer.testing, "_get_command"):
    typer.testing._get_command = functools.cache(typer.testing._get_command)

_MAY_BE_ABSENT = "not beside this"


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


@pytest.fixture(scope="module")
def short_pilot() -> Iterator[None]:
    """From here to the end of the module, episodes do not begin with thousands of single faults that look for what is
    rare and lasts long. For scenarios that have nothing of the kind: the interval that a study stops at is the same."""
    from hasim.study import episodes
    from hasim.study.exact import model

    pilot = episodes.PILOT._replace(single=0, together=32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(episodes, "PILOT", pilot)
        patch.setattr(model, "PILOT", pilot)
        yield


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Modules and tests stay until the end: with them out of its sight, and more patience, the garbage collector takes
    a few percent of the time instead of a fifth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def _unexpected_skips(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("HASIM_SKIPS_FAIL"):
        return []
    reasons = [f"{report.nodeid}: {report.longrepr[2]}" for report in reporter.stats.get("skipped", ())]
    return [reason for reason in reasons if _MAY_BE_ABSENT not in reason]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    gc.unfreeze()
    if exitstatus == 0 and _unexpected_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for reason in _unexpected_skips(config):
        terminalreporter.write_line(f"skipped, but should run here: {reason}", red=True)
