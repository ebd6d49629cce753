"""Every shipped scenario's report in a real browser: valid HTML, no barrier, no request, nothing that sticks out."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import html5lib
import pytest

import hasim

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

CHROMIUM = shutil.which("chromium")
TIDY = shutil.which("tidy")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(TIDY is None, reason="tidy is not installed"),
]

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHIPPED = sorted(path.relative_to(SCENARIOS).as_posix() for path in SCENARIOS.rglob("*.yaml"))
PHONE: ViewportSize = {"width": 400, "height": 800}
DESKTOP: ViewportSize = {"width": 1400, "height": 900}
PAPER: ViewportSize = {"width": 700, "height": 1000}
WHAT_HAPPENED_IS_IN_SIGHT = """[...document.querySelectorAll('tr.event td:last-child')].every(
    cell => cell.getBoundingClientRect().right <= innerWidth && cell.getBoundingClientRect().left >= 0)"""
NOTHING_STICKS_OUT = """[...document.querySelectorAll('table, svg[role=img], pre')].every(
    part => part.getBoundingClientRect().right <= innerWidth)"""
THE_SCENARIO_IS_WHOLE = """[...document.querySelectorAll('pre')].every(
    text => text.scrollHeight === text.clientHeight && text.scrollWidth === text.clientWidth)"""
EMPTY_THE_CHARTS = "document.querySelectorAll('svg[role=img]').forEach(chart => chart.replaceChildren())"
"""What is inside an image is no element of its own to those who cannot see it: only its label is. (It would take the
check most of its time.)"""

FIND_BARRIERS = "axe.run({resultTypes: ['violations']}).then(found => ({violations: found.violations}))"


class Watched:
    """A page for one report after the other: a browser that starts anew for each takes twice as long."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.problems: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def show(self, url: str) -> None:
        self.requests.clear()
        self.problems.clear()
        self.page.set_viewport_size(PHONE)
        self.page.goto(url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Watched]:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = found.new_page()
        page.add_init_script(Axe().axe_script)
        yield Watched(page)
        found.close()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_report_of_a_shipped_scenario_is_fit_to_be_read(name: str, browser: Watched, tmp_path: Path) -> None:
    from axe_playwright_python.base import AxeResults

    path = tmp_path / "report.html"
    hasim.load(SCENARIOS / name).run(replications=2, jobs=1).write_report(path, f"hasim report {name}")

    html5lib.HTMLParser(strict=True).parse(path.read_text(encoding="utf-8"))
    assert TIDY is not None
    checked = subprocess.run([TIDY, "-quiet", "-errors", str(path)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")

    browser.show(path.as_uri())
    for viewport in (PHONE, DESKTOP):
        browser.page.set_viewport_size(viewport)
        assert browser.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert browser.page.evaluate(WHAT_HAPPENED_IS_IN_SIGHT)
    browser.page.emulate_media(media="print")
    browser.page.set_viewport_size(PAPER)
    assert browser.page.evaluate(NOTHING_STICKS_OUT)
    assert browser.page.evaluate(THE_SCENARIO_IS_WHOLE)
    browser.page.emulate_media(media="screen")
    browser.page.set_viewport_size(DESKTOP)
    assert (browser.requests, browser.problems) == ([path.as_uri()], [])
    browser.page.evaluate(EMPTY_THE_CHARTS)
    found = AxeResults(browser.page.evaluate(FIND_BARRIERS))
    assert found.violations_count == 0, found.generate_report()
