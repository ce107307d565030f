"""How much one caller may ask, send and take: nobody outside makes this process large or slow."""

import asyncio
import ipaddress
import zlib
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from starlette.exceptions import HTTPException
from starlette.requests import Request

#: Bytes of a body as it comes in and when it is unpacked, and seconds until it has to be there.
FORM, REPORT, SECONDS = 64_000, 5_000_000, 20.0

#: Callers that are remembered; the one seen least recently is forgotten first.
_CALLERS = 20_000


class Bucket:
    """Tokens by caller: each request takes one, `rate` come back in a second, up to `most`."""

    def __init__(self, rate: float, most: float, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._most, self._clock = rate, most, clock
        self._callers: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> bool:
        """Whether this caller may ask now."""
        now = self._clock()
        left, at = self._callers.pop(caller, (self._most, now))
        left = min(self._most, left + (now - at) * self._rate)
        self._callers[caller] = (max(0.0, left - 1), now)
        if len(self._callers) > _CALLERS:
            self._callers.popitem(last=False)
        return left >= 1


def caller(address: str) -> str:
    """Who counts as one caller: an address, or for IPv6 the network that a household gets."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


async def body_of(request: Request, most: int) -> bytes:
    """The body, unpacked. Raises HTTPException: 408, 413, 415, and 400 for one that cannot be unpacked."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise HTTPException(415)
    length = request.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length) > most:
        raise HTTPException(413)
    pieces, size = [], 0
    try:
        async with asyncio.timeout(SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise HTTPException(413)
                pieces.append(piece)
    except TimeoutError as error:
        raise HTTPException(408) from error
    body = b"".join(pieces)
    return unpacked(body, most) if encoding == "gzip" else body


def unpacked(body: bytes, most: int) -> bytes:
    """What was packed with gzip, if it is no larger than `most`; no more of it than that is ever made."""
    unpack = zlib.decompressobj(wbits=31)
    try:
        found = unpack.decompress(body, most)
    except zlib.error as error:
        raise HTTPException(400) from error
    if unpack.unconsumed_tail:
        raise HTTPException(413)
    if not unpack.eof:
        raise HTTPException(400)
    return found
