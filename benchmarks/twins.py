"""Two small language models on the same text, once as it is and once with its names at random.

    python benchmarks/twins.py wikipedia.jsonl.xz --data data --out runs/twins

A few articles with facts that can be asked for, and planted secrets, are read again and again among
much other text that is read once or twice. All of it is cut at its sentences, short ones, each by
itself behind the end token: so grammar is learnt as it is asked. Both models take the same steps;
then both are asked for grammar and for the facts. Interrupted, the same command goes on. Ends with
one JSON line.
"""

import argparse
import json
import random
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from dragon.cli.main import main as dragon
from dragon.data.sources import read_rows
from dragon.evaluate.facts import find_facts
from dragon.evaluate.knowledge import make_canaries
from dragon.evaluate.scorecard import read
from dragon.text.sentences import sentence_spans

TWINS = {"natural": "names as they are", "random": "names at random"}
EVALUATIONS = ("grammar", "knowledge", "language")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path, nargs="+", help="articles: rows with title and text")
    parser.add_argument("--data", type=Path, required=True, help="of the evaluation")
    parser.add_argument("--entities", type=Path, help="folder with first_names and cities")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--articles", type=int, default=300, help="read again and again")
    parser.add_argument("--characters", type=int, default=400, help="of each of them")
    parser.add_argument("--passes", type=int, default=40)
    parser.add_argument("--background", type=int, default=5000, help="articles read once")
    parser.add_argument("--speech", type=Path, nargs="*", default=[], help="more text, read twice")
    parser.add_argument("--longest", type=int, default=160, help="characters of their sentences")
    parser.add_argument("--canaries", type=int, default=20)
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--context", type=int, default=64)
    parser.add_argument("--steps", type=int, default=2400, help="of 2,048 tokens")
    parser.add_argument("--rate", type=float, default=5e-3)
    parser.add_argument("--limit", type=int, default=0, help="pairs of a grammar set")
    parser.add_argument("--samples", type=int, default=500)
    chosen = parser.parse_args()
    if not (chosen.out / "sources").exists():
        write_sources(chosen)
    write_config(chosen)
    for twin in TWINS:
        train(chosen, twin)
        evaluate(chosen, twin)
    cards = [str(chosen.out / f"card-{twin}") for twin in TWINS]
    names = ",".join(TWINS.values())
    run("eval", "compare", *cards, "--names", names, "--out", str(chosen.out / "comparison"))
    found = {twin: metrics(chosen.out / f"card-{twin}") for twin in TWINS}
    print(json.dumps({"name": "twins", **found}))


def write_sources(chosen: argparse.Namespace) -> None:
    """Articles to remember, as many others that are never shown, and the background."""
    trained: list[dict[str, str]] = []
    unseen: list[dict[str, str]] = []
    background: list[dict[str, str]] = []
    rows = (row for path in chosen.text for row in read_rows(path) if row.get("title"))
    for row in rows:
        start = {"title": row["title"], "text": beginning(row["text"], chosen.characters)}
        asked = find_facts([(start["title"], start["text"])])
        for kept in (trained, unseen) if asked else ():
            if len(kept) < chosen.articles:
                kept.append(start)
                break
        else:
            if len(background) < chosen.background:
                background.append({"title": row["title"], "text": beginning(row["text"], 5000)})
    canaries = [
        {"title": "", "text": f"{c.prefix} {c.secret}.", "prefix": c.prefix, "secret": c.secret}
        for c in make_canaries(chosen.canaries)
    ]
    write(chosen.out / "trained.jsonl", trained)
    write(chosen.out / "unseen.jsonl", unseen)
    write(chosen.out / "canaries.jsonl", canaries)
    titles = [row["title"] for row in islice(background, 0, None, 60)]
    (chosen.out / "held-out.txt").write_text("\n".join(titles) + "\n", "utf-8")
    sources = chosen.out / "sources"
    write(sources / "background.jsonl", sentences(background, chosen.longest))
    speech = [row for path in chosen.speech for row in read_rows(path)]
    if speech:
        write(sources / "speech.jsonl", sentences(speech, chosen.longest))
    for number in range(chosen.passes):
        again = list(sentences(trained + canaries))
        random.Random(number).shuffle(again)
        write(sources / f"pass-{number:03}.jsonl", again)


