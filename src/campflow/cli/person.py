"""`people show`, `consent`, `suppress`, `forget`, `export`: what campflow knows about one person, and may do."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campflow.cli.options import DatabaseUrl, Format, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import console, counted, print_json, printable
from campflow.diagnostics.diagnostic import did_you_mean
from campflow.errors import CampflowError

if TYPE_CHECKING:
    from campflow.engine.story import Person
    from campflow.project import Project
    from campflow.storage.database import Database

#: The word for all channels at once.
EVERY = "every"

Key = Annotated[str, typer.Argument(metavar="KEY", help="An external key or an e-mail address.")]


def show(
    key: Key, project: ProjectFolder = None, database: DatabaseUrl = None, format: TextOrJson = Format.text
) -> None:
    """Show what is known about a person: fields, journeys, messages, consent, suppressions."""
    from campflow.cli.standing import standing_json, tell_standing

    with _opened(project, database) as (opened, desk):
        person = _find(desk, key)
        if format is Format.json:
            print_json(standing_json(opened, desk, person))
            return
        for line in tell_standing(opened, desk, person):
            console().print(line)


def consent(
    key: Key,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="A channel, or `every` for all of them.")],
    given: Annotated[bool, typer.Option("--given", help="They said yes.")] = False,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="They said no.")] = False,
    purpose: Annotated[str | None, typer.Option(metavar="NAME", help="Only for this purpose. Default: all.")] = None,
    wording: Annotated[str | None, typer.Option(metavar="TEXT", help="What they read and agreed to.")] = None,
    source: Annotated[str | None, typer.Option(metavar="TEXT", help="Where they said it.")] = None,
    proof: Annotated[str | None, typer.Option(metavar="TEXT", help="What shows it.")] = None,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Write down that a person gave consent, or withdrew it. The latest line decides; none is ever changed."""
    from campflow.checking.vocabulary import is_name
    from campflow.cli.standing import purposes
    from campflow.people.consent import ConsentLine, write_consent

    if given == withdrawn:
        raise typer.BadParameter("say which: --given or --withdrawn, one of them", param_hint="--given, --withdrawn")
    if purpose is not None and not is_name(purpose):
        raise typer.BadParameter("a purpose is a name, as in newsletter", param_hint="--purpose")
    with _opened(project, database) as (opened, desk):
        line = ConsentLine(_channel(opened, channel), purpose or "", given, wording, source, proof)
        known = purposes(opened)
        if purpose is not None and purpose not in known:
            hint = did_you_mean(purpose, known) or "written down all the same"
            print(
                f"campflow: no campaign and no message has the purpose `{printable(purpose)}`: {hint}", file=sys.stderr
            )
        person, now = _find(desk, key), opened.clock(desk).now()
        with desk.transaction() as connection:
            write_consent(connection, desk.tables, person.contact_id, line, now)
    said = "gave" if given else "withdrew"
    what = f"for {purpose}" if purpose else "for every purpose"
    print(printable(f"{person.key} {said} consent to {_named(line.channel)} {what}."))


