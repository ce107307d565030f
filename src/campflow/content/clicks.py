"""Links that lead through us: the token that says whose message, which of its links, and where it leads.

Where a link leads is signed in its token and read from nowhere else: there is no address that a visitor can fill in.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from campflow.checking.vocabulary import UTM_WORDS
from campflow.content import tokens
from campflow.content.targets import BadTarget, read_target, with_query
from campflow.content.tokens import SigningKeys

_CLICK, _OPEN = "click", "open"

#: The link that nobody sees: it leads nowhere, and only a program follows it.
HONEYPOT = 0

#: Pages of ours through which no link is led: they act on who comes, and not on a message that was read.
_OURS = ("/u/", "/p/", "/c/", "/o/")


@dataclass(frozen=True, slots=True)
class Click:
    """What the token of a link says: it is link `number`, counted from 1, `of` so many in the message.

    `url` is where it leads; empty for the honeypot link, whose number is 0.
    """

    contact_id: int
    message_id: int
    number: int
    of: int
    url: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What the token of an open pixel says. `of`: so many links the message has."""

    contact_id: int
    message_id: int
    of: int


def sign_click(keys: SigningKeys, click: Click) -> str:
    """A token of letters, digits, `-`, `_` and `.`."""
    who = f"{click.contact_id:x}-{click.message_id:x}-{click.number:x}-{click.of:x}"
    return tokens.seal(keys, _CLICK, f"{who}-{_packed(click.url)}")


def read_click(keys: SigningKeys, token: str) -> Click | None:
    """What the token says, or None where we did not sign it."""
    said = tokens.unseal(keys, _CLICK, token)
    if said is None:
        return None
    contact, message, number, of, url = said.split("-", 4)
    try:
        unpacked = base64.urlsafe_b64decode(url + "=" * (-len(url) % 4)).decode()
    except (ValueError, binascii.Error):
        return None
    return Click(int(contact, 16), int(message, 16), int(number, 16), int(of, 16), unpacked)


def sign_opening(keys: SigningKeys, opening: Opening) -> str:
    return tokens.seal(keys, _OPEN, f"{opening.contact_id:x}-{opening.message_id:x}-{opening.of:x}")


def read_opening(keys: SigningKeys, token: str) -> Opening | None:
    said = tokens.unseal(keys, _OPEN, token)
    if said is None:
        return None
    contact, message, of = (int(each, 16) for each in said.split("-"))
    return Opening(contact, message, of)


@lru_cache(maxsize=4_096)
def _packed(url: str) -> str:
    return base64.urlsafe_b64encode(url.encode()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Tracker:
    """Writes the links of one message to one contact, as its template asks for them (`content/marking.py`).

    `base_url` is where we are reached; where it is empty, links lead straight to their target. `campaign` and `message`
    are names. `utm` are added to the query of the author's own links.
    """

    keys: SigningKeys
    base_url: str
    contact_id: int
    message_id: int
    campaign: str = ""
    message: str = ""
    utm: tuple[tuple[str, str], ...] = ()

    def adding(self, utm: Mapping[str, str]) -> "Tracker":
        """The same; `utm`, by name without `utm_`, go into links. One that is empty is left out."""
        said = {"campaign": self.campaign, "content": self.message, **utm}
        pairs = tuple((name, value) for name in UTM_WORDS if (value := said.get(name.removeprefix("utm_"))))
        return Tracker(self.keys, self.base_url, self.contact_id, self.message_id, self.campaign, self.message, pairs)

    def link(self, number: int, of: int, hosts: str, url: str) -> str:
        """The address to write for a link to `url`; empty where no link may lead there.

        `number` 0: it is not tracked. `hosts` are those that the author wrote himself, with blanks between them: a page
        elsewhere, out of a contact's field, is linked to directly, and neither vouched for nor counted.
        """
        try:
            url, host = _target(url, self.utm, hosts)
        except BadTarget:
            return ""
        if not number or not self.base_url or host is None:
            return url
        if url.startswith(f"{self.base_url}/"):
            if url[len(self.base_url) :].startswith(_OURS):
                return url
        elif host != hosts and host not in hosts.split():
            return url
        # As `sign_click` does it, for each link of each mail.
        who = f"{self.contact_id:x}-{self.message_id:x}-{number:x}-{of:x}-{_packed(url)}"
        token = tokens.seal(self.keys, _CLICK, who)
        return f"{self.base_url}/c/{token}"

    def tail(self, of: int, what: str) -> str:
        """What stands at the end of the HTML part: the honeypot link and the open pixel, where `what` names them."""
        if not self.base_url:
            return ""
        made = ""
        if "clicks" in what and of:
            token = sign_click(self.keys, Click(self.contact_id, self.message_id, HONEYPOT, of, ""))
            address = f"{_escaped(self.base_url)}/c/{token}"
            made += f'<a href="{address}" style="display:none" aria-hidden="true" tabindex="-1"></a>'
        if "opens" in what:
            token = sign_opening(self.keys, Opening(self.contact_id, self.message_id, of))
            address = f"{_escaped(self.base_url)}/o/{token}"
            made += f'<img src="{address}" width="1" height="1" alt="" style="display:block;border:0">'
        return made


_escaped = lru_cache(maxsize=64)(escape)


@lru_cache(maxsize=4_096)
def _target(url: str, utm: tuple[tuple[str, str], ...], hosts: str) -> tuple[str, str | None]:
    target = read_target(url)
    if utm and target.host is not None and target.host in hosts.split():
        return with_query(target.url, utm), target.host
    return target.url, target.host
