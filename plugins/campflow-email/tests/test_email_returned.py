"""Mails that come back: what each says, of which message. Each is written as the server named beside it writes them."""

import pytest

from campflow_email.returned import Returned, is_hard, read

KEY = "2a-0123456789abcdef01234567"
OURS = f"Message-ID: <{KEY}@acme.example>\r\nFrom: hello@acme.example\r\nTo: ada@a.example\r\nSubject: Hello\r\n"


def dsn(status: str, said: str, action: str = "failed", kind: str = "report", copy: str = "message/rfc822") -> bytes:
    """RFC 3464, with our mail behind it."""
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.a.example (Mail Delivery System)\r\nTo: bounces@acme.example\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/{kind}; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI am sorry to have to inform you that 550 5.1.1 whatever\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.a.example\r\n"
        "Arrival-Date: Mon, 2 Nov 2026 09:00:00 +0100\r\n\r\n"
        f"Final-Recipient: rfc822; ada@a.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n"
        f"\r\n--b\r\nContent-Type: {copy}\r\n\r\n{OURS}\r\n"
        "Hello Ada\r\n--b--\r\n"
    ).encode()


def arf(kind: str) -> bytes:
    """RFC 5965, as mail providers send it who took the address of the recipient away."""
    return (
        "From: staff@provider.example\r\nTo: abuse@acme.example\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is an email abuse report.\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: {kind}\r\nUser-Agent: Feedback/1.0\r\nVersion: 1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{OURS}\r\n--b--\r\n"
    ).encode()


def plain(head: str, body: str) -> bytes:
    return f"{head}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}".encode()


QMAIL = plain(
    "Return-Path: <>\r\nFrom: MAILER-DAEMON@a.example\r\nTo: bounces@acme.example\r\nSubject: failure notice\r\n",
    "Hi. This is the qmail-send program at a.example.\nI'm afraid I wasn't able to deliver your message.\n\n"
    "<ada@a.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy.\n\n"
    f"Return-Path: <hello@acme.example>\n{OURS}",
)
EXIM = plain(
    "Return-path: <>\r\nFrom: Mail Delivery System <Mailer-Daemon@a.example>\r\n"
    f"To: bounces+{KEY}@acme.example\r\nAuto-Submitted: auto-replied\r\nSubject: Mail delivery failed\r\n",
    "A message that you sent could not be delivered to one or more of its recipients.\n\n"
    "  ada@a.example\n    SMTP error from remote mail server after RCPT TO:<ada@a.example>:\n"
    "    550 Unknown user\n",
)
WARNING = plain(
    "Return-path: <>\r\nFrom: Mail Delivery System <Mailer-Daemon@a.example>\r\n"
    f"To: bounces+{KEY}@acme.example\r\nSubject: Warning: message delayed 24 hours\r\n",
    "Your message has been delayed. It will be retried for three more days.\n",
)
REPLY_HEAD = f"From: Ada <ada@a.example>\r\nTo: hello@acme.example\r\nIn-Reply-To: <{KEY}@acme.example>\r\n"
REPLY = plain(REPLY_HEAD + "Subject: Re: Hello\r\n", "Thank you!")
AWAY = plain(REPLY_HEAD + "Auto-Submitted: auto-replied (vacation)\r\nSubject: Re: Hello\r\n", "Back on Monday.")
AWAY_OLD = plain(REPLY_HEAD + "Subject: =?utf-8?q?R=C3=A9ponse_automatique?= : absence\r\n", "De retour lundi.")
AWAY_EMPTY = plain("Return-Path: <>\r\n" + REPLY_HEAD + "Auto-Submitted: auto-replied\r\nSubject: I\r\n", "Away, 550.")
CHALLENGE = plain(REPLY_HEAD + "Auto-Submitted: auto-generated\r\nSubject: Please confirm your message\r\n", "Click.")


