"""A bounded load on loopback: raw keep-alive connections, so that the client costs little."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """Latencies in seconds of all requests, in no order, and the statuses that came back."""

    latencies: list[float]
    statuses: set[int]
    seconds: float

    def quantile(self, share: float) -> float:
        return statistics.quantiles(self.latencies, n=1000, method="inclusive")[round(share * 1000) - 1]

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def get_request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def post_request(path: str, body: bytes) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def run(port: int, requests: Sequence[bytes], connections: int) -> Outcome:
    """Send every request once, shared out over the connections."""
    return asyncio.run(_run(port, requests, connections))


async def _run(port: int, requests: Sequence[bytes], connections: int) -> Outcome:
    waiting = iter(requests)
    latencies: list[float] = []
    statuses: set[int] = set()
    begun = time.perf_counter()

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            sent = time.perf_counter()
            writer.write(request)
            statuses.add(await _read_answer(reader))
            latencies.append(time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return Outcome(latencies, statuses, time.perf_counter() - begun)


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    await reader.readexactly(length)
    return int(head[9:12])
