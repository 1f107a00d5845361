"""Clients on loopback for benchmarks/server.py: streamed chat requests over kept connections.

In: an address and bodies. Out: how many answers and tokens came, and how soon the first text did.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PERCENTILES = (50, 95, 99)


@dataclass
class Load:
    """What some clients saw: seconds, tokens, and requests that were not answered."""

    first: list[float] = field(default_factory=list)
    tokens: int = 0
    refused: int = 0


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


def has_text(event: bytes) -> bool:
    """Whether a chunk shows text; servers differ in their blanks."""
    place = event.find(b'"content":')
    return place >= 0 and event[place + 10 : place + 15].lstrip()[:2] not in (b'""', b"nu", b"[]")


async def client(port: int, bodies: Iterator[bytes], until: float, load: Load) -> None:
    connection = await asyncio.open_connection("127.0.0.1", port)
    for body in bodies:
        if time.perf_counter() > until:
            break
        try:
            await ask(connection, body, load)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            # llama.cpp's server closes a connection after a hundred requests.
            if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                raise
            connection[1].close()
            connection = await asyncio.open_connection("127.0.0.1", port)
            await ask(connection, body, load)
    connection[1].close()


async def ask(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], body: bytes, load: Load
) -> None:
    """One request, and what was seen of its answer."""
    began, first = time.perf_counter(), 0.0
    async for event in respond(*connection, body):
        if event.startswith(b"HTTP/") and b" 200 " not in event:
            load.refused += 1
        if not first and has_text(event):
            first = time.perf_counter() - began
        if b'"completion_tokens"' in event:
            load.tokens += written(event)
    if first:
        load.first.append(first)


def written(events: bytes) -> int:
    """The tokens that the usage in one or several events names."""
    for line in events.split(b"\n"):
        if b'"completion_tokens"' in line:
            return int(json.loads(line.removeprefix(b"data: "))["usage"]["completion_tokens"])
    return 0


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far (Linux), its ended children left out."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(
    pid: int, port: int, clients: int, seconds: float, bodies: Iterator[bytes]
) -> dict[str, float]:
    """Let clients ask for so long, each one question after the other, taken from `bodies`."""
    load = Load()
    began, used = time.perf_counter(), cpu_seconds(pid)
    until = began + seconds
    await asyncio.gather(*(client(port, bodies, until, load) for _ in range(clients)))
    took = time.perf_counter() - began
    answers = len(load.first)
    cuts = statistics.quantiles(load.first, n=100) if answers > 1 else (load.first or [0.0]) * 99
    return {
        "answers": answers,
        "refused": load.refused,
        "per_second": round(answers / took, 2),
        "tokens_per_second": round(load.tokens / took, 1),
        "server_cpu_ms": round(1000 * (cpu_seconds(pid) - used) / max(1, answers), 1),
        **{f"first_ms_p{p}": round(1000 * cuts[p - 1], 1) for p in PERCENTILES},
    }


async def wait_until_ready(port: int, path: str) -> None:
    """Wait until a GET of some path is 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request.encode())
            if b" 200 " in await reader.readline():
                return
            writer.close()
        except OSError:
            pass
        await asyncio.sleep(0.2)
