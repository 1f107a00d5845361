"""The source panel: the quote in its surroundings, exactly where the document has it."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, ask
from tests.http.running import wait_until


def test_a_citation_opens_its_source_at_the_quote(page: Page) -> None:
    ask(page, "How many days of annual leave do permanent staff have?")
    page.locator(".chip").first.click()
    panel = page.locator("#source")
    expect(panel.locator("h2")).to_have_text("Annual leave")
    expect(panel.locator(".source-path")).to_have_text("handbook/people/annual-leave.md")
    expect(panel.locator("mark.quote")).to_have_text("27")
    expect(panel.locator("mark.quote")).to_be_in_viewport()
    expect(panel.locator(".sentence").first).to_have_text("Permanent staff have ")
    expect(panel.locator(".prose")).to_contain_text("Rest is part of the job.")
    expect(panel.locator(".source-foot")).to_contain_text("Characters 224–226 of")
    expect(panel.get_by_label("Close the source (Esc)")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator(".chip").first).to_be_focused()


def test_a_quote_far_down_is_scrolled_to_and_more_can_be_shown(page: Page) -> None:
    ask(page, "How many anvils has the cyclops forged?")
    page.locator(".chip").first.click()
    expect(page.locator("mark.quote")).to_have_text("61")
    expect(page.locator("mark.quote")).to_be_in_viewport()
    before = page.locator(".prose").inner_text()
    page.locator("#source .more").first.click()
    wait_until(lambda: len(page.locator(".prose").inner_text()) > len(before))
    expect(page.locator("mark.quote")).to_be_in_viewport()


def test_offsets_count_characters_and_not_units_of_two_bytes(page: Page) -> None:
    ask(page, "How many riddles has the sphinx asked at the gate of Thebes?")
    expect(page.locator("mark.quoted")).to_have_text("12")
    page.locator(".chip").first.click()
    expect(page.locator("mark.quote")).to_have_text("12")
    marked = page.locator(".prose").inner_text()
    assert "asked 12 riddles 🐉 at" in marked


def test_a_nearest_passage_opens_too(page: Page) -> None:
    ask(page, "Which lullabies hums the wyvern?")
    page.locator(".passage-row").first.click()
    expect(page.locator("mark.quote.passage")).to_be_visible()
    expect(page.get_by_role("button", name="Copy passage")).to_be_visible()


def test_the_quote_can_be_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "How many arms has the kraken?")
    page.locator(".source-row").click()
    page.get_by_role("button", name="Copy quote").click()
    expect(page.locator("#announcer")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "8"


def test_an_address_of_a_source_opens_it(open_page: Open) -> None:
    page = open_page("#/source?library=default&document=beasts/kraken.md&start=25&end=26")
    expect(page.locator("mark.quote")).to_have_text("8")


def test_what_is_read_stays_where_it_is_when_the_panel_opens(page: Page) -> None:
    for question in ("How many arms has the kraken?", "And the hydra?", "And the gorgon's snakes?"):
        ask(page, question)
    chip = page.locator(".chip").last
    before = chip.bounding_box()
    chip.click()
    expect(page.locator("mark.quote")).to_be_visible()
    after = chip.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) < 30


def test_a_document_that_is_gone_is_a_calm_line(open_page: Open) -> None:
    page = open_page("#/source?library=default&document=none.md&start=0&end=1")
    expect(page.locator("#source [role=alert]")).to_contain_text("none.md")
