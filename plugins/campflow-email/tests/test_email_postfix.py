"""Mail through Postfix, and what comes back from it: a server as the world runs it, which we did not write."""

import asyncio
import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests import postfix

from campflow.hooks.contracts import Channel, ChannelContext, Message, Receipt, Sender
from campflow.hooks.reactions import Reaction
from campflow_email import EMAIL
from campflow_email.dkim import read_signer
from campflow_email.settings import EmailSettings
from campflow_email.smtp import SmtpChannel

pytestmark = postfix.needed


@pytest.fixture(scope="module")
def server() -> Iterator[postfix.Postfix]:
    with postfix.running() as started:
        yield started


def message(name: str, number: int) -> Message:
    return Message(
        message_id=number,
        key=f"{number:x}-0123456789abcdef01234567",
        channel="email",
        name="welcome",
        campaign="trial",
        contact_key=name,
        address=f"{name}@b.example",
        language=None,
        parts={"text": f"Guten Tag {name}\n.\nTschüss\n", "html": f"<p>Guten Tag {name}</p>"},
        options={"subject": "Willkommen, schöne Grüße 🎉"},
        planned_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        unsubscribe_token="t",
    )


def channel(server: postfix.Postfix, folder: Path, **more: Any) -> Channel:
    settings = EmailSettings(
        host="localhost",
        port=server.port,
        ca_file=str(server.ca),
        hostname="app.acme.example",
        return_path="bounces+{key}@acme.example",
        timeout=20,
        **more,
    )
    return EMAIL.make(settings, ChannelContext(str(folder), Sender("Acme", "hello@acme.example")))


def delivered(post: Channel, window: Sequence[Message]) -> dict[str, Receipt]:
    async def run() -> dict[int, Receipt]:
        await post.open()
        try:
            return {receipt.message_id: receipt async for receipt in post.deliver(window)}
        finally:
            await post.close()

    receipts = asyncio.run(run())
    return {each.contact_key: receipts[each.message_id] for each in window}


def test_everyone_gets_their_own_mail_whole_and_a_refusal_is_one_persons(
    server: postfix.Postfix, tmp_path: Path
) -> None:
    window = [message(name, number) for number, name in enumerate(("ada", "nobody", "eve"), 1)]
    receipts = delivered(channel(server, tmp_path), window)
    assert {name: receipt.outcome for name, receipt in receipts.items()} == {
        "ada": "accepted",
        "nobody": "rejected",
        "eve": "accepted",
    }
    assert "no such user here" in receipts["nobody"].detail
    for name, number in (("ada", 1), ("eve", 3)):
        (mail,) = server.mails("b.example", name, 1)
        assert f"Delivered-To: {name}@b.example".encode() in mail
        assert f"Return-Path: <bounces+{number}-0123456789abcdef01234567@acme.example>".encode() in mail
        assert b"with ESMTPS" in mail  # STARTTLS, and the certificate was checked against our authority
        assert f"Guten Tag {name}".encode() in mail


def test_the_signature_is_good_after_the_way_through_a_server(server: postfix.Postfix, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "dkim.pem").write_bytes(key)
    post = channel(server, tmp_path, dkim_key="dkim.pem", dkim_domain="acme.example")
    assert delivered(post, [message("lea", 4)])["lea"].outcome == "accepted"
    (mail,) = server.mails("b.example", "lea", 1)
    name, record = read_signer("acme.example", "campflow", key).record()

    def look_up(asked: bytes, timeout: float = 5) -> bytes:
        assert asked.decode().rstrip(".") == name
        return record.encode()

    crlf = mail.replace(b"\n", b"\r\n")
    assert dkim.verify(crlf, dnsfunc=look_up)
    assert not dkim.verify(crlf.replace(b"Guten Tag", b"Guten Abend"), dnsfunc=look_up)


def test_its_bounces_find_the_message_they_are_about(server: postfix.Postfix, tmp_path: Path) -> None:
    window = [message("gone", 10), message("full", 11)]
    post = channel(server, tmp_path, inbox=f"maildir:{server.mailbox('acme.example', 'bounces')}")
    assert {each.outcome for each in delivered(post, window).values()} == {"accepted"}
    server.mails("acme.example", "bounces", 2)

    async def listen() -> list[Reaction]:
        opened = channel(server, tmp_path, inbox=f"maildir:{server.mailbox('acme.example', 'bounces')}")
        assert isinstance(opened, SmtpChannel)
        said: list[Reaction] = []
        async for reactions in opened.listen():
            said.extend(reactions)
            if len(said) == len(window):
                break
        await opened.close()
        return said

    said = {each.key: each for each in asyncio.run(asyncio.wait_for(listen(), 20))}
    gone, full = (said[each.key] for each in window)
    assert (gone.name, full.name) == ("bounced", "failed")  # a full mailbox is not the address's fault
    assert "nobody of that name" in gone.detail
    assert "mailbox full" in full.detail
