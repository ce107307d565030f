"""What the web part knows: the running project, its settings, and where to log."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from campflow.engine.runtime import Runtime
from campflow.hooks.additions import AsgiApp
from campflow.hooks.contracts import Log, Webhook


@dataclass(frozen=True)
class WebPart:
    """`base_url` is what the outside calls us, without a slash at its end; empty where nobody said.

    `webhooks` and `routes` are the plugins', by name, none of them open yet. Without a `metrics_token` nobody is shown
    figures. `wall` is the clock on the wall, in seconds since 1970: visitors live by it, whatever the campaign's clock
    shows.
    """

    runtime: Runtime
    log: Log
    base_url: str
    webhooks: dict[str, Webhook]
    routes: dict[str, AsgiApp]
    metrics_token: str | None = None
    wall: Callable[[], float] = time.time