@pytest.mark.parametrize(
    ("mail", "kind", "hard", "status"),
    [
        pytest.param(dsn("5.1.1", "550 5.1.1 User unknown"), "bounced", True, "5.1.1", id="Postfix"),
        pytest.param(dsn("5.1.1", "550 no", kind="mixed"), "bounced", True, "5.1.1", id="in multipart/mixed"),
        pytest.param(
            dsn("5.1.1", "550 no", copy="text/rfc822-headers"), "bounced", True, "5.1.1", id="with our headers alone"
        ),
        pytest.param(dsn("5.0.0", "550 5.1.1 no such user"), "bounced", True, "5.1.1", id="a status that says nothing"),
        pytest.param(dsn("5.0.0", "550 Mailbox does not exist"), "bounced", True, "5.0.0", id="only words"),
        pytest.param(dsn("5.2.2", "552 5.2.2 mailbox full"), "bounced", False, "5.2.2", id="full"),
        pytest.param(dsn("4.4.1", "connection timed out"), "bounced", False, "4.4.1", id="given up"),
        pytest.param(dsn("5.7.1", "554 5.7.1 blocked, spam"), "bounced", False, "5.7.1", id="blocked for what we are"),
        pytest.param(dsn("4.2.2", "452 full", action="delayed"), "deferred", False, "4.2.2", id="delayed"),
        pytest.param(dsn("2.0.0", "250 ok", action="delivered"), "delivered", False, "2.0.0", id="a receipt"),
        pytest.param(QMAIL, "bounced", True, "5.1.1", id="qmail"),
        pytest.param(EXIM, "bounced", True, "", id="Exim, to the address of the envelope"),
        pytest.param(WARNING, "deferred", False, "", id="a warning in words"),
        pytest.param(arf("abuse"), "complained", False, "", id="a complaint"),
        pytest.param(arf("opt-out"), "unsubscribed", False, "", id="a provider's unsubscribe"),
        pytest.param(REPLY, "replied", False, "", id="a reply"),
        pytest.param(AWAY, "vacation", False, "", id="a vacation note"),
        pytest.param(AWAY_OLD, "vacation", False, "", id="an old vacation note, in French"),
        pytest.param(AWAY_EMPTY, "vacation", False, "", id="a vacation note that has no sender"),
        pytest.param(CHALLENGE, "challenge", False, "", id="a challenge"),
    ],
)
def test_what_a_mail_says(mail: bytes, kind: str, hard: bool, status: str) -> None:
    found = read(mail)
    assert found is not None
    assert (found.kind, found.key, found.hard, found.status) == (kind, KEY, hard, status)
    assert found.detail.isprintable()


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(plain("From: x@y.example\r\nSubject: Buy\r\n", "cheap"), id="of somebody else"),
        pytest.param(arf("not-spam"), id="a complaint taken back"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\xff\xfe" * 100, id="no mail"),
        pytest.param(dsn("5.1.1", "no").replace(KEY.encode(), b"2a-xyz"), id="a key that is none"),
        pytest.param(
            b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3_000)),
            id="parts within parts within parts",
        ),
    ],
)
def test_what_is_about_no_message_says_nothing(mail: bytes) -> None:
    assert read(mail) is None


def test_hostile_words_become_one_line() -> None:
    found = read(dsn("5.1.1", "550 \x1b[31m<script>\x00\u2028 x" + "y" * 9_000))
    assert found is not None
    assert found.detail.isprintable()
    assert len(found.detail) <= 300


def test_a_mail_inside_a_mail_speaks_for_nobody() -> None:
    """Somebody forwards a bounce of ours to us: that is no bounce."""
    inner = dsn("5.1.1", "550 gone").decode()
    forwarded = (
        f"{REPLY_HEAD}Subject: what is this?\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\nContent-Type: text/plain\r\n\r\nSee below\r\n"
        f"--f\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--f--\r\n"
    )
    assert read(forwarded.encode()) == Returned("replied", KEY, detail="what is this?")


@pytest.mark.parametrize(
    ("status", "said", "hard"),
    [
        ("5.1.10", "recipient not found", True),  # Exchange
        ("5.2.1", "The email account that you tried to reach is disabled", True),  # Gmail
        ("5.2.1", "mailbox unavailable: over quota", False),
        ("5.4.4", "Host or domain name not found", True),
        ("5.1.8", "sender address rejected", False),
        ("5.7.26", "unauthenticated mail", False),
        ("5.7.13", "user account disabled", True),
        ("", "550 utilisateur n'existe pas", True),
        ("5.0.0", "message rejected as spam: no such user", False),
        ("4.7.0", "no such user", False),
    ],
)
def test_hard_is_only_what_is_wrong_with_the_address(status: str, said: str, hard: bool) -> None:
    assert is_hard(status, said) is hard
