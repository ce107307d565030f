"""What people and servers answer by mail: told once, and the mail marked only when that is recorded."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from campflow.errors import ChannelError
from campflow.hooks.contracts import ChannelContext, Sender
from campflow.hooks.reactions import Reaction
from campflow_email.channel import make_channel
from campflow_email.maildir import MaildirChannel
from campflow_email.settings import EmailSettings

KEY, OTHER = "2a-0123456789abcdef01234567", "2b-0123456789abcdef01234567"


def bounce(key: str, status: str) -> bytes:
    return (
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.a.example\nTo: bounces+{key}@acme.example\nSubject: failed\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.a.example\n\n"
        f"Final-Recipient: rfc822; ada@a.example\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} no\n\n--b--\n"
    ).encode()


def reply(text: str, more: str = "") -> bytes:
    return f"From: ada@a.example\nTo: hello@acme.example\nIn-Reply-To: <{KEY}@acme.example>\n{more}\n{text}\n".encode()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    for name in ("tmp", "new", "cur"):
        (tmp_path / "inbox" / name).mkdir(parents=True)
    return tmp_path / "inbox"


def channel(folder: Path) -> MaildirChannel:
    made = make_channel(EmailSettings(inbox="maildir:inbox"), ChannelContext(str(folder), Sender()))
    assert isinstance(made, MaildirChannel)
    return made


def heard(folder: Path, batches: int = 1, *, recorded: bool = True) -> list[Reaction]:
    """What a channel says; with `recorded` the next are asked for, which is what says that these are."""

    async def listen() -> list[Reaction]:
        opened = channel(folder)
        said: list[Reaction] = []
        stream = opened.listen()
        for _ in range(batches):
            said.extend(await anext(stream))
        if recorded:
            asking = asyncio.ensure_future(anext(stream))
            while any((folder / "inbox" / "new").iterdir()):
                await asyncio.sleep(0.01)  # a thread moves files
            asking.cancel()
        await opened.close()
        return said

    return asyncio.run(asyncio.wait_for(listen(), 20))


def drop(inbox: Path, *mails: bytes) -> None:
    for number, data in enumerate(mails):
        (inbox / "new" / f"1{len(list(inbox.rglob('*'))):04}.{number}").write_bytes(data)


def said(reactions: Sequence[Reaction]) -> list[tuple[str, str | None, str]]:
    return [(each.name, each.key, each.detail) for each in reactions]


def test_hard_bounces_and_replies_are_told_and_other_mail_is_not(inbox: Path) -> None:
    drop(
        inbox,
        bounce(KEY, "5.1.1"),
        bounce(OTHER, "5.2.2"),
        reply("Thank you", "Subject: Re: Hello\n"),
        reply("Away", "Auto-Submitted: auto-replied\n"),
        b"From: spam@x.example\nSubject: Buy\n\nnow\n",
    )
    assert said(heard(inbox.parent)) == [
        ("bounced", KEY, "5.1.1 550 5.1.1 no"),
        ("failed", OTHER, "5.2.2 550 5.2.2 no"),
        ("replied", KEY, "Re: Hello"),
    ]
    assert not list((inbox / "new").iterdir())
    assert len(list((inbox / "cur").iterdir())) == 5  # nothing is thrown away


def test_what_was_not_recorded_is_told_again_under_the_same_id(inbox: Path) -> None:
    drop(inbox, bounce(KEY, "5.1.1"), reply("one"), reply("two"))
    before = heard(inbox.parent, recorded=False)
    again = heard(inbox.parent)
    assert [each.id for each in again] == [each.id for each in before]
    assert len({each.id for each in again}) == 3


def test_a_second_report_of_a_bounce_has_the_id_of_the_first(inbox: Path) -> None:
    drop(inbox, bounce(KEY, "5.1.1"), bounce(KEY, "5.1.10"))
    first, second = heard(inbox.parent)
    assert first.id == second.id
    assert first.at <= dt.datetime.now(dt.UTC)


def test_a_channel_without_an_inbox_has_nothing_to_hear(tmp_path: Path) -> None:
    async def listen() -> list[Sequence[Reaction]]:
        return [each async for each in make(tmp_path).listen()]

    assert asyncio.run(listen()) == []


def make(folder: Path) -> MaildirChannel:
    made = make_channel(EmailSettings(), ChannelContext(str(folder), Sender()))
    assert isinstance(made, MaildirChannel)
    return made


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"inbox": "imap.acme.example"}, "is no inbox"),
        ({"return_path": "bounces+{nothing}@acme.example"}, "is no return path"),
        ({"dkim_key": "dkim.pem"}, "`dkim_domain` is missing"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        EmailSettings.model_validate(settings)


def test_a_key_that_is_not_there_says_which_setting(tmp_path: Path) -> None:
    settings = EmailSettings(host="127.0.0.1", dkim_key="nowhere.pem", dkim_domain="acme.example")
    with pytest.raises(ChannelError, match="`dkim_key`"):
        make_channel(settings, ChannelContext(str(tmp_path), Sender()))
