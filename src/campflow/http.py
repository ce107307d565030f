"""HTTP to providers: the one module that speaks it, so that another client can take httpx's place.

One long-lived client a provider, with few connections: more at a time were slower. Everything that comes back is
hostile: answers are bounded in size and in time, no redirect is followed, and what may have been taken is told apart
from what certainly was not.
"""

import asyncio
import json
import math
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpx

from campflow.errors import ChannelError, PluginError
from campflow.hooks.contracts import Message, Outcome, Receipt

#: The longest that a provider's Retry-After is believed, in seconds: a day.
LONGEST_WAIT = 86_400.0

#: Characters of an answer's body that stand in a detail.
_SAID = 200


class HttpError(PluginError):
    """No answer that can be used."""


class NotSent(HttpError):
    """Nothing was said to the provider: it could not be reached, or not in time. Trying again is safe."""


class NoAnswer(HttpError):
    """The request went out, and no usable answer came: the provider may have done what it was asked."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read to its end. Names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait as the provider says: see the function `retry_after`."""
        return retry_after(self.headers.get("retry-after"), datetime.now(UTC))

    def json(self) -> Any:
        """The body as JSON. Raises NoAnswer: who answers with rubbish may have done what it was asked all the same."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise NoAnswer(f"{self.status}, and the body is not JSON: {self.said}") from error

    def json_object(self) -> dict[str, Any]:
        """The same, where it has to be an object."""
        found = self.json()
        if not isinstance(found, dict):
            raise NoAnswer(f"{self.status}, and the body is not a JSON object: {self.said}")
        return found

    @property
    def said(self) -> str:
        """The beginning of the body, printable, on one line."""
        text = self.body[: 4 * _SAID].decode("utf-8", "replace")
        return "".join(each if each.isprintable() else " " for each in text)[:_SAID].strip()


@dataclass(frozen=True, slots=True)
class Fate:
    """What an answer means for the messages it is about, in the words of a Receipt."""

    outcome: Outcome
    detail: str = ""
    retry_after: float | None = None


def fate(reply: Reply) -> Fate:
    """What a status means, where the provider's own description says nothing else.

    2xx accepted; 429, 500, 503 and other 5xx retry; 408, 502 and 504 uncertain, as somebody behind the one who answers
    may have it, and so is 207, whose body tells it message by message; other 4xx rejected. Raises ChannelError for what
    is about us and not about a message: a redirect, 401, 402, 403, 404 and 405.
    """
    status, detail = reply.status, f"{reply.status} {reply.said}".strip()
    if 200 <= status < 300 and status != 207:
        return Fate("accepted")
    if 300 <= status < 400:
        raise ChannelError(f"the provider answers with a redirect ({status}), which is not followed: check the URL")
    if status in (401, 402, 403, 404, 405):
        raise ChannelError(f"the provider refuses us: {detail}: check the URL, the key and the account")
    if status in (207, 408, 502, 504):
        return Fate("uncertain", detail)
    if status == 429 or status >= 500:
        return Fate("retry", detail, reply.retry_after)
    return Fate("rejected", detail)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After, which is a number or a date (RFC 9110); None where it says nothing that can be used.

    Zero, a negative number and a date in the past are of no use: our own pause is better than none. Nothing is believed
    beyond LONGEST_WAIT.
    """
    text = (value or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
            seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(seconds, LONGEST_WAIT) if seconds > 0 and not math.isnan(seconds) else None


class HttpClient:
    """One provider. Make it in a channel's `open`, close it in `close`.

    `url` is what paths are put behind; `timeout` the seconds that a whole request may take, its answer included;
    `largest` the bytes that an answer may have. `headers` go with each request. With `public_only` nothing is said to
    an address of this machine or of a private network, whatever name leads there.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float = 30.0,
        connections: int = 5,
        largest: int = 1_000_000,
        ca_file: str | None = None,
        public_only: bool = False,
    ) -> None:
        self._timeout, self._largest, self._public_only = timeout, largest, public_only
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30)
        # To wait for a connection and to make one take two thirds at most: what is cut after that had gone out.
        parts = httpx.Timeout(timeout, connect=timeout / 3, pool=timeout / 3)
        # An answer is bounded as it is on the wire: nothing that unfolds to gigabytes is asked for.
        own = {"accept-encoding": "identity", "user-agent": "campflow"}
        self._client = httpx.AsyncClient(
            base_url=url, headers=own | dict(headers or {}), auth=auth, timeout=parts, limits=limits,
            follow_redirects=False, trust_env=False, verify=httpx.create_ssl_context(ca_file) if ca_file else True,
        )  # fmt: skip

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        form: Mapping[str, str | Sequence[str]] | None = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request and its whole answer, whatever its status. Raises NotSent and NoAnswer.

        `files` are name, bytes and media type by field, sent with the `form` as multipart/form-data.
        """
        try:
            request = self._client.build_request(
                method, path, json=json, data=form, content=content, files=files, headers=dict(headers or {})
            )
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise NotSent(f"the request cannot be written: {error}") from error
        try:
            async with asyncio.timeout(self._timeout):
                if self._public_only:
                    await _aim(request)
                return await self._answer(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise NotSent(
                f"cannot reach {request.url.host}: {_reason(error)}: check the URL and the network"
            ) from error
        except TimeoutError as error:
            raise NoAnswer(f"no whole answer within {self._timeout:g} seconds") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise NoAnswer(f"the connection was lost: {_reason(error)}") from error

    async def close(self) -> None:
        await self._client.aclose()

    async def _answer(self, request: httpx.Request) -> Reply:
        response = await self._client.send(request, stream=True)
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            if headers.get("content-encoding", "identity") != "identity":
                raise NoAnswer(f"{response.status_code}, compressed without being asked to")
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > self._largest:
                    raise NoAnswer(f"{response.status_code}, and an answer of more than {self._largest:,} bytes")
        finally:
            await response.aclose()
        return Reply(response.status_code, headers, bytes(body))


async def _aim(request: httpx.Request) -> None:
    """Point a request at the address that its host's name has now, so that no other one is asked for later.

    Raises NotSent where the name leads to any address that is not public, or nowhere.
    """
    host = request.url.host
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, request.url.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotSent(f"cannot find {host}: {error.strerror or error}: check the URL and the network") from error
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    for address in addresses:
        if not _is_public(address):
            raise NotSent(f"{host} is {address}, which is not an address of the public internet: check the URL")
    request.extensions = {**request.extensions, "sni_hostname": host}
    # The field `Host` was written with the name and stays.
    request.url = request.url.copy_with(host=str(addresses[0]))


#: IPv6 addresses of the public internet, and those behind which a translator reaches IPv4 (RFC 6052).
_GLOBAL, _TRANSLATED = ip_network("2000::/3"), ip_network("64:ff9b::/96")


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    if address in _TRANSLATED:
        return _is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address.ipv4_mapped is not None:
        return _is_public(address.ipv4_mapped)
    inside = address.sixtofour
    return address in _GLOBAL and address.is_global and (inside is None or _is_public(inside))


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


async def one_by_one(
    messages: Sequence[Message], send: Callable[[Message], Awaitable[Receipt]], beside: int
) -> AsyncIterator[Receipt]:
    """What a channel's `deliver` is where each message is a request, so many of them `beside` each other.

    `send` raises ChannelError where the provider cannot be reached or wants to be left alone: what was under way is
    heard to its end, the rest is a `retry`, and the error is raised. NoAnswer is `uncertain`, and no error of all.
    """

    async def heard(message: Message) -> Receipt | ChannelError:
        try:
            return await send(message)
        except NotSent as error:
            return ChannelError(str(error))
        except NoAnswer as error:
            return Receipt(message.message_id, "uncertain", detail=str(error))
        except ChannelError as error:
            return error

    for start in range(0, len(messages), beside):
        group = messages[start : start + beside]
        trouble: ChannelError | None = None
        for message, said in zip(group, await asyncio.gather(*map(heard, group)), strict=True):
            if isinstance(said, ChannelError):
                trouble = said
                yield Receipt(message.message_id, "retry", detail=str(said))
            else:
                yield said
        if trouble is not None:
            for left in messages[start + beside :]:
                yield Receipt(left.message_id, "retry", detail=str(trouble))
            raise trouble


def next_window(reply: Reply, *headers: str) -> float | None:
    """Seconds until a provider's window of requests ends: its Retry-After, else the first of these headers, which say
    it in seconds since 1970. None where nothing is said that can be used."""
    if reply.retry_after is not None:
        return reply.retry_after
    for name in headers:
        written = reply.headers.get(name, "")
        if written.isascii() and written.isdigit() and len(written) <= 12:
            seconds = int(written) - datetime.now(UTC).timestamp()
            return min(seconds, LONGEST_WAIT) if seconds > 0 else None
    return None
