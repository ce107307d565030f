"""Every hook, on one page.

A plugin is a module (or object) named by an entry point of the group `campflow`:

    [project.entry-points.campflow]
    email = "campflow_email"

or a file of the project itself: `plugins/NAME.py`, or a package `plugins/NAME/`, beside its campflow.toml.

It sets `CAMPFLOW_API = (1, 0)`, the version of `campflow.hooks.contracts` that it was written for, and implements any
of the hooks below with `@hookimpl`. All of them are asked once per process, when the project is opened and before
anything is checked or run. They return values that describe; nothing may connect, read or write here.
"""

from collections.abc import Iterable

import pluggy

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

PROJECT = "campflow"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def campflow_channels() -> Iterable[ChannelPlugin]:
    """Ways to reach people: what may stand after `send`.

    Asked when the project is opened. Later, per channel: `prepare` is called once for each content file (by `check`
    and before its first message), `make` once per process that sends, with checked settings; then the channel's own
    `open`, `deliver` …, `close`. `webhook` is called once per process that serves the web part.
    """
    raise NotImplementedError


@hookspec
def campflow_sources() -> Iterable[SourcePlugin]:
    """Formats that people and events are imported from.

    Asked when the project is opened. `rows` is called by `campflow people import` and `campflow events import` for a
    file whose ending is one of the source's `suffixes`.
    """
    raise NotImplementedError


@hookspec
def campflow_sinks() -> Iterable[SinkPlugin]:
    """Places that figures and the texts of `notify` go to.

    Asked when the project is opened. `texts` is called once per process that runs campaigns which notify the sink, with
    checked settings; then the sink's own `open`, `notify` …, `close`. `figures` is called once per daemon that counts,
    where `[sinks.NAME]` is written; then `publish` once a minute.
    """
    raise NotImplementedError


@hookspec
def campflow_audiences() -> Iterable[AudiencePlugin]:
    """Destinations that audiences are kept at: what `sync` pushes to.

    Asked when the project is opened. `make` is called once per process that runs campaigns with a `sync` of one of its
    audiences, with checked settings; then the destination's own `open`, `add` and `remove` …, `close`.
    """
    raise NotImplementedError


@hookspec
def campflow_actions() -> Iterable[ActionPlugin]:
    """What may stand after `do`.

    Asked when the project is opened. `make` is called once per process that runs campaigns with such a `do`, with
    checked settings; then the action's own `open`, `run` …, `close`.
    """
    raise NotImplementedError


@hookspec
def campflow_webhooks() -> Iterable[WebhookPlugin]:
    """Others who tell us of events: what is called below `/hooks/`, beside the webhooks of channels.

    Asked when the project is opened. `make` is called once per process that serves the web part, with checked settings;
    then the webhook's own `open`, `hear` …, `close`.
    """
    raise NotImplementedError


@hookspec
def campflow_routes() -> Iterable[RoutePlugin]:
    """Pages that the web part serves below `/pages/NAME/`.

    Asked when the project is opened. `make` is called once per process that serves the web part, with checked settings.
    """
    raise NotImplementedError


@hookspec
def campflow_commands() -> Iterable[CommandPlugin]:
    """Commands of their own: `campflow NAME …`.

    Asked when a command line begins with a word that campflow does not know itself, and for `campflow --help`.
    """
    raise NotImplementedError


@hookspec
def campflow_observers() -> Iterable[ObserverPlugin]:
    """Who is told of moves and of what became of messages.

    Asked when the project is opened. `make` is called once per process that sends, where `[observers.NAME]` is written
    and there is something to tell, with checked settings; then the observer's own `open`, `moved` and `settled` …,
    `close`.
    """
    raise NotImplementedError


@hookspec
def campflow_functions() -> Iterable[FunctionPlugin]:
    """Functions of expressions: what may stand before a bracket in a condition.

    Asked when the project is opened. `sql` is called whenever a campaign that uses the function is compiled, once for
    each place.
    """
    raise NotImplementedError


@hookspec
def campflow_filters() -> Iterable[FilterPlugin]:
    """Filters of templates: what may stand after `|` in `{{ }}`.

    Asked when the project is opened. `check` looks at the name and at the arguments; `function` is called whenever a
    message, a page or the text of a `notify` is filled.
    """
    raise NotImplementedError


@hookspec
def campflow_executors() -> Iterable[ExecutorPlugin]:
    """Who does the work of ticks and deliveries instead of the daemon: what `executor` in campflow.toml may say.

    Asked when the project is opened. With its name in campflow.toml, `make` is called once per daemon, then the
    executor's `open`, `ask` …, `close`; `serve` is what `campflow worker` runs.
    """
    raise NotImplementedError
