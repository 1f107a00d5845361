"""The documents view: adding, failing, removing, indexing anew, libraries of one's own."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, ask
from tests.http.running import Served


@pytest.fixture
def documents(open_page: Open) -> Page:
    page = open_page("#/documents")
    expect(page.locator("tbody tr").first).to_be_visible()
    return page


def test_the_library_is_listed(documents: Page) -> None:
    expect(documents.get_by_text("Annual leave", exact=True)).to_be_visible()
    expect(documents.locator("#view-documents .page-head")).to_contain_text(
        re.compile(r"\d+ documents, \d+ pass")
    )
    documents.get_by_label("Filter documents by name").fill("kraken")
    expect(documents.locator("tbody tr")).to_have_count(1)


def test_a_file_is_added_asked_and_removed(documents: Page, tmp_path: Path) -> None:
    path = tmp_path / "phoenix.md"
    path.write_text("# Phoenix\n\nThe phoenix rises after 500 years.\n", "utf-8")
    documents.set_input_files("#files", path)
    added = documents.locator("tr[data-status=ready]", has_text="phoenix.md")
    expect(added).to_have_count(1)
    documents.locator("a.new").click()
    ask(documents, "After how many years does the phoenix rise?")
    expect(documents.locator("mark.quoted")).to_have_text("500")
    documents.get_by_role("link", name="Documents").click()
    remove(documents, "phoenix.md")


def test_files_can_be_dropped_and_a_bad_one_says_why(documents: Page) -> None:
    drop(documents, {"broken.pdf": "this is no pdf", "chimera.md": "The chimera has 3 heads."})
    broken = documents.locator("tr[data-status=failed]", has_text="broken.pdf")
    expect(broken.locator(".reason")).not_to_be_empty()
    expect(documents.locator("tr[data-status=ready]", has_text="chimera.md")).to_have_count(1)
    assert documents.locator("tbody tr").first.get_attribute("data-status") == "failed"
    for name in ("broken.pdf", "chimera.md"):
        remove(documents, name)


def remove(page: Page, name: str) -> None:
    page.get_by_label(re.compile(f"^Remove .*{re.escape(name)}$")).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator("tbody tr", has_text=name)).to_have_count(0)


def drop(page: Page, files: dict[str, str]) -> None:
    carried = page.evaluate_handle(
        """files => {
            const carried = new DataTransfer();
            for (const [name, text] of Object.entries(files)) {
                carried.items.add(new File([text], name));
            }
            return carried;
        }""",
        files,
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": carried})


def test_indexing_anew_is_asked_for_and_reported(documents: Page) -> None:
    documents.get_by_role("button", name="Re-index").click()
    expect(documents.locator("#announcer")).to_contain_text("Reading is complete")
    expect(documents.get_by_role("button", name="Re-index")).to_be_enabled()


def test_a_library_of_its_own(documents: Page, served: Served) -> None:
    documents.get_by_label("More for this library").click()
    documents.get_by_role("menuitem", name="New library").click()
    documents.get_by_role("dialog").get_by_label("Name").fill("Bestiary")
    documents.get_by_role("button", name="Create").click()
    expect(documents.locator("h1:visible")).to_have_text("Bestiary")
    expect(documents.get_by_text("No documents yet.")).to_be_visible()
    drop(documents, {"basilisk.md": "The basilisk is 6 feet long."})
    expect(documents.locator("tr[data-status=ready]")).to_have_count(1)
    documents.locator("a.new").click()
    documents.select_option("#model", label="Bestiary")
    ask(documents, "How many feet long is the basilisk?")
    expect(documents.locator("mark.quoted")).to_have_text("6")
    documents.locator(".chip").click()
    expect(documents.locator("mark.quote")).to_have_text("6")
    documents.keyboard.press("Escape")
    documents.get_by_role("link", name="Documents").click()
    documents.get_by_label("More for this library").click()
    documents.get_by_role("menuitem", name="Delete library").click()
    documents.get_by_role("button", name="Delete").click()
    expect(documents.locator("h1:visible")).not_to_have_text("Bestiary")
    names = [library["name"] for library in served.http.get("/api/libraries").json()["libraries"]]
    assert "Bestiary" not in names


def test_a_file_that_cannot_be_sent_can_be_sent_again(documents: Page, tmp_path: Path) -> None:
    path = tmp_path / "harpy.md"
    path.write_text("The harpy has 2 wings.\n", "utf-8")
    documents.context.set_offline(True)
    documents.set_input_files("#files", path)
    expect(documents.locator(".upload [role=alert]")).to_contain_text("does not answer")
    documents.context.set_offline(False)
    documents.locator(".upload").get_by_role("button", name="Try again").click()
    expect(documents.locator("tr[data-status=ready]", has_text="harpy.md")).to_have_count(1)
    remove(documents, "harpy.md")
