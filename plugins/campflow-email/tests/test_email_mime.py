"""The bytes of a mail, read back by the standard library's parser."""

import datetime as dt
from dataclasses import replace
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campflow.errors import ContentError
from campflow.hooks.contracts import Message, Sender
from campflow_email.mime import Mail, build
from campflow_email.session import stuffed

SENDER = Sender("Acme", "hello@acme.example", "help@acme.example")
DATE = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
MESSAGE = Message(
    message_id=1,
    key="0123456789abcdef0123456789abcdef",
    channel="email",
    name="welcome",
    campaign="trial_onboarding",
    contact_key="ada",
    address="ada@b.example",
    language=None,
    parts={"text": "Hello\n", "html": "<html><body class='x'><p>Hello</p></body></html>"},
    options={"subject": "Hello"},
    planned_at=DATE,
    unsubscribe_token="1.a.b.c",
)


def mail(sender: Sender = SENDER, **changes: Any) -> Mail:
    options = MESSAGE.options | changes.pop("options", {})
    return build(replace(MESSAGE, options=options, **changes), sender, DATE)


def parsed(made: Mail) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(made.data)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert all(not part.defects for part in message.walk())
    return message


def text(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_mail_has_what_inboxes_ask_for() -> None:
    made = mail()
    message = parsed(made)
    assert (made.sender, made.recipient, made.utf8) == ("hello@acme.example", "ada@b.example", False)
    assert message["From"] == "Acme <hello@acme.example>"
    assert message["To"].addresses[0].addr_spec == "ada@b.example"
    assert message["Reply-To"].addresses[0].addr_spec == "help@acme.example"
    assert message["Date"].datetime == DATE
    assert message["Message-ID"] == "<0123456789abcdef0123456789abcdef@acme.example>"
    assert message["List-Id"] == "<trial-onboarding.acme.example>"
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert text(message, "plain") == "Hello\n"
    assert text(message, "html").strip() == MESSAGE.parts["html"]


def test_every_line_ends_in_crlf_and_is_short() -> None:
    long = "wörter " * 400
    data = mail(parts={"text": long, "html": f"<p>{long}</p>"}, options={"subject": long[:500]}).data
    assert data.replace(b"\r\n", b"").count(b"\n") == 0
    assert data.isascii()
    assert max(len(line) for line in data.split(b"\r\n") if b"<mailto:" not in line) <= 78


@pytest.mark.parametrize(
    "subject",
    [
        "Votre essai s'achève à Noël",
        "🎉 Félicitations, Zoé 👩‍👩‍👧‍👦",
        "日本語の件名" * 20,
        "x" * 200,
        "=?utf-8?q?not encoded?=",
        "ends in a backslash \\",
        "",
    ],
)
def test_a_subject_comes_back_as_it_was_written(subject: str) -> None:
    if not subject:
        with pytest.raises(ContentError, match="has no subject"):
            mail(options={"subject": subject})
        return
    assert parsed(mail(options={"subject": subject}))["Subject"] == subject


@pytest.mark.parametrize(
    "name", ["Zoé", 'Ada "the" Countess', "Smith, John", "é" * 200, "Acme (Shop) <x>", "a\\b", "=?x?=", "Ω" + "a" * 199]
)
def test_a_sender_s_name_comes_back_as_it_was_written(name: str) -> None:
    (address,) = parsed(mail(Sender(name, "hello@acme.example")))["From"].addresses
    assert address.addr_spec == "hello@acme.example"
    # The new parser leaves the blanks between the encoded words of a name (they mean nothing); the old one is right.
    raw = BytesParser(policy=policy.compat32).parsebytes(mail(Sender(name, "hello@acme.example")).data)["From"]
    display, _ = (
        parseaddr(str(raw)) if "=?" not in raw else (str(make_header(decode_header(raw))).rpartition(" <")[0], "")
    )
    assert display == name.replace("<", "").replace(">", "")


def test_front_matter_says_who_writes_and_who_is_answered() -> None:
    message = parsed(mail(options={"from": '"Zoé, Acme" <zoe@other.example>', "reply_to": "Team <team@acme.example>"}))
    assert message["From"].addresses[0].display_name == "Zoé, Acme"
    assert message["From"].addresses[0].addr_spec == "zoe@other.example"
    assert message["Reply-To"].addresses[0].addr_spec == "team@acme.example"
    assert message["Message-ID"].endswith("@other.example>")


def test_unsubscribing_is_one_click_only_beside_an_https_address() -> None:
    by_mail = parsed(mail())
    assert by_mail["List-Unsubscribe"] == "<mailto:hello@acme.example?subject=unsubscribe%201.a.b.c>"
    assert by_mail["List-Unsubscribe-Post"] is None
    by_page = parsed(mail(replace(SENDER, unsubscribe="https://acme.example/leave?x=1")))
    assert by_page["List-Unsubscribe"] == "<https://acme.example/leave?x=1&token=1.a.b.c>"
    assert by_page["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    transactional = parsed(mail(options={"transactional": True}))
    assert transactional["List-Unsubscribe"] is None
    assert transactional["List-Id"] is None


def test_a_preheader_stands_hidden_before_the_html() -> None:
    html = text(parsed(mail(options={"preheader": "Look <here>"})), "html")
    assert html.index("<body class='x'>") < html.index("Look &lt;here&gt;") < html.index("<p>Hello</p>")


def test_a_message_of_text_alone_is_text_alone() -> None:
    message = parsed(mail(parts={"text": "a\n\n\n\n \nb"}))
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == "a\n\nb\n"


@pytest.mark.parametrize("character", ["\r", "\n", "\r\n", "\0", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
@pytest.mark.parametrize(
    "where", ["subject", "from", "reply_to", "address", "name", "unsubscribe", "campaign", "token", "key"]
)
def test_no_field_can_add_a_header(where: str, character: str) -> None:
    evil = f"a{character}Bcc: everyone@b.example{character}"
    sender = SENDER
    changes: dict[str, Any] = {}
    match where:
        case "subject":
            changes = {"options": {"subject": f"x{evil}x"}}
        case "from" | "reply_to":
            changes = {"options": {where: f"{evil} <x@a.example>"}}
        case "address":
            changes = {"address": f"{evil}@b.example"}
        case "name":
            sender = replace(SENDER, name=evil)
        case "unsubscribe":
            sender = replace(SENDER, unsubscribe=f"https://a.example/{evil}")
        case "campaign":
            changes = {"campaign": evil}
        case "token":
            changes = {"unsubscribe_token": evil}
        case "key":
            changes = {"key": evil}
    try:
        message = parsed(mail(sender, **changes))
    except ContentError:
        return
    assert message["Bcc"] is None
    assert where in ("unsubscribe", "token")  # in a URL, percent-encoded


@pytest.mark.parametrize(
    "address",
    [
        "ada",
        "ada@",
        "@b.example",
        "a b@c.example",
        "a@b@c.example",
        "a@-b.example",
        "<a@b.example>",
        "a,b@c.example",
        "a@b..example",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ContentError, match="is not a mail address"):
        mail(address=address)


def test_a_domain_in_another_script_is_written_in_ascii_and_a_name_asks_for_utf8() -> None:
    assert mail(address="ada@bücher.example").recipient == "ada@xn--bcher-kva.example"
    assert not mail(address="ada@bücher.example").utf8
    assert mail(address="zoé@b.example").utf8


def test_nobody_as_sender_says_what_to_set() -> None:
    with pytest.raises(ContentError, match=r"set `email` under \[sender\]"):
        mail(Sender())


BODY = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), min_size=1, max_size=400)


@settings(max_examples=150, deadline=None)
@given(BODY, st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=200))
def test_any_text_and_any_subject_come_back(body: str, subject: str) -> None:
    markup = f"<p>{body}</p>"
    message = parsed(mail(parts={"text": "x", "html": markup}, options={"subject": subject}))
    assert text(message, "html").rstrip("\n") == markup.rstrip("\n")
    assert message["Subject"] == subject


#: Pieces that break mails: dots, boundaries, encoded words, long lines, everything that some program takes for a line.
PIECES = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=30),
    st.sampled_from([
        "\n.\n", "\r\n.\r\n", "..", "\n", "\r", "=_", "--=_", "=?utf-8?b?eA==?=", "From ", "x" * 997, "é" * 500,
        "日本" * 40, " \n", "\t\n", "=\n", "=20", "\x85", "\u2028", "\0", "\x0c", "&amp;<b>", "QUIT\r\n",
        "Bcc: eve@b.example\r\n",
    ]),
)  # fmt: skip
HOSTILE = st.lists(PIECES, min_size=1, max_size=8).map("".join)
ONE_LINE = HOSTILE.map(lambda value: "".join(value.split()) or "x").filter(lambda value: value.isprintable())


