"""The tables of campflow.toml that plugins are set up with, each checked by the model that its plugin has of them."""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from campflow.checking.vocabulary import is_name
from campflow.diagnostics.diagnostic import did_you_mean
from campflow.errors import ProjectError
from campflow.hooks.manager import Plugins
from campflow.model.amounts import parse_amount
from campflow.settings import FILE, ChannelLimits, ChannelTracking, Settings, place, said

_Own = TypeVar("_Own", bound=BaseModel)


class PluginSettings:
    """What a project's settings say to its plugins. `root` is its folder.

    Whatever is asked raises ProjectError, with a line for each wrong key: where it is written, what is wrong with it.
    """

    def __init__(self, root: Path, settings: Settings, plugins: Plugins) -> None:
        self._root, self._settings, self._plugins = root, settings, plugins

    def checked(self, kind: str) -> dict[str, BaseModel]:
        """The settings of every plugin of one kind, by its table's name, as `channels`.

        A plugin that needs settings and has none is left out: it is installed, and nobody uses it here. Who does is
        told when it is opened.
        """
        found, wrong = self._read(kind)
        if wrong:
            raise ProjectError("\n".join(each.text for each in wrong))
        return found

    def _read(self, kind: str) -> "tuple[dict[str, BaseModel], list[_Wrong]]":
        """Those that are right, and what is wrong with the others."""
        text = self.text
        word, written, known = self._tables[kind]
        wrong = [_Wrong(_not_offered(kind, word, name, known, text)) for name in written if name not in known]
        found = {}
        for name, plugin in known.items():
            try:
                found[name] = plugin.settings.model_validate(written.get(name, {}))
            except ValidationError as error:
                if name not in written and all(item["type"] == "missing" for item in error.errors()):
                    continue
                prefix = f"{kind}.{name}."
                wrong += [
                    _Wrong(said(item, prefix, text, plugin.settings), item["type"] == "missing")
                    for item in error.errors()
                ]
        return found, wrong

    def of_each_channel(self, model: type[_Own]) -> dict[str, _Own]:
        """The keys of `[channels.NAME]` that every channel has and this model describes, by channel."""
        text, wrong, found = self.text, list[str](), dict[str, _Own]()
        for name in self._plugins.channels:
            table = self._settings.channels.get(name, {})
            try:
                found[name] = model.model_validate(
                    {key: value for key, value in table.items() if key in model.model_fields}
                )
            except ValidationError as error:
                wrong += [said(item, f"channels.{name}.", text, model) for item in error.errors()]
        if wrong:
            raise ProjectError("\n".join(wrong))
        return found

    @cached_property
    def audiences(self) -> dict[str, list[str]]:
        """The destinations of each audience: those whose `audiences` name it."""
        found, wrong = dict[str, list[str]](), []
        for name, table in self._settings.destinations.items():
            written = table.get("audiences", [])
            names = [each.strip() for each in written.split(",")] if isinstance(written, str) else written
            if not isinstance(names, list) or not all(map(is_name, names)):
                key = f"destinations.{name}.audiences"
                where = f"{place(key, self.text)}: `{key}`"
                wrong.append(f'{where}: write a list of names of a-z, 0-9 and _, as in ["lost_trials"]')
                continue
            for audience in names:
                found.setdefault(audience, []).append(name)
        if wrong:
            raise ProjectError("\n".join(wrong))
        return found

    def costs(self, currency: str | None) -> dict[str, int]:
        """What a message costs by channel, in minor units of the project's `currency`; every channel is in it.

        `[costs]` says it, else the plugin, else it is free. Amounts in another currency are wrong; a plugin's own
        amount counts only in a project that has a currency.
        """
        written, known = self._settings.costs, self._plugins.channels
        wrong = [_not_offered("costs", "channel", name, known, self.text) for name in written if name not in known]
        found = dict.fromkeys(known, 0)
        for name, plugin in known.items():
            text = written.get(name) or (plugin.cost if currency else None)
            if text is None:
                continue
            amount = parse_amount(text)
            if amount.currency == currency:
                found[name] = amount.minor
                continue
            key = f"costs.{name}"
            where = f"{place(key, self.text)}: `{key}`"
            if currency is None:
                wrong.append(f'{where}: add currency = "{amount.currency}" to {FILE}, which names none')
            else:
                whose = "" if name in written else f" (what the channel `{name}` says of itself)"
                wrong.append(f"{where}: `{text}`{whose} is not in {currency}: write it in {currency}")
        if wrong:
            raise ProjectError("\n".join(wrong))
        return found

    def wrong(self) -> list[str]:
        """What is wrong with these tables: what `tick` and `run` would say.

        Not what is missing, nor who does the work: both may be otherwise where the campaigns run.
        """
        wrong = [
            each.text
            for kind in self._tables
            if kind != "executors"
            for each in self._read(kind)[1]
            if not each.missing
        ]
        looks = (
            lambda: self.of_each_channel(ChannelLimits),
            lambda: self.of_each_channel(ChannelTracking),
            lambda: self.audiences,
        )
        for look in looks:
            try:
                look()
            except ProjectError as error:
                wrong += str(error).splitlines()
        return wrong

    @property
    def text(self) -> str:
        """That of campflow.toml, of which places are named."""
        return (self._root / FILE).read_text("utf-8-sig")

    @cached_property
    def _tables(self) -> "dict[str, _Table]":
        """The tables of campflow.toml that plugins are set up with, by kind: only what is a plugin's own of each."""
        settings, plugins = self._settings, self._plugins
        ours = {*ChannelLimits.model_fields, *ChannelTracking.model_fields}
        # Of an observer that could not be loaded no key is wrong: what it would be told waits for it.
        lost = {each.name for each in plugins.failed} - plugins.observers.keys()
        observers = {name: table for name, table in settings.observers.items() if name not in lost}
        return {
            "channels": _Table("channel", _without(ours, settings.channels), plugins.channels),
            "sinks": _Table("sink", settings.sinks, plugins.sinks),
            "destinations": _Table("destination", _without({"audiences"}, settings.destinations), plugins.audiences),
            "actions": _Table("action", settings.actions, plugins.actions),
            "observers": _Table("observer", observers, plugins.observers),
            "webhooks": _Table("webhook", settings.webhooks, plugins.webhooks),
            "routes": _Table("set of pages", settings.routes, plugins.routes),
            "executors": _Table("executor", settings.executors, plugins.executors),
        }


class _Wrong(NamedTuple):
    """A wrong setting as a sentence; or one that is not written where it is `missing`."""

    text: str
    missing: bool = False


class _Table(NamedTuple):
    """What is written for plugins of one kind, by name, beside those that there are; `word` is what such a one is."""

    word: str
    written: Mapping[str, Mapping[str, Any]]
    known: Mapping[str, "_HasSettings"]


def _without(keys: Collection[str], tables: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {key: value for key, value in table.items() if key not in keys} for name, table in tables.items()}


class _HasSettings(Protocol):
    @property
    def settings(self) -> type[BaseModel]: ...


def _not_offered(table: str, word: str, name: str, known: Iterable[str], text: str) -> str:
    question = did_you_mean(name, known)
    reason = f"no plugin makes {'an' if word[0] in 'aeiou' else 'a'} {word} `{name}`"
    key = f"{table}.{name}"
    return f"{place(key, text)}: `{key}`: {reason}{f'; {question}' if question else ', install one that does'}"
