"""Finding plugins. One that fails is named with its reason, and the rest works."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points

import pluggy

from campflow.errors import PluginError
from campflow.hooks import specs
from campflow.hooks.contracts import (
    API_VERSION,
    ActionPlugin,
    AudiencePlugin,
    ChannelPlugin,
    SinkPlugin,
    SourcePlugin,
)
from campflow.model.amounts import parse_amount

GROUP = "campflow"

#: Entry point names, separated by commas: only these are loaded. Empty: none.
ONLY = "CAMPFLOW_PLUGINS"

#: Taken by landing pages: `demo.page.html`.
RESERVED_CHANNELS = frozenset({"page"})

#: How what may stand in a `.flow` file is called.
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """`offers` says what it brought: "channel email"."""

    name: str
    version: str
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailedPlugin:
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plugins:
    """What all plugins offer, by name."""

    channels: Mapping[str, ChannelPlugin] = field(default_factory=dict)
    sources: Mapping[str, SourcePlugin] = field(default_factory=dict)
    sinks: Mapping[str, SinkPlugin] = field(default_factory=dict)
    audiences: Mapping[str, AudiencePlugin] = field(default_factory=dict)
    actions: Mapping[str, ActionPlugin] = field(default_factory=dict)
    loaded: tuple[LoadedPlugin, ...] = ()
    failed: tuple[FailedPlugin, ...] = ()


Offer = ChannelPlugin | SourcePlugin | SinkPlugin | AudiencePlugin | ActionPlugin

#: What a hook returns, and the word for it.
_HOOKS: tuple[tuple[str, type[Offer], str], ...] = (
    ("campflow_channels", ChannelPlugin, "channel"),
    ("campflow_sources", SourcePlugin, "source"),
    ("campflow_sinks", SinkPlugin, "sink"),
    ("campflow_audiences", AudiencePlugin, "destination"),
    ("campflow_actions", ActionPlugin, "action"),
)


def load_plugins(
    environ: Mapping[str, str] = os.environ,
    sources: Sequence[SourcePlugin] = (),
    points: Iterable[EntryPoint] | None = None,
) -> Plugins:
    """Import the installed plugins and ask them what they offer.

    `sources` are campflow's own. `points` stands in for the installed entry points. Never raises for a plugin.
    """
    found = sorted(entry_points(group=GROUP) if points is None else points, key=lambda point: point.name)
    wanted = _wanted(environ)
    owners: dict[tuple[str, str], str] = {("source", source.name): GROUP for source in sources}
    offers: list[Offer] = list(sources)
    loaded: list[LoadedPlugin] = []
    failed = [FailedPlugin(name, _NOT_INSTALLED) for name in sorted((wanted or set()) - {p.name for p in found})]
    for point in found:
        if wanted is not None and point.name not in wanted:
            continue
        try:
            mine = _ask(_import(point))
            _refuse_duplicates(mine, owners)
        except PluginError as error:
            failed.append(FailedPlugin(point.name, str(error)))
            continue
        owners |= {(word, offer.name): point.name for word, offer in mine}
        offers += [offer for _, offer in mine]
        version = point.dist.version if point.dist else ""
        loaded.append(LoadedPlugin(point.name, version, tuple(f"{word} {offer.name}" for word, offer in mine)))
    return Plugins(
        channels={offer.name: offer for offer in offers if isinstance(offer, ChannelPlugin)},
        sources={offer.name: offer for offer in offers if isinstance(offer, SourcePlugin)},
        sinks={offer.name: offer for offer in offers if isinstance(offer, SinkPlugin)},
        audiences={offer.name: offer for offer in offers if isinstance(offer, AudiencePlugin)},
        actions={offer.name: offer for offer in offers if isinstance(offer, ActionPlugin)},
        loaded=tuple(loaded),
        failed=tuple(failed),
    )


_NOT_INSTALLED = f"is named in {ONLY} and not installed: install its distribution or take the name out"


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
        for hook, kind, word in _HOOKS:
            for answer in getattr(manager.hook, hook)():
                offers += [(word, _checked(offer, kind, hook)) for offer in answer]
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(f"{type(error).__name__}: {error}") from error
    return offers


def _checked(offer: object, kind: type[Offer], hook: str) -> Offer:
    if not isinstance(offer, kind):
        raise PluginError(f"{hook} returns a {type(offer).__name__}: it must be a {kind.__name__}")
    if not NAME.fullmatch(offer.name):
        raise PluginError(f"the name {offer.name!r} cannot be written in a .flow file: use a-z, 0-9 and _")
    if isinstance(offer, ChannelPlugin):
        if offer.name in RESERVED_CHANNELS:
            raise PluginError(f"a channel cannot be called `{offer.name}`: landing pages are")
        if offer.window < 1:
            raise PluginError(f"channel {offer.name}: `window` must be 1 or more")
        try:
            parse_amount(offer.cost or "0 EUR")
        except ValueError as error:
            raise PluginError(f"channel {offer.name}: `cost`: {error}") from error
    if isinstance(offer, SinkPlugin) and offer.figures is None and offer.texts is None:
        raise PluginError(f"sink {offer.name}: it takes nothing: give `figures`, `texts` or both")
    if isinstance(offer, AudiencePlugin | ActionPlugin) and offer.batch < 1:
        raise PluginError(f"{offer.name}: `batch` must be 1 or more")
    return offer


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
