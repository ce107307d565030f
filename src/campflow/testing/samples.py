"""Messages, notes, tasks and members as campflow would make them, and texts as bad people would write them."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from campflow.content.templates import compile_text, one_line
from campflow.hooks.contracts import (
    ChannelContext,
    ChannelPlugin,
    Measurement,
    Member,
    Message,
    Moved,
    Note,
    Sender,
    Settled,
    Task,
)

#: When everything of these suites happens.
AT = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)

#: What people have put into fields: headers and lines of their own, ends of texts, markup, templates, formulas.
HOSTILE: Mapping[str, str] = {
    "crlf": "Ada\r\nBcc: eve@evil.example\r\n\r\nhello",
    "lf": "Ada\nX-Evil: yes",
    "nul": "Ada\0eve",
    "line-separator": "Ada\u2028Bcc: eve@evil.example\u2029",
    "end-of-data": "Ada\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n",
    "html": "</p><script>alert(1)</script><img src=x onerror=alert(1)>",
    "json": '"}, {"to": "eve@evil.example',
    "template": "{{ 7 * 7 }}{% for x in range(9) %}{{ x }}{% endfor %}${7*7}",
    "formula": '=HYPERLINK("https://evil.example")',
    "direction": "Ada\u202e\u2066eve",
    "shell": "$(touch evil); `touch evil` | rm -rf ~",
    "path": "../../../../etc/passwd",
    "emoji": "Zoe\u0301 👩‍👩‍👧‍👦 \U0001f3f3\ufe0f",
    "long": "x" * 20_000,
    "blank": " \t ",
}

#: Values that a front matter may hold beside texts: YAML has them all.
ODD_VALUES: tuple[object, ...] = (7, True, 1.5, ["a", "b"], {"a": 1}, None, "", "x" * 5_000)


def context(folder: Path) -> ChannelContext:
    """What a plugin is told of a project in this folder."""
    sender = Sender("Acme", "hello@acme.example", "answers@acme.example", "https://acme.example/u?token={token}")
    return ChannelContext(str(folder), sender)


def message(
    plugin: ChannelPlugin,
    number: int,
    body: str,
    address: str,
    *,
    text: str = "Hello",
    options: Mapping[str, object] | None = None,
    extension: str | None = None,
) -> Message:
    """The message `number`: `body` made ready by the plugin, and filled with `text` for one person.

    Raises ContentError as campflow does, which refuses such a message before the channel sees it.
    """
    said = dict(options or {})
    prepared = plugin.prepare(body, extension or plugin.extensions[0], said)
    values: dict[str, Any] = {"text": text, "number": number}
    parts = {
        name: compile_text(part, html=name == "html", name=name).fill(values) for name, part in prepared.parts.items()
    }
    filled = {
        name: one_line(compile_text(value, html=False, name=name).fill(values), name)
        if isinstance(value, str)
        else value
        for name, value in prepared.front_matter.items()
    }
    return Message(
        message_id=number,
        key=f"{number:x}-{'0123456789abcdef' * 2}"[:26],
        channel=plugin.name,
        name="hello",
        campaign="spring",
        contact_key=f"person{number}",
        address=address,
        language=None,
        parts=parts,
        options=filled,
        planned_at=AT,
        unsubscribe_token="1.1.dG9rZW4.c2lnbmF0dXJl",
    )


def note(number: int, text: str = "Somebody is lost") -> Note:
    return Note(number, f"note{number}", "spring", "lost", f"person{number}", text, AT)


def task(
    number: int, options: Mapping[str, object], fields: Mapping[str, object] | None = None, contact_key: str = ""
) -> Task:
    known = {"email": f"person{number}@example.com", "first_name": "Ada"} if fields is None else fields
    key = contact_key or f"person{number}"
    return Task(number, f"task{number}", "spring", "welcome", key, known, options, AT)


def member(contact_key: str, fields: Mapping[str, object] | None = None) -> Member:
    known = {"email": f"{contact_key}@example.com", "first_name": "Ada"} if fields is None else fields
    return Member(contact_key, known)


def measurement(name: str, value: float, **labels: str) -> Measurement:
    return Measurement(name, labels, value, AT)


def moved(number: int, *, contact_key: str = "", entering: bool = False, leaving: bool = False) -> Moved:
    came, to = None if entering else "before", None if leaving else f"stage{number}"
    key = contact_key or f"person{number}"
    return Moved(number, "spring", key, number, came, to, AT, None if leaving else "signup", f"on signup -> {to}")


def settled(number: int, *, detail: str = "", to_nobody: bool = False) -> Settled:
    key = "" if to_nobody else f"person{number}"
    return Settled(number, number, "spring", "email", "welcome", key, "accepted", AT, f"provider{number}", detail)
