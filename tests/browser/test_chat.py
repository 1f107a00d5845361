"""Asking in the web chat: answers, citations, stopping, asking again, changing, rating."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import ask
from tests.http.running import Served
from tests.http.test_leaving import Gate

LEAVE = "How many days of annual leave do permanent staff have?"


def last(page: Page) -> str:
    return page.locator(".answer").last.locator(".answer-body").inner_text()


def test_an_answer_comes_with_its_quote_marked_and_its_sources(page: Page) -> None:
    ask(page, "How many arms has the kraken?")
    answer = page.locator(".answer")
    expect(answer.locator(".answer-body")).to_have_text("The kraken has 8 arms and sleeps. 1")
    expect(answer.locator("mark.quoted")).to_have_text("8")
    expect(answer.locator(".source-row .place-path")).to_have_text("beasts/kraken.md")
    expect(page).to_have_title("How many arms has the kraken? · dRAGon")
    assert "#/c/conv_" in page.url


def test_an_example_can_be_asked(page: Page) -> None:
    example = page.locator(".example").first
    question = example.inner_text()
    example.click()
    expect(page.locator(".bubble")).to_have_text(question)
    expect(page.locator(".answer[data-state=done]")).to_have_count(1)


def test_it_says_when_the_documents_do_not_know_and_shows_what_is_nearest(page: Page) -> None:
    ask(page, "Which lullabies hums the wyvern?")
    answer = page.locator(".answer[data-abstained]")
    expect(answer.locator(".abstained")).to_have_text("The documents do not say.")
    expect(answer.locator(".passage-row")).to_have_count(3)
    expect(answer.locator(".chip")).to_have_count(0)


def test_a_follow_up_keeps_its_context(page: Page) -> None:
    ask(page, "How many days may centaurs graze?")
    ask(page, "And their foals?")
    expect(page.locator(".asked")).to_contain_text("How many days may centaurs graze?")


def test_what_was_said_is_there_after_a_reload(page: Page) -> None:
    ask(page, "How many arms has the kraken?")
    page.reload()
    expect(page.locator(".bubble")).to_have_text("How many arms has the kraken?")
    expect(page.locator("mark.quoted")).to_have_text("8")


def test_a_stream_grows_and_can_be_stopped(page: Page, served: Served, gate: Gate) -> None:
    gate.let(20)  # and no further: the answer must not end before it is stopped
    page.select_option("#model", "dragon:raw")
    page.fill("#question", "Sing")
    page.press("#question", "Enter")
    expect(page.locator(".answer[data-state=streaming] .answer-body")).not_to_be_empty()
    page.get_by_label("Stop (Esc)").click()
    expect(page.locator(".answer[data-state=stopped]")).to_have_count(1)
    expect(page.get_by_label("Send (Enter)")).to_be_visible()
    kept = last(page)
    talk = page.url.rsplit("/", 1)[1]
    said = served.http.get(f"/api/conversations/{talk}").json()["messages"]
    assert [message["role"] for message in said][:1] == ["user"]
    assert kept


def test_escape_stops(page: Page, gate: Gate) -> None:
    gate.let(20)
    page.select_option("#model", "dragon:raw")
    page.fill("#question", "Sing")
    page.press("#question", "Enter")
    expect(page.locator(".answer[data-state=streaming]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".answer[data-state=stopped]")).to_have_count(1)


def test_asking_again_replaces_the_answer(page: Page, served: Served) -> None:
    ask(page, "How many arms has the kraken?")
    page.locator(".answer").hover()
    page.get_by_label("Ask again").click()
    expect(page.locator(".answer[data-state=done]")).to_have_count(1)
    talk = page.url.rsplit("/", 1)[1]
    said = served.http.get(f"/api/conversations/{talk}").json()["messages"]
    assert [message["role"] for message in said] == ["user", "assistant"]


def test_a_changed_question_replaces_what_follows(page: Page) -> None:
    ask(page, "How many arms has the kraken?")
    ask(page, LEAVE)
    page.locator(".question").first.hover()
    page.get_by_label("Change the question").first.click()
    page.get_by_label("The question", exact=True).fill("How many anvils has the cyclops forged?")
    page.get_by_label("The question", exact=True).press("Enter")
    expect(page.locator(".question")).to_have_count(1)
    expect(page.locator("mark.quoted")).to_have_text("61")
    page.reload()
    expect(page.locator(".question")).to_have_count(1)


def test_shift_enter_begins_a_line_and_an_empty_question_is_not_sent(page: Page) -> None:
    expect(page.get_by_label("Send (Enter)")).to_be_disabled()
    page.press("#question", "Enter")
    expect(page.locator(".question")).to_have_count(0)
    page.fill("#question", "one")
    page.press("#question", "Shift+Enter")
    page.locator("#question").press_sequentially("two")
    assert page.input_value("#question") == "one\ntwo"


def test_a_question_that_is_too_long_cannot_be_sent(page: Page) -> None:
    page.fill("#question", "a" * 2001)
    expect(page.locator(".count")).to_have_text("2,001 of 2,000 characters")
    expect(page.get_by_label("Send (Enter)")).to_be_disabled()


def test_copying_takes_the_sources_along(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "How many arms has the kraken?")
    page.get_by_label("Copy the answer").click()
    expect(page.locator("#announcer")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("The kraken has 8 arms and sleeps. [1]")
    assert "beasts/kraken.md, characters" in copied


def test_feedback_is_kept_and_can_be_taken_back(page: Page, served: Served) -> None:
    ask(page, "How many arms has the kraken?")
    talk = page.url.rsplit("/", 1)[1]

    def feedback() -> object:
        return served.http.get(f"/api/conversations/{talk}").json()["messages"][1]["feedback"]

    page.get_by_label("Bad answer").click()
    page.get_by_label("What was wrong?").fill("It has ten.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Thank you, noted.")).to_be_visible()
    assert feedback() == {"rating": "down", "comment": "It has ten."}
    page.reload()
    expect(page.get_by_label("Bad answer")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Bad answer").click()
    expect(page.locator("#announcer")).to_have_text("Taken back.")
    assert feedback() is None


def test_an_answer_is_read_out_once_it_is_complete(page: Page) -> None:
    ask(page, "How many arms has the kraken?")
    expect(page.locator("#announcer")).to_have_text(
        "The kraken has 8 arms and sleeps. [1] One source."
    )


def test_a_server_that_is_out_of_reach_is_a_calm_line_with_a_way_on(page: Page) -> None:
    page.context.set_offline(True)
    page.fill("#question", "How many arms has the kraken?")
    page.press("#question", "Enter")
    expect(page.locator(".answer [role=alert]")).to_contain_text("The server does not answer.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("mark.quoted")).to_have_text("8")
    expect(page.locator(".question")).to_have_count(1)
