"""From a project that runs to its web part, ready to be served."""

import time
from collections.abc import Callable

from campflow.engine.runtime import Runtime
from campflow.errors import ProjectError
from campflow.hooks.contracts import Log, Webhook
from campflow.project import Project
from campflow.settings import FILE
from campflow.web.app import make_app
from campflow.web.part import WebPart
from campflow.web.server import WebServer


def open_web(project: Project, runtime: Runtime, log: Log, wall: Callable[[], float] = time.time) -> WebServer:
    """The server, already holding its address: `[web] port`, else any that is free.

    Raises ProjectError: wrong settings of plugins, an address that is taken.
    """
    web, context = project.settings.web, project.channel_context
    routes = project.route_settings()
    part = WebPart(
        runtime=runtime,
        log=log,
        base_url=web.base_url,
        webhooks=_webhooks(project, runtime),
        routes={
            name: each.make(routes[name], context) for name, each in project.plugins.routes.items() if name in routes
        },
        metrics_token=web.metrics_token.get_secret_value() if web.metrics_token else None,
        topics=project.settings.consent.topics,
        wall=wall,
    )
    return WebServer(make_app(part), web.host, web.port or 0, web.proxies)


def _webhooks(project: Project, runtime: Runtime) -> dict[str, Webhook]:
    context, settings = project.channel_context, project.webhook_settings()
    found = {
        name: each.make(settings[name], context) for name, each in project.plugins.webhooks.items() if name in settings
    }
    for name, channel in runtime.plugins.items():
        if channel.webhook is None or name not in runtime.settings:
            continue
        if name in found:
            raise ProjectError(
                f"{FILE}: a channel and a webhook are both called `{name}`: leave one plugin out (`plugins`)"
            )
        found[name] = channel.webhook(runtime.settings[name], context)
    return found
