"""The Maildir of a first run, read back as a mail program does."""

import asyncio
import datetime as dt
import mailbox
from dataclasses import replace
from email.message import Message as EmailMessage
from pathlib import Path

import pytest

from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext, Message, Receipt, Sender
from campflow_email import EMAIL
from campflow_email.settings import EmailSettings

MESSAGE = Message(
    message_id=1,
    key="k1",
    channel="email",
    name="welcome",
    campaign="trial",
    contact_key="ada",
    address="ada@b.example",
    language=None,
    parts={"text": "Hello Zoé\n", "html": "<p>Hello Zoé</p>"},
    options={"subject": "Hello 🎉"},
    planned_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    unsubscribe_token="t",
)


def made(folder: Path, **settings: str) -> Channel:
    sender = Sender("Acme", "hello@acme.example")
    return EMAIL.make(EmailSettings.model_validate(settings), ChannelContext(str(folder), sender))


def deliver(channel: Channel, *messages: Message) -> list[Receipt]:
    async def run() -> list[Receipt]:
        await channel.open()
        receipts = [receipt async for receipt in channel.deliver(messages)]
        await channel.close()
        return receipts

    return asyncio.run(run())


def test_without_a_server_mail_lies_in_the_project(tmp_path: Path) -> None:
    receipts = deliver(made(tmp_path), MESSAGE, replace(MESSAGE, message_id=2, key="k2"))
    assert [receipt.outcome for receipt in receipts] == ["accepted", "accepted"]
    box = mailbox.Maildir(tmp_path / "mail", create=False)
    assert len(box) == 2
    for message in box:
        assert message["To"] == "<ada@b.example>"
        part = message.get_payload(0)
        assert isinstance(part, EmailMessage)
        assert part.get_payload(decode=True) == "Hello Zoé\n".encode()


def test_a_message_written_again_is_there_once_even_after_it_was_read(tmp_path: Path) -> None:
    deliver(made(tmp_path), MESSAGE)
    deliver(made(tmp_path), MESSAGE)
    (letter,) = (tmp_path / "mail" / "new").iterdir()
    letter.rename(tmp_path / "mail" / "cur" / f"{letter.name}:2,S")
    assert [receipt.outcome for receipt in deliver(made(tmp_path), MESSAGE)] == ["accepted"]
    assert len(mailbox.Maildir(tmp_path / "mail", create=False)) == 1


def test_one_bad_message_is_rejected_and_the_rest_is_written(tmp_path: Path) -> None:
    receipts = deliver(made(tmp_path), replace(MESSAGE, options={}), replace(MESSAGE, message_id=2))
    assert [(receipt.message_id, receipt.outcome) for receipt in receipts] == [(1, "rejected"), (2, "accepted")]


def test_another_folder_can_be_named(tmp_path: Path) -> None:
    deliver(made(tmp_path, maildir="var/post"), MESSAGE)
    assert len(list((tmp_path / "var" / "post" / "new").iterdir())) == 1


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    with pytest.raises(ChannelError, match="cannot write mail"):
        deliver(made(tmp_path), MESSAGE)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"host": "a", "username": "x"}, "`password` is missing"),
        ({"host": "mail.example", "security": "none", "username": "x", "password": "y"}, "in the clear"),
        ({"host": "a", "security": "maybe"}, "security"),
        ({"hots": "a"}, "hots"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        EmailSettings.model_validate(settings)


def test_a_password_does_not_show() -> None:
    settings = EmailSettings.model_validate({"host": "a", "username": "x", "password": "hush"})
    assert "hush" not in repr(settings)
