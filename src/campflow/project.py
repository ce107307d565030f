"""The composition root: a folder with a campflow.toml becomes settings, plugins, a checked flow, and what runs it.

What is needed only to run it is imported then: `campflow check` has no use for a database.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from campflow.checking.vocabulary import ChannelWords, Vocabulary
from campflow.compiler import Checked, Reader, check_sources, compile_flow
from campflow.content.inspect import inspect_content
from campflow.diagnostics.diagnostic import did_you_mean
from campflow.diagnostics.source import Source
from campflow.errors import FlowError, ProjectError
from campflow.flow_files import read_flows
from campflow.hooks.contracts import ChannelContext, ChannelPlugin, Sender
from campflow.hooks.manager import ONLY, Plugins, load_plugins
from campflow.language import syntax
from campflow.language.parser import parse
from campflow.model.amounts import parse_amount
from campflow.model.durations import parse_duration
from campflow.model.flow import CheckedFlow
from campflow.model.people import Contact
from campflow.people.sources import CSV, JSON_LINES
from campflow.settings import FILE, Settings, find_root, load_settings, said

if TYPE_CHECKING:
    from campflow.engine.clock import Clock
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
        return cls(root, settings, load_plugins(wanted, (CSV, JSON_LINES)))

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Every `.flow` file by its path. Raises ProjectError for a file that cannot be read."""
        return {source.path: source for source in read_flows(self.root)}

    @cached_property
    def checked(self) -> Checked:
        """The flow with everything that is wrong with it."""
        return self.checked_by(parse)

    def checked_by(self, read: Reader) -> Checked:
        """The same by another reader: who keeps syntax trees has one."""
        today = dt.datetime.now(ZoneInfo(self.settings.timezone)).date()
        return check_sources(tuple(self.sources.values()), self.vocabulary, read, today)

    @property
    def flow(self) -> CheckedFlow:
        """The flow. Raises FlowError where it has errors."""
        if self.checked.flow is None:
            raise FlowError(self.checked.diagnostics, self.sources)
        return self.checked.flow

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What a `.flow` file may name and does not declare."""
        channels = self.plugins.channels
        return Vocabulary(
            channels={name: _words(plugin) for name, plugin in channels.items()},
            sinks=frozenset(self.plugins.sinks),
            content=inspect_content(self.root, channels),
            currency=self.settings.currency,
            rfm_event=self.settings.rfm.event if self.settings.rfm else None,
            timezone=self.settings.timezone,
        )

    @property
    def stage_order(self) -> Mapping[str, Sequence[str]]:
        """The stages of each campaign as the files have them, even where something else in them is wrong."""
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

        from campflow.planning.plan import Rfm

        return compile_flow(
            self.flow,
            zone=self.settings.timezone,
            expires=parse_duration(self.settings.expires),
            tables=drawn,
            dialect=make_url(self.database_url).get_dialect()(),
            rfm=Rfm(rfm.event, rfm.amount) if (rfm := self.settings.rfm) else None,
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
        """Whether there is a database file; True for databases that are no files."""
        from sqlalchemy.engine import make_url

        file = self._file_of(make_url(self.database_url).database)
        return file is None or (self.root / file).exists()

    @staticmethod
    def _file_of(name: str | None) -> str | None:
        return None if name in (None, "", ":memory:") or str(name).startswith("file:") else name

    def clock(self, database: "Database") -> "Clock":
        from campflow.engine.clock import ManualClock, SystemClock

        return ManualClock(database) if self.settings.clock == "manual" else SystemClock()

    def channel_settings(self) -> dict[str, BaseModel]:
        """The checked settings of every channel. Raises ProjectError that names all wrong keys."""
        text = (self.root / FILE).read_text("utf-8-sig")
        known = self.plugins.channels
        wrong = [_no_channel("channels", name, self.plugins) for name in self.settings.channels if name not in known]
        found = {}
        for name, plugin in known.items():
            try:
                found[name] = plugin.settings.model_validate(self.settings.channels.get(name, {}))
            except ValidationError as error:
                wrong += [said(item, f"channels.{name}.", text, plugin.settings) for item in error.errors()]
        if wrong:
            raise ProjectError("\n".join(wrong))
        return found

    def costs(self) -> dict[str, int]:
        """What a message costs by channel, in minor units of the project's currency; every channel is in it.

        `[costs]` says it, else the plugin, else it is free. Raises ProjectError for amounts in another currency and
        channels that are not there; a plugin's own amount counts only in a project that has a currency.
        """
        written, known = self.settings.costs, self.plugins.channels
        wrong = [_no_channel("costs", name, self.plugins) for name in written if name not in known]
        currency = self.flow.flow.currency or self.settings.currency
        found = dict.fromkeys(known, 0)
        for name, plugin in known.items():
            text = written.get(name) or (plugin.cost if currency else None)
            if text is None:
                continue
            amount = parse_amount(text)
            if amount.currency == currency:
                found[name] = amount.minor
            elif currency is None:
                wrong.append(f'{FILE}: `costs.{name}`: add currency = "{amount.currency}" to {FILE}, which names none')
            else:
                whose = "" if name in written else f" (what the channel `{name}` says of itself)"
                wrong.append(f"{FILE}: `costs.{name}`: `{text}`{whose} is not in {currency}: write it in {currency}")
        if wrong:
            raise ProjectError("\n".join(wrong))
        return found

    @property
    def channel_context(self) -> ChannelContext:
        return ChannelContext(str(self.root), Sender(**self.settings.sender.model_dump()))


def _words(plugin: ChannelPlugin) -> ChannelWords:
    return ChannelWords(plugin.name, plugin.address, plugin.options, plugin.extensions)


def _no_channel(table: str, name: str, plugins: Plugins) -> str:
    question = did_you_mean(name, plugins.channels)
    reason = f"no plugin makes a channel `{name}`"
    return f"{FILE}: `{table}.{name}`: {reason}{f'; {question}' if question else ', install one that does'}"