@settings(max_examples=200, deadline=None)
@given(HOSTILE, HOSTILE, ONE_LINE, ONE_LINE)
def test_a_mail_says_what_the_standard_library_s_own_mail_says(body: str, markup: str, subject: str, name: str) -> None:
    made = mail(Sender(name, "hello@acme.example"), parts={"text": body, "html": markup}, options={"subject": subject})
    ours, theirs = parsed(made), _theirs(body, markup, subject)
    assert [part.get_content_type() for part in ours.walk()] == [part.get_content_type() for part in theirs.walk()]
    assert text(ours, "html").rstrip("\n") == text(theirs, "html").rstrip("\n")
    # Of a text's blank lines, more than one is layout.
    assert _squeezed(text(ours, "plain")) == _squeezed(text(theirs, "plain"))
    assert ours["Subject"] == subject
    if theirs["Subject"] == subject:  # their folding loses some
        assert ours["Subject"] == theirs["Subject"]
    assert ours["Bcc"] is None
    assert ours.keys()[:2] == ["From", "To"]
    # Each line ends in CRLF, none is longer than SMTP allows, and no content ends before its end.
    assert made.data.replace(b"\r\n", b"").count(b"\n") == made.data.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(map(len, made.data.split(b"\r\n"))) <= 998
    on_the_wire = stuffed(made.data)
    assert on_the_wire.find(b"\r\n.\r\n") == len(on_the_wire) - 5
    assert on_the_wire[:-3].replace(b"\r\n..", b"\r\n.") == made.data


def _theirs(body: str, markup: str, subject: str) -> EmailMessage:
    """The same mail as `email.message` writes and reads it."""
    theirs = EmailMessage(policy.SMTP)
    theirs["Subject"] = subject
    theirs.set_content(_cleaned(body), cte="base64")
    theirs.add_alternative(_cleaned(markup), subtype="html", cte="base64")
    read = BytesParser(policy=policy.default).parsebytes(theirs.as_bytes())
    assert isinstance(read, EmailMessage)
    return read


def _cleaned(said: str) -> str:
    """Control characters are of no use in a mail; every line's end is the same."""
    one_end = said.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(each for each in one_end if each in "\n\t" or not (each < " " or each == "\x7f"))


def _squeezed(said: str) -> list[str]:
    return [line.rstrip(" \t") for line in said.split("\n") if line.strip(" \t")]
