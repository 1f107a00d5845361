"""Chapter 11: the page, served on this machine and to nobody else.

In: an index. Out: a server on 127.0.0.1. A talk belongs to a cookie and ends with the process.
"""

import secrets
import sys
from collections import OrderedDict
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import parse_qs

from dragon.lite.documents import LiteError
from dragon.lite.index import Index
from dragon.lite.page import POLICY, document_page, talk_page
from dragon.lite.session import Session

HOST = "127.0.0.1"
LARGEST_FORM = 20_000  # bytes of a question as a form sends it
MOST_TALKS = 100  # the oldest is forgotten


class Server(ThreadingHTTPServer):
    """Serves an index on the loopback address.

    Args:
        index: what is asked.
        port: 0 takes any that is free; `server_port` tells which.

    Raises:
        LiteError: if the port is taken.
    """

    daemon_threads = True

    def __init__(self, index: Index, port: int) -> None:
        self.index = index
        self.talks: OrderedDict[str, Session] = OrderedDict()
        self.lock = Lock()
        try:
            super().__init__((HOST, port), Handler)
        except (OSError, OverflowError) as error:
            raise LiteError(
                f"Port {port} cannot be used ({error}). Take another: --port."
            ) from error

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a visitor who went away or fell silent."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def talk(self, name: str) -> tuple[str, Session]:
        """A visitor's talk; a new one for a name that is not known."""
        with self.lock:
            if name not in self.talks:
                name = secrets.token_urlsafe(16)
                self.talks[name] = Session(self.index)
                if len(self.talks) > MOST_TALKS:
                    self.talks.popitem(last=False)
            self.talks.move_to_end(name)
            return name, self.talks[name]


class Handler(BaseHTTPRequestHandler):
    """GET / is the talk, POST / asks, GET /document shows where a quote stands."""

    server: Server
    timeout = 30  # seconds that a silent visitor may hold a thread

    def do_GET(self) -> None:
        """Show the talk or a document."""
        path, _, query = self.path.partition("?")
        if not self._is_local():
            self._send(403, "This server answers on this machine only.")
        elif path == "/":
            self._show()
        elif path == "/document":
            self._show_document({key: v[0] for key, v in parse_qs(query).items()})
        else:
            self._send(404, "There is no such page.")

    def do_POST(self) -> None:
        """Take a question, answer it, and show the talk."""
        size = self.headers.get("Content-Length", "")
        if not self._is_local():
            self._send(403, "This server answers on this machine only.")
        elif not size.isdecimal() or len(size) > 9 or int(size) > LARGEST_FORM:
            self.close_connection = True
            self._send(413, "That question is too long.")
        else:
            form = parse_qs(self.rfile.read(int(size)).decode("utf-8", "replace"))
            self._show(form.get("q", [""])[0])

    def _show(self, question: str | None = None) -> None:
        name, talk = self.server.talk(self._cookie())
        problem = ""
        if question is not None:
            try:
                with self.server.lock:
                    talk.ask(question)
            except LiteError as error:
                problem = str(error)
        page = talk_page(talk.answers, len(self.server.index.documents), problem)
        cookie = f"talk={name}; HttpOnly; SameSite=Strict; Path=/"
        self._send(400 if problem else 200, page, {"Set-Cookie": cookie})

    def _show_document(self, asked: Mapping[str, str]) -> None:
        document = self.server.index.documents.get(asked.get("name", ""))
        numbers = asked.get("start", "0"), asked.get("end", "0")
        if document is None or not all(n.isdecimal() and len(n) < 12 for n in numbers):
            self._send(404, "There is no such document.")
        else:
            self._send(200, document_page(document, int(numbers[0]), int(numbers[1])))

    def _is_local(self) -> bool:
        # A page elsewhere may point its own name at this address: the name gives it away.
        port = self.server.server_port
        names = {f"{HOST}:{port}", f"localhost:{port}"}
        origin = self.headers.get("Origin")
        known = origin is None or origin.partition("://")[2] in names
        return self.headers.get("Host") in names and known

    def _cookie(self) -> str:
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get("talk")
        except CookieError:
            return ""
        return cookie.value if cookie else ""

    def _send(self, status: int, page: str, headers: Mapping[str, str] | None = None) -> None:
        body = page.encode("utf-8", "replace")
        self.send_response(status)
        kind = "text/html" if page.startswith("<!doctype") else "text/plain"
        fixed = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        for name, value in {**fixed, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what is asked here is nobody's business."""
