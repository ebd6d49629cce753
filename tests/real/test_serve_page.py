"""The live page of ``hasim serve`` in a real browser: what it shows, as it happens, at any width and for everybody."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.real.serving import serving

CHROMIUM = shutil.which("chromium")
SCENARIO = Path(__file__).parents[2] / "scenarios" / "secondary-ip-best-practice.yaml"
WIDTHS = (400, 1400)

pytestmark = [pytest.mark.real, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]


def test_the_page_follows_what_happens() -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect, sync_playwright

    with serving(SCENARIO, "--speed", "1000", auth=False) as served, sync_playwright() as playwright:
        expect.set_options(timeout=20_000)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        problems: list[str] = []
        requests: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(served.url)
        instances, tasks, ended = (page.locator(f"#{part}") for part in ("instances", "tasks", "ended"))
        expect(instances).to_contain_text("10.0.1.100")
        expect(page.locator("#link")).to_have_text("live")

        served.control("POST", "trouble", {"kind": "stuck"})
        (eip,) = served.call("AllocateAddresses")["AddressSet"]
        holder = served.call("DescribeNetworkInterfaces", Filters=[{"Name": "address-ip", "Values": ["10.0.1.100"]}])
        (interface,) = (item["NetworkInterfaceId"] for item in holder["NetworkInterfaceSet"])
        address = [{"PrivateIpAddress": "10.0.1.100"}]
        served.call("UnassignPrivateIpAddresses", NetworkInterfaceId=interface, PrivateIpAddresses=address)
        served.control("POST", "instances/b/crash")
        expect(page.locator("#troubles")).to_contain_text("stuck")
        expect(tasks).to_contain_text("UnassignPrivateIpAddresses")
        expect(instances).to_contain_text("DELETING")
        expect(instances).to_contain_text("CRASHED")
        expect(page.locator("#eips")).to_contain_text(eip)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()

        served.control("DELETE", "trouble")
        expect(tasks).to_have_text("None.")
        expect(ended).to_contain_text("SUCCESS")
        expect(instances).not_to_contain_text("10.0.1.100")
        assert problems == []
        assert {url.removeprefix(served.url) for url in requests} == {"/", "/_hasim/state"}
        browser.close()
