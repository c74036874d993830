"""A proxy that loses acknowledgements: the server has answered, and the client will never know."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.survey_app.collect.faults.phones import read_message


class LossyProxy:
    """Relays whole requests and whole answers, but closes on a share of the answers instead."""

    def __init__(self, server_port: int, loses: float, seed: int) -> None:
        self._server_port = server_port
        self._loses = loses
        self._rng = random.Random(seed)
        self.n_answered = self.n_lost = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Give the port on which it listens."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            port: int = server.sockets[0].getsockname()[1]
            yield port

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        with suppress(OSError, EOFError):
            while True:
                to_server.write(as_bytes(*await read_message(client)))
                answer = await read_message(server)
                self.n_answered += 1
                if self._rng.random() < self._loses:
                    self.n_lost += 1
                    break
                to_client.write(as_bytes(*answer))
        to_server.close()
        to_client.close()


def as_bytes(first: str, headers: dict[str, str], body: bytes) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{first}\r\n{head}\r\n".encode("latin-1") + body
