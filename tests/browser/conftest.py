"""A real server and a real browser, shared by all tests of the web chat.

The reader of `tests/answer/number_reader.py` answers from the example handbook and from the hostile
documents here; the model of random weights beside it writes without end, which is what stopping
needs. Nothing between the browser and the server is imitated.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dragon.retrieval import Index
from dragon.server.settings import ServerSettings
from tests.browser.documents import write_documents
from tests.http.conftest import Models, models
from tests.http.running import Served, serving
from tests.http.test_leaving import gate

__all__ = ["gate", "models"]  # fixtures

CHROMIUM = shutil.which("chromium")
HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"
WAIT_MS = 15_000

Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip("chromium is not installed: apt install chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        # As root, in a container, Chromium has no sandbox to offer; the pages are our own.
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield found
        found.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, models: Models) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with Index.open(folder / "index.db", create=True):
        pass
    settings = ServerSettings(
        docs=(HANDBOOK, write_documents(folder / "beasts")),
        index=folder / "index.db",
        model=str(models.reader),
        generator=models.writer,
        state=folder / "state",
    )
    with serving(settings) as found:
        yield found


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[Open]:
    """Opens pages, each in a browser that knows nothing; fails on any error in their consoles."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(fragment: str = "", **options: object) -> Page:
        context = browser.new_context(**{"locale": "en-GB", "reduced_motion": "reduce", **options})  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.goto(f"{served.url}/{fragment}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for text in complaints if "Failed to load resource" not in text] == []


@pytest.fixture
def page(open_page: Open) -> Page:
    found = open_page()
    expect(found.locator(".example")).to_have_count(3)
    return found


def ask(page: Page, question: str) -> None:
    """Ask, and wait for the answer to be complete."""
    answers = page.locator(".answer[data-state=done]")
    before = answers.count()
    page.fill("#question", question)
    page.press("#question", "Enter")
    expect(answers).to_have_count(before + 1)