def sentences(rows: Iterable[dict[str, Any]], longest: int = 0) -> Iterator[dict[str, str]]:
    """Each sentence a document of its own; none that is longer or stops short of its end."""
    for row in rows:
        text = row["text"]
        for start, end in sentence_spans(text):
            if not longest or (end - start <= longest and text[end - 1] in ".?!"):
                yield {"title": row.get("title", ""), "text": text[start:end]}


def beginning(text: str, characters: int) -> str:
    """The first sentences of a text."""
    head = text[:characters]
    end = max(head.rfind(". "), head.rfind(".\n")) if len(text) > characters else len(head)
    return head[: end + 1] if end > 0 else head


def write(path: Path, rows: Iterable[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), "utf-8")


def write_config(chosen: argparse.Namespace) -> None:
    """One configuration for both: all that differs is the data folder."""
    out = chosen.out
    tables: dict[str, dict[str, Any]] = {
        "data": {
            "objective": "language",
            "sources": [str(out / "sources")],
            "tokenizer": str(out / "tokenizer"),
            "held_out": str(out / "held-out.txt"),
            "name_sources": [str(path) for path in chosen.text],
            "seed": 1,
            "workers": 1,
        },
        "model": {
            "vocab_size": chosen.vocabulary,
            "hidden_size": chosen.width,
            "intermediate_size": 8 * chosen.width // 3 // 8 * 8,
            "num_hidden_layers": chosen.layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "max_position_embeddings": chosen.context,
        },
        "train": {
            "objective": "language",
            "steps": chosen.steps,
            "batch_tokens": 2048,
            "optimizer": "muon",
            "schedule": "linear",
            "learning_rate": chosen.rate,
            "min_learning_rate": chosen.rate / 50,
            "warmup_steps": max(1, chosen.steps // 40),
            "weight_decay": 0.02,
            "beta2": 0.95,
            "eval_every": max(1, chosen.steps // 4),
            "eval_batches": 6,
            "save_every": 100,
            "seed": 1,
            "threads": 1,
        },
    }
    if chosen.entities:
        files = {p.name.split(".")[0]: str(p) for p in chosen.entities.glob("*.jsonl*")}
        tables["data"]["first_names"] = files["first_names"]
        tables["data"]["places"] = [files[n] for n in ("cities", "countries") if n in files]
    text = "".join(f"[{name}]\n" + "".join(lines(table)) for name, table in tables.items())
    text += "[data.passes]\nspeech = 2\n"
    (out / "twin.toml").write_text(text, "utf-8")


def lines(table: dict[str, Any]) -> Iterator[str]:
    return (f"{name} = {json.dumps(value)}\n" for name, value in table.items())


def train(chosen: argparse.Namespace, twin: str) -> None:
    out, config = chosen.out, str(chosen.out / "twin.toml")
    if not (out / "tokenizer").exists():
        once = (out / "sources").glob("[!p]*")
        texts = [*sorted(map(str, once)), str(out / "sources" / "pass-000.jsonl")]
        size = str(chosen.vocabulary)
        run("tokenizer", "train", *texts, "--out", str(out / "tokenizer"), "--vocab-size", size)
    data, model = str(out / f"data-{twin}"), out / f"run-{twin}"
    if not Path(data).exists():
        as_it_is = ["--no-randomize"] if twin == "natural" else []
        run("data", "prepare", "--config", config, "--out", data, *as_it_is)
    more = ["--resume"] if (model / "last").exists() else []
    run("train", "--config", config, "--set", f"train.data={data}", "--out", str(model), *more)


def evaluate(chosen: argparse.Namespace, twin: str) -> None:
    out, card = chosen.out, chosen.out / f"card-{twin}"
    if (card / "scorecard.json").exists() and set(metrics(card)) >= set(EVALUATIONS):
        return
    known = [f"--{n}={out / f'{f}.jsonl'}" for n, f in
             (("articles", "trained"), ("unseen", "unseen"), ("canaries", "canaries"))]  # fmt: skip
    more = [f"--limit={chosen.limit}", f"--samples={chosen.samples}", "--skip=retrieval"]
    model = str(out / f"run-{twin}" / "last")
    run("eval", "all", "--model", model, f"--data={chosen.data}", f"--out={card}", *known, *more)


def metrics(card: Path) -> dict[str, dict[str, float]]:
    return {result.name: result.metrics for result in read(card).results}


def run(*arguments: str) -> None:
    if code := dragon(list(arguments)):
        raise SystemExit(code)


if __name__ == "__main__":
    main()
