"""Phones, many at once: raw HTTP over kept connections, cheap enough to outnumber the server."""

import asyncio
import contextlib
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in small letters
    text: str
    seconds: float

    @property
    def receipt(self) -> str:
        found = re.search(r"/thanks/([A-Z0-9]{5}-[A-Z0-9]{5})-", self.headers["location"])
        assert found is not None
        return found[1]

    @property
    def form_key(self) -> str:
        found = re.search(r'name="form-key" value="([^"]+)"', self.text)
        assert found is not None, self.text
        return found[1]

    @property
    def says_when_to_retry(self) -> bool:
        return self.status == 503 and int(self.headers["retry-after"]) > 0


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: hall\r\n\r\n".encode()


def post(code: str, fields: dict[str, str]) -> bytes:
    body = urlencode({**fields, "form-end": "1"}).encode()
    head = (
        f"POST /s/{code} HTTP/1.1\r\nHost: hall\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Phone:
    """One connection, opened again when the other side has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: Streams | None = None

    async def connect(self) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(self, request: bytes) -> Answer:
        """Send once; a connection that breaks before the answer came is an error."""
        begun = time.monotonic()
        await self.connect()
        assert self._streams is not None
        reader, writer = self._streams
        try:
            writer.write(request)
            status, headers, body = await read_message(reader)
        except BaseException:
            self.hang_up()
            raise
        if headers.get("connection") == "close":
            self.hang_up()
        return Answer(int(status.split()[1]), headers, body.decode(), time.monotonic() - begun)

    async def insist(self, request: bytes, pause: float = 0.05, within: float = 60.0) -> Answer:
        """Send again until there is an answer other than 503, as the page's script does."""
        until = time.monotonic() + within
        while True:
            with contextlib.suppress(OSError, EOFError):
                answer = await self.ask(request)
                if answer.status != 503:
                    return answer
            assert time.monotonic() < until, "no answer but refusals"
            await asyncio.sleep(pause)

    def hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def read_message(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Read one request or one answer: its first line, its headers, its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return first, headers, await reader.readexactly(int(headers.get("content-length", 0)))


def each_from_its_own_phone(port: int, requests: Iterable[bytes]) -> list[Answer]:
    """Open all connections first, then send all at one instant; nobody tries twice."""

    async def all_at_once() -> list[Answer]:
        phones = [(Phone(port), request) for request in requests]
        for phone, _ in phones:
            await phone.connect()
        answers = await asyncio.gather(*(phone.ask(request) for phone, request in phones))
        for phone, _ in phones:
            phone.hang_up()
        return list(answers)

    return asyncio.run(all_at_once())


def by_turns(port: int, requests: Sequence[bytes], n_phones: int = 16) -> list[Answer]:
    """Send every request until it is answered, from a few phones; the answers in the order of requests."""
    return asyncio.run(by_turns_of(port, requests, n_phones))


async def by_turns_of(port: int, requests: Sequence[bytes], n_phones: int) -> list[Answer]:
    answers: dict[int, Answer] = {}
    waiting = iter(enumerate(requests))

    async def one_phone() -> None:
        phone = Phone(port)
        for place, request in waiting:
            answers[place] = await phone.insist(request)
        phone.hang_up()

    await asyncio.gather(*(one_phone() for _ in range(n_phones)))
    return [answers[place] for place in range(len(requests))]


def ask(port: int, request: bytes) -> Answer:
    """Send one request from a phone of its own, once."""
    return each_from_its_own_phone(port, [request])[0]
