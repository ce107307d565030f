"""Where a link may lead: the address as a browser reads it, or the reason why it cannot stand in a message.

Browsers repair what is written (https://url.spec.whatwg.org): they drop tabs, take `\\` for `/`, and believe that what
stands before an `@` is a name. Nothing is repaired here: what two readers could read in two ways is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote, unquote_plus, urlencode, urlsplit

import idna

from campflow.errors import ContentError

#: Schemes of pages, and the others that a link in a message may have.
PAGES, OTHERS = frozenset({"https", "http"}), frozenset({"mailto", "tel", "sms"})

#: Characters that a URL may hold as they are (RFC 3986), and `%`, which begins those that it may not.
_SAFE = "!$&'()*+,;=:@/?-._~%[]"

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_END = re.compile("[/?#]")

#: What follows the host of an address that is written as it will be read.
_PLAIN = "A-Za-z0-9" + re.escape(_SAFE.replace("?", ""))
_REST = re.compile(rf"(?:/[{_PLAIN}]*+)?(?:\?[{_PLAIN}?]++)?(?:#[{_PLAIN}?]++)?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")

#: Bytes of an address that is still one: what browsers and servers take.
LONGEST = 2_048


class BadTarget(ContentError):
    """An address that no link may lead to; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """`host` is that of a page in ASCII, with its port where one is written; None: the link leads to no page."""

    url: str
    host: str | None


@lru_cache(maxsize=4_096)
def read_target(url: str) -> Target:
    """The address that a link leads to. Raises BadTarget.

    An address without a scheme (`#top`) is let be.
    """
    url = url.strip(" \t\r\n\f")
    if _CONTROL.search(url):
        raise BadTarget("there is a character in it that nobody sees")
    scheme = _SCHEME.match(url)
    if scheme is None:
        if url[:2].replace("\\", "/") == "//":
            raise BadTarget("it does not say https")
        return Target(url, None)
    name = scheme.group(1).lower()
    if name in OTHERS:
        return Target(url, None)
    if name not in PAGES:
        raise BadTarget(f"`{name[:20]}:` cannot stand in a message: link to https, http, mailto, tel or sms")
    return _page(name, url[scheme.end() :])


def with_query(url: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The address with these added to its query, but for names that it has; its fragment stays at the end."""
    front, sharp, fragment = url.partition("#")
    path, _, query = front.partition("?")
    there = {unquote_plus(each.partition("=")[0]) for each in query.split("&")}
    added = urlencode([(name, value) for name, value in pairs if name not in there])
    if not added:
        return url
    joint = "&" if query and not query.endswith("&") else ""
    return f"{path}?{query}{joint}{added}{sharp}{fragment}"


def host_of(written: str) -> str | None:
    """A host, as it stands in an address, in the form that `Target.host` has; None where it is none."""
    try:
        return _host(written)
    except BadTarget:
        return None


def _page(scheme: str, rest: str) -> Target:
    # Most that a batch brings are one page with another token: its host is known, and the rest is as it should be.
    start = _END.search(rest, 2)
    tail = rest[start.start() :] if start else ""
    if rest[:2] == "//" and _REST.fullmatch(tail) and (host := _known_host(rest[2 : len(rest) - len(tail)])):
        url = f"{scheme}://{host}{tail}"
        if len(url) > LONGEST:
            raise BadTarget(f"it is longer than {LONGEST:,} characters")
        return Target(url, host)
    if not rest.startswith("//") or rest.startswith(("///", "//\\")):
        raise BadTarget(f"write {scheme}:// before the host")
    front, _, _ = rest.partition("?")
    if "\\" in front.partition("#")[0]:
        raise BadTarget("it holds a `\\`, which browsers take for `/`")
    try:
        parts = urlsplit(f"{scheme}:{rest}")
    except ValueError as error:
        raise BadTarget("its host cannot be read") from error
    host = _host(parts.netloc)
    url = f"{scheme}://{host}{quote(parts.path, safe=_SAFE)}"
    url += f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    url += f"#{quote(parts.fragment, safe=_SAFE)}" if parts.fragment else ""
    if len(url) > LONGEST:
        raise BadTarget(f"it is longer than {LONGEST:,} characters")
    return Target(url, host)


@lru_cache(maxsize=256)
def _known_host(netloc: str) -> str | None:
    """The host where it is one that needs no second look, in ASCII and without brackets."""
    return host_of(netloc) if netloc.isascii() and "[" not in netloc and "]" not in netloc else None


def _host(netloc: str) -> str:
    if "@" in netloc:
        raise BadTarget("there is an `@` before its host: readers would take what stands before it for the host")
    name, colon, port = netloc.rpartition(":")
    if not colon or netloc.endswith("]"):
        name, colon, port = netloc, "", ""
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        raise BadTarget("its port is no number between 1 and 65535")
    return f"{_name(name)}{colon}{port}"


def _name(name: str) -> str:
    if name.startswith("[") and name.endswith("]"):
        try:
            return f"[{IPv6Address(name[1:-1])}]"
        except AddressValueError as error:
            raise BadTarget("its host is no address") from error
    if not name.isascii():
        try:
            # Letters that look like others, or like `/` and `.`, become what they are to the name servers.
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise BadTarget("its host is no name that can be looked up") from error
    name = name.lower()
    if not _HOST.fullmatch(name) or len(name) > 253:
        raise BadTarget("its host is no name")
    return name
