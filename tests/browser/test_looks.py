"""Light and dark, from a phone to a wide screen, by keyboard alone, without jumps."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, ask

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
CONTRAST = """
() => {
    const light = (color) => {
        const parts = color.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255);
        const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        const [r, g, b] = parts.map(linear);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const solid = (node) => {
        const color = getComputedStyle(node).backgroundColor;
        const clear = color === "transparent" || /rgba\\(.*, 0\\)/.test(color);
        return clear && node.parentElement ? solid(node.parentElement) : color;
    };
    const weak = [];
    for (const node of document.querySelectorAll("body *")) {
        const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (!own || !node.checkVisibility()) continue;
        if (node.closest(":disabled, .visually-hidden, .skip")) continue;
        const [a, b] = [light(getComputedStyle(node).color), light(solid(node))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) weak.push(`${node.className} ${contrast.toFixed(1)}`);
    }
    return weak;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_has_enough_contrast(open_page: Open, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    expect(page.locator(".example")).to_have_count(3)
    assert page.evaluate(CONTRAST) == []
    ask(page, "How many arms has the kraken?")
    page.locator(".chip").click()
    expect(page.locator("mark.quote")).to_be_visible()
    assert page.evaluate(CONTRAST) == []
    for view, part in (("documents", "tbody tr"), ("models", ".training-form")):
        page.goto(page.url.split("#")[0] + f"#/{view}")
        expect(page.locator(part).first).to_be_visible()
        assert page.evaluate(CONTRAST) == []


def test_the_theme_follows_the_system_until_one_is_chosen(open_page: Open) -> None:
    page = open_page(color_scheme="dark")
    dark = page.evaluate(BACKGROUND)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(BACKGROUND)
    assert dark != light
    theme = page.locator("#theme")
    expect(theme).to_have_text("System theme")
    theme.click()
    theme.click()
    expect(theme).to_have_text("Dark theme")
    assert page.evaluate(BACKGROUND) == dark
    page.reload()
    assert page.evaluate(BACKGROUND) == dark


def overflow(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter((n) => n.checkVisibility() && !n.closest(".visually-hidden, .sidebar, .table"))
            .filter((n) => n.getBoundingClientRect().right > innerWidth + 1)
            .map((n) => `${n.tagName} ${n.className}`)"""
    )
    return found


def test_nothing_is_wider_than_a_phone(open_page: Open) -> None:
    page = open_page(**PHONE)
    expect(page.locator(".example")).to_have_count(3)
    assert overflow(page) == []
    ask(page, "How many arms has the kraken?")
    ask(page, "Which lullabies hums the wyvern?")
    assert overflow(page) == []
    page.locator(".chip").first.tap()
    expect(page.locator("mark.quote")).to_be_in_viewport()
    assert overflow(page) == []
    page.get_by_label("Close the source (Esc)").tap()
    for view in ("Documents", "Models"):
        page.get_by_label("Open the menu").tap()
        page.get_by_role("link", name=view).tap()
        expect(page.locator("h1:visible")).to_be_visible()
        expect(page.locator("#sidebar")).not_to_be_in_viewport()
        assert overflow(page) == []


def test_the_menu_of_a_phone_closes_with_escape_and_gives_the_focus_back(open_page: Open) -> None:
    page = open_page(**PHONE)
    page.get_by_label("Open the menu").click()
    expect(page.locator("#sidebar")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#sidebar")).not_to_be_in_viewport()
    expect(page.get_by_label("Open the menu")).to_be_focused()


def test_by_keyboard_alone(page: Page) -> None:
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("How many arms has the kraken?")
    page.keyboard.press("Enter")
    expect(page.locator(".answer[data-state=done]")).to_have_count(1)
    expect(page.locator("#question")).to_be_focused()
    page.locator(".chip").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Close the source (Esc)")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".chip")).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.locator("#search")).to_be_focused()


def nameless(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, textarea")]
            .filter((n) => n.checkVisibility())
            .filter((n) => !n.getAttribute("aria-label") && !n.innerText.trim())
            .filter((n) => !n.labels?.length)
            .map((n) => n.outerHTML)"""
    )
    return found


def test_every_control_has_a_name(page: Page) -> None:
    ask(page, "How many arms has the kraken?")
    page.locator(".chip").click()
    assert nameless(page) == []
    for view, part in (("documents", "tbody tr"), ("models", ".training-form")):
        page.goto(page.url.split("#")[0] + f"#/{view}")
        expect(page.locator(part).first).to_be_visible()
        assert nameless(page) == []


def test_a_job_is_started_by_keyboard_alone(open_page: Open) -> None:
    page = open_page("#/models")
    source = page.get_by_label("Learn from")
    expect(source).to_be_visible()
    source.focus()
    names = []
    for _ in range(4):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("document.activeElement.closest('label, button').innerText.trim()")
        )
    assert [name.split("\n")[0] for name in names] == [
        "Conversations (.jsonl)",
        "Name of the result",
        "Times through it",
        "Start",
    ]


def test_an_answer_does_not_move_what_stands_above_it(page: Page) -> None:
    page.evaluate(
        """() => {
            window.shifts = 0;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) {
                    if (!entry.hadRecentInput) window.shifts += entry.value;
                }
            }).observe({ type: "layout-shift", buffered: true });
        }"""
    )
    ask(page, "How many arms has the kraken?")
    page.wait_for_timeout(200)
    assert page.evaluate("window.shifts") < 0.1


def test_the_model_card_is_shown_and_another_model_can_be_chosen(page: Page) -> None:
    page.get_by_role("link", name="Models").click()
    expect(page.locator(".model")).to_have_count(2)
    expect(page.locator(".card")).not_to_be_empty()
    page.locator(".model", has_text="dragon:raw").get_by_role("button", name="Use this").click()
    page.locator("a.new").click()
    expect(page.locator("h1:visible")).to_have_text("Ask the plain model")
    assert page.input_value("#model") == "dragon:raw"
