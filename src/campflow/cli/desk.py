"""Commands for who looks after running campaigns: status, explain, outbox. They read, and change nothing."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campflow.cli.figures import measured_lines, worth
from campflow.cli.options import LIST_LENGTH, DatabaseUrl, Format, ListLength, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import console, print_json, print_last, printable, table
from campflow.diagnostics.diagnostic import did_you_mean
from campflow.errors import CampflowError

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from campflow.engine.listing import ListedMessage
    from campflow.engine.status import CampaignStatus
    from campflow.project import Project

#: Characters of a stage's bar.
BAR = 28


class State(StrEnum):
    """States of a message, as `outbox` takes them."""

    planned = "planned"
    ready = "ready"
    sending = "sending"
    accepted = "accepted"
    rejected = "rejected"
    uncertain = "uncertain"
    skipped = "skipped"
    cancelled = "cancelled"
    expired = "expired"


def status(
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
    format: TextOrJson = Format.text,
) -> None:
    """Show the people in each stage, and what was sent, waits and converted."""
    from campflow.engine import status as reports
    from campflow.engine.observer_rows import behind
    from campflow.in_force import differing, in_force
    from campflow.model.times import iso, shown

    opened = open_project(project, database)
    texts = differing(opened, in_force(opened))
    with closing(opened.desk()) as desk, desk.reader() as connection:
        now = opened.clock(desk).now()
        flow = opened.checked.flow.flow if opened.checked.flow else None
        measured = reports.Measured(flow.campaigns if flow else (), now, opened.settings.timezone)
        found = reports.status(connection, desk.tables, opened.stage_order, measured)
        held = reports.held_channels(connection, desk.tables)
        observers = [each for each in behind(connection, desk.tables) if each.failures]
    if format is Format.json:
        print_json(
            {
                "now": iso(now),
                "campaigns": [as_json(each) for each in found],
                "not_in_force": texts,
                "channels": [asdict(each) for each in held],
                "observers": [asdict(each) for each in observers],
            }
        )
        return
    if not found:
        print("No campaign runs yet: `campflow run` starts those in the .flow files.")
        return
    from rich.text import Text

    moment = Text(shown(now, opened.settings.timezone), style="bold")
    console().print(moment.append(f"  {opened.settings.timezone}", style="not bold"))
    for each in found:
        console().print()
        console().print(funnel(each, opened))
    if texts or held or observers:
        console().print()
    for channel in held:
        console().print(printable(channel.said), style="red")
    for observer in observers:
        console().print(printable(observer.said), style="red")
    for name, what in texts.items():
        console().print(f"{name}: {_NOT_IN_FORCE[what]}", style="yellow")


#: What is said of a campaign whose file says otherwise than what is in force.
_NOT_IN_FORCE = {
    "new": "not in force yet: `campflow plan`, `campflow apply`",
    "changed": "its file has another text than the one in force: `campflow plan`, `campflow apply`",
    "gone": "its text is gone from the files, and still in force: `campflow plan`, `campflow apply`",
    "broken": "its file has errors, and the text in force goes on: `campflow check`",
}


def as_json(campaign: "CampaignStatus") -> dict[str, Any]:
    told = asdict(campaign)
    for goal in told["goals"]:
        goal["by"] = goal["by"] and goal["by"].isoformat()
    return {**told, "sent": campaign.sent, "waiting": campaign.waiting}


def funnel(campaign: "CampaignStatus", project: "Project") -> "Group":
    """A campaign as a picture: what it has come to, then a row a stage, with how many are there and ever were."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    told = [f"{campaign.entered:,} entered", f"{campaign.sent:,} sent", f"{campaign.waiting:,} waiting"]
    told += [f"{count:,} {state}" for state, count in campaign.messages.items() if state in _TROUBLE]
    for each in campaign.conversions:
        name = "converted" if each.name == "conversion" else each.name
        told.append(f"{each.count:,} {name}{worth(project, campaign.name, each.name, each.worth)}")
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column()
    rows.add_column(justify="right")
    rows.add_column()
    rows.add_column(justify="right")
    rows.add_row("", Text("now", style="dim"), "", Text("ever", style="dim"))
    most = max((stage.passed for stage in campaign.stages), default=0) or 1
    for stage in campaign.stages:
        full, wide = round(BAR * stage.people / most), round(BAR * stage.passed / most)
        color = "green" if stage.final else "cyan"
        bar = Text("█" * full, style=color).append("░" * (wide - full), style="dim").append(" " * (BAR - wide))
        label = Text(f"  {'◆' if stage.final else '●'} ", style=color).append(stage.name, style="default")
        rows.add_row(label, f"{stage.people:,}", bar, Text(f"{stage.passed:,}", style="dim"))
    if campaign.left:
        rows.add_row(Text("  ○ left", style="yellow"), f"{campaign.left:,}", "", "")
    if campaign.held_out:
        rows.add_row(Text("  ○ held out", style="yellow"), f"{campaign.held_out:,}", "", "")
    head = Text(campaign.name, style="bold").append("   " + " · ".join(told), style="not bold")
    return Group(head, rows, *(Text(f"  {line}") for line in measured_lines(campaign, project)))