def suppress(
    key: Key,
    channel: Annotated[str, typer.Option(metavar="CHANNEL", help="Only this one. Default: every channel.")] = EVERY,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why. Default: manual.")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Let messages through again, instead.")] = False,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Let nothing go to a person, whatever they consented to, until it is lifted."""
    from campflow.people import consent as ledger

    if lift and reason is not None:
        raise typer.BadParameter("what is lifted needs no reason", param_hint="--reason")
    if reason is not None and not reason.strip():
        raise typer.BadParameter("say why, or leave it out", param_hint="--reason")
    with _opened(project, database) as (opened, desk):
        word = _channel(opened, channel)
        person, now = _find(desk, key), opened.clock(desk).now()
        with desk.transaction() as connection:
            if lift:
                lifted = ledger.lift(connection, desk.tables, person.contact_id, word, now)
            else:
                ledger.suppress(connection, desk.tables, person.contact_id, word, (reason or "manual").strip(), now)
            left = ledger.suppressions(connection, desk.tables, person.contact_id)
    if not lift:
        print(printable(f"Nothing goes to {person.key} by {_named(word)} from now on."))
        return
    print(printable(f"{person.key}: {counted(lifted, 'suppression')}{f' of {word}' if word else ''} lifted."))
    if word and any(each.channel == "" and each.lifted_at is None for each in left):
        print("Every channel is suppressed still: --lift without --channel lifts that.")


def forget(
    key: Key,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Even where an audience still has them.")] = False,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Erase a person: fields, events, journeys, messages, consent, everything. It cannot be taken back.

    They are taken out of the audiences that `sync` put them into first; where that fails, nothing is erased. A trace
    that does not say who it was keeps them from being imported again.
    """
    from campflow.people import forgetting
    from campflow.people.contacts import Identity

    with _opened(project, database) as (opened, desk):
        person = _find(desk, key)
        name = printable(person.key if person.email in (None, person.key) else f"{person.key}, {person.email}")
        if not yes:
            typer.confirm(f"Erase all that is known about {name}, for good?", abort=True)
        now = opened.clock(desk).now()
        _take_out(opened, desk, person, anyway=anyway)
        with desk.transaction() as connection:
            who = Identity(person.key, person.email)
            erased = forgetting.forget(connection, desk.tables, person.contact_id, who, now)
    rows = sum(erased.rows.values())
    print(f"Forgotten: {counted(rows, 'row')} erased, {counted(erased.waiting, 'message')} not sent any more.")


def _take_out(opened: "Project", desk: "Database", person: "Person", *, anyway: bool) -> None:
    """Take the person out of all audiences. Raises CampflowError where they may still be in one."""
    import asyncio

    from campflow.engine.audiences import withdraw
    from campflow.engine.errand_rows import audiences_of
    from campflow.hooks.contracts import Member
    from campflow.people.dossier import contact_record
    from campflow.storage.tables import CONTACT_COLUMNS

    with desk.reader() as connection:
        audiences = audiences_of(connection, desk.tables, person.contact_id)
        record = contact_record(connection, desk.tables, person.contact_id, _currency(opened))
    if not audiences:
        return
    fields = {name: value for name, value in record.items() if name not in CONTACT_COLUMNS}
    failed = asyncio.run(withdraw(opened.outside(), audiences, Member(person.key, fields)))
    for where, reason in failed.items():
        print(printable(f"still in the audience {where}: {reason}"), file=sys.stderr)
    if failed and not anyway:
        raise CampflowError("nothing was erased: try again, or take them out there by hand and say --anyway")


def export(key: Key, project: ProjectFolder = None, database: DatabaseUrl = None) -> None:
    """Print everything that is held about a person as one JSON document."""
    from campflow.model.times import iso
    from campflow.people.dossier import dossier

    with _opened(project, database) as (opened, desk):
        person, now = _find(desk, key), opened.clock(desk).now()
        with desk.reader() as connection:
            held = dossier(connection, desk.tables, person.contact_id, _currency(opened))
        print_json({"contact": person.key, "exported_at": iso(now), "held": held})


# --- what they share -------------------------------------------------------------------------------------------


@contextmanager
def _opened(folder: Any, url: str | None) -> "Iterator[tuple[Project, Database]]":
    """The project and its database, which needs no correct flow: rights of people do not wait for it."""
    opened = open_project(folder, url)
    with closing(opened.desk()) as desk:
        yield opened, desk


def _find(desk: "Database", key: str) -> "Person":
    from campflow.engine.story import find_person

    with desk.reader() as connection:
        person = find_person(connection, desk.tables, key)
    if person is None:
        raise CampflowError(f"nobody has the key or e-mail address {printable(key)}: look at the spelling")
    return person


def _channel(opened: "Project", name: str) -> str:
    """The channel as the ledger has it: empty for all. Wrong use where no plugin makes it."""
    if name == EVERY:
        return ""
    known: Iterable[str] = (*opened.plugins.channels, EVERY)
    if name not in known:
        hint = did_you_mean(name, known) or f"write one of {', '.join(known)}"
        raise typer.BadParameter(f"there is no channel `{printable(name)}`: {hint}", param_hint="CHANNEL")
    return name


def _named(channel: str) -> str:
    return channel or "every channel"


def _currency(opened: "Project") -> str | None:
    flow = opened.checked.flow
    return (flow.flow.currency if flow else None) or opened.settings.currency
