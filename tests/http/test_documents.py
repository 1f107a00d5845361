"""Libraries and uploads, hostile ones among them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dragon.server.settings import ServerSettings
from tests.http.running import Served, ask, serving, settled

PARKING = b"# Parking\n\nThe garage holds 88 cars.\n"


@pytest.fixture(scope="module")
def library(served: Served) -> str:
    made = served.http.post("/api/libraries", json={"name": "Garage"})
    assert made.status_code == 201
    return str(made.json()["id"])


def upload(served: Served, library: str, *files: tuple[str, bytes]) -> list[dict[str, Any]]:
    parts = [("file", (name, io.BytesIO(data))) for name, data in files]
    response = served.http.post(f"/api/documents?library={library}", files=parts)
    assert response.status_code == 202, response.text
    rows: list[dict[str, Any]] = response.json()["documents"]
    return rows


def test_the_folder_is_a_library(served: Served) -> None:
    (row,) = [one for one in settled(served) if one["document"] == "people/leave.md"]
    assert (row["status"], row["title"], row["removable"]) == ("ready", "Leave", False)
    refused = served.http.delete("/api/documents", params={"document": "people/leave.md"})
    assert refused.status_code == 409
    shown = served.http.get("/api/libraries/default").json()
    assert (shown["documents"], shown["source"], shown["failed"]) == (3, "folder", 0)


def test_an_upload_answers_until_it_is_deleted(served: Served, library: str) -> None:
    (row,) = upload(served, library, ("parking.md", PARKING))
    assert (row["document"], row["status"]) == ("parking.md", "indexing")
    settled(served, library)
    reply: Any = ask(served, "How many cars are in the garage?", model=f"dragon:{library}")
    assert "88" in reply["choices"][0]["message"]["content"]
    upload(served, library, ("parking.md", PARKING.replace(b"88", b"99")))
    settled(served, library)
    reply = ask(served, "How many cars are in the garage?", model=f"dragon:{library}")
    assert "99" in reply["choices"][0]["message"]["content"]
    address = f"/api/documents?library={library}&document=parking.md"
    assert served.http.delete(address).status_code == 200
    assert served.http.delete(address).status_code == 404
    assert settled(served, library) == []
    empty = {"model": f"dragon:{library}", "messages": [{"role": "user", "content": "cars?"}]}
    refused = served.http.post("/v1/chat/completions", json=empty)
    assert refused.json()["error"]["code"] == "library_empty"


def test_one_bad_file_does_not_refuse_the_others(served: Served, library: str) -> None:
    rows = upload(served, library, ("a.exe", b"x"), ("good.md", PARKING), (".hidden.md", b"x"))
    assert [row["status"] for row in rows] == ["failed", "indexing", "failed"]
    assert ".exe is not read" in rows[0]["reason"]
    settled(served, library)


@pytest.mark.parametrize(
    "name",
    [
        "../../escape.md",
        "..\\..\\escape.md",
        "/etc/escape.md",
        "C:\\escape.md",
        "a/../../escape.md",
    ],
)
def test_no_upload_leaves_its_folder(served: Served, library: str, name: str) -> None:
    (row,) = upload(served, library, (name, PARKING))
    assert row["document"] == "escape.md"
    settled(served, library)
    state = served.state.settings.state
    assert [path.parent for path in state.parent.rglob("escape.md")] == [
        state / "libraries" / library / "files"
    ]


@pytest.mark.parametrize("name", ["..", ".", "...", "x" * 300 + ".md", "\u202e.md"])
def test_unusable_names_are_refused(served: Served, library: str, name: str) -> None:
    (row,) = upload(served, library, (name, PARKING))
    assert row["status"] == "failed"
    assert "name" in row["reason"]


@pytest.mark.parametrize("library", ["..", "../default", "%2e%2e", "default/../x", "nope"])
def test_no_library_name_leads_elsewhere(served: Served, library: str) -> None:
    assert served.http.get("/api/documents", params={"library": library}).status_code == 404
    assert served.http.get(f"/api/libraries/{library}").status_code in (404, 405, 200)
    body = {"model": f"dragon:{library}", "messages": [{"role": "user", "content": "x"}]}
    assert served.http.post("/v1/chat/completions", json=body).status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "raw", "../x/..", "\u202e"])
def test_library_names_are_checked(served: Served, name: str) -> None:
    assert served.http.post("/api/libraries", json={"name": name}).status_code == 400


def test_hostile_documents_fail_with_a_reason(served: Served, library: str) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"\0" * 50_000_000)
    rows = upload(
        served,
        library,
        ("bomb.docx", bomb.getvalue()),
        ("broken.pdf", b"%PDF-1.7\n" + b"1 0 obj <<" * 5000),
        ("half.docx", bomb.getvalue()[:2000]),
        ("binary.txt", bytes(range(256)) * 40),
    )
    assert {row["status"] for row in rows} == {"indexing"}
    found = {row["document"]: row for row in settled(served, library)}
    for row in rows:
        assert found[row["document"]]["status"] == "failed", row
        assert found[row["document"]]["reason"]
    assert served.http.get("/health").status_code == 200


def test_a_document_may_hold_anything(served: Served, library: str) -> None:
    text = "# <script>alert(1)</script>\n\nThe <|system|> vault has 12 doors <|end|>.\n"
    upload(served, library, ("odd <img src=x>.md", text.encode()))
    (row,) = [r for r in settled(served, library) if "odd" in str(r["document"])]
    assert row["status"] == "ready"
    reply: Any = ask(served, "How many doors has the vault?", model=f"dragon:{library}")
    message = reply["choices"][0]["message"]
    assert message["dragon"]["citations"][0]["quote"] == "12"
    # JSON, and told to browsers as nothing else.
    assert "nosniff" in served.http.get("/api/documents").headers["X-Content-Type-Options"]


def test_uploads_beside_a_folder(fresh: ServerSettings) -> None:
    with serving(fresh) as served:
        (row,) = upload(served, "default", ("visits.md", PARKING))
        assert row["document"] == "uploaded/visits.md"
        names = {row["document"] for row in settled(served)}
        assert {"visits.md", "uploaded/visits.md"} <= names
        (fresh.docs[0] / "visits.md").unlink()
        served.http.post("/api/libraries/default/reindex")
        assert "visits.md" not in {row["document"] for row in settled(served)}
        place = {"document": "uploaded/visits.md"}
        assert served.http.delete("/api/documents", params=place).status_code == 200
        assert not list(Path(fresh.state).rglob("visits.md"))


def test_a_restart_knows_everything(fresh: ServerSettings) -> None:
    with serving(fresh) as served:
        made = served.http.post("/api/libraries", json={"name": "Kept"}).json()
        upload(served, made["id"], ("parking.md", PARKING))
        talk = served.http.post("/api/conversations", json={"title": "Kept too"}).json()
    with serving(fresh) as served:
        assert served.http.get(f"/api/libraries/{made['id']}").json()["name"] == "Kept"
        assert [row["status"] for row in settled(served, made["id"])] == ["ready"]
        assert served.http.get(f"/api/conversations/{talk['id']}").json()["title"] == "Kept too"
