import http.client
from urllib.parse import urlencode

import pytest

from dragon.lite.documents import LiteError
from dragon.lite.server import LARGEST_FORM, Server
from tests.lite.conftest import EVIL

Reply = tuple[int, str, http.client.HTTPMessage]


def call(server: Server, method: str, path: str, body: str = "", **headers: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.request(method, path, body or None, headers)
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), reply.headers
    finally:
        connection.close()


def asked(server: Server, question: str, **headers: str) -> Reply:
    return call(server, "POST", "/", urlencode({"q": question}), **headers)


def test_an_answer_links_to_its_place(server: Server) -> None:
    status, page, _ = asked(server, "How many days of annual leave do staff have?")
    assert status == 200
    assert "Staff have 27 days of annual leave." in page
    link = page.split('href="/document')[1].split('"')[0].replace("&amp;", "&")
    status, page, _ = call(server, "GET", "/document" + link.partition("#")[0])
    assert status == 200
    assert '<mark id="quote">Staff have 27 days of annual leave.</mark>' in page


def test_everything_is_escaped_and_nothing_is_loaded(server: Server) -> None:
    status, page, headers = asked(server, f"Which form is blue, {EVIL}?")
    assert status == 200
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 2
    assert "http:" not in page
    assert "src=" not in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")


def test_a_talk_belongs_to_its_cookie(server: Server) -> None:
    _, _, headers = asked(server, "How many days of annual leave do staff have?")
    cookie = headers["Set-Cookie"].split(";")[0]
    assert "HttpOnly; SameSite=Strict" in headers["Set-Cookie"]
    assert asked(server, "And why?", Cookie=cookie)[1].count("<section") == 2
    assert call(server, "GET", "/")[1].count("<section") == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/nowhere", "", {}, 404),
        ("GET", "/document?name=../../etc/passwd", "", {}, 404),
        ("GET", "/document?name=a%26b.md&start=-1", "", {}, 404),
        ("GET", "/document?name=a%26b.md&start=9999&end=3", "", {}, 200),
        ("GET", "/", "", {"Host": "evil.example"}, 403),
        ("POST", "/", "q=leave", {"Origin": "http://evil.example"}, 403),
        ("POST", "/", "q=", {}, 400),
        ("POST", "/", "q=" + "x" * 3000, {}, 400),
        ("POST", "/", "q=" + "x" * LARGEST_FORM, {}, 413),
        ("POST", "/", "q=a", {"Content-Length": "-3"}, 413),
        ("POST", "/", "q=a", {"Content-Length": "9" * 5000}, 413),
        ("POST", "/", "q=a", {"Origin": "http://["}, 403),
        ("GET", "//[", "", {}, 404),
        ("PUT", "/", "q=a", {}, 501),
    ],
)
def test_replies_to_bad_requests(
    server: Server, method: str, path: str, body: str, headers: dict[str, str], status: int
) -> None:
    assert call(server, method, path, body, **headers)[0] == status


def test_a_port_that_is_taken_is_an_error_with_a_remedy(server: Server) -> None:
    for port in (server.server_port, 70_000):
        with pytest.raises(LiteError, match="--port"):
            Server(server.index, port)
