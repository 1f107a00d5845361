"""Whatever a document, a file name, a title or a model says, it is shown as text."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dragon.retrieval import Index
from dragon.server.settings import ServerSettings
from tests.browser.conftest import Open, ask
from tests.browser.documents import HOSTILE_NAME, IMAGE, SCRIPT
from tests.browser.test_documents import drop
from tests.http.conftest import Models
from tests.http.running import Served, serving, write_documents
from tests.http.test_generator import endpoint

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


@pytest.fixture
def hostile_model(tmp_path: Path, models: Models) -> Iterator[tuple[Served, list[str]]]:
    """A server whose answers another one writes, and the lines that it is made to say."""
    said: list[str] = []
    with Index.open(tmp_path / "index.db", create=True):
        pass
    with endpoint(lambda one, body: one.write(*said)) as (url, _):
        given = ServerSettings(
            docs=(write_documents(tmp_path / "docs"),),
            index=tmp_path / "index.db",
            model=str(models.reader),
            generator_url=url,
            generator_model="hostile",
            state=tmp_path / "state",
        )
        with serving(given) as served:
            yield served, said


def test_what_a_model_writes_stays_text(
    browser: Browser, hostile_model: tuple[Served, list[str]]
) -> None:
    served, said = hostile_model
    link, picture = "[here](javascript:window.hacked=1)", "![x](http://evil.invalid/x.png)"
    said += [f"Look {IMAGE} {SCRIPT} {link} {picture} ", "<iframe src=//evil.invalid> "]
    said += ['it says "Visitors may stay 30 days." <b onclick=hacked=1>']
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.url)
    expect(page.locator(".example").first).to_be_visible()
    ask(page, "How many days may visitors stay?")
    body = page.locator(".answer-body")
    expect(body).to_contain_text(SCRIPT)
    expect(body).to_contain_text("<iframe src=//evil.invalid>")
    expect(body.locator(".chip")).to_have_count(1)
    assert body.locator("b, a, img, iframe").count() == 0
    assert_harmless(page)
    assert [url for url in asked if not url.startswith(served.url)] == []
    page.close()


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
