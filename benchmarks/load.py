"""A bounded load on loopback: raw keep-alive connections, so that the client costs little."""

import asyncio
import gzip
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Step = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[set[int]]]


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

    async def send(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> set[int]:
        writer.write(request)
        return {(await _read_answer(reader))[0]}

    return asyncio.run(_share_out(port, requests, connections, send))


def visit(port: int, path: str, forms: Sequence[bytes], connections: int) -> Outcome:
    """Open the form, then send it filled in, once for each of `forms` (encoded fields without the key)."""

    async def fill_in(form: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> set[int]:
        writer.write(get_request(path))
        opened, page = await _read_answer(reader)
        key = gzip.decompress(page).partition(b'name="form-key" value="')[2].partition(b'"')[0]
        writer.write(post_request(path, b"form-key=" + key.replace(b"=", b"%3D") + b"&" + form))
        return {opened, (await _read_answer(reader))[0]}

    return asyncio.run(_share_out(port, forms, connections, fill_in))


async def _share_out(port: int, work: Sequence[bytes], connections: int, do: Step) -> Outcome:
    waiting = iter(work)
    latencies: list[float] = []
    statuses: set[int] = set()
    begun = time.perf_counter()

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for one in waiting:
            sent = time.perf_counter()
            statuses.update(await do(one, reader, writer))
            latencies.append(time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return Outcome(latencies, statuses, time.perf_counter() - begun)


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    return int(head[9:12]), await reader.readexactly(length)
