"""`dragon serve` under load, on loopback: requests a second, time to the first text.

    python benchmarks/server.py [--clients 1 4 16 64] [--seconds S] [--model NAME|FOLDER]
                                [--generator FOLDER] [--repeat-questions]

A server runs in a process of its own over the example handbook; clients ask its questions one after
the other, streamed, over kept connections. Every question carries a number, so that no answer has
been given before; --repeat-questions leaves it out and measures the cache. `server_cpu_ms` is the
server's processor time for one answer, which holds on a busy machine too. With --generator, the
plain model writes 32 tokens a request instead. The last line is a JSON object of all figures.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from dragon.models import DEFAULT, model_folder

HANDBOOK = Path(__file__).parent.parent / "examples" / "handbook"
WRITTEN = 32


@dataclass
class Load:
    """What some clients saw."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    tokens: int = 0
    refused: int = 0


def questions() -> list[str]:
    lines = (HANDBOOK / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


async def respond(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes
) -> AsyncIterator[bytes]:
    """Send a request over a kept connection; yields its status line, then its events."""
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
    writer.write(head.encode() + b"\r\nContent-Type: application/json\r\n\r\n" + body)
    await writer.drain()
    answer = await reader.readuntil(b"\r\n\r\n")
    yield answer.split(b"\r\n", 1)[0]
    if b"chunked" not in answer:
        length = next(h for h in answer.lower().split(b"\r\n") if h.startswith(b"content-length"))
        await reader.readexactly(int(length.split(b":")[1]))
        return
    while size := int(await reader.readline(), 16):
        yield await reader.readexactly(size)
        await reader.readline()
    await reader.readline()


async def client(port: int, bodies: AsyncIterator[bytes], until: float, load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async for body in bodies:
        if time.perf_counter() > until:
            break
        began, first = time.perf_counter(), 0.0
        async for event in respond(reader, writer, body):
            if event.startswith(b"HTTP/") and b" 200 " not in event:
                load.refused += 1
            if not first and b'"content": "' in event and b'"content": ""' not in event:
                first = time.perf_counter() - began
            if b'"completion_tokens"' in event:
                values = json.loads(event.removeprefix(b"data: "))
                load.tokens += values["usage"]["completion_tokens"]
        if first:
            load.first.append(first)
            load.whole.append(time.perf_counter() - began)
    writer.close()


def body(question: str, raw: bool) -> bytes:
    values: dict[str, object] = {
        "model": "dragon:raw" if raw else "dragon",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": question}],
    }
    return json.dumps(values | ({"max_tokens": WRITTEN, "seed": 1} if raw else {})).encode()


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far (Linux), its ended children left out."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(
    pid: int, port: int, clients: int, seconds: float, raw: bool, repeat: bool
) -> dict[str, float]:
    load, numbers, asked = Load(), count(1), questions()

    async def bodies() -> AsyncIterator[bytes]:
        for number in numbers:
            question = asked[number % len(asked)]
            yield body(question if repeat else f"{question} ({clients}-{number})", raw)

    began, used = time.perf_counter(), cpu_seconds(pid)
    until = began + seconds
    await asyncio.gather(*(client(port, bodies(), until, load) for _ in range(clients)))
    took = time.perf_counter() - began
    cuts = statistics.quantiles(load.first, n=100) if len(load.first) > 1 else load.first * 99
    return {
        "clients": clients,
        "answers": len(load.whole),
        "refused": load.refused,
        "per_second": round(len(load.whole) / took, 2),
        "tokens_per_second": round(load.tokens / took, 1),
        "server_cpu_ms": round(1000 * (cpu_seconds(pid) - used) / max(1, len(load.whole)), 1),
        **{f"first_ms_p{p}": round(1000 * cuts[p - 1], 1) for p in (50, 95, 99)},
    }


def start(options: argparse.Namespace, home: str) -> tuple["subprocess.Popen[bytes]", int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dragon", "serve", "--port", str(port)]
    command += ["--docs", str(HANDBOOK), "--model", str(model_folder(options.model))]
    command += ["--generator", str(options.generator)] if options.generator else []
    process = subprocess.Popen(
        command, stderr=subprocess.DEVNULL, env=os.environ | {"DRAGON_HOME": home}
    )
    return process, port


async def wait_until_ready(port: int) -> None:
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if b" 200 " in await reader.readline():
                return
            writer.close()
        except OSError:
            pass
        await asyncio.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=15.0, help="for each number of clients")
    parser.add_argument("--model", default=DEFAULT, help="a shipped model's name, or a folder")
    parser.add_argument("--generator", type=Path, help="folder of a causal model to load instead")
    parser.add_argument("--repeat-questions", action="store_true", help="let the cache answer")
    options = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as home:
        process, port = start(options, home)
        try:
            asyncio.run(asyncio.wait_for(wait_until_ready(port), 600))
            for clients in options.clients:
                raw, repeat = options.generator is not None, options.repeat_questions
                load = measure(process.pid, port, clients, options.seconds, raw, repeat)
                runs.append(asyncio.run(load))
                print(
                    "  ".join(f"{name} {value:<8}" for name, value in runs[-1].items()), flush=True
                )
        finally:
            process.terminate()
            process.wait()
    print(json.dumps({"seconds": options.seconds, "runs": runs}))


if __name__ == "__main__":
    main()
