"""`dragon serve` under load, on loopback: requests and tokens a second, time to the first text.

    python benchmarks/server.py [documents] [cached] [plain] [--clients 1 4 16 64] [--seconds S]
                                [--rounds N] [--llama LLAMA_SERVER] [--threads N] [--model NAME]

documents: a server over the example handbook, asked its questions; each carries a number, so that
no answer has been given before. cached: the same questions over and over. plain: a random
Llama-shaped model of 20 million parameters, 8 bits, writes 32 tokens a request with dragon:raw;
with --llama beside llama.cpp's server on the same model (Q8_0), in turns: medians over the rounds,
and ratios above 1 where dragon is better.

Each server has a process of its own, clients keep their connections and ask one question after the
other. `server_cpu_ms` is the server's processor time for one answer, which holds on a busy machine
too. The last line is a JSON object of all figures.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from _load import measure, wait_until_ready
from engine import SIZES, random_weights

from dragon.checkpoint import write_checkpoint
from dragon.engine.kernels import physical_cores
from dragon.models import DEFAULT, model_folder

HANDBOOK = Path(__file__).parent.parent / "examples" / "handbook"
DRAGON = [sys.executable, "-m", "dragon"]
WRITTEN = 32
LESS_IS_BETTER = ("first_ms_p50", "first_ms_p95", "first_ms_p99", "server_cpu_ms")
Figures = dict[str, float]


@dataclass
class Server:
    """A server at work: its process, its port, how its nth request looks, and which come next."""

    name: str
    pid: int
    port: int
    body: Callable[[int], bytes]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def load(self, clients: int, seconds: float) -> Figures:
        bodies = map(self.body, self.numbers)  # no request twice, however often this is called
        return asyncio.run(measure(self.pid, self.port, clients, seconds, bodies))


@contextmanager
def running(command: list[str], ready: str, home: Path) -> Iterator[tuple[int, int]]:
    """A server's process, from its first answer on; its process id and port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"DRAGON_HOME": str(home)},
    )
    try:
        asyncio.run(asyncio.wait_for(wait_until_ready(port, ready), 600))
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def request(model: str, text: str, **fields: object) -> bytes:
    values = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(values | {"messages": [{"role": "user", "content": text}]} | fields).encode()


def questions() -> list[str]:
    lines = (HANDBOOK / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def of_documents(repeat: bool) -> Callable[[int], bytes]:
    asked = questions()

    def body(number: int) -> bytes:
        question = asked[number % len(asked)]
        return request("dragon", question if repeat else f"{question} ({number})")

    return body


def of_plain(**fields: object) -> Callable[[int], bytes]:
    asked = questions()

    def body(number: int) -> bytes:
        text = f"{asked[number % len(asked)]} ({number})"
        return request("dragon:raw", text, max_tokens=WRITTEN, seed=number, **fields)

    return body


def plain_model(scratch: Path, gguf: bool) -> tuple[Path, Path]:
    """The same random model twice: in 8 bits for us, as GGUF for llama.cpp."""
    plain, small, other = scratch / "plain", scratch / "plain-8bit", scratch / "plain.gguf"
    tensors = {name: matrix.f32() for name, matrix in random_weights(SIZES["20M"]).items()}
    write_checkpoint(plain, SIZES["20M"], tensors, model_folder(DEFAULT))
    subprocess.run([*DRAGON, "quantize", str(plain), "--out", str(small)], check=True)
    if gguf:
        subprocess.run(
            [*DRAGON, "export", "gguf", str(plain), str(other), "--type", "q8_0"], check=True
        )
    return small, other


def dragon(task: str, options: argparse.Namespace, scratch: Path, stack: ExitStack) -> Server:
    command = [*DRAGON, "serve", "--docs", str(HANDBOOK), "--model", str(options.model)]
    if task == "plain":
        command += ["--generator", str(options.plain[0])]
    home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch)))
    pid, port = stack.enter_context(running(command, "/ready", home))
    return Server(
        "dragon", pid, port, of_plain() if task == "plain" else of_documents(task == "cached")
    )


def llama(options: argparse.Namespace, scratch: Path, stack: ExitStack) -> Server:
    most = max(options.clients)
    room = SIZES["20M"].max_position_embeddings // 4 * most  # more than twice what a request takes
    command = [str(options.llama), "-m", str(options.plain[1]), "-t", str(options.threads)]
    command += ["-np", str(most), "-c", str(room), "--no-webui"]
    pid, port = stack.enter_context(running(command, "/health", scratch))
    # As we draw: from all tokens, and no end before 32 are written.
    drawn = {"samplers": ["temperature"], "ignore_eos": True}
    return Server("llama.cpp", pid, port, of_plain(**drawn))


def compare(servers: list[Server], clients: int, options: argparse.Namespace) -> dict[str, Figures]:
    """Medians of all rounds, the servers taking turns; and the medians of the rounds' ratios."""
    rounds: list[list[Figures]] = []
    for _ in range(options.rounds):
        rounds.append([server.load(clients, options.seconds) for server in servers])
    shown = {
        server.name: {key: round(median(r[at][key] for r in rounds), 2) for key in rounds[0][at]}
        for at, server in enumerate(servers)
    }
    if len(servers) == 2:
        shown["ratio"] = {
            key: round(median(_ratio(key, *(one[key] for one in r)) for r in rounds), 2)
            for key in ("per_second", "tokens_per_second", *LESS_IS_BETTER)
        }
    return shown


def _ratio(key: str, ours: float, theirs: float) -> float:
    better, worse = (theirs, ours) if key in LESS_IS_BETTER else (ours, theirs)
    return better / worse if worse else 0.0


def run(task: str, options: argparse.Namespace, scratch: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    with ExitStack() as stack:
        servers = [dragon(task, options, scratch, stack)]
        if task == "plain" and options.llama:
            servers.append(llama(options, scratch, stack))
        for clients in options.clients:
            shown = compare(servers, clients, options)
            for name, figures in shown.items():
                values = "  ".join(f"{key} {value}" for key, value in figures.items())
                print(f"{task} {clients:>2} {name}: {values}", flush=True)
            found.append({"task": task, "clients": clients, **shown})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", default=["documents", "cached", "plain"])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=10.0, help="for each number of clients")
    parser.add_argument("--rounds", type=int, default=1, help="of which medians are taken")
    parser.add_argument("--llama", type=Path, help="llama.cpp's llama-server, built natively")
    parser.add_argument("--threads", type=int, default=physical_cores(), help="of llama-server")
    parser.add_argument("--model", type=model_folder, default=model_folder(DEFAULT))
    options = parser.parse_args()
    if unknown := set(options.tasks) - {"documents", "cached", "plain"}:
        parser.error(f"unknown task {unknown.pop()}: choose documents, cached, plain")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if "plain" in options.tasks:
            options.plain = plain_model(scratch, options.llama is not None)
        found = [one for task in options.tasks for one in run(task, options, scratch)]
    print(json.dumps({"seconds": options.seconds, "rounds": options.rounds, "runs": found}))


if __name__ == "__main__":
    main()
