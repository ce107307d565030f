"""Finding plugins. One that fails is named with its reason, and the rest works."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pluggy

from campflow.errors import PluginError
from campflow.hooks import specs
from campflow.hooks.contracts import (
    API_VERSION,
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
from campflow.hooks.offers import HOOKS, Offer, checked
from campflow.hooks.own import own_plugins

GROUP = "campflow"

#: Names of plugins, separated by commas: only these are loaded. Empty: none.
ONLY = "CAMPFLOW_PLUGINS"


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """`offers` says what it brought: "channel email". `origin` is its distribution, or its file in the project."""

    name: str
    version: str
    offers: tuple[str, ...]
    origin: str = ""


@dataclass(frozen=True, slots=True)
class FailedPlugin:
    name: str
    reason: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Plugins:
    """What all plugins offer, by name."""

    channels: Mapping[str, ChannelPlugin] = field(default_factory=dict)
    sources: Mapping[str, SourcePlugin] = field(default_factory=dict)
    sinks: Mapping[str, SinkPlugin] = field(default_factory=dict)
    audiences: Mapping[str, AudiencePlugin] = field(default_factory=dict)
    actions: Mapping[str, ActionPlugin] = field(default_factory=dict)
    webhooks: Mapping[str, WebhookPlugin] = field(default_factory=dict)
    routes: Mapping[str, RoutePlugin] = field(default_factory=dict)
    commands: Mapping[str, CommandPlugin] = field(default_factory=dict)
    executors: Mapping[str, ExecutorPlugin] = field(default_factory=dict)
    observers: Mapping[str, ObserverPlugin] = field(default_factory=dict)
    functions: Mapping[str, FunctionPlugin] = field(default_factory=dict)
    filters: Mapping[str, FilterPlugin] = field(default_factory=dict)
    loaded: tuple[LoadedPlugin, ...] = ()
    failed: tuple[FailedPlugin, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A plugin that is there and not imported yet; `reason` says why it cannot be."""

    name: str
    point: EntryPoint
    origin: str
    version: str = ""
    reason: str = ""


def load_plugins(
    environ: Mapping[str, str] = os.environ,
    sources: Sequence[SourcePlugin] = (),
    points: Iterable[EntryPoint] | None = None,
    project: Path | None = None,
    sinks: Sequence[SinkPlugin] = (),
) -> Plugins:
    """Import the installed plugins and those of the project in this folder, and ask them what they offer.

    `sources` and `sinks` are campflow's own. `points` stands in for the installed entry points. Never raises for a
    plugin.
    """
    found = [*_installed(points), *_own(project)]
    wanted = _wanted(environ)
    offers: list[tuple[str, Offer]] = [("source", each) for each in sources]
    offers += [("sink", each) for each in sinks]
    owners: dict[tuple[str, str], str] = {(word, offer.name): GROUP for word, offer in offers}
    loaded: list[LoadedPlugin] = []
    failed = [FailedPlugin(name, _NOT_THERE) for name in sorted((wanted or set()) - {each.name for each in found})]
    seen: dict[str, str] = {}
    for each in found:
        if wanted is not None and each.name not in wanted:
            continue
        try:
            if each.reason:
                raise PluginError(each.reason)
            if each.name in seen:
                raise PluginError(f"{seen[each.name]} is called `{each.name}` too: rename one")
            seen[each.name] = each.origin
            mine = _ask(_import(each.point))
            _refuse_duplicates(mine, owners)
        except PluginError as error:
            failed.append(FailedPlugin(each.name, str(error), each.origin))
            continue
        owners |= {(word, offer.name): each.name for word, offer in mine}
        offers += mine
        told = tuple(f"{word} {offer.name}" for word, offer in mine)
        loaded.append(LoadedPlugin(each.name, each.version, told, each.origin))

    def of(word: str) -> dict[str, Any]:
        return {offer.name: offer for kind, offer in offers if kind == word}

    return Plugins(
        channels=of("channel"),
        sources=of("source"),
        sinks=of("sink"),
        audiences=of("destination"),
        actions=of("action"),
        webhooks=of("webhook"),
        routes=of("pages"),
        commands=of("command"),
        executors=of("executor"),
        observers=of("observer"),
        functions=of("function"),
        filters=of("filter"),
        loaded=tuple(loaded),
        failed=tuple(failed),
    )


_NOT_THERE = f"is named in {ONLY} and not there: install its distribution, or take the name out"


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    """What is installed is looked for once in a process."""
    return tuple(entry_points(group=GROUP))


def _installed(points: Iterable[EntryPoint] | None) -> list[_Found]:
    found = _entry_points() if points is None else points
    return [
        _Found(
            point.name,
            point,
            point.dist.name if point.dist else point.value,
            point.dist.version if point.dist else "",
        )
        for point in sorted(found, key=lambda point: point.name)
    ]


def _own(project: Path | None) -> list[_Found]:
    if project is None:
        return []
    return [_Found(each.name, each.point, each.origin, reason=each.reason) for each in own_plugins(project, GROUP)]


def _wanted(environ: Mapping[str, str]) -> set[str] | None:
    if ONLY not in environ:
        return None
    return {name.strip() for name in environ[ONLY].split(",") if name.strip()}


def _import(point: EntryPoint) -> object:
    """The plugin itself, if it speaks our version. A module may fail in any way while it is imported."""
    try:
        plugin: object = point.load()
    except (Exception, SystemExit) as error:
        raise PluginError(f"cannot be imported: {type(error).__name__}: {error}") from error
    version = getattr(plugin, "CAMPFLOW_API", None)
    if version is None:
        raise PluginError(f"does not say which API it was written for: set `CAMPFLOW_API = {API_VERSION}` in it")
    if not (isinstance(version, tuple) and len(version) == 2 and all(isinstance(part, int) for part in version)):
        raise PluginError(f"CAMPFLOW_API is {version!r}: write two numbers, as in {API_VERSION}")
    if version[0] != API_VERSION[0] or version > API_VERSION:
        ours, theirs = (".".join(map(str, each)) for each in (API_VERSION, version))
        raise PluginError(f"was written for API {theirs}, this campflow speaks {ours}: install a version that fits")
    return plugin


def _ask(plugin: object) -> list[tuple[str, Offer]]:
    """All that one plugin offers. It has a pluggy of its own, so that its failure is nobody else's."""
    manager = pluggy.PluginManager(specs.PROJECT)
    manager.add_hookspecs(specs)
    offers: list[tuple[str, Offer]] = []
    try:
        manager.register(plugin)
        manager.check_pending()
        for hook, kind, word in HOOKS:
            for answer in getattr(manager.hook, hook)():
                offers += [(word, checked(offer, kind, hook)) for offer in answer]
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(f"{type(error).__name__}: {error}") from error
    return offers


def _refuse_duplicates(mine: Sequence[tuple[str, Offer]], owners: Mapping[tuple[str, str], str]) -> None:
    seen: set[tuple[str, str]] = set()
    for word, offer in mine:
        key = (word, offer.name)
        if key in seen:
            raise PluginError(f"offers {word} `{offer.name}` twice")
        if key in owners:
            raise PluginError(
                f"offers {word} `{offer.name}`, and so does `{owners[key]}`: uninstall one, or choose in {ONLY}"
            )
        seen.add(key)
