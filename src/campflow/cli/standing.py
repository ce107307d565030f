"""How a person stands with the project, in words: what `campflow people show` prints."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from campflow.cli.desk import listed, message_json
from campflow.cli.show import printable
from campflow.model.times import iso, shown
from campflow.people.consent import Said, Suppression, deciding, ledger, pause, suppressions
from campflow.people.dossier import contact_record

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from campflow.engine.story import Journey, Person
    from campflow.project import Project
    from campflow.storage.database import Database

#: Columns of a contact that are ours, not the project's.
_OURS = ("contact_id", "draw")


def purposes(project: "Project") -> tuple[str, ...]:
    """All purposes that the project knows: of campaigns, of messages, of the settings."""
    flow, content = project.checked.flow, project.vocabulary.content
    found = {each.purpose for each in flow.flow.campaigns} if flow else set()
    found |= {content.purpose(file.channel, file.message) for file in content.files}
    return tuple(sorted({*project.settings.consent.opt_in, *(name for name in found if name)}))


class _Standing:
    """All of it, read at one moment."""

    def __init__(self, project: "Project", desk: "Database", person: "Person") -> None:
        from campflow.engine.story import story

        flow = project.checked.flow
        currency = (flow.flow.currency if flow else None) or project.settings.currency
        with desk.reader() as connection:
            contact = contact_record(connection, desk.tables, person.contact_id, currency)
            self.journeys: Sequence[Journey] = story(connection, desk.tables, person)
            self.said: Sequence[Said] = ledger(connection, desk.tables, person.contact_id)
            self.suppressed: Sequence[Suppression] = suppressions(connection, desk.tables, person.contact_id)
        self.fields = {name: value for name, value in contact.items() if name not in _OURS}
        self.opt_in = project.settings.consent.opt_in
        named = {each.line.purpose for each in self.said} - {""}
        # Without any purpose, and with each that there is.
        self.purposes = ("", *sorted({*purposes(project), *named}))
        self.channels = tuple(project.plugins.channels)

    def consents(self) -> Iterator[tuple[str, str, Said | None, bool]]:
        """Channel, purpose, the line that decides, and whether consent lets a message out."""
        for channel in self.channels:
            for purpose in self.purposes:
                line = deciding(self.said, channel, purpose)
                yield channel, purpose, line, line.line.given if line else purpose not in self.opt_in


# --- for people ------------------------------------------------------------------------------------------------


def tell_standing(project: "Project", desk: "Database", person: "Person") -> Iterator["RenderableType"]:
    """Times are those of the project's zone."""
    from rich.text import Text

    standing, zone = _Standing(project, desk, person), project.settings.timezone
    name = person.key if person.email in (None, person.key) else f"{person.key}, {person.email}"
    yield Text(printable(name), style="bold").append(f"   (times: {zone})", style="not bold dim")
    fields = [(field, _text(value)) for field, value in standing.fields.items() if (field, value) != ("extra", None)]
    yield _grid(fields)
    yield Text("\njourneys", style="bold")
    yield _grid([_journey(each, zone) for each in standing.journeys] or [("none", "")])
    yield Text("\nmessages", style="bold")
    messages = [message for journey in standing.journeys for message in journey.messages]
    yield listed(messages, zone) if messages else _grid([("none", "")])
    yield Text("\nconsent", style="bold")
    yield _grid([_consent(*each, zone) for each in standing.consents()])
    if (paused := pause(standing.said)) is not None:
        yield Text("\npause", style="bold")
        yield _grid([_pause(paused, zone)])
    yield Text("\nsuppressed", style="bold")
    yield _grid([_suppression(each, zone) for each in standing.suppressed] or [("nothing", "")])


def _grid(rows: Sequence[Sequence[str]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    made = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        made.add_row("", *(Text(printable(cell)) for cell in row))
    return made


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _journey(journey: "Journey", zone: str) -> tuple[str, str, str]:
    key = f" {journey.key}" if journey.key else ""
    entered = f"entered {shown(journey.entered_at, zone)}"
    if journey.ended_at is None:
        return journey.campaign + key, f"in {journey.stage}", entered
    ended = f"{entered}, ended {shown(journey.ended_at, zone)}"
    return journey.campaign + key, f"ended in {journey.stage}" if journey.stage else "left", ended


def _consent(channel: str, purpose: str, line: Said | None, yes: bool, zone: str) -> tuple[str, str, str, str]:
    if line is None:
        return channel, purpose or "no purpose", "yes" if yes else "no", "never asked" if yes else "needs opt-in"
    told = [shown(line.at, zone), *(each for each in (line.line.source, line.line.proof, line.line.wording) if each)]
    return channel, purpose or "no purpose", "given" if yes else "withdrawn", ", ".join(told)


def _pause(said: Said, zone: str) -> tuple[str, str]:
    line = said.line
    told = [shown(said.at, zone), *(each for each in (line.source, line.proof, line.wording) if each)]
    return f"until {shown(line.paused_until or 0, zone)}", ", ".join(told)


def _suppression(each: Suppression, zone: str) -> tuple[str, str, str, str]:
    until = f"{shown(each.at, zone)}" + (f", lifted {shown(each.lifted_at, zone)}" if each.lifted_at else "")
    return each.channel or "every channel", each.address or "all addresses", each.reason, until


# --- for programs ----------------------------------------------------------------------------------------------


def standing_json(project: "Project", desk: "Database", person: "Person") -> dict[str, Any]:
    """Instants are ISO texts in UTC; an empty channel or purpose is all of them."""
    standing = _Standing(project, desk, person)
    return {
        "contact": person.key,
        "email": person.email,
        "fields": standing.fields,
        "journeys": [
            {
                "campaign": each.campaign,
                "key": each.key,
                "entry": each.entry,
                "stage": each.stage,
                "entered_at": iso(each.entered_at),
                "ended_at": None if each.ended_at is None else iso(each.ended_at),
            }
            for each in standing.journeys
        ],
        "messages": [message_json(message) for journey in standing.journeys for message in journey.messages],
        "consent": [
            {"channel": channel, "purpose": purpose, "allowed": yes, "line": None if line is None else _line(line)}
            for channel, purpose, line, yes in standing.consents()
        ],
        "ledger": [_line(each) for each in standing.said],
        "paused_until": None if (paused := pause(standing.said)) is None else iso(paused.line.paused_until or 0),
        "suppressions": [
            {
                "channel": each.channel,
                "address": each.address,
                "reason": each.reason,
                "at": iso(each.at),
                "lifted_at": None if each.lifted_at is None else iso(each.lifted_at),
            }
            for each in standing.suppressed
        ],
    }


def _line(said: Said) -> dict[str, Any]:
    line = said.line
    paused = {} if line.paused_until is None else {"paused_until": iso(line.paused_until)}
    return {
        "channel": line.channel, "purpose": line.purpose, "given": line.given, "wording": line.wording,
        "source": line.source, "proof": line.proof, "at": iso(said.at),
        **paused,
    }  # fmt: skip
