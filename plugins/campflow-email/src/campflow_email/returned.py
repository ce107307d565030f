"""What comes back by mail about a message: bounces (RFC 3464), complaints (RFC 5965), vacation notes, replies.

`read` looks at one mail, whoever sent it. It trusts nothing in it but a key of ours (`Message.key`), which nobody else
can write: in the address it came to (VERP: `bounces+KEY@acme.example`), in the headers that answer us, or in the copy
of our mail that most servers send along. What holds no key is not about our mail.
"""

import re
from dataclasses import dataclass
from email.message import Message as Mail
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from typing import Literal

from campflow_email.incoming import decoded, header, line, parts_of, subject, text

#: What a key looks like: `campflow.content.keys`. Whether it is one of ours, the engine finds out.
_KEY = r"[0-9a-f]{1,16}-[0-9a-f]{24}"

_VERP = re.compile(rf"\+({_KEY})@", re.IGNORECASE)
_MESSAGE_ID = re.compile(rf"<({_KEY})@", re.IGNORECASE)
_MESSAGE_ID_LINE = re.compile(rf"^Message-ID:\s*<({_KEY})@", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45])\d\d[ -](?!\d)")

Kind = Literal["bounced", "deferred", "delivered", "complained", "unsubscribed", "vacation", "challenge", "replied"]


@dataclass(frozen=True, slots=True)
class Returned:
    """What a mail says of the message with this key.

    bounced       it was not delivered; `hard` where the address is no good, and not only full, blocked or busy
    deferred      it is still being tried; nothing has happened yet
    delivered     the receiving server confirms it
    complained    the person called it spam
    unsubscribed  the person's provider asks to take them off the list
    vacation      a program answers that the person is away
    challenge     a program asks to be shown that we are human
    replied       the person answered

    `status` is the enhanced status code (RFC 3463) where there is one; `detail` one line of the server's words.
    """

    kind: Kind
    key: str
    hard: bool = False
    status: str = ""
    detail: str = ""


def read(data: bytes) -> Returned | None:
    """What a mail (its bytes) says of one of our messages; None where it is about none, or says nothing."""
    try:
        mail = BytesParser(policy=compat32).parsebytes(data)
        parts = parts_of(mail)
    except RecursionError:  # a thousand parts, each in the one before: written to do harm
        return None
    key = _key(mail, parts)
    if key is None:
        return None
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            return _complaint(part, key)
    for part in parts:
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            found = _delivery(part, key)
            if found is not None:
                return found
    if _is_from_a_mailer(mail):
        return _words_of_a_mailer(text(parts), key)
    if _is_automatic(mail):
        kind: Kind = "challenge" if _CHALLENGE.search(subject(mail)) else "vacation"
        return Returned(kind, key, detail=line(subject(mail)))
    return Returned("replied", key, detail=line(subject(mail)))


# --- whose it is -------------------------------------------------------------------------------------------------


def _key(mail: Mail, parts: list[Mail]) -> str | None:
    """The address it came to says it best: that one is not copied from anywhere."""
    for name in ("X-Original-To", "Delivered-To", "Envelope-To", "To", "Cc"):
        if key := _first(_VERP, header(mail, name)):
            return key
    for name in ("In-Reply-To", "References"):
        if key := _first(_MESSAGE_ID, header(mail, name)):
            return key
    for part in parts:
        if key := _of_the_copy(part):
            return key
    # qmail and others put our mail behind their own words, as text.
    return _first(_MESSAGE_ID_LINE, text(parts))


def _of_the_copy(part: Mail) -> str | None:
    kind = part.get_content_type()
    copy: Mail | None = None
    if kind in ("message/rfc822", "message/global"):
        inner = part.get_payload()
        copy = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], Mail) else None
    elif kind in ("text/rfc822-headers", "message/global-headers"):
        copy = HeaderParser().parsestr(decoded(part))
    elif kind == "message/feedback-report":
        return _first(_VERP, decoded(part))
    return _first(_MESSAGE_ID, header(copy, "Message-ID")) if copy is not None else None


def _first(pattern: re.Pattern[str], words: str) -> str | None:
    found = pattern.search(words)
    return found[1].lower() if found else None


# --- what it says ------------------------------------------------------------------------------------------------


def _complaint(part: Mail, key: str) -> Returned | None:
    """RFC 5965: `abuse`, `fraud` and unknown types are complaints; `not-spam` takes one back, which we do not keep."""
    fields = HeaderParser().parsestr(decoded(part))
    kind = header(fields, "Feedback-Type").strip().lower()
    if kind in ("not-spam", "auth-failure", "dmarc"):
        return None
    said = line(f"{kind} ({header(fields, 'User-Agent')})")
    return Returned("unsubscribed" if kind in ("opt-out", "opt-out-list") else "complained", key, detail=said)


