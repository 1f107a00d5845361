"""The page of `dragon inspect` in a real browser: it draws, obeys and loads nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dragon.inspect.look import look_at_text
from dragon.inspect.page import write_page
from dragon.inspect.reading import look_at_passage
from dragon.models import model_folder, shipped
from dragon.reference.files import Model, save_model
from dragon.reference.settings import small
from dragon.tokenizer.word import WordTokenizer
from tests.engine.models import random_tensors

TEXT = "The otter eats crabs.</script><script>document.title='taken over'</script>"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails on any error in its console and on any request but for itself."""
    context = browser.new_context(color_scheme="dark")
    page, wrong = context.new_page(), []
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith("file:") or wrong.append(request.url))
    yield page
    context.close()
    assert not wrong


def test_a_language_model_is_looked_at(page: Page, tmp_path: Path) -> None:
    words = WordTokenizer.train([TEXT])
    config = small(words.vocab_size, pointer_head=True)
    save_model(tmp_path / "m", Model(config, random_tensors(config), words))
    write_page(tmp_path / "page.html", look_at_text(tmp_path / "m", TEXT))
    page.goto((tmp_path / "page.html").as_uri())
    expect(page).to_have_title("m · dragon inspect")
    tokens = page.locator(".token")
    tokens.nth(1).click()
    expect(page.locator("#detail-head")).to_have_text("What comes after “The”?")
    page.keyboard.press("ArrowRight")
    expect(tokens.nth(2)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#detail .gate")).to_be_visible()
    page.get_by_label("Layer 2, head 3").click()
    expect(page.locator("#map-head")).to_have_text("Attention: layer 2, head 3")
    expect(page.get_by_role("button", name="Attention", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    # Nothing is drawn to the right of the diagonal: nobody sees the future.
    corner = page.evaluate(
        """() => {
            const map = document.getElementById("map"), look = map.getContext("2d");
            const at = (x, y) => [...look.getImageData(x, y, 1, 1).data].join();
            return [at(map.width - 1, 0), at(0, 0)];
        }"""
    )
    assert corner[0] != corner[1]


@pytest.mark.skipif(not shipped(), reason="needs the shipped model")
def test_a_reader_is_looked_at(page: Page, tmp_path: Path) -> None:
    passage = "You may take at most ten consecutive days of leave. Ask the manager first."
    look = look_at_passage(model_folder(), "How long may the leave be?", passage)
    write_page(tmp_path / "page.html", look)
    page.goto((tmp_path / "page.html").as_uri())
    expect(page.locator("h1")).to_have_text("How long may the leave be?")
    expect(page.locator("#scores svg .hit")).to_have_count(
        len(look["tokens"]) - look["textStart"] - 1
    )
    page.locator("#spans button").last.click()
    expect(page.locator("#spans button").last).to_contain_text("No answer in this passage")
    expect(page.locator(".token").first).to_have_attribute("aria-selected", "true")
    expect(page.locator("#detail")).to_contain_text("no answer")
