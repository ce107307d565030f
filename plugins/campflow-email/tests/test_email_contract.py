"""What campflow relies on, of the e-mail channel: before a server that takes, refuses, puts off and falls silent."""

import asyncio
import email
import email.policy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from aiosmtpd.smtp import SMTP

from campflow.hooks.contracts import Message
from campflow.testing import Answer, ChannelContract
from campflow_email import EMAIL


class Server:
    """An SMTP server in a thread of its own. It keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.orders: dict[str, Answer] = {}
        self.settings: Mapping[str, object] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        loop = asyncio.new_event_loop()
        thread = Thread(target=loop.run_forever)
        thread.start()

        async def start() -> asyncio.Server:
            return await loop.create_server(lambda: SMTP(self, loop=loop, hostname="mx.example"), "127.0.0.1", 0)

        async def stop() -> None:
            server.close()
            waiting = asyncio.all_tasks() - {asyncio.current_task()}
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

        server = asyncio.run_coroutine_threadsafe(start(), loop).result(5)
        self.settings = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "security": "none"}
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(stop(), loop).result(5)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def taken(self) -> list[str]:
        return self.mails

    def will_answer(self, answer: Answer, message: Message) -> None:
        self.orders[message.address] = answer

    # --- as aiosmtpd calls it -----------------------------------------------------------------------------------

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return {"no": "550 no such user", "later": "451 come back"}.get(self.orders.get(address, ""), "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain",))
        assert body is not None
        self.mails.append(body.get_content())
        if self.orders.get(envelope.rcpt_tos[0]) == "silence":
            await asyncio.sleep(5)
        return "250 OK"


class TestSmtp(ChannelContract):
    plugin = EMAIL
    options: ClassVar[Mapping[str, object]] = {"subject": "Hello {{ number }}"}
    answers: ClassVar[frozenset[Answer]] = frozenset({"no", "later", "silence"})
    nowhere: ClassVar[Mapping[str, object]] = {"port": 1}
    patience: ClassVar[Mapping[str, object]] = {"timeout": 2}

    @pytest.fixture
    def provider(self, tmp_path: Path) -> Iterator[Server]:
        server = Server()
        with server.running():
            yield server


class Maildir:
    """A folder of mail."""

    settings: Mapping[str, object] = {"maildir": "mail"}

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mail" / "new"

    def taken(self) -> list[str]:
        found = []
        for file in self.folder.glob("*"):
            body = email.message_from_bytes(file.read_bytes(), policy=email.policy.default).get_body(("plain",))
            assert body is not None
            found.append(body.get_content())
        return found

    def will_answer(self, answer: Answer, message: Message) -> None:
        raise AssertionError("a folder says nothing")


class TestMaildir(ChannelContract):
    plugin = EMAIL
    options: ClassVar[Mapping[str, object]] = {"subject": "Hello {{ number }}"}

    @pytest.fixture
    def provider(self, tmp_path: Path) -> Maildir:
        return Maildir(tmp_path)
