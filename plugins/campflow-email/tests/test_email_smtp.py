"""Mail to a real server, received and parsed back; and servers that misbehave."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import dkim
import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.provider import run, seconds_pass

from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext, Message, Receipt, Sender
from campflow_email import EMAIL
from campflow_email.dkim import read_signer
from campflow_email.settings import EmailSettings

SENDER = Sender("Acme", "hello@acme.example")


def message(number: int, **changes: Any) -> Message:
    base = Message(
        message_id=number,
        key=f"key{number}",
        channel="email",
        name="welcome",
        campaign="trial",
        contact_key=f"p{number}",
        address=f"p{number}@b.example",
        language=None,
        parts={"text": f"Hello {number}\n", "html": f"<p>Hello {number}</p>"},
        options={"subject": "Hello"},
        planned_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        unsubscribe_token="t",
    )
    return replace(base, **changes)


def messages(count: int) -> list[Message]:
    return [message(number) for number in range(1, count + 1)]


def channel(port: int, **settings: Any) -> Channel:
    given = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5, "hostname": "localhost"} | settings
    return EMAIL.make(EmailSettings.model_validate(given), ChannelContext("", SENDER))


async def gather(
    channel: Channel, window: Sequence[Message], into: dict[int, Receipt] | None = None
) -> dict[int, Receipt]:
    """All receipts of a window; also in `into`, should the channel raise at the end."""
    receipts = {} if into is None else into
    async for receipt in channel.deliver(window):
        assert receipt.message_id not in receipts
        receipts[receipt.message_id] = receipt
    return receipts


def outcomes(receipts: dict[int, Receipt]) -> dict[int, str]:
    return {number: receipts[number].outcome for number in sorted(receipts)}


# --- a server as they should be -----------------------------------------------------------------------------------


@dataclass
class Inbox:
    """What the server took, and what it says to a recipient or a message; `sessions` counts connections."""

    answer_rcpt: Callable[[str], str] = lambda address: "250 OK"
    answer_data: Callable[[str], str] = lambda address: "250 OK queued"
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    sessions: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        answer = self.answer_rcpt(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        answer = self.answer_data(str(envelope.rcpt_tos[0]))
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = BytesParser(policy=policy.default).parsebytes(envelope.content)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.envelopes.append(envelope)
        return answer


@asynccontextmanager
async def served(inbox: Inbox, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """A real SMTP server on the loopback interface; yields its port."""

    def session() -> SMTP:
        inbox.sessions += 1
        return SMTP(inbox, hostname="localhost", loop=asyncio.get_running_loop(), **options)

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def to_inbox(
    inbox: Inbox, window: Sequence[Message], settings: dict[str, Any] | None = None, **server: Any
) -> dict[int, Receipt]:
    """Open a channel, deliver one window, close it."""

    async def run() -> dict[int, Receipt]:
        async with served(inbox, **server) as port:
            post = channel(port, **(settings or {}))
            await post.open()
            try:
                return await gather(post, window)
            finally:
                await post.close()

    return asyncio.run(run())


def test_what_arrives_is_what_was_sent() -> None:
    inbox = Inbox()
    name = "Zoé " + "x" * 196
    text = f"Bonjour {name},\n.\n..points\nà bientôt 🎉\n"
    sent = message(
        1,
        parts={"text": text, "html": f"<p>Bonjour {name}, à bientôt 🎉</p>"},
        options={"subject": "Votre essai s'achève 🎉 " + name, "preheader": "Été"},
    )
    receipts = to_inbox(inbox, [sent])
    assert outcomes(receipts) == {1: "accepted"}
    assert receipts[1].provider_id == "OK queued"
    (mail,) = inbox.mails
    assert mail["Subject"] == "Votre essai s'achève 🎉 " + name
    assert mail["Message-ID"] == "<key1@acme.example>"
    assert mail["List-Unsubscribe"] == "<mailto:hello@acme.example?subject=unsubscribe%20t>"
    plain, html = mail.iter_parts()
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert plain.get_content().replace("\r\n", "\n") == text
    assert f"Bonjour {name}, à bientôt 🎉" in html.get_content()
    assert "Été" in html.get_content()
    assert (inbox.envelopes[0].mail_from, inbox.envelopes[0].rcpt_tos) == ("hello@acme.example", ["p1@b.example"])


def test_it_is_signed_and_a_bounce_of_it_names_it(tmp_path: Path) -> None:
    inbox = Inbox()
    key = rsa.generate_private_key(65537, 2048)
    (tmp_path / "dkim.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    settings = {
        "dkim_key": str(tmp_path / "dkim.pem"),
        "dkim_domain": "acme.example",
        "return_path": "bounces+{key}@acme.example",
    }
    to_inbox(inbox, messages(2), settings)
    _, record = read_signer("acme.example", "campflow", (tmp_path / "dkim.pem").read_bytes()).record()
    for envelope in inbox.envelopes:
        number = str(envelope.rcpt_tos[0])[1]
        assert envelope.mail_from == f"bounces+key{number}@acme.example"
        assert isinstance(envelope.content, bytes)
        assert dkim.verify(envelope.content, dnsfunc=lambda name, timeout=5: record.encode())


def test_connections_are_few_and_used_again() -> None:
    inbox = Inbox()

    async def run() -> None:
        async with served(inbox) as port:
            post = channel(port, connections=3)
            await post.open()
            for window in range(4):
                receipts = await gather(post, [message(window * 10 + number) for number in range(10)])
                assert {r.detail for r in receipts.values()} == {""}
            await post.close()

    asyncio.run(run())
    assert len(inbox.mails) == 40
    assert len({mail["Message-ID"] for mail in inbox.mails}) == 40
    assert inbox.sessions == 3


def test_one_refused_recipient_is_one_rejected_message() -> None:
    inbox = Inbox(answer_rcpt=lambda address: "550 no such user" if address == "p2@b.example" else "250 OK")
    receipts = to_inbox(inbox, messages(4))
    assert outcomes(receipts) == {1: "accepted", 2: "rejected", 3: "accepted", 4: "accepted"}
    assert receipts[2].detail == "550 no such user"
    assert len(inbox.mails) == 3


def test_a_greylisted_message_is_to_be_tried_again_and_then_arrives_once() -> None:
    seen: set[str] = set()

    def greylist(address: str) -> str:
        first = address not in seen
        seen.add(address)
        return "451 4.7.1 try again later" if first else "250 OK"

    inbox = Inbox(answer_rcpt=greylist)

    async def run() -> None:
        async with served(inbox) as port:
            post = channel(port)
            await post.open()
            assert outcomes(await gather(post, messages(3))) == {1: "retry", 2: "retry", 3: "retry"}
            assert outcomes(await gather(post, messages(3))) == {1: "accepted", 2: "accepted", 3: "accepted"}
            await post.close()

    asyncio.run(run())
    assert sorted(str(mail["Message-ID"]) for mail in inbox.mails) == [f"<key{n}@acme.example>" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("answer", "outcome"), [("452 full", "retry"), ("554 spam", "rejected"), ("250 OK", "accepted")]
)
def test_the_answer_to_the_message_itself_decides(answer: str, outcome: str) -> None:
    assert outcomes(to_inbox(Inbox(answer_data=lambda _: answer), messages(2))) == {1: outcome, 2: outcome}


def test_a_message_that_is_none_is_rejected_and_its_neighbours_go_out() -> None:
    inbox = Inbox()
    window = [message(1), message(2, options={}), message(3, address="nobody"), message(4, address="zoé@b.example")]
    assert outcomes(to_inbox(inbox, window)) == {1: "accepted", 2: "rejected", 3: "rejected", 4: "rejected"}
    accepted = to_inbox(Inbox(), [message(4, address="zoé@b.example")], enable_SMTPUTF8=True)
    assert outcomes(accepted) == {4: "accepted"}


# --- secured --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def ca_file(authority: trustme.CA, folder: Path) -> str:
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"acme", b"s3cret")
    return AuthResult(success=good, handled=good)


def test_starttls_and_a_login(authority: trustme.CA, tmp_path: Path) -> None:
    inbox = Inbox()
    settings = {
        "security": "starttls",
        "ca_file": ca_file(authority, tmp_path),
        "username": "acme",
        "password": "s3cret",
    }
    secured: dict[str, Any] = {"tls_context": server_context(authority), "authenticator": login, "auth_required": True}
    assert outcomes(to_inbox(inbox, messages(2), settings, **secured, require_starttls=True)) == {
        1: "accepted",
        2: "accepted",
    }
    with pytest.raises(ChannelError, match="check username and password"):
        to_inbox(inbox, messages(2), settings | {"password": "wrong"}, **secured)
    assert len(inbox.mails) == 2


def test_tls_from_the_first_byte(authority: trustme.CA, tmp_path: Path) -> None:
    settings = {"security": "tls", "ca_file": ca_file(authority, tmp_path)}
    assert outcomes(to_inbox(Inbox(), messages(1), settings, tls=server_context(authority))) == {1: "accepted"}


def test_a_certificate_nobody_vouches_for_is_refused_unless_told_otherwise(authority: trustme.CA) -> None:
    with pytest.raises(ChannelError, match="certificate"):
        to_inbox(Inbox(), messages(1), {"security": "starttls"}, tls_context=server_context(authority))
    settings = {"security": "starttls", "verify": False}
    assert outcomes(to_inbox(Inbox(), messages(1), settings, tls_context=server_context(authority))) == {1: "accepted"}


def test_encryption_is_never_given_up_silently() -> None:
    inbox = Inbox()
    with pytest.raises(ChannelError, match="STARTTLS"):
        to_inbox(inbox, messages(1), {"security": "starttls"})
    assert inbox.mails == []


def test_a_server_that_wants_a_login_spoils_no_message(authority: trustme.CA, tmp_path: Path) -> None:
    inbox = Inbox()
    options: dict[str, Any] = {
        "tls_context": server_context(authority),
        "authenticator": login,
        "auth_required": True,
    }

    async def run() -> dict[int, str]:
        async with served(inbox, **options) as port:
            post = channel(port, security="starttls", ca_file=ca_file(authority, tmp_path))
            await post.open()
            receipts: dict[int, Receipt] = {}
            with pytest.raises(ChannelError, match="wants a login"):
                await gather(post, messages(3), receipts)
            await post.close()
            return outcomes(receipts)

    assert asyncio.run(run()) == {1: "retry", 2: "retry", 3: "retry"}


# --- servers that misbehave -----------------------------------------------------------------------------------------

#: What to say to a command ("MAIL", "RCPT", "DATA", or "." for a whole message) of the nth connection; None hangs up.
Script = Callable[["Rough", str, int], str | None]


@dataclass
class Rough:
    """A server that follows a script. `taken` are the messages it had whole, whatever it said then."""

    script: Script
    connections: int = 0
    taken: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer, self.connections)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        writer.write(b"220 rough\r\n")
        while line := await reader.readline():
            command = line.decode().strip()[:4].upper()
            self.commands.append(command)
            answer = self.script(self, command, connection)
            if answer is None:
                return
            writer.write(f"{answer}\r\n".encode())
            if answer.startswith("354"):
                data = await reader.readuntil(b"\r\n.\r\n")
                self.taken.append(data.split(b"Message-ID: <")[1].split(b"@")[0].decode())
                answer = self.script(self, ".", connection)
                if answer is None:
                    return
                writer.write(f"{answer}\r\n".encode())


def usual(command: str) -> str:
    return {"DATA": "354 go on", "QUIT": "221 bye"}.get(command, "250 OK")


def to_rough(
    rough: Rough, count: int, then: Callable[[Channel], Awaitable[None]] | None = None, **settings: Any
) -> Any:
    """Deliver a window of `count` over one connection: the outcomes, and what was raised at the end."""

    async def work() -> tuple[dict[int, str], str]:
        server = await asyncio.start_server(rough.talk, "127.0.0.1", 0)
        async with server:
            post = channel(server.sockets[0].getsockname()[1], **({"connections": 1} | settings))
            await post.open()
            receipts: dict[int, Receipt] = {}
            raised = ""
            try:
                await gather(post, messages(count), receipts)
            except ChannelError as error:
                raised = str(error)
            await post.close()
            return outcomes(receipts), raised

    return run(work())


def test_a_server_that_hangs_up_mid_batch_gets_the_rest_over_a_new_connection() -> None:
    def script(rough: Rough, command: str, connection: int) -> str | None:
        return (
            None
            if command == "MAIL" and len(rough.taken) in (2, 4) and connection == len(rough.taken) // 2
            else usual(command)
        )

    rough = Rough(script)
    got, raised = to_rough(rough, 6)
    assert (set(got.values()), raised) == ({"accepted"}, "")
    assert rough.taken == [f"key{number}" for number in range(1, 7)]
    assert rough.connections == 3


def test_a_cut_after_the_message_is_uncertain_and_is_not_sent_again() -> None:
    def script(rough: Rough, command: str, connection: int) -> str | None:
        return None if command == "." and len(rough.taken) == 2 else usual(command)

    rough = Rough(script)
    got, raised = to_rough(rough, 4)
    assert (got, raised) == ({1: "accepted", 2: "uncertain", 3: "accepted", 4: "accepted"}, "")
    assert rough.taken == ["key1", "key2", "key3", "key4"]


def test_silence_after_the_message_is_uncertain() -> None:
    def script(rough: Rough, command: str, connection: int) -> str | None:
        if command != "." or len(rough.taken) > 1:
            return usual(command)
        seconds_pass(60)
        return ""

    got, _ = to_rough(Rough(script), 2)
    assert got == {1: "uncertain", 2: "accepted"}


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_cut_before_the_message_is_tried_again_at_once_on_another_connection(stage: str) -> None:
    def script(rough: Rough, command: str, connection: int) -> str | None:
        return None if command == stage and connection == 1 else usual(command)

    rough = Rough(script)
    got, raised = to_rough(rough, 2)
    assert (got, raised) == ({1: "accepted", 2: "accepted"}, "")
    assert rough.taken == ["key1", "key2"]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_always_hangs_up_is_left_alone_soon(stage: str) -> None:
    rough = Rough(lambda rough, command, connection: None if command == stage else usual(command))
    got, raised = to_rough(rough, 20)
    assert set(got.values()) == {"retry"}
    assert len(got) == 20
    assert "keeps hanging up" in raised
    assert rough.connections <= 4


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "."])
def test_421_is_a_retry_over_a_new_connection(stage: str) -> None:
    def script(rough: Rough, command: str, connection: int) -> str | None:
        return "421 closing" if command == stage and connection == 1 else usual(command)

    rough = Rough(script)
    got, raised = to_rough(rough, 3)
    assert (got, raised) == ({1: "retry", 2: "accepted", 3: "accepted"}, "")
    assert rough.connections == 2


@pytest.mark.parametrize(
    ("stage", "answer", "outcome"),
    [
        ("MAIL", "451 no", "retry"),
        ("MAIL", "550 no", "rejected"),
        ("DATA", "451 no", "retry"),
        ("DATA", "554 no", "rejected"),
    ],
)
def test_a_no_at_any_point_before_the_message_is_not_uncertain(stage: str, answer: str, outcome: str) -> None:
    rough = Rough(lambda rough, command, connection: answer if command == stage else usual(command))
    got, raised = to_rough(rough, 2)
    assert (got, raised) == ({1: outcome, 2: outcome}, "")
    assert rough.taken == []


def test_rubbish_after_the_message_is_uncertain() -> None:
    rough = Rough(lambda rough, command, connection: "hello there" if command == "." else usual(command))
    got, _ = to_rough(rough, 1)
    assert got == {1: "uncertain"}


def test_a_server_that_is_not_there_is_an_error_that_says_what_to_check() -> None:
    async def run() -> None:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with pytest.raises(ChannelError, match="check host, port and security"):
            await channel(port).open()

    asyncio.run(run())


def test_a_server_that_goes_away_between_windows_is_noticed(tmp_path: Path) -> None:
    rough = Rough(lambda rough, command, connection: usual(command))

    async def run() -> tuple[dict[int, str], str]:
        server = await asyncio.start_server(rough.talk, "127.0.0.1", 0)
        post = channel(server.sockets[0].getsockname()[1])
        await post.open()
        assert outcomes(await gather(post, messages(1))) == {1: "accepted"}
        server.close()
        rough.script = lambda rough, command, connection: None
        receipts: dict[int, Receipt] = {}
        with pytest.raises(ChannelError) as caught:
            await gather(post, messages(5), receipts)
        await post.close()
        return outcomes(receipts), str(caught.value)

    got, raised = asyncio.run(run())
    assert got == dict.fromkeys(range(1, 6), "retry")
    assert "cannot use 127.0.0.1" in raised
