"""What is left of a text, what is left out and why, and that each is counted."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from dragon.cli.main import main
from dragon.data.cleaning.hashing import word_hashes
from dragon.data.cleaning.language import LANGUAGES, language_of
from dragon.data.cleaning.lines import LineCounts, slots_of
from dragon.data.cleaning.markup import tidy
from dragon.data.cleaning.near import candidates, signature, similarity
from dragon.data.cleaning.private import is_unsafe, masked
from dragon.data.cleaning.quality import fault_of
from dragon.data.cleaning.stage import Cleaning, clean
from dragon.errors import DataError
from tests.data.corpus import ARTICLE

WORDS = "rope ship light tower keeper evening number book island visitor coast winter".split()


def varied(seed: int, count: int = 300) -> str:
    """Running text that repeats no phrase."""
    rng = random.Random(seed)
    made = [f"{rng.choice(WORDS)}{rng.randrange(200)}" for _ in range(count)]
    made[::9] = ["the"] * len(made[::9])
    made[1::9] = ["of"] * len(made[1::9])
    return " ".join(made)


@pytest.mark.parametrize(
    ("raw", "clean_text"),
    [
        ("Cafe\u0301", "Café"),
        ("a\x00b\u200bc\u00add\ufeff", "abcd"),
        ("x<br/>y <b>z</b> <ref name='a'>gone</ref>w", "x\ny z w"),
        ("if a < b and c > d: x", "if a < b and c > d: x"),
        ("AT&amp;T &lt;3", "AT&T <3"),
        (
            "It was [[Oslo|the town]] [[Bergen]] {{cite|x}}'''bold'''.[2]",
            "It was the town Bergen bold.",
        ),
        ("donâ€™t Ã© SÃO", "don’t é SÃO"),
        ("a\r\nb\rc\n\n\n\nd  e\t f", "a\nb\nc\n\nd e f"),
        ("A city (, ) on  the coast .", "A city on the coast."),
        ("a[0] = b[1]", "a[0] = b[1]"),
    ],
)
def test_tidy(raw: str, clean_text: str) -> None:
    assert tidy(raw) == clean_text
    assert tidy(clean_text) == clean_text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "The ships are counted by the keepers, and the number is written into a book."),
        ("de", "Die Schiffe werden von den Wärtern gezählt und die Zahl wird notiert."),
        ("fr", "Les navires sont comptés par les gardiens et le nombre est noté dans un livre."),
        ("es", "Los barcos son contados por los guardianes y el número se anota en un libro."),
        ("nl", "De schepen worden door de wachters geteld en het getal staat in een boek."),
        ("ru", "Корабли считают каждый вечер и записывают число."),
        ("ja", "毎晩、船の数を数えて本に書きます。"),
        ("und", "1234 5678 {} ();"),
    ],
)
def test_language(code: str, text: str) -> None:
    assert language_of(text) == code
    assert code in (*LANGUAGES, "und")


_LONG = ["\n".join(varied(10 * n + k, 9) for k in range(10)) for n in range(3)]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (None, varied(1)),
        ("too short", "Too short."),
        ("placeholder text", varied(1) + " lorem ipsum"),
        ("word length", "a b " * 60),
        ("symbols", "the of word# " * 60),
        ("few words", "the of 1234 5678 " * 60),
        ("no running text", " ".join(f"{w}{n}" for n in range(9) for w in WORDS)),
        ("bullets only", "\n".join(f"- the of {varied(n, 9)}" for n in range(9))),
        ("ellipses", "\n".join(f"the of {varied(n, 9)}..." for n in range(9))),
        ("repeated lines", "\n".join(["the of " + varied(1, 9)] * 9 + [varied(2, 60)])),
        ("repeated paragraphs", "\n\n".join([*_LONG, *["The same end of it."] * 4])),
        ("repeated phrases", varied(1, 60) + " the old grey lighthouse keeper again" * 12),
        ("repeated phrases", f"{varied(1, 40)} {varied(2, 20)} {varied(1, 40)}"),
    ],
)
def test_quality(fault: str | None, text: str) -> None:
    assert fault_of(text, word_hashes(text)) == fault


def test_personal_data_is_exchanged_and_counted() -> None:
    text = (
        "Ann (ann.b@ropes.se, +44 20 7946 0958) paid with 4111 1111 1111 1111 from "
        "GB82 WEST 1234 5698 7654 32 at 81.2.69.160; see 10.0.0.1, 4111 1111 1111 1112 and 3.14.15."
    )
    other, found = masked(text)
    kinds = {"e-mail address", "phone number", "card number", "bank account", "IP address"}
    assert dict(found) == dict.fromkeys(kinds, 1)
    assert other.endswith("see 10.0.0.1, 4111 1111 1111 1112 and 3.14.15.")
    assert masked(other)[1].keys() <= {"phone number"}


def test_unsafe_is_what_is_full_of_it() -> None:
    assert not is_unsafe(f"She said shit. {varied(1)}")
    assert is_unsafe("porn xxx porn pornstar " + varied(1))


def test_near_duplicates_are_found_and_others_are_not() -> None:
    rng = random.Random(0)
    base = varied(7, 1000).split()
    texts = [" ".join(base), *(varied(n, 1000) for n in range(20, 40))]
    for changed in (5, 300):
        copy = list(base)
        for at in rng.sample(range(len(copy)), changed):
            copy[at] = "changed"
        texts.append(" ".join(copy))
    hashes = [word_hashes(text).hashes for text in texts]
    pairs = set(candidates(np.stack([signature(h) for h in hashes])))
    assert (0, 21) in pairs
    assert similarity(hashes[0], hashes[21]) > 0.9 > similarity(hashes[0], hashes[22])
    assert len(pairs) < 4
    exact = set(texts[0].split())
    assert similarity(hashes[0], hashes[0]) == 1.0
    assert len(exact) > 100


def test_signatures_estimate_the_similarity() -> None:
    base = varied(3, 2000).split()
    for share in (0.02, 0.1):
        copy = [w if random.Random(n).random() > share else f"new{n}" for n, w in enumerate(base)]
        one, other = (word_hashes(" ".join(t)).hashes for t in (base, copy))
        estimate = float((signature(one) == signature(other)).mean())
        assert abs(estimate - similarity(one, other)) < 0.15


def test_lines_of_many_documents_are_boilerplate() -> None:
    counts = LineCounts()
    footer = "Printed by the ropewalk of Port Ellery"
    for n in range(5):
        counts.add(slots_of([footer, footer, f"A line of document number {n}", "short"]))
    frequent = counts.frequent(5)
    assert frequent.without([footer, "short", "Another line of some length"]) == [
        "short",
        "Another line of some length",
    ]
    assert counts.frequent(6).without([footer]) == [footer]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    footer = "\nPrinted by the ropewalk of Port Ellery"
    texts = [varied(n) + footer for n in range(20)]
    texts += [texts[3], texts[4].replace("the", "a", 1), "Too short.", "Die und der " * 60]
    texts.append(varied(50) + "\nWrite to ann@ropes.se")
    path = tmp_path / "corpus.jsonl"
    path.write_text(
        "\n".join(json.dumps({"title": f"T{n}", "text": t}) for n, t in enumerate(texts))
    )
    return path


def test_everything_is_counted_by_reason(corpus: Path, tmp_path: Path) -> None:
    rejected = tmp_path / "rejected.jsonl"
    manifest = clean([corpus], tmp_path / "out", rejected=rejected, workers=1)
    counts = manifest["counts"]
    assert counts == {
        "documents": 25,
        "kept": 21,
        "left out: exact duplicate": 1,
        "left out: near duplicate": 1,
        "left out: too short": 1,
        "left out: language": 1,
        "lines left out: boilerplate": 22,
        "exchanged: e-mail address": 1,
    }
    rows = [json.loads(line) for line in (tmp_path / "out/corpus.jsonl").read_text().splitlines()]
    assert [row["title"] for row in rows] == [f"T{n}" for n in (*range(20), 24)]
    assert "ropewalk" not in rows[0]["text"]
    refused = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert {(r["title"], r["reason"]) for r in refused} == {
        ("T20", "exact duplicate"),
        ("T21", "near duplicate"),
        ("T22", "too short"),
        ("T23", "language"),
    }
    assert refused[-1]["like"] == "corpus.jsonl:5"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["corpus.jsonl", "manifest.json"]


def test_processes_and_blocks_change_nothing(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean([corpus], tmp_path / "a", workers=1)
    monkeypatch.setattr("dragon.data.stage.BLOCK", 3000)
    clean([corpus], tmp_path / "b", workers=2)
    first, second = (tmp_path / n / "corpus.jsonl" for n in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_filters_can_be_left_out(corpus: Path, tmp_path: Path) -> None:
    how = Cleaning(language="", quality=False, personal=False, near=0.0, boilerplate=0)
    assert clean([corpus], tmp_path / "out", how, workers=1)["counts"] == {
        "documents": 25,
        "kept": 25,
    }


def test_nothing_left_is_an_error_with_the_reasons(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ARTICLE[:60])
    with pytest.raises(DataError, match=r"Nothing is left of 1 documents \(1 too short\)"):
        clean([tmp_path / "a.txt"], tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()


def test_from_the_command_line(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    command = ["data", "clean", str(corpus), "--out", out, "--workers", "1"]
    assert main([*command, "--language", "any", "--no-quality"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{out}: 23 of 25 documents kept, ")
    assert "left out: near duplicate" in said
    assert main([*command, "--language", "xx"]) == 2
    assert "--language is 'xx'." in capsys.readouterr().err
