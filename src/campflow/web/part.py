"""What the web part knows: the running project, its settings, and where to log."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from campflow.engine.runtime import Runtime
from campflow.hooks.additions import AsgiApp
from campflow.hooks.contracts import Log, Webhook


@dataclass(frozen=True)
class WebPart:
    """`base_url` is what the outside calls us, without a slash at its end; empty where nobody said.

    `webhooks` and `routes` are the plugins', by name, none of them open yet. Without a `metrics_token` nobody is shown
    figures. `topics` are what people read of purposes, by language where there is more than one. `wall` is the clock on
    the wall, in seconds since 1970: visitors live by it, whatever the campaign's clock shows.
    """

    runtime: Runtime
    log: Log
    base_url: str
    webhooks: dict[str, Webhook]
    routes: dict[str, AsgiApp]
    metrics_token: str | None = None
    topics: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    wall: Callable[[], float] = time.time
