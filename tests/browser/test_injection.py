"""Whatever a document, a file name, a title or a model says, it is shown as text."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open, ask
from tests.browser.documents import HOSTILE_NAME, IMAGE, SCRIPT
from tests.browser.test_documents import drop
from tests.http.running import Served

FOREIGN = (
    "document.querySelectorAll('#app script, #app img, #app iframe, a[href^=javascript]').length"
)


def assert_harmless(page: Page) -> None:
    assert page.evaluate("window.hacked") is None
    assert page.evaluate(FOREIGN) == 0


def test_text_of_a_document_stays_text(page: Page) -> None:
    ask(page, "How many heads has the hydra of Lerna?")
    body = page.locator(".answer-body")
    expect(body).to_contain_text(f"The hydra {IMAGE} of {SCRIPT} Lerna has 9 heads [1] and [x](")
    # A marker that the document itself holds is no citation.
    expect(body.locator(".chip")).to_have_count(1)
    page.locator(".chip").click()
    expect(page.locator(".prose")).to_contain_text(IMAGE)
    expect(page.locator(".prose")).to_contain_text(f"## Heads {SCRIPT}")
    assert_harmless(page)


def test_names_of_files_stay_text(open_page: Open) -> None:
    page = open_page("#/documents")
    expect(page.locator(".document-path", has_text=HOSTILE_NAME)).to_be_visible()
    drop(page, {f"a{IMAGE}.exe": "no", f"b{IMAGE}.md": "The siren sings 4 songs."})
    expect(page.locator(".upload.failed")).to_contain_text(f"a{IMAGE}.exe")
    assert_harmless(page)
    page.locator("a.new").click()
    ask(page, "How many snakes does the gorgon wear?")
    expect(page.locator(".source-row .place-path")).to_contain_text(HOSTILE_NAME)
    assert_harmless(page)


def test_questions_and_titles_stay_text(page: Page, served: Served) -> None:
    ask(page, f"How many arms {IMAGE} {SCRIPT}?")
    expect(page.locator(".bubble")).to_have_text(f"How many arms {IMAGE} {SCRIPT}?")
    talk = page.url.rsplit("/", 1)[1]
    served.http.patch(f"/api/conversations/{talk}", json={"title": IMAGE})
    page.reload()
    expect(page.locator(f'.conversation[data-id="{talk}"]')).to_have_text(IMAGE)
    assert_harmless(page)


def test_the_policy_forbids_what_the_page_does_not_need(browser: Browser, served: Served) -> None:
    page = browser.new_page()  # not `page`, which takes the browser's complaint for a failure
    page.goto(served.url)
    policy = served.http.get("/").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    refused = page.evaluate(
        """() => new Promise((resolve) => {
            const told = (event) => resolve(event.effectiveDirective);
            document.addEventListener("securitypolicyviolation", told);
            try {
                document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=hacked=1>");
            } catch { /* the event says which rule it was */ }
        })"""
    )
    assert refused == "require-trusted-types-for"
    page.close()


def test_nothing_is_fetched_from_elsewhere(open_page: Open, served: Served) -> None:
    asked: list[str] = []
    page = open_page()
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.locator(".example")).to_have_count(3)
    assert asked
    assert [url for url in asked if not url.startswith(served.url)] == []
