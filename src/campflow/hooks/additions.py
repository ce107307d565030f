"""What a plugin adds to campflow itself: webhooks of others than channels, pages, commands."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

if TYPE_CHECKING:
    from campflow.hooks.contracts import ChannelContext
    from campflow.hooks.reactions import Webhook


@dataclass(frozen=True, slots=True)
class WebhookPlugin:
    """Somebody who tells us of events: a shop, a CRM, a form elsewhere. What a channel is told stands in the channel.

    name      what is called: `/hooks/NAME`
    settings  checked from `[webhooks.NAME]` of campflow.toml and `CAMPFLOW_WEBHOOKS__NAME__…`
    """

    name: str
    settings: type[BaseModel]
    make: "MakeWebhook"


class MakeWebhook(Protocol):
    def __call__(self, settings: BaseModel, context: "ChannelContext") -> "Webhook": ...


#: An application as the ASGI specification has it, which Starlette, FastAPI and Django make.
AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


@dataclass(frozen=True, slots=True)
class RoutePlugin:
    """Pages that the web part serves below `/pages/NAME/`.

    They share its limits and its security headers, and nothing else: what they show, they must escape themselves.

    name      the first part of their path
    settings  checked from `[routes.NAME]` of campflow.toml and `CAMPFLOW_ROUTES__NAME__…`
    make      called once per process that serves the web part
    """

    name: str
    settings: type[BaseModel]
    make: "MakeApp"


class MakeApp(Protocol):
    def __call__(self, settings: BaseModel, context: "ChannelContext") -> AsgiApp: ...


@dataclass(frozen=True, slots=True)
class CommandPlugin:
    """A command of its own: `campflow NAME …`.

    name  the word; the names of campflow's own commands are taken
    run   a function whose parameters are declared as Typer reads them; its docstring is the help
    """

    name: str
    run: Callable[..., object]
