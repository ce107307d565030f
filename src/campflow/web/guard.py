"""What every request passes: limits on how often, addresses that are ours, and headers that keep browsers careful."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campflow.web.languages import asked_for
from campflow.web.limits import Bucket, caller
from campflow.web.pages import POLICY, error_page

#: Requests of one caller in a second, and how many may come at once: people, and providers who report. Pictures and
#: links of mail come from few callers too, the proxies of large mail services.
_PEOPLE, _REPORTS = (20.0, 200.0), (500.0, 5_000.0)

_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Addresses hold tokens: nobody is told where a visitor came from.
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}

#: Asked by machines of the house, which know us by other names.
_INSIDE = ("/health", "/metrics")


class Guard:
    """Stands around the whole application."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        self._app = app
        parts = urlsplit(base_url)
        self._host = parts.hostname
        self._headers = dict(_HEADERS)
        if parts.scheme == "https":
            self._headers["strict-transport-security"] = "max-age=31536000"
        self._people, self._reports = Bucket(*_PEOPLE), Bucket(*_REPORTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        path, language = scope["path"], asked_for(Headers(scope=scope))
        bucket = self._reports if path.startswith(("/hooks/", "/c/", "/o/")) else self._people
        if not bucket.take(caller((scope.get("client") or ("",))[0])):
            refused = error_page(429, language)
            refused.headers["retry-after"] = "2"
            await refused(scope, receive, guarded)
        elif not path.startswith(_INSIDE) and not self._is_ours(Headers(scope=scope).get("host", "")):
            await error_page(421, language)(scope, receive, guarded)
        else:
            try:
                await self._app(scope, receive, guarded)
            except Exception:
                # The application has logged it, and answered where it still could.
                if not begun:
                    await error_page(500, language)(scope, receive, guarded)

    def _is_ours(self, host: str) -> bool:
        """Whether this is the host of `base_url`; where that is not set, any."""
        if self._host is None:
            return True
        try:
            return urlsplit(f"//{host}").hostname == self._host
        except ValueError:
            return False
