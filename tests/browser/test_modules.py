"""The page's modules by themselves, in the browser that runs them."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.documents import IMAGE, SCRIPT
from tests.http.running import Served

RENDER = """
async (text) => {
    const { markdown } = await import("/web/js/markdown.js");
    const holder = document.createElement("div");
    holder.append(markdown(text));
    return holder.innerHTML;
}"""
PARSE = """
async (pieces) => {
    const { Parser } = await import("/web/js/stream.js");
    const parser = new Parser();
    return pieces.flatMap((piece) => [...parser.feed(piece)]).map((e) => [e.event, e.data]);
}"""
LINK = '<a href="{0}" title="{0}" target="_blank" rel="noopener noreferrer">{1}</a>'


@pytest.fixture(scope="module")
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """One for all: nothing here leaves anything behind."""
    found = browser.new_page()
    found.goto(served.url)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("# A\n### B", "<h3>A</h3><h4>B</h4>"),
        (
            "**b** *i* ~~s~~ `c*d*`",
            "<p><strong>b</strong> <em>i</em> <s>s</s> <code>c*d*</code></p>",
        ),
        ("snake_case_name and 2*3*4", "<p>snake_case_name and 2<em>3</em>4</p>"),
        (r"\*not\* 1 < 2", "<p>*not* 1 &lt; 2</p>"),
        ("- a\n- b\n  - c\n", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> q\n> r", "<blockquote><p>q<br>r</p></blockquote>"),
        ("[x](https://a.b/c)", f"<p>{LINK.format('https://a.b/c', 'x')}</p>"),
        ("see https://a.b/c.", f"<p>see {LINK.format('https://a.b/c', 'https://a.b/c')}.</p>"),
        ("[x](javascript:alert(1))", "<p>x)</p>"),
        ("[x](data:text/html,y)", "<p>x</p>"),
        ("![alt](https://a.b/i.png)", f"<p>{LINK.format('https://a.b/i.png', 'alt')}</p>"),
        ("---", "<hr>"),
        ("**never closed", "<p>**never closed</p>"),
        ("", ""),
    ],
)
def test_markdown(page: Page, text: str, html: str) -> None:
    assert page.evaluate(RENDER, text) == html


def test_markdown_of_code_and_tables(page: Page) -> None:
    assert "<code>&lt;b&gt; **x**</code>" in page.evaluate(RENDER, "```html\n<b> **x**\n```")
    table = page.evaluate(RENDER, "| a | b |\n|---|---|\n| 1 | x\\|y |")
    assert "<td>1</td><td>x|y</td>" in table


@pytest.mark.parametrize(
    "text",
    [
        SCRIPT,
        IMAGE,
        f"**{IMAGE}**",
        f"[{IMAGE}](https://a.b)",
        f"# {SCRIPT}",
        f"| {IMAGE} | b |\n|---|---|\n| {SCRIPT} | 2 |",
        f"```{IMAGE}\n{SCRIPT}\n```",
        '[x](https://a.b"onmouseover="hacked=1)',
        "<a href='javascript:hacked=1'>x</a>",
        "[x](  JaVaScRiPt:hacked=1)",
        "[x](\x01javascript:hacked=1)",
    ],
)
def test_markdown_makes_nothing_that_acts(page: Page, text: str) -> None:
    found = page.evaluate(
        """async (text) => {
            const { markdown } = await import("/web/js/markdown.js");
            const holder = document.createElement("div");
            holder.append(markdown(text));
            document.body.append(holder);
            const acting = [...holder.querySelectorAll("*")].filter((node) =>
                ["SCRIPT", "IMG", "IFRAME"].includes(node.tagName) ||
                node.getAttributeNames().some((name) => name.startsWith("on")) ||
                (node.href && !/^(https?|mailto):/.test(node.href)));
            holder.remove();
            return acting.length;
        }""",
        text,
    )
    assert found == 0
    assert page.evaluate("window.hacked") is None


def test_markdown_survives_depth_and_length(page: Page) -> None:
    for text in ("> " * 5000 + "x", "[" * 5000, "*a " * 3000, "`" * 5001, "- " * 3000):
        page.evaluate(RENDER, text)


@pytest.mark.parametrize(
    ("pieces", "events"),
    [
        (["data: a\n\n"], [["message", "a"]]),
        (["da", "ta: a", "\n", "\nda", "ta: b\n\n"], [["message", "a"], ["message", "b"]]),
        (["event: e\ndata: a\ndata: b\n\n"], [["e", "a\nb"]]),
        (["data: a\r\n\r", "\ndata: b\r\n\r\n"], [["message", "a"], ["message", "b"]]),
        ([": ping\n\ndata: a\n\n"], [["message", "a"]]),
        (["event: lost\n\ndata:a\n\n"], [["message", "a"]]),
        (["data: not ended\n"], []),
    ],
)
def test_events_of_a_stream(page: Page, pieces: list[str], events: list[list[str]]) -> None:
    assert page.evaluate(PARSE, pieces) == events


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("size(999)", "999 B"),
        ("size(2500)", "2.5 kB"),
        ("size(150000000)", "150 MB"),
        ("size(999_999)", "1.0 MB"),
        ("duration(0.2)", "1 ms"),
        ("duration(1240)", "1.2 s"),
        ("counted(1, 'passage')", "1 passage"),
        ("counted(1234, 'passage')", "1,234 passages"),
        ("codePoints('🐉a🐉b', 1, 3)", "a🐉"),
        ("fileName('a/b\\\\c.md')", "c.md"),
        ("dayGroup(0, new Date(0))", "Today"),
        ("dayGroup(0, new Date(2 * 86400000))", "Last seven days"),
    ],
)
def test_formats(page: Page, call: str, result: Any) -> None:
    name, arguments = call.split("(", 1)
    code = f"async () => (await import('/web/js/format.js')).{name}({arguments}"
    assert page.evaluate(code) == result