_TROUBLE = ("rejected", "uncertain", "cancelled", "expired")


def explain(
    contact: Annotated[str, typer.Argument(help="An external key or an e-mail address.")],
    campaign: Annotated[str | None, typer.Argument(help="Only this campaign.")] = None,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
    format: TextOrJson = Format.text,
) -> None:
    """Tell a person's story: each move with its cause and line, each message with its state."""
    from campflow.cli.telling import story_json, tell
    from campflow.engine.story import calendars, find_person, story

    opened = open_project(project, database)
    with closing(opened.desk()) as desk, desk.reader() as connection:
        person = find_person(connection, desk.tables, contact)
        if person is None:
            raise CampflowError(f"nobody has the key or e-mail address {printable(contact)}: look at the spelling")
        flow = opened.checked.flow
        known = calendars(flow.flow.campaigns if flow else (), opened.settings.timezone)
        journeys = story(connection, desk.tables, person, campaign, known)
    if campaign is not None and not journeys and flow and campaign not in known:
        hint = did_you_mean(campaign, known) or "`campflow status` shows them"
        raise typer.BadParameter(f"there is no campaign `{printable(campaign)}`: {hint}", param_hint="CAMPAIGN")
    if format is Format.json:
        print_json(story_json(person, journeys, opened))
        return
    for line in tell(person, journeys, opened, campaign=campaign):
        console().print(line)


def outbox(
    state: Annotated[State | None, typer.Argument(help="Only messages in this state.")] = None,
    limit: ListLength = LIST_LENGTH,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
    format: TextOrJson = Format.text,
) -> None:
    """List messages and what became of them."""
    from campflow.engine.listing import count_by_state, messages

    opened = open_project(project, database)
    with closing(opened.desk()) as desk, desk.reader() as connection:
        counts = count_by_state(connection, desk.tables)
        found = messages(connection, desk.tables, state=state.value if state else None, limit=limit)
    if format is Format.json:
        print_json([message_json(each) for each in found])
        return
    total = counts.get(state.value, 0) if state else sum(counts.values())
    if not total:
        print(f"No message is {state.value}." if state else "No message has been planned yet.")
        return
    print_last(counts, listed(found, opened.settings.timezone), total)


def message_json(message: "ListedMessage") -> dict[str, Any]:
    from campflow.model.times import iso

    instants = ("planned_at", "expires_at", "retry_at", "settled_at")
    return {
        key: iso(value) if key in instants and value is not None else value for key, value in asdict(message).items()
    }


def listed(found: "Iterable[ListedMessage]", zone: str) -> "Table":
    """Messages as a table, in this order."""
    from rich.text import Text

    from campflow.model.times import shown

    made = table("id", "planned", "state", "contact", "message", "campaign", "detail", right=("id",))
    for each in found:
        detail = each.detail or (f"again {shown(each.retry_at, zone)}" if each.retry_at else "")
        made.add_row(
            str(each.message_id),
            shown(each.planned_at, zone),
            each.state,
            Text(printable(each.contact or "everybody")),
            f"{each.channel} {each.name}",
            f"{each.campaign}.{each.stage}",
            Text(printable(detail)),
        )
    return made
