"""The list of conversations: rename, delete and undo, search, export."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ask
from tests.http.running import Served, wait_until
from tests.http.test_leaving import Gate

KRAKEN = "How many arms has the kraken?"


@pytest.fixture(autouse=True)
def _no_conversations(served: Served) -> None:
    served.http.delete("/api/conversations")


def menu(page: Page, item: str) -> None:
    page.locator(".conversation").first.hover()
    page.locator(".conversation button").first.click()
    page.get_by_role("menuitem", name=item).click()


def titles(served: Served) -> list[str]:
    found = served.http.get("/api/conversations").json()["conversations"]
    return [conversation["title"] for conversation in found]


def test_a_conversation_is_listed_and_can_be_renamed(page: Page, served: Served) -> None:
    ask(page, KRAKEN)
    expect(page.locator(".conversation a[aria-current=page]")).to_have_text(KRAKEN)
    menu(page, "Rename")
    page.get_by_label("Title").fill("Sea monsters")
    page.get_by_label("Title").press("Enter")
    expect(page.locator(".conversation")).to_have_text("Sea monsters")
    assert titles(served) == ["Sea monsters"]


def test_deleting_can_be_undone(page: Page, served: Served) -> None:
    ask(page, KRAKEN)
    menu(page, "Delete")
    expect(page.locator(".conversation")).to_have_count(0)
    expect(page.locator(".thread")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".conversation")).to_have_text(KRAKEN)
    assert titles(served) == [KRAKEN]


def test_what_is_deleted_stays_deleted_when_the_page_is_closed(page: Page, served: Served) -> None:
    ask(page, KRAKEN)
    menu(page, "Delete")
    page.goto("about:blank")
    wait_until(lambda: titles(served) == [])


def test_search_finds_what_was_said(page: Page) -> None:
    ask(page, KRAKEN)
    page.locator("a.new").click()
    ask(page, "How many heads has the hydra of Lerna?")
    page.locator("#main").click(position={"x": 5, "y": 5})
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.locator("#search").press_sequentially("sleeps")
    expect(page.locator(".conversation")).to_have_count(1)
    expect(page.locator(".found mark")).to_have_text("sleeps")
    page.locator("#search").fill("minotaur")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".conversation")).to_have_count(2)


@pytest.mark.parametrize(("item", "suffix"), [("Markdown", ".md"), ("JSON", ".json")])
def test_export(page: Page, tmp_path: Path, item: str, suffix: str) -> None:
    ask(page, KRAKEN)
    with page.expect_download() as download:
        menu(page, f"Export as {item}")
    assert download.value.suggested_filename == f"How many arms has the kraken{suffix}"
    download.value.save_as(tmp_path / "saved")
    text = (tmp_path / "saved").read_text("utf-8")
    assert "The kraken has 8 arms and sleeps." in text
    if suffix == ".json":
        json.loads(text)


def test_one_conversation_goes_on_while_another_is_read(page: Page, gate: Gate) -> None:
    gate.let(20)
    page.select_option("#model", "dragon:raw")
    page.fill("#question", "Sing")
    page.press("#question", "Enter")
    expect(page.locator(".answer[data-state=streaming]")).to_have_count(1)
    singing = page.url
    page.locator("a.new").click()
    expect(page.locator(".answer")).to_have_count(0)
    gate.open()
    page.goto(singing)
    expect(page.locator(".answer .answer-body")).not_to_be_empty()
