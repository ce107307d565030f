"""The composition root: a folder with a campflow.toml becomes settings, plugins, a checked flow, and what runs it.

What is needed only to run it is imported then: `campflow check` has no use for a database, nor for the compiler where
nothing has changed.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from campflow.checking.vocabulary import ActionWords, ChannelWords, ContentIndex, FilterWords, Vocabulary
from campflow.content.filter_words import Filters, arguments_of
from campflow.diagnostics.diagnostic import did_you_mean
from campflow.diagnostics.source import Source
from campflow.engine.figure_file import FILE_SINK
from campflow.errors import FlowError, ProjectError
from campflow.flow_files import read_flows
from campflow.hooks.contracts import ChannelContext, ChannelPlugin, ExecutorPlugin, Sender, Sink
from campflow.hooks.executors import LOCAL
from campflow.hooks.manager import ONLY, Plugins, load_plugins
from campflow.hooks.words import function_of
from campflow.model.durations import parse_duration
from campflow.model.rates import parse_rate
from campflow.people.sources import CSV, JSON_LINES
from campflow.plugin_settings import PluginSettings
from campflow.settings import ChannelLimits, ChannelTracking, Settings, find_root, load_settings, place

if TYPE_CHECKING:
    from campflow.compiler import Checked, Reader
    from campflow.content.wanted import Wanted
    from campflow.engine.clock import Clock
    from campflow.engine.doors import Outside
    from campflow.engine.observing import Watchers
    from campflow.engine.weather import Limits
    from campflow.model.flow import CheckedFlow
    from campflow.sql.program import Program
    from campflow.storage.database import Database
    from campflow.storage.tables import Tables


@dataclass(frozen=True)
class Project:
    """A project as it lies in its folder. Nothing of it is running, and its database is not touched."""

    root: Path
    settings: Settings
    plugins: Plugins

    @classmethod
    def open(cls, folder: Path | None = None, flags: Mapping[str, Any] | None = None) -> "Project":
        """The project that `folder` (default: the current one) lies in. `flags` are settings that beat all others.

        Raises ProjectError for what is wrong with the folder or a setting.
        """
        root = find_root(folder or Path.cwd())
        settings = load_settings(root, flags)
        wanted = {} if settings.plugins is None else {ONLY: ",".join(settings.plugins)}
        return cls(root, settings, load_plugins(wanted, (CSV, JSON_LINES), project=root, sinks=(FILE_SINK,)))

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Every `.flow` file by its path. Raises ProjectError for a file that cannot be read."""
        return {source.path: source for source in read_flows(self.root)}

    def of(self, sources: Sequence[Source], vocabulary: Vocabulary | None = None) -> "Project":
        """The same project with these texts in place of its files, as if they had always stood there."""
        other = replace(self)
        # As a cached property keeps them.
        other.__dict__["sources"] = {source.path: source for source in sources}
        other.__dict__["vocabulary"] = vocabulary or self.vocabulary
        return other

    @cached_property
    def checked(self) -> "Checked":
        """The flow with everything that is wrong with it."""
        from campflow.language.parser import parse

        return self.checked_by(parse)

    def checked_by(self, read: "Reader") -> "Checked":
        """The same by another reader: who keeps syntax trees has one."""
        from campflow.compiler import check_sources

        return check_sources(tuple(self.sources.values()), self.vocabulary, read, self.today)

    @property
    def today(self) -> dt.date:
        """The day that it is where the project is."""
        return dt.datetime.now(ZoneInfo(self.settings.timezone)).date()

    @property
    def flow(self) -> "CheckedFlow":
        """The flow. Raises FlowError where it has errors."""
        if self.checked.flow is None:
            raise FlowError(self.checked.diagnostics, self.sources)
        return self.checked.flow

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What a `.flow` file may name and does not declare."""
        from campflow.content.inspect import inspect_content

        return self.vocabulary_with(inspect_content(self.root, self.plugins.channels, filters=self.filters))

    @property
    def filters(self) -> Filters:
        """The filters of templates that plugins have."""
        return frozenset((name, plugin.function) for name, plugin in self.plugins.filters.items())

    def vocabulary_with(self, content: ContentIndex) -> Vocabulary:
        """The same, for who has inspected the content."""
        channels = self.plugins.channels
        return Vocabulary(
            channels={name: _words(plugin) for name, plugin in channels.items()},
            sinks=frozenset(name for name, plugin in self.plugins.sinks.items() if plugin.texts is not None),
            audiences=frozenset(self.audiences),
            actions={name: ActionWords(name, plugin.options) for name, plugin in self.plugins.actions.items()},
            functions={name: function_of(plugin) for name, plugin in self.plugins.functions.items()},
            filters={
                name: FilterWords(name, arguments_of(plugin.function), plugin.about)
                for name, plugin in self.plugins.filters.items()
            },
            content=content,
            currency=self.settings.currency,
            rfm_event=self.settings.rfm.event if self.settings.rfm else None,
            timezone=self.settings.timezone,
        )

    @property
    def addresses(self) -> Mapping[str, str | None]:
        """The contact field that each channel writes to, None where it needs none."""
        return {name: plugin.address for name, plugin in self.plugins.channels.items()}

    @property
    def stage_order(self) -> Mapping[str, Sequence[str]]:
        """The stages of each campaign as the files have them, even where something else in them is wrong."""
        from campflow.language import syntax

        return {
            declared.name.text: [item.name.text for item in declared.items if isinstance(item, syntax.Stage)]
            for file in self.checked.files
            for declared in file.declarations
            if isinstance(declared, syntax.CampaignDeclaration)
        }

    @property
    def tables(self) -> "Tables":
        """The tables that the flow declares. Raises FlowError."""
        from campflow.storage.tables import tables

        flow = self.flow.flow
        return tables(flow.contact, flow.events)

    def program(self, drawn: "Tables", only: Collection[str] | None = None) -> "Program":
        """The SQL program for these tables; with `only`, of these campaigns and what they need. Raises FlowError."""
        from sqlalchemy.engine import make_url

        from campflow.compiler import compile_flow
        from campflow.planning.plan import Rfm

        return compile_flow(
            self.flow,
            zone=self.settings.timezone,
            expires=parse_duration(self.settings.expires),
            tables=drawn,
            dialect=make_url(self.database_url).get_dialect()(),
            rfm=Rfm(rfm.event, rfm.amount) if (rfm := self.settings.rfm) else None,
            opt_in=self.settings.consent.opt_in,
            only=only,
        )

    # --- what runs it -------------------------------------------------------------------------------------------

    def database(self) -> "Database":
        """The database with the tables of the flow, made or brought up to date. Raises FlowError, StoreError."""
        from campflow.storage.database import Database
        from campflow.storage.schema import install

        database = Database(self.database_url, self.tables)
        install(database, self.settings.timezone)
        return database

    def desk(self) -> "Database":
        """The database for those who only look: they need no correct flow, and change no table that is there."""
        from campflow.model.people import Contact
        from campflow.storage.database import Database
        from campflow.storage.tables import tables

        if not self.database_exists:
            return self.database()
        return Database(self.database_url, self.tables if self.checked.flow else tables(Contact((), None), ()))

    @property
    def database_url(self) -> str:
        """The URL; a relative SQLite path begins in the project's folder, wherever the command was started."""
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            url = make_url(self.settings.database)
        except ArgumentError as error:
            raise ProjectError(
                f"`database`: `{self.settings.database}` is not a database URL: write for example sqlite:///campflow.db"
            ) from error
        if self._file_of(url.database) is not None and url.get_backend_name() == "sqlite":
            url = url.set(database=str(self.root / str(url.database)))
        return url.render_as_string(hide_password=False)

    @property
    def database_exists(self) -> bool:
        """Whether there is a database file; on a server whether campflow's tables are there. Raises StoreError."""
        from sqlalchemy.engine import make_url

        url = make_url(self.database_url)
        if url.get_backend_name() != "sqlite":
            from campflow.storage.schema import installed

            return installed(self.database_url)
        file = self._file_of(url.database)
        return file is None or (self.root / file).exists()

    @staticmethod
    def _file_of(name: str | None) -> str | None:
        return None if name in (None, "", ":memory:") or str(name).startswith("file:") else name

    def clock(self, database: "Database") -> "Clock":
        from campflow.engine.clock import ManualClock, SystemClock

        return ManualClock(database) if self.settings.clock == "manual" else SystemClock()

    def channel_settings(self) -> dict[str, BaseModel]:
        """The checked settings of every channel. Raises ProjectError that names all wrong keys."""
        return self._plugin_settings.checked("channels")

    def channels(self, settings: Mapping[str, BaseModel]) -> dict[str, ChannelPlugin]:
        """The channels as these settings of theirs have them."""
        return {
            name: plugin.fitted(plugin, settings[name]) if plugin.fitted and name in settings else plugin
            for name, plugin in self.plugins.channels.items()
        }

    def channel_limits(self, channels: Mapping[str, ChannelPlugin]) -> "dict[str, Limits]":
        """How each of these channels may be used. Raises ProjectError that names all wrong keys."""
        from campflow.engine.weather import Limits

        found = dict[str, Limits]()
        for name, read in self._plugin_settings.of_each_channel(ChannelLimits).items():
            rate = read.rate or channels[name].rate
            found[name] = Limits(
                parse_rate(rate) if rate else None, read.concurrency, read.max_bounces, read.max_complaints
            )
        return found

    def tracking(self) -> "dict[str, Wanted]":
        """What is tracked of each channel's messages. Raises ProjectError that names all wrong keys."""
        return {name: read.wanted for name, read in self._plugin_settings.of_each_channel(ChannelTracking).items()}

    def figure_sinks(self) -> dict[str, Sink]:
        """The sinks that figures go to: those with a table `[sinks.NAME]`. Raises ProjectError."""
        checked = self._plugin_settings.checked("sinks")
        return {
            name: plugin.figures(checked[name], self.channel_context)
            for name, plugin in self.plugins.sinks.items()
            if name in self.settings.sinks and plugin.figures is not None
        }

    def webhook_settings(self) -> dict[str, BaseModel]:
        """The checked settings of every webhook that is no channel's. Raises ProjectError that names all wrong keys."""
        return self._plugin_settings.checked("webhooks")

    def route_settings(self) -> dict[str, BaseModel]:
        """The checked settings of the plugins' pages. Raises ProjectError that names all wrong keys."""
        return self._plugin_settings.checked("routes")

    def executor(self) -> "tuple[ExecutorPlugin, BaseModel] | None":
        """Who does the work, with its checked settings; None: the daemon itself. Raises ProjectError."""
        known, name = self.plugins.executors, self.settings.executor
        settings = self._plugin_settings.checked("executors")
        if name == LOCAL:
            return None
        if name not in known:
            hint = did_you_mean(name, (*known, LOCAL)) or "install one that does (campflow-celery makes `celery`)"
            where = place("executor", self._plugin_settings.text)
            raise ProjectError(f"{where}: `executor`: no plugin makes an executor `{name}`; {hint}")
        return known[name], settings[name]

    @property
    def audiences(self) -> Mapping[str, Sequence[str]]:
        """The destinations of each audience: those whose `audiences` name it. Raises ProjectError."""
        return self._plugin_settings.audiences

    def outside(self) -> "Outside":
        """What `notify`, `sync` and `do` are done with. Raises ProjectError that names all wrong keys."""
        from campflow.engine.doors import Outside

        plugins = self.plugins
        return Outside(
            sinks=plugins.sinks,
            destinations=plugins.audiences,
            actions=plugins.actions,
            sink_settings=self._plugin_settings.checked("sinks"),
            destination_settings=self._plugin_settings.checked("destinations"),
            action_settings=self._plugin_settings.checked("actions"),
            audiences=self.audiences,
            context=self.channel_context,
        )

    def watchers(self) -> "Watchers":
        """Who is told of moves and of what became of messages. Raises ProjectError that names all wrong keys."""
        from campflow.engine.observing import Watchers

        known, written = self.plugins.observers, self.settings.observers
        settings = self._plugin_settings.checked("observers")
        plugins = {name: plugin for name, plugin in known.items() if name in written}
        return Watchers(plugins, settings, frozenset(written), self.channel_context)

    def wrong_settings(self) -> list[str]:
        """What is wrong with the tables that plugins are set up with: what `tick` and `run` would say."""
        return self._plugin_settings.wrong()

    def costs(self) -> dict[str, int]:
        """What a message costs by channel, in minor units of the project's currency. Raises FlowError, ProjectError."""
        return self._plugin_settings.costs(self.flow.flow.currency or self.settings.currency)

    @cached_property
    def _plugin_settings(self) -> PluginSettings:
        return PluginSettings(self.root, self.settings, self.plugins)

    @property
    def channel_context(self) -> ChannelContext:
        sender, web = self.settings.sender, self.settings.web
        unsubscribe = sender.unsubscribe or (f"{web.base_url}/u/{{token}}" if web.base_url else "")
        return ChannelContext(
            str(self.root), Sender(sender.name, sender.email, sender.reply_to, unsubscribe), web.base_url
        )


def _words(plugin: ChannelPlugin) -> ChannelWords:
    return ChannelWords(plugin.name, plugin.address, plugin.options, plugin.extensions, plugin.needs, plugin.posts)
