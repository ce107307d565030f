"""The web part as one ASGI application: everything that the outside calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from campflow.engine.trouble import reason
from campflow.web.assets import Assets
from campflow.web.confirming import Confirming
from campflow.web.guard import Guard
from campflow.web.health import Ready, live
from campflow.web.hooks import Hooks
from campflow.web.landing import Landing
from campflow.web.languages import asked_for
from campflow.web.metrics import Metrics
from campflow.web.pages import error_page
from campflow.web.part import WebPart
from campflow.web.preferences import PreferenceCentre
from campflow.web.tracking import Tracking
from campflow.web.unsubscribing import Unsubscribing


def make_app(part: WebPart) -> ASGIApp:
    hooks = Hooks(part)

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        judging = asyncio.create_task(tracking.judge())
        yield
        judging.cancel()
        with suppress(asyncio.CancelledError):
            await judging
        await hooks.close()

    async def known(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        found = error_page(status, asked_for(request.headers))
        for name, value in (getattr(error, "headers", None) or {}).items():
            found.headers[name] = value
        return found

    async def unknown(request: Request, error: Exception) -> Response:
        part.log.error("failed", what="web", error=reason(error))
        return error_page(500, asked_for(request.headers))

    landing, assets, confirming = Landing(part), Assets(part), Confirming(part)
    tracking, centre = Tracking(part), PreferenceCentre(part)
    unsubscribing, ready, metrics = Unsubscribing(part), Ready(part), Metrics(part)

    async def unsubscribe(request: Request) -> Response:
        return await unsubscribing(request)

    async def click(request: Request) -> Response:
        return await tracking.click(request)

    async def opened(request: Request) -> Response:
        return await tracking.open(request)

    async def preferences(request: Request) -> Response:
        return await centre(request)

    async def hook(request: Request) -> Response:
        return await hooks(request)

    async def land(request: Request) -> Response:
        return await landing(request)

    async def confirm(request: Request) -> Response:
        return await confirming(request)

    async def asset(request: Request) -> Response:
        return await assets(request)

    async def is_ready(request: Request) -> Response:
        return await ready(request)

    async def figures(request: Request) -> Response:
        return await metrics(request)

    app = Starlette(
        routes=[
            Route("/u/{token}", unsubscribe, methods=["GET", "POST"]),
            Route("/p/{token}", preferences, methods=["GET", "POST"]),
            Route("/c/{token}", click),
            Route("/o/{token}", opened),
            Route("/hooks/{name}", hook, methods=["GET", "POST"]),
            Route("/l/{page}", land, methods=["GET", "POST"]),
            Route("/l/{page}/{token}", land, methods=["GET", "POST"]),
            Route("/confirm/{token}", confirm, methods=["GET", "POST"]),
            Route("/assets/{path:path}", asset),
            Route("/health", is_ready),
            Route("/health/live", live),
            Route("/health/ready", is_ready),
            Route("/metrics", figures),
            *(Mount(f"/pages/{name}", app) for name, app in part.routes.items()),
        ],
        exception_handlers={HTTPException: known, Exception: unknown},
        lifespan=life,
    )
    return Guard(app, part.base_url)
