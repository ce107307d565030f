"""A person's story in words: what `campflow explain` prints."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from campflow.cli.desk import message_json
from campflow.cli.figures import event_value, worth
from campflow.cli.show import printable
from campflow.engine.listing import ListedMessage
from campflow.engine.story import Cause, Conversion, Journey, Line, Move, Person
from campflow.model.times import iso, shown

if TYPE_CHECKING:
    from rich.text import Text

    from campflow.project import Project


#: Characters of an event's field that a line shows: addresses of links and answers may have thousands.
LONGEST = 60


def tell(
    person: Person,
    journeys: Sequence[Journey],
    project: "Project",
    zone: str | None = None,
    campaign: str | None = None,
) -> Iterator["Text"]:
    """The lines of a story, one thing that happened each, in the order in which it did.

    Times are those of `zone`, else of the project's. `campaign` is the only one that was asked about.
    """
    from rich.text import Text

    zone = zone or project.settings.timezone
    name = person.key if person.email in (None, person.key) else f"{person.key}, {person.email}"
    yield Text(printable(name), style="bold").append(f"   (times: {zone})", style="dim")
    if not journeys:
        yield Text(f"has not entered {printable(campaign)}" if campaign else "has entered no campaign")
    for journey in journeys:
        key = f" {printable(journey.key)}" if journey.key else ""
        again = f", time {journey.entry}" if journey.entry > 1 else ""
        state = f"in {journey.stage}" if journey.ended_at is None else "ended"
        yield Text(f"\n{journey.campaign}{key}{again}", style="bold").append(f"   {state}", style="not bold dim")
        for _, _, line in sorted(_happenings(journey, project, zone), key=lambda each: each[:2]):
            yield line


def _happenings(journey: Journey, project: "Project", zone: str) -> Iterator[tuple[int, int, "Text"]]:
    """(when, what comes first at one moment, the line)."""
    first = {move.went_to: move.nth for move in reversed(journey.moves)}
    for move in journey.moves:
        yield move.at, 3 * move.nth, _told(move.at, zone, *_move(move, project))
        for message in journey.messages:
            if message.nth == move.nth:
                yield move.at, 3 * move.nth + 1, _told(move.at, zone, "message", *_message(message, zone))
        for post in journey.posts:
            if move.nth == first.get(post.stage):
                yield move.at, 3 * move.nth + 1, _told(move.at, zone, "message", *_message(post, zone))
        for errand in journey.errands:
            if errand.nth == move.nth:
                became = errand.state if errand.detail is None else f"{errand.state}, {errand.detail}"
                yield move.at, 3 * move.nth + 1, _told(move.at, zone, "", f"  {errand.kind} {errand.target}", became)
    for met in journey.exposures:
        before = sum(move.at <= met.at for move in journey.moves)
        how = "drawn" if met.drawn else "the winner"
        yield met.at, 3 * before, _told(met.at, zone, "met", f"  split {met.split}: arm {met.arm}", how)
    for each in journey.conversions:
        # Between the moves before it and the one that it causes at the same moment.
        before = sum(move.at < each.at for move in journey.moves)
        yield each.at, 3 * before + 2, _told(each.at, zone, *_conversion(each, journey, project))


def _told(at: int, zone: str, what: str, text: str, aside: str) -> "Text":
    from rich.text import Text

    style = {"converted": "green", "left": "yellow", "message": "cyan"}.get(what, "")
    line = Text(f"  {shown(at, zone)}  ", style="dim")
    line.append(printable(text), style=f"not dim {style}")
    return line.append(f"   {printable(aside)}", style="dim") if aside else line


def _move(move: Move, project: "Project") -> tuple[str, str, str]:
    because = _because(move.because, move.cause, project)
    if move.came_from is None and move.went_to is None:
        return "entered", "entered, and is held out: measured, and in no stage", because
    if move.came_from is None:
        return "entered", f"entered, and is in {move.went_to}", because
    if move.went_to is None:
        return "left", f"left from {move.came_from}", because
    return "moved", f"{move.came_from} -> {move.went_to}", because


def _message(message: ListedMessage, zone: str) -> tuple[str, str]:
    what = f"  send {message.channel} {message.name}"
    noun = "message" if message.contact is not None else "one post for everybody, message"
    told = [f"{noun} {message.message_id}, for {shown(message.planned_at, zone)}"]
    told.append(message.state if message.settled_at is None else f"{message.state} {shown(message.settled_at, zone)}")
    if message.retry_at is not None and message.state == "ready":
        told.append(f"attempt {message.attempts + 1} at {shown(message.retry_at, zone)}")
    if message.detail:
        told.append(message.detail)
    return what, ", ".join(told)


def _conversion(conversion: Conversion, journey: Journey, project: "Project") -> tuple[str, str, str]:
    name = "" if conversion.name == "conversion" else f" {conversion.name}"
    value = worth(project, journey.campaign, conversion.name, conversion.worth)
    return "converted", f"converted{name}{value}", _because(conversion.because, conversion.cause, project)


def _because(line: Line, cause: Cause | None, project: "Project") -> str:
    event = f" — {_event(cause, project)}" if cause is not None else ""
    return f"{line.path}:{line.line}  {line.text}{event}"


def _event(cause: Cause, project: "Project") -> str:
    about = f" {cause.about}" if cause.about else ""
    fields = ", ".join(
        f"{name} {_cut(event_value(project, cause.name, name, value))}" for name, value in cause.fields.items()
    )
    return f"{cause.name}{about}" + (f" ({fields})" if fields else "")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def story_json(person: Person, journeys: Sequence[Journey], project: "Project") -> dict[str, Any]:
    """The story for programs; instants are ISO texts in UTC."""
    return {
        "contact": person.key,
        "email": person.email,
        "journeys": [
            {
                "campaign": journey.campaign,
                "key": journey.key,
                "entry": journey.entry,
                "entered_at": iso(journey.entered_at),
                "ended_at": None if journey.ended_at is None else iso(journey.ended_at),
                "stage": journey.stage,
                "held_out": journey.held_out,
                "arms": [
                    {"at": iso(each.at), "split": each.split, "arm": each.arm, "drawn": each.drawn}
                    for each in journey.exposures
                ],
                "moves": [
                    {"at": iso(move.at), "from": move.came_from, "to": move.went_to, **_cause_json(move, project)}
                    for move in journey.moves
                ],
                "messages": [message_json(message) for message in journey.messages],
                "posts": [message_json(message) for message in journey.posts],
                "errands": [asdict(each) for each in journey.errands],
                "conversions": [
                    {"at": iso(each.at), "name": each.name, "worth": each.worth, **_cause_json(each, project)}
                    for each in journey.conversions
                ],
            }
            for journey in journeys
        ],
    }


def _cause_json(of: Move | Conversion, project: "Project") -> dict[str, Any]:
    cause = of.cause
    event = None
    if cause is not None:
        fields = {name: event_value(project, cause.name, name, value) for name, value in cause.fields.items()}
        event = {
            "name": cause.name,
            "about": cause.about,
            "at": iso(cause.at),
            "source": cause.source,
            "fields": fields,
        }
    return {"file": of.because.path, "line": of.because.line, "text": of.because.text, "event": event}
