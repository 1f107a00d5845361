"""The page as a browser has it: a form's Origin, a cookie, the policy of the page."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from dragon.lite.server import Server

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


def test_a_talk_in_a_browser(server: Server) -> None:
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(color_scheme="dark")
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        for question in ("How many days of annual leave do staff have?", "And who signs it?"):
            page.fill("input", question)
            page.click("button")
            page.wait_for_load_state()
        assert page.locator("section").count() == 2
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 25, 27)"
        page.click("section:last-of-type a")
        assert page.inner_text("mark") == "Staff have 27 days of annual leave."
        browser.close()
    assert complaints == []
