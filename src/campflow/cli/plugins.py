"""Commands about plugins."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from campflow.cli.main import FINDINGS
from campflow.cli.options import Format, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import console, print_json, table

if TYPE_CHECKING:
    from campflow.hooks.contracts import ChannelPlugin


def plugins(project: ProjectFolder = None, format: TextOrJson = Format.text) -> None:
    """List the plugins: what each offers, and why one was left out."""
    found = open_project(project).plugins
    if format is Format.json:
        print_json(
            {
                "loaded": [asdict(each) for each in found.loaded],
                "failed": [asdict(each) for each in found.failed],
                "channels": [_declared(each) for each in found.channels.values()],
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
    if found.failed:
        raise typer.Exit(FINDINGS)


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
