"""What landing pages sign: who follows a link to a page, which form somebody fills in, and which mail was answered."""

from dataclasses import dataclass

from campflow.content import tokens
from campflow.content.tokens import SigningKeys
from campflow.errors import ContentError

_VISITOR, _FORM, _CONFIRM = "page", "form", "confirm"

#: Milliseconds for which a link in a message says who follows it. The page is there afterwards as well, as for anyone.
KNOWN_FOR = 90 * 86_400_000


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who came by the link of a message to `page`, which shows them `variant` where the message says so.

    `at` is when the message was planned; 0 for `message_id`: no message, but a form that was filled in before.
    """

    contact_id: int
    message_id: int
    page: str
    at: int
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class Filling:
    """A form as it was shown: on which page, in which language and variant, when (seconds since 1970), and to whom.

    `visit` is another one each time. `contact_id` 0: to somebody unknown.
    """

    page: str
    language: str
    variant: str
    at: int
    visit: str
    contact_id: int


def sign_visitor(keys: SigningKeys, visitor: Visitor) -> str:
    said = [visitor.contact_id, visitor.message_id, visitor.page, visitor.at, visitor.variant or ""]
    return tokens.sign(keys, _VISITOR, ":".join(map(str, said)))


def read_visitor(keys: SigningKeys, token: str, page: str, now: int) -> Visitor | None:
    """Who comes to this page; None where we did not sign it, for another page, or too long ago."""
    said = tokens.verify(keys, _VISITOR, token)
    if said is None:
        return None
    contact, message, signed_for, at, variant = said.split(":")
    if signed_for != page or not int(at) <= now < int(at) + KNOWN_FOR:
        return None
    return Visitor(int(contact), int(message), page, int(at), variant or None)


def sign_filling(keys: SigningKeys, filling: Filling) -> str:
    said = [filling.page, filling.language, filling.variant, filling.at, filling.visit, filling.contact_id]
    return tokens.sign(keys, _FORM, ":".join(map(str, said)))


def read_filling(keys: SigningKeys, token: str) -> Filling | None:
    said = tokens.verify(keys, _FORM, token)
    if said is None:
        return None
    page, language, variant, at, visit, contact = said.split(":")
    return Filling(page, language, variant, int(at), visit, int(contact))


def sign_confirmation(keys: SigningKeys, opt_in: int, until: int) -> str:
    return tokens.sign(keys, _CONFIRM, f"{opt_in}:{until}")


def read_confirmation(keys: SigningKeys, token: str) -> tuple[int, int] | None:
    """The number of what is confirmed, and until when it can be."""
    said = tokens.verify(keys, _CONFIRM, token)
    if said is None:
        return None
    opt_in, until = said.split(":")
    return int(opt_in), int(until)


class PageLinks:
    """`page_url("demo")` in a message: the address of a page, which knows who comes from which message."""

    def __init__(self, keys: SigningKeys, base_url: str, contact_id: int, message_id: int, at: int) -> None:
        self._keys, self._base_url = keys, base_url
        self._contact_id, self._message_id, self._at = contact_id, message_id, at

    def __call__(self, page: str, variant: str | None = None) -> str:
        if not self._base_url:
            raise ContentError('nobody can come to a page: set `[web] base_url`, as in "https://go.acme.example"')
        visitor = Visitor(self._contact_id, self._message_id, page, self._at, variant)
        return f"{self._base_url}/l/{page}/{sign_visitor(self._keys, visitor)}"

    def __str__(self) -> str:
        raise ContentError('`page_url` is called with the name of a page: write {{ page_url("demo") }}')