def _delivery(part: Mail, key: str) -> Returned | None:
    """The first recipient's fields: each of our mails has one recipient."""
    for block in re.split(r"\r?\n\s*\r?\n", decoded(part)):
        fields = HeaderParser().parsestr(block.strip("\r\n") + "\n")
        action = header(fields, "Action").partition("(")[0].strip().lower()
        if action not in _ACTIONS:
            continue
        said = header(fields, "Diagnostic-Code").partition(";")[2] or header(fields, "Diagnostic-Code")
        found = _STATUS.search(header(fields, "Status"))
        status = found[0] if found else ""
        # Some servers write 5.0.0 and say the rest behind it.
        if (better := _STATUS.search(said)) and status[1:] in ("", ".0.0"):
            status = better[0]
        kind = _ACTIONS[action]
        return Returned(kind, key, kind == "bounced" and is_hard(status, said), status, line(said))
    return None


_ACTIONS: dict[str, Kind] = {
    "failed": "bounced",
    "delayed": "deferred",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}


def is_hard(status: str, said: str) -> bool:
    """Whether the address itself is no good (RFC 3463), so that no later mail will arrive there either.

    Not so: what is full, too large, too busy, or refused for what we are or what we wrote.
    """
    found = _STATUS.fullmatch(status)
    if found is None or (found[2], found[3]) == ("0", "0"):
        return status[:1] not in ("4", "2") and bool(_NOBODY.search(said)) and not _POLICY.search(said)
    if found[1] != "5":
        return False
    subject, detail = int(found[2]), int(found[3])
    if subject == 1:  # addressing; 7 and 8 are about the sender's address
        return detail not in (7, 8)
    if (subject, detail) in ((2, 1), (4, 4)):  # the mailbox is disabled; the domain takes no mail
        return not _POLICY.search(said)
    return (subject, detail) == (7, 13)  # the account is disabled (RFC 5248's registry)


_NOBODY = re.compile(
    r"(user|mailbox|recipient|address|account)\W+(\w+\W+){0,4}(unknown|not (be )?found|does(n't| not) exist|"
    r"no longer|invalid|disabled|inactive)|no such (user|mailbox|recipient|person|address)|"
    r"unknown (user|recipient|local)|invalid (recipient|mailbox)|n'existe pas|unbekannt|"
    r"host (or domain name )?not found",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"spam|block(ed|list)|black.?list|denylist|reputation|policy|spf|dkim|dmarc|rate|quota|full|too many|greylist|"
    r"try again|temporar",
    re.IGNORECASE,
)


def _words_of_a_mailer(words: str, key: str) -> Returned:
    """A bounce without RFC 3464's part: qmail, old Exims, home-made ones."""
    # Behind our own mail's headers nothing is the server's word any more.
    said = re.split(r"^(?:Return-Path|Received|Message-ID):", words, maxsplit=1, flags=re.IGNORECASE | re.MULTILINE)[0]
    found = _STATUS.search(said)
    status = found[0] if found else ""
    code = found[1] if found else (plain[1] if (plain := _CODE.search(said)) else "")
    telling = _NOBODY.search(said) or found or _CODE.search(said)
    detail = line(_around(said, telling.start() if telling else 0))
    if code == "4" or re.search(r"delayed|still being retried|will (be )?re?tr(y|ied)", said, re.IGNORECASE):
        return Returned("deferred", key, status=status, detail=detail)
    return Returned("bounced", key, is_hard(status, said), status, detail)


def _around(words: str, place: int) -> str:
    """The line of a text that holds a place."""
    return words[words.rfind("\n", 0, place) + 1 :].lstrip("\n").partition("\n")[0]


# --- who speaks --------------------------------------------------------------------------------------------------

_MAILER = re.compile(r"mailer-daemon|postmaster|mail delivery (sub)?system|mdaemon", re.IGNORECASE)
_CHALLENGE = re.compile(r"confirm|verif(y|ication)|challenge|approve|vérif|bestätig", re.IGNORECASE)
_AWAY = re.compile(
    r"^(auto(matic|mated)?[ -:]?(reply|response|antwort)|out of (the )?office|abwesen|absence|réponse automatique|"
    r"automatische antwort|je suis absent|vacation)",
    re.IGNORECASE,
)


def _is_from_a_mailer(mail: Mail) -> bool:
    """RFC 5321: a bounce has no sender. But nor have vacation notes (RFC 3834), which say that they are automatic."""
    if _MAILER.search(header(mail, "From")):
        return True
    return header(mail, "Return-Path").strip() == "<>" and not _is_automatic(mail)


def _is_automatic(mail: Mail) -> bool:
    """RFC 3834, and what programs wrote before it."""
    submitted = header(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    return (
        submitted not in ("", "no")
        or any(mail.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "X-Autogenerated"))
        or header(mail, "Precedence").strip().lower() in ("auto_reply", "bulk", "junk", "list")
        or "all" in header(mail, "X-Auto-Response-Suppress").lower().split(",")
        or bool(_AWAY.search(subject(mail).strip()))
    )
