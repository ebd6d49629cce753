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
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium")
TIDY = shutil.which("tidy")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(TIDY is None, reason="tidy is not installed"),
]

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHIPPED = sorted(path.relative_to(SCENARIOS).as_posix() for path in SCENARIOS.rglob("*.yaml"))
PHONE = {"width": 400, "height": 800}
DESKTOP = {"width": 1400, "height": 900}
EMPTY_THE_CHARTS = "document.querySelectorAll('svg[role=img]').forEach(chart => chart.replaceChildren())"
"""What is inside an image is no element of its own to those who cannot see it: only its label is. (It would take the
check most of its time.)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_report_of_a_shipped_scenario_is_fit_to_be_read(name: str, browser: Browser, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    path = tmp_path / "report.html"
    hasim.load(SCENARIOS / name).run(replications=2, jobs=1).write_report(path, f"hasim report {name}")

    html5lib.HTMLParser(strict=True).parse(path.read_text(encoding="utf-8"))
    assert TIDY is not None
    checked = subprocess.run([TIDY, "-quiet", "-errors", str(path)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")

    page = browser.new_page(viewport=PHONE)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(path.as_uri())
    for viewport in (PHONE, DESKTOP):
        page.set_viewport_size(viewport)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert (requests, problems) == ([path.as_uri()], [])
    page.evaluate(EMPTY_THE_CHARTS)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.close()
