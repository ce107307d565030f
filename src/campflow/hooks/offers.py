"""What each hook may return, and what must be true of it before anything is done with it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from campflow.checking.vocabulary import COMMON_OPTIONS, is_name
from campflow.content.filter_words import arguments_of
from campflow.errors import PluginError
from campflow.hooks.contracts import (
    ActionPlugin,
    AudiencePlugin,
    ChannelPlugin,
    CommandPlugin,
    ExecutorPlugin,
    FilterPlugin,
    FunctionPlugin,
    ObserverPlugin,
    RoutePlugin,
    SinkPlugin,
    SourcePlugin,
    WebhookPlugin,
)
from campflow.hooks.executors import LOCAL
from campflow.hooks.words import function_of
from campflow.model.amounts import parse_amount
from campflow.model.functions import TAKEN
from campflow.model.people import BUILT_IN_EVENTS

Offer = (
    ChannelPlugin
    | SourcePlugin
    | SinkPlugin
    | AudiencePlugin
    | ActionPlugin
    | WebhookPlugin
    | RoutePlugin
    | CommandPlugin
    | ExecutorPlugin
    | ObserverPlugin
    | FunctionPlugin
    | FilterPlugin
)

#: What a hook returns, and the word for it.
HOOKS: tuple[tuple[str, type[Offer], str], ...] = (
    ("campflow_channels", ChannelPlugin, "channel"),
    ("campflow_sources", SourcePlugin, "source"),
    ("campflow_sinks", SinkPlugin, "sink"),
    ("campflow_audiences", AudiencePlugin, "destination"),
    ("campflow_actions", ActionPlugin, "action"),
    ("campflow_webhooks", WebhookPlugin, "webhook"),
    ("campflow_routes", RoutePlugin, "pages"),
    ("campflow_commands", CommandPlugin, "command"),
    ("campflow_executors", ExecutorPlugin, "executor"),
    ("campflow_observers", ObserverPlugin, "observer"),
    ("campflow_functions", FunctionPlugin, "function"),
    ("campflow_filters", FilterPlugin, "filter"),
)

#: Taken by landing pages: `demo.page.html`.
RESERVED_CHANNELS = frozenset({"page"})

#: Reactions to a message.
REACTIONS = frozenset(event.name for event in BUILT_IN_EVENTS if event.about == "message")


class NoSettings(BaseModel):
    """Those of a plugin that has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def checked(offer: object, kind: type[Offer], hook: str) -> Offer:
    """The offer, if campflow can work with it. Raises PluginError with what to change."""
    if not isinstance(offer, kind):
        raise PluginError(f"{hook} returns a {type(offer).__name__}: it must be a {kind.__name__}")
    if not is_name(offer.name):
        raise PluginError(f"the name {offer.name!r} cannot be written in a .flow file: use a-z, 0-9 and _")
    settings = getattr(offer, "settings", BaseModel)
    if not (inspect.isclass(settings) and issubclass(settings, BaseModel)):
        raise PluginError(f"{offer.name}: `settings` is {settings!r}: give a pydantic model, the class itself")
    if hasattr(offer, "settings") and settings is BaseModel:  # of which pydantic makes no instances
        own: Any = offer
        return checked(replace(own, settings=NoSettings), kind, hook)
    for of, check in _CHECKS.items():
        if isinstance(offer, of):
            check(offer)
    return offer


def _channel(offer: ChannelPlugin) -> None:
    def wrong(what: str) -> PluginError:
        return PluginError(f"channel {offer.name}: {what}")

    if offer.name in RESERVED_CHANNELS:
        raise PluginError(f"a channel cannot be called `{offer.name}`: landing pages are")
    if offer.window < 1:
        raise wrong("`window` must be 1 or more")
    if not offer.extensions or any(not each or each.startswith(".") for each in offer.extensions):
        raise wrong('`extensions` are endings of content files without the dot, as in ("md", "txt"), one or more')
    if offer.posts and (offer.address or offer.needs or offer.reports):
        raise wrong("what `posts` is to nobody in particular: leave `address`, `needs` and `reports` empty")
    if offer.counts and not offer.posts:
        raise wrong("`counts` is about posts: leave it out, or say `posts`")
    if taken := sorted(COMMON_OPTIONS & offer.options):
        raise wrong(f"`{taken[0]}` is an option of every channel: take it out of `options`")
    if unknown := sorted(offer.reports - REACTIONS):
        raise wrong(f"`{unknown[0]}` in `reports` is no reaction: choose among {', '.join(sorted(REACTIONS))}")
    if offer.key_hours is not None and (offer.idempotency != "key" or offer.key_hours <= 0):
        raise wrong('`key_hours` are hours, more than 0, of a channel with idempotency = "key"')
    try:
        parse_amount(offer.cost or "0 EUR")
    except ValueError as error:
        raise wrong(f"`cost`: {error}") from error


def _sink(offer: SinkPlugin) -> None:
    if offer.figures is None and offer.texts is None:
        raise PluginError(f"sink {offer.name}: it takes nothing: give `figures`, `texts` or both")


def _batch(offer: AudiencePlugin | ActionPlugin | ObserverPlugin) -> None:
    if offer.batch < 1:
        raise PluginError(f"{offer.name}: `batch` must be 1 or more")


def _executor(offer: ExecutorPlugin) -> None:
    if offer.name == LOCAL:
        raise PluginError(f"an executor cannot be called `{LOCAL}`: that is the daemon itself")


def _function(offer: FunctionPlugin) -> None:
    # Imported here: who offers functions has imported it anyway.
    from sqlalchemy import ColumnElement, column

    from campflow.storage.tables import column_type

    if offer.name in TAKEN:
        raise PluginError(f"a function cannot be called `{offer.name}`: that is a word of the language")
    function = function_of(offer)
    given = [column(f"given{n}", column_type(each.type)) for n, each in enumerate(function.parameters)]
    try:
        made = offer.sql(*given)
    except Exception as error:
        raise PluginError(f"function {offer.name}: `sql` fails: {type(error).__name__}: {error}") from error
    if not isinstance(made, ColumnElement):
        raise PluginError(
            f"function {offer.name}: `sql` makes a {type(made).__name__}: it must make a SQLAlchemy expression"
        )


def _filter(offer: FilterPlugin) -> None:
    # Imported here: what only checks has no use for Jinja.
    from jinja2.filters import FILTERS

    from campflow.content.filters import PLAIN

    def wrong(what: str) -> PluginError:
        return PluginError(f"filter {offer.name}: {what}")

    if offer.name in {*PLAIN, *FILTERS}:
        raise wrong("templates know a filter of this name: choose another one")
    if hasattr(offer.function, "jinja_pass_arg"):
        raise wrong("`function` is given the value and what is written behind the name, and nothing of the template")
    try:
        arguments_of(offer.function)
    except (TypeError, ValueError) as error:
        raise wrong(f"`function` cannot be called with a value: {error}") from error


_CHECKS: Mapping[type[Offer], Callable[..., None]] = {
    ChannelPlugin: _channel,
    SinkPlugin: _sink,
    AudiencePlugin: _batch,
    ActionPlugin: _batch,
    ObserverPlugin: _batch,
    ExecutorPlugin: _executor,
    FunctionPlugin: _function,
    FilterPlugin: _filter,
}
