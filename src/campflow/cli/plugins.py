"""Commands about plugins."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.commands import FIRST_WORDS
from campflow.cli.main import FINDINGS
from campflow.cli.options import Format, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import console, print_json, table
from campflow.errors import ProjectError

if TYPE_CHECKING:
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
                "channels": [_declared(each) for each in found.channels.values()],
                "functions": [
                    {"name": name, "about": each.about, "takes": list(each.takes), "gives": each.gives}
                    for name, each in found.functions.items()
                ],
                "filters": [{"name": name, "about": each.about} for name, each in found.filters.items()],
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


def _declared(channel: "ChannelPlugin") -> dict[str, object]:
    """What a channel says of itself, as it is written in its plugin."""
    return {
        "name": channel.name,
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
        "webhook": f"/hooks/{channel.name}" if channel.webhook else None,
        "settings": list(channel.settings.model_fields),
    }


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
