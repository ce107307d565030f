"""Commands about plugins."""

from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campflow.cli.commands import FIRST_WORDS
from campflow.cli.main import FINDINGS
from campflow.cli.options import Format, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import console, print_json, table
from campflow.errors import ProjectError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from campflow.hooks.contracts import ChannelPlugin
    from campflow.hooks.manager import Plugins


def plugins(project: ProjectFolder = None, format: TextOrJson = Format.text) -> None:
    """List the plugins: what each offers, and why one was left out."""
    found = _found(project)
    hidden = sorted(set(found.commands) & FIRST_WORDS)
    if format is Format.json:
        print_json(
            {
                "loaded": [asdict(each) for each in found.loaded],
                "failed": [asdict(each) for each in found.failed],
                **{
                    kind: [{"name": name} | declared(each) for name, each in getattr(found, kind).items()]
                    for kind, declared in DECLARED.items()
                },
                "hidden_commands": hidden,
            }
        )
    else:
        made = table("plugin", "version", "from", "offers")
        for each in found.loaded:
            made.add_row(each.name, each.version, each.origin, ", ".join(each.offers))
        for failed in found.failed:
            made.add_row(failed.name, "", failed.origin, f"left out: {failed.reason}", style="red")
        if found.loaded or found.failed:
            console().print(made)
        else:
            print("No plugin is installed: `pip install campflow-email` is the first one to have.")
        for name in hidden:
            print(f"A plugin's command `{name}` cannot be called: campflow has a `{name}` of its own.")
    if found.failed or hidden:
        raise typer.Exit(FINDINGS)


def _found(folder: Path | None) -> "Plugins":
    """Those of the project; outside of one, what is installed."""
    from campflow.hooks.manager import load_plugins
    from campflow.settings import find_root

    try:
        find_root(folder or Path.cwd())
    except ProjectError:
        if folder is not None:
            raise
        return load_plugins()
    return open_project(folder).plugins


def _channel(channel: "ChannelPlugin") -> dict[str, object]:
    return {
        "address": channel.address,
        "needs": list(channel.needs),
        "extensions": list(channel.extensions),
        "options": sorted(channel.options),
        "reports": sorted(channel.reports),
        "idempotency": channel.idempotency,
        "key_hours": channel.key_hours,
        "window": channel.window,
        "rate": channel.rate,
        "cost": channel.cost,
        "posts": channel.posts,
        "counts": channel.counts,
        "webhook": f"/hooks/{channel.name}" if channel.webhook else None,
        "settings": _keys(channel.settings),
    }


def _keys(settings: "type[BaseModel]") -> list[str]:
    return list(settings.model_fields)


def _about(run: Callable[..., object]) -> str:
    return (run.__doc__ or "").strip().split("\n")[0]


#: What each plugin of a kind says of itself, besides its name, as it is written in the plugin.
DECLARED: dict[str, Callable[[Any], dict[str, object]]] = {
    "channels": _channel,
    "sources": lambda each: {"suffixes": list(each.source.suffixes)},
    "sinks": lambda each: {
        "figures": each.figures is not None, "texts": each.texts is not None, "settings": _keys(each.settings)
    },
    "audiences": lambda each: {"batch": each.batch, "settings": _keys(each.settings)},
    "actions": lambda each: {
        "options": sorted(each.options), "idempotency": each.idempotency, "batch": each.batch,
        "settings": _keys(each.settings),
    },
    "webhooks": lambda each: {"path": f"/hooks/{each.name}", "settings": _keys(each.settings)},
    "routes": lambda each: {"path": f"/pages/{each.name}/", "settings": _keys(each.settings)},
    "commands": lambda each: {"about": _about(each.run)},
    "executors": lambda each: {"settings": _keys(each.settings)},
    "observers": lambda each: {"batch": each.batch, "settings": _keys(each.settings)},
    "functions": lambda each: {"about": each.about, "takes": list(each.takes), "gives": each.gives},
    "filters": lambda each: {"about": each.about},
}  # fmt: skip


class Kind(StrEnum):
    """What a new plugin can begin as."""

    channel = "channel"
    sink = "sink"
    source = "source"
    action = "action"
    audience = "audience"
    webhook = "webhook"
    pages = "pages"
    command = "command"
    observer = "observer"
    function = "function"
    filter = "filter"


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The word in .flow files: a-z, 0-9 and _.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What it is.")] = Kind.channel,
) -> None:
    """Write a plugin that works, with its tests, into a new folder campflow-NAME."""
    from campflow.cli.plugin_starter import write_plugin

    folder = Path(f"campflow-{name.replace('_', '-')}")
    for shown in write_plugin(folder, name, kind.value):
        print(f"  {folder}/{shown}")
    print(f"\n{folder} is ready. What to do next:")
    for command in (f"cd {folder}", "pip install -e '.[test]'", "pytest"):
        print(f"  {command}")
