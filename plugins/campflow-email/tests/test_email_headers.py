"""No field of a mail can add a header or a recipient: not in a mail of ours, nor in what a provider makes one of."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from email import policy
from email.parser import BytesParser
from typing import Any

import pytest

from campflow.errors import ContentError
from campflow.hooks.contracts import Message, Sender
from campflow_email.drafts import draft
from campflow_email.mime import build

AT = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
SENDER = Sender("Acme", "hello@acme.example", "answers@acme.example", "https://acme.example/u/{token}")
KEY = "1-0123456789abcdef01234567"
MESSAGE = Message(
    1, KEY, "email", "offer", "spring_sale", "ada", "ada@b.example", None, {"text": "Hi", "html": "<p>Hi</p>"},
    {"subject": "Hello", "from": "Shop <shop@acme.example>", "reply_to": "Team <team@acme.example>"}, AT, "tok.en",
)  # fmt: skip


def _option(name: str) -> Callable[[str], tuple[Message, Sender]]:
    return lambda said: (replace(MESSAGE, options={**MESSAGE.options, name: said}), SENDER)


def _sender(name: str) -> Callable[[str], tuple[Message, Sender]]:
    plain = replace(MESSAGE, options={"subject": "Hello"})
    return lambda said: (plain, replace(SENDER, **dict[str, Any]({name: said})))


def _message(name: str) -> Callable[[str], tuple[Message, Sender]]:
    return lambda said: (replace(MESSAGE, **dict[str, Any]({name: said})), SENDER)


#: Every text that comes into a header, with what makes an honest value of a piece of text.
FIELDS: dict[str, tuple[Callable[[str], tuple[Message, Sender]], str]] = {
    "subject": (_option("subject"), "Hello {}!"),
    "name of `from`": (_option("from"), "Shop {} <shop@acme.example>"),
    "address of `from`": (_option("from"), "Shop <sh{}op@acme.example>"),
    "name of `reply_to`": (_option("reply_to"), "Team {} <team@acme.example>"),
    "address of `reply_to`": (_option("reply_to"), "te{}am@acme.example"),
    "recipient": (_message("address"), "a{}da@b.example"),
    "recipient's domain": (_message("address"), "ada@b{}.example"),
    "sender's name": (_sender("name"), "Acme {} Ltd"),
    "sender's address": (_sender("email"), "hel{}lo@acme.example"),
    "sender's answers": (_sender("reply_to"), "ans{}wers@acme.example"),
    "where to unsubscribe": (_sender("unsubscribe"), "https://acme.example/{}/u/{{token}}"),
    "address to unsubscribe": (_sender("unsubscribe"), "mailto:leave{}@acme.example"),
    "token": (_message("unsubscribe_token"), "tok{}en"),
    "campaign": (_message("campaign"), "spring{}sale"),
    "key": (_message("key"), "1-{}f"),
}
BREAKS = ["\r", "\n", "\r\n", "\r\n ", "\0", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1b", "\x7f"]


def mails(message: Message, sender: Sender) -> list[dict[str, object]]:
    """The headers of the mail that we make, and of what a provider is told; nothing of one that is refused."""
    found: list[dict[str, object]] = []
    try:
        made = BytesParser(policy=policy.compat32).parsebytes(build(message, sender, AT).data)
        found.append(dict(made.items()))
    except ContentError:
        pass
    try:
        told = asdict(draft(message, sender))
        found.append({name: said for name, said in told.items() if name not in ("text", "html")})
    except ContentError:
        pass
    return found


@pytest.mark.parametrize("where", FIELDS)
def test_no_field_can_add_a_line(where: str) -> None:
    put, pattern = FIELDS[where]
    assert len(mails(*put(pattern.format("x")))) == 2
    for character in BREAKS:
        evil = f"{character}Bcc: eve@evil.example{character}"
        for headers in mails(*put(pattern.format(evil))):
            assert not {name.lower() for name in headers} & {"bcc", "x"}
            # Folded lines of our own are gone; what is left has no break of any kind.
            values = json.dumps(headers, ensure_ascii=False).replace("\\r\\n ", " ")
            assert not [each for each in BREAKS if each in values or json.dumps(each)[1:-1] in values]


LISTS = [
    "ada@b.example, eve@evil.example", "ada@b.example,eve@evil.example", "ada@b.example; eve@evil.example",
    "ada@b.example eve@evil.example", "Ada <ada@b.example>, Eve <eve@evil.example>",
    "<ada@b.example> <eve@evil.example>",
    "all: ada@b.example, eve@evil.example;", "ada@b.example\teve@evil.example",
    '"a" <ada@b.example>,eve@evil.example',
    "ada@b.example(eve@evil.example)", "eve@evil.example@b.example", "ada@b.example>,<eve@evil.example",
]  # fmt: skip


@pytest.mark.parametrize("said", LISTS)
@pytest.mark.parametrize(
    "where", [_option("from"), _option("reply_to"), _message("address"), _sender("email"), _sender("reply_to")]
)
def test_a_list_of_addresses_is_no_address(where: Callable[[str], tuple[Message, Sender]], said: str) -> None:
    assert mails(*where(said)) == []
