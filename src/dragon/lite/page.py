"""Chapter 10: the page, as text. Whatever comes from a document or a reader is escaped here.

In: answers and documents. Out: HTML without scripts and without anything from elsewhere.
"""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from dragon.lite.answers import NOT_FOUND, Answer, Quote
from dragon.lite.documents import Document
from dragon.lite.words import unmarked

STYLE = """
:root { color-scheme: light dark; --ink: #1d2428; --soft: #5c686f; --line: #d9dfe2;
  --paper: #fafaf7; --card: #fff; --green: #1c6b52; --mark: #ffe9a3 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8e6; --soft: #98a5a8; --line: #333d41;
  --paper: #14191b; --card: #1c2326; --green: #6cc9a5; --mark: #5a4a12 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 2.5rem 1.2rem 6rem; background: var(--paper);
  color: var(--ink); font: 1.05rem/1.6 Georgia, "Iowan Old Style", serif }
h1 { font-size: 1.35rem; margin: 0 } h1 a { color: inherit; text-decoration: none }
header p, small, .place { color: var(--soft); font: .85rem/1.5 system-ui, sans-serif }
header { border-bottom: 1px solid var(--line); margin-bottom: 1.2rem; padding-bottom: .8rem }
header p { margin: .2rem 0 0 }
h2 { font-size: 1.05rem; margin: 2.4rem 0 .7rem }
blockquote { background: var(--card); border: 1px solid var(--line); border-left: 4px solid
  var(--green); border-radius: .4rem; margin: 0 0 .8rem; padding: .8rem 1.1rem }
blockquote p, .none p { margin: 0 0 .4rem }
.none blockquote { border-left-color: var(--line); color: var(--soft); font-size: .95rem }
a { color: var(--green) } a:focus-visible, input:focus-visible, button:focus-visible {
  outline: 3px solid var(--green); outline-offset: 2px }
form { position: sticky; top: 0; display: flex; gap: .6rem; padding: .8rem 0;
  background: var(--paper) }
input { flex: 1; min-width: 0; border: 1px solid var(--line); background: var(--card) }
input, button { color: inherit; font: inherit; padding: .55rem .9rem; border-radius: .4rem }
button { background: var(--green); color: var(--paper); border: 0; cursor: pointer }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit }
mark { background: var(--mark); color: inherit; border-radius: .2rem; scroll-margin: 30vh }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
# Nothing may be loaded or run; the style is allowed by its hash.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def talk_page(answers: Sequence[Answer], documents: int, problem: str = "") -> str:
    """The field for the next question, and the conversation so far, the newest first."""
    parts = [_answer(answer) for answer in reversed(answers)]
    if problem:
        parts.insert(0, f'<p role="alert">{escape(problem)}</p>')
    if not parts:
        parts.append(
            "<p>Ask something. Every answer is a sentence of a document, word for word.</p>"
        )
    form = (
        '<form method="post" action="/"><input name="q" aria-label="Your question" required'
        ' maxlength="2000" autofocus autocomplete="off" placeholder="What do you want to know?">'
        "<button>Ask</button></form>"
    )
    note = f"{documents} documents, read on this machine. No model, no network."
    return _page("dRAGon lite", note, form + "".join(parts))


def document_page(document: Document, start: int, end: int) -> str:
    """A document with one stretch marked."""
    text = document.text
    start, end = max(0, min(start, len(text))), max(0, min(end, len(text)))
    body = (
        f"<pre>{escape(text[:start])}"
        f'<mark id="quote">{escape(text[start:end])}</mark>{escape(text[max(start, end) :])}</pre>'
    )
    return _page(document.title, document.name, body)


def _answer(answer: Answer) -> str:
    title = f"<h2>{escape(answer.question)}</h2>"
    if answer.quotes:
        return f"<section>{title}{''.join(map(_quote, answer.quotes))}</section>"
    near = "".join(map(_quote, answer.nearest))
    said = f"<p>{NOT_FOUND}</p>" + ("<p><small>Nearest:</small></p>" if near else "")
    return f'<section class="none">{title}{said}{near}</section>'


def _quote(quote: Quote) -> str:
    where = urlencode({"name": quote.document, "start": quote.start, "end": quote.end})
    place = escape(" · ".join(filter(None, (quote.document, quote.heading))))
    return (
        f"<blockquote><p>{escape(unmarked(quote.text))}</p>"
        f'<a class="place" href="/document?{escape(where)}#quote">{place}</a> '
        f"<small>characters {quote.start}–{quote.end}, {quote.score:.0%} sure</small></blockquote>"
    )


def _page(title: str, note: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f'<header><h1><a href="/">{escape(title)}</a></h1><p>{escape(note)}</p></header>'
        f"<main>{body}</main></body></html>"
    )
