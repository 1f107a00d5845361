"""Teaching a model from the page: a file, a curve, a cancelled job, a result that can be asked."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open

TALKS = [("How many days?", "30 days."), ("Who signs?", "45 people."), ("When?", "At noon.")]
LONG_MS = 600_000  # training starts a process that loads PyTorch

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture
def view(open_page: Open) -> Page:
    page = open_page("#/models")
    expect(page.locator(".training-form")).to_be_visible()
    return page


def write_talks(folder: Path) -> Path:
    path = folder / "talks.jsonl"
    lines = [json.dumps({"prompt": asked, "completion": said}) for asked, said in TALKS * 4]
    path.write_text("\n".join(lines))
    return path


def teach(page: Page, file: Path, name: str, epochs: int) -> None:
    page.set_input_files("input[name=file]", file)
    page.fill("input[name=suffix]", name)
    page.fill("input[name=epochs]", str(epochs))
    page.locator(".training-form").get_by_role("button", name="Start").click()


def test_a_model_is_taught_and_tried(view: Page, tmp_path: Path) -> None:
    teach(view, write_talks(tmp_path), "short", 10)
    job = view.locator(".job", has_text="short")
    expect(job).to_contain_text("12 conversations", timeout=60_000)
    expect(job.get_by_role("button", name="Cancel")).to_be_visible()
    expect(job).to_have_attribute("data-status", "succeeded", timeout=LONG_MS)
    expect(job.locator("svg.curve")).to_be_visible()
    expect(view.locator(".model", has_text="short, fine-tuned")).to_be_visible()
    job.get_by_role("button", name="Try it").click()
    expect(view.locator("#question")).to_be_visible()
    assert view.input_value("#model").startswith("ft:dragon:short:")
    view.goto(view.url.split("#")[0] + "#/models")
    job.get_by_role("button", name="Delete short").click()
    view.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(view.locator(".model", has_text="short, fine-tuned")).to_have_count(0)


def test_a_library_is_learned_from(view: Page) -> None:
    file = view.locator("input[name=file]")
    view.select_option("select[name=source]", "default")
    expect(file).to_be_hidden()
    view.fill("input[name=suffix]", "beasts")
    view.fill("input[name=epochs]", "1")
    view.locator(".training-form").get_by_role("button", name="Start").click()
    job = view.locator(".job", has_text="beasts")
    expect(job).to_contain_text("Preparing")
    expect(job).to_contain_text("conversations", timeout=LONG_MS)
    expect(job).to_have_attribute("data-status", "running", timeout=LONG_MS)
    job.get_by_role("button", name="Cancel").click()
    view.get_by_role("dialog").get_by_role("button", name="Cancel training").click()
    expect(job).to_have_attribute("data-status", "cancelled")
    view.select_option("select[name=source]", "")
    expect(file).to_be_visible()


def test_a_job_is_cancelled(view: Page, tmp_path: Path) -> None:
    teach(view, write_talks(tmp_path), "long", 50)
    job = view.locator(".job", has_text="long")
    job.get_by_role("button", name="Cancel").click()
    view.get_by_role("dialog").get_by_role("button", name="Cancel training").click()
    expect(job).to_have_attribute("data-status", "cancelled")


def test_what_is_wrong_with_a_file_is_said_where_it_was_chosen(view: Page, tmp_path: Path) -> None:
    broken = tmp_path / "talks.jsonl"
    broken.write_text('{"prompt": "x", "completion": "y"}\n{"prompt": <b>}\n')
    teach(view, broken, "broken", 3)
    expect(view.locator(".job", has_text="broken")).to_contain_text("Line 2 is not valid JSON")
