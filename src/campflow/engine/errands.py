"""Doing errands: hold some, fill their texts, give them to sinks, destinations and actions, write down the answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from random import SystemRandom
from time import monotonic
from typing import Any, Literal, Protocol, TypeVar, cast

from pydantic import BaseModel
from sqlalchemy import RowMapping, Select, select

from campflow import failpoints
from campflow.content import values
from campflow.content.filter_words import Filters
from campflow.content.keys import stable_key
from campflow.content.record import Record
from campflow.content.templates import BadTemplate, CompiledText, compile_text
from campflow.engine.channels import Opened, maker, makers
from campflow.engine.errand_rows import Held, Target, hold, is_held, put_back, renew, take_over, waiting, write_down
from campflow.engine.fates import RETRY, Retry
from campflow.engine.leases import kept
from campflow.engine.letters import Stationery, entry_columns
from campflow.engine.outbox import NO_CALLS, Calls
from campflow.engine.owners import this_process
from campflow.engine.trouble import reason
from campflow.errors import ContentError, PluginError
from campflow.hooks.contracts import (
    Action,
    ActionPlugin,
    Answer,
    AudiencePlugin,
    ChannelContext,
    Destination,
    Member,
    Note,
    Sender,
    SinkPlugin,
    Task,
    TextSink,
)
from campflow.model.people import Kind, ValueType
from campflow.storage.database import Database
from campflow.storage.tables import Tables, contact_column

#: Notes given to a sink, and members read for destinations, at a time.
NOTES, MEMBERS = 100, 1_000

_NOWHERE = ChannelContext("", Sender())

#: Seconds of a lease.
LEASE = 60.0


@dataclass(frozen=True, slots=True)
class Outside:
    """What errands are done with: plugins by name, their checked settings, and the destinations of each audience."""

    sinks: Mapping[str, SinkPlugin] = field(default_factory=dict)
    destinations: Mapping[str, AudiencePlugin] = field(default_factory=dict)
    actions: Mapping[str, ActionPlugin] = field(default_factory=dict)
    sink_settings: Mapping[str, BaseModel] = field(default_factory=dict)
    destination_settings: Mapping[str, BaseModel] = field(default_factory=dict)
    action_settings: Mapping[str, BaseModel] = field(default_factory=dict)
    audiences: Mapping[str, Sequence[str]] = field(default_factory=dict)
    context: ChannelContext = _NOWHERE

    @property
    def without_keys(self) -> list[str]:
        """The actions that may not be offered a task twice."""
        return [name for name, plugin in self.actions.items() if plugin.idempotency == "none"]


class Doors:
    """The sinks, destinations and actions that this process has opened. Use as `async with`."""

    def __init__(self, outside: Outside) -> None:
        self.outside, context = outside, outside.context
        self.sinks: Opened[TextSink] = Opened({
            name: maker(plugin.texts, outside.sink_settings.get(name), plugin.settings, f"sinks.{name}", context)
            for name, plugin in outside.sinks.items() if plugin.texts is not None
        })  # fmt: skip
        self.destinations: Opened[Destination] = Opened(
            makers("destinations", outside.destinations, outside.destination_settings, context)
        )
        self.actions: Opened[Action] = Opened(makers("actions", outside.actions, outside.action_settings, context))

    async def __aenter__(self) -> "Doors":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sinks.close()
        await self.destinations.close()
        await self.actions.close()


@dataclass(slots=True)
class ErrandReport:
    """What one pass did, in errands; `failures` says of a target why it could not be reached, `reached` which were."""

    done: int = 0
    failed: int = 0
    retried: int = 0
    uncertain: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        return {"done": self.done, "failed": self.failed, "retried": self.retried, "uncertain": self.uncertain}

    def add(self, target: Target, answers: Sequence[Answer]) -> None:
        for answer in answers:
            match answer.outcome:
                case "done":
                    self.done += 1
                    self.reached.add(str(target))
                case "failed":
                    self.failed += 1
                case "retry":
                    self.retried += 1
                case "uncertain":
                    self.uncertain += 1


async def do_errands(
    database: Database,
    stationery: Stationery,
    doors: Doors,
    now: Callable[[], int],
    stop: Callable[[], bool] = lambda: False,
    retry: Retry = RETRY,
    watch: Callable[[], float] = monotonic,
) -> ErrandReport:
    """Do all that is due, all targets side by side, and take over what dead processes left.

    `now` is the campaign's clock. When `stop` says so, the batch at hand is finished and the rest left for others. One
    target that cannot be reached keeps no other one waiting. `watch` counts the seconds of a call.
    """
    report = ErrandReport(uncertain=take_over(database, doors.outside.without_keys, now()))
    targets: dict[Target, list[int]] = {}
    for target, statement in waiting(database, now()):
        targets.setdefault(target, []).append(statement)
    passes = [
        _Pass(database, stationery, doors, *each, now, stop, retry, report, Stopwatch(watch))
        for each in targets.items()
    ]
    # Each target writes down what it knows before an error of another one is raised.
    for error in await asyncio.gather(*(each.run() for each in passes), return_exceptions=True):
        if error is not None:
            raise error
    return report


@dataclass(slots=True)
class Stopwatch:
    """Counts calls, and the seconds of these, by whom they go to. `watch` says what second it is."""

    watch: Callable[[], float]
    calls: dict[str, Calls] = field(default_factory=dict)

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        begun = self.watch()
        try:
            yield
        finally:
            before = self.calls.get(name, NO_CALLS)
            self.calls[name] = Calls(before.count + 1, before.seconds + self.watch() - begun)

    def read(self) -> dict[str, Calls]:
        """Those since it was read last."""
        found, self.calls = self.calls, {}
        return found


@dataclass(frozen=True, slots=True)
class _Pass:
    """One target's part of a pass."""

    database: Database
    stationery: Stationery
    doors: Doors
    target: Target
    statements: Sequence[int]
    now: Callable[[], int]
    stop: Callable[[], bool]
    retry: Retry
    report: ErrandReport
    watch: Stopwatch

    async def run(self) -> None:
        try:
            way = _way(self.target, self.stationery, self.doors)
            await way.open()
            while not self.stop() and (held := self._hold(way.batch)):
                await self._do(way, held)
        except PluginError as error:
            self.report.failures[str(self.target)] = str(error)

    def _hold(self, batch: int) -> Held | None:
        return hold(self.database, self.statements, this_process(), batch, LEASE, self.now())

    async def _do(self, way: "_Way", held: Held) -> None:
        """All that is held, or as far as it goes; the rest is put back. Raises PluginError where the way is barred."""
        later: int | None = None
        try:
            for window in _windows(self._read(held)):
                if self.stop():
                    break
                async with kept(partial(renew, self.database, held, LEASE), LEASE):
                    answers, trouble = await way.give(window, self.watch)
                calls = self.watch.read()
                write_down(self.database, held, answers, self.now(), self.retry, SystemRandom(), calls)
                self.report.add(self.target, answers)
                if trouble is not None:
                    later = self.now() + round(self.retry.first * 1000)
                    raise trouble
        finally:
            put_back(self.database, held, later)

    def _read(self, held: Held) -> list[RowMapping]:
        tables = self.database.tables
        query = _everything(tables, self.stationery).where(is_held(tables, held)).order_by(tables.errand.c.errand_id)
        with self.database.reader() as connection:
            return list(connection.execute(query).mappings())


def _windows(rows: Sequence[RowMapping]) -> Iterator[Sequence[RowMapping]]:
    """Those that failed before go alone: one that is bad spoils itself, and no others."""
    if fresh := [row for row in rows if not row["attempts"]]:
        yield fresh
    yield from ([row] for row in rows if row["attempts"])


def _everything(tables: Tables, stationery: Stationery) -> Select[Any]:
    e, s, j, c = tables.errand, tables.errand_statement, tables.journey, tables.contact
    entry = tables.event.alias("entry")
    return (
        select(
            e.c.errand_id, e.c.attempts, e.c.given, e.c.at, s.c.content, tables.stage.c.name.label("stage"),
            tables.campaign.c.name.label("campaign"), c.c.contact_key, entry.c.name.label("entry_name"),
            *(c.c[contact_column(each.name)].label(f"contact.{each.name}") for each in stationery.contact.fields),
            *entry_columns(entry, stationery),
        )
        .select_from(e)
        .join(s, s.c.errand_statement_id == e.c.errand_statement_id)
        .join(tables.stage, tables.stage.c.stage_id == s.c.stage_id)
        .join(tables.campaign, tables.campaign.c.campaign_id == e.c.campaign_id)
        # Outer joins: what belongs to somebody who is gone fails. Left out here, it would be held again for ever.
        .outerjoin(c, c.c.contact_id == e.c.contact_id)
        .outerjoin(j, j.c.journey_id == e.c.journey_id)
        .outerjoin(entry, entry.c.seq == j.c.entry_seq)
    )  # fmt: skip


# --- the three ways out -----------------------------------------------------------------------------------------

Given = tuple[list[Answer], BaseException | None]


class _Way(Protocol):
    """How the errands of one target are done."""

    @property
    def batch(self) -> int:
        """How many are held at a time."""

    async def open(self) -> None:
        """Raises PluginError where nothing can be done now."""

    async def give(self, rows: Sequence[RowMapping], watch: Stopwatch) -> Given:
        """Answers, and what went wrong beside them. What gets no answer is put back."""


def _way(target: Target, stationery: Stationery, doors: Doors) -> _Way:
    """Raises PluginError for a target that no plugin or setting has any more."""
    outside, name = doors.outside, target.name
    match target.kind:
        case "notify" if name in outside.sinks and outside.sinks[name].texts is not None:
            return _Notify(stationery, doors.sinks, name)
        case "sync" if outside.audiences.get(name):
            plugins = {each: outside.destinations[each] for each in outside.audiences[name]}
            return _Sync(stationery, doors.destinations, name, plugins)
        case "do" if name in outside.actions:
            return _Do(stationery, doors.actions, outside.actions[name])
    missing = {
        "notify": f"no plugin offers the sink `{name}` any more",
        "sync": f"no destination in campflow.toml names the audience `{name}` any more",
    }
    raise PluginError(missing.get(target.kind, f"no plugin offers the action `{name}` any more"))


@dataclass(slots=True)
class _Notify:
    stationery: Stationery
    sinks: Opened[TextSink]
    name: str
    batch: int = NOTES

    async def open(self) -> None:
        await self.sinks.open(self.name)

    async def give(self, rows: Sequence[RowMapping], watch: Stopwatch) -> Given:
        sink = await self.sinks.open(self.name)
        notes, refused = _filled(rows, partial(_note, self.stationery))
        if not notes:
            return refused, None
        with watch.call(f"notify {self.name}"):
            answers, trouble = await _heard(
                failpoints.call("sink.notify", sink.notify(notes)), [note.errand_id for note in notes]
            )
        return [*refused, *answers], await _dropped(self.sinks, self.name, trouble)


@dataclass(slots=True)
class _Do:
    stationery: Stationery
    actions: Opened[Action]
    plugin: ActionPlugin

    @property
    def batch(self) -> int:
        return self.plugin.batch

    async def open(self) -> None:
        await self.actions.open(self.plugin.name)

    async def give(self, rows: Sequence[RowMapping], watch: Stopwatch) -> Given:
        action, keys = await self.actions.open(self.plugin.name), self.plugin.idempotency == "key"
        tasks, refused = _filled(rows, partial(_task, self.stationery))
        if not tasks:
            return refused, None
        with watch.call(f"do {self.plugin.name}"):
            answers, trouble = await _heard(
                failpoints.call("action.run", action.run(tasks)), [task.errand_id for task in tasks], keys=keys
            )
        return [*refused, *answers], await _dropped(self.actions, self.plugin.name, trouble)


@dataclass(slots=True)
class _Sync:
    """All destinations of an audience: a member is there when each of them has it."""

    stationery: Stationery
    destinations: Opened[Destination]
    audience: str
    plugins: Mapping[str, AudiencePlugin]
    batch: int = MEMBERS

    async def open(self) -> None:
        """Each is opened when it is its turn: one that cannot be reached keeps no other one waiting."""

    async def give(self, rows: Sequence[RowMapping], watch: Stopwatch) -> Given:
        members, answers = _filled(rows, partial(_member, self.stationery))
        barred: BaseException | None = None
        failed = []
        for name, plugin in self.plugins.items():
            try:
                destination = await self.destinations.open(name)
            except PluginError as error:
                barred = PluginError(f"{name}: {error}")
                continue
            trouble = await _added(destination, plugin, self.audience, members, watch)
            await _dropped(self.destinations, name, trouble)
            if isinstance(trouble, PluginError):
                barred = PluginError(f"{name}: {trouble}")
            elif trouble is not None:
                failed.append(f"{name}: {reason(trouble)}")
        if barred is not None:
            return answers, barred
        outcome: Literal["retry", "done"] = "retry" if failed else "done"
        given = [row["errand_id"] for row in rows if row["contact_key"] is not None]
        return [*answers, *(Answer(each, outcome, "; ".join(failed)) for each in given)], None


async def _added(
    destination: Destination, plugin: AudiencePlugin, audience: str, members: Sequence[Member], watch: Stopwatch
) -> Exception | None:
    """What went wrong. A plugin is not ours: whatever else than a PluginError it raises is about these members."""
    try:
        for start in range(0, len(members), plugin.batch):
            with watch.call(f"sync {plugin.name}"), failpoints.around("destination.add"):
                await destination.add(audience, members[start : start + plugin.batch])
    except Exception as error:
        return error
    return None


async def _heard(stream: AsyncIterator[Answer], ids: Sequence[int], *, keys: bool = True) -> Given:
    """The answers that a plugin gives. Where it says that it cannot be reached, the others are put back."""
    answers: dict[int, Answer] = {}
    trouble: BaseException | None = None
    try:
        async for answer in stream:
            if answer.errand_id in ids:
                answers.setdefault(answer.errand_id, answer)
    # A cancelled pass still writes down what it knows; the caller raises it again.
    except BaseException as error:
        trouble = error
    blame = trouble is None or (isinstance(trouble, Exception) and not isinstance(trouble, PluginError))
    if blame or not keys:
        why = reason(trouble) if trouble else "the plugin gave no answer"
        for each in ids:
            answers.setdefault(each, Answer(each, "retry" if keys else "uncertain", why))
    return list(answers.values()), None if blame else trouble


async def _dropped(opened: Opened[Any], name: str, trouble: BaseException | None) -> BaseException | None:
    """What cannot be reached is closed, and opened anew after a pause."""
    if isinstance(trouble, PluginError):
        await opened.drop(name, str(trouble))
    else:
        opened.worked(name)
    return trouble


# --- what is given ----------------------------------------------------------------------------------------------

T = TypeVar("T")


def _filled(rows: Sequence[RowMapping], make: Callable[[RowMapping], T]) -> tuple[list[T], list[Answer]]:
    """What is made of the rows; those of which nothing can be made fail, and the others go on."""
    made, refused = [], []
    for row in rows:
        try:
            if row["contact_key"] is None:
                raise ContentError("the contact is no longer there")
            made.append(make(row))
        except ContentError as error:
            refused.append(Answer(row["errand_id"], "failed", str(error)))
    return made, refused


def _note(stationery: Stationery, row: RowMapping) -> Note:
    text = _compiled(json.loads(row["content"]), "the text", stationery.library.filters).fill(_context(stationery, row))
    return Note(
        row["errand_id"], _key(stationery, row), row["campaign"], row["stage"], row["contact_key"], text,
        values.instant(row["at"]),
    )  # fmt: skip


def _member(stationery: Stationery, row: RowMapping) -> Member:
    return Member(row["contact_key"], stationery.person(row))


def _task(stationery: Stationery, row: RowMapping) -> Task:
    content, context = json.loads(row["content"]), _context(stationery, row)
    options = {name: _option(stationery, name, value, context) for name, value in content["written"].items()}
    given = json.loads(row["given"] or "{}")
    for name, kind in content["given"].items():
        read = values.reader(ValueType(cast(Kind, kind)), stationery.zone, stationery.currency)
        options[name] = read(given.get(name))
    return Task(
        row["errand_id"], _key(stationery, row), row["campaign"], row["stage"], row["contact_key"],
        stationery.person(row), options, values.instant(row["at"]),
    )  # fmt: skip


def _option(stationery: Stationery, name: str, value: object, context: Mapping[str, object]) -> object:
    if isinstance(value, str):
        return _compiled(value, f"`{name}`", stationery.library.filters).fill(context)
    if isinstance(value, dict):  # an amount of money
        return values.reader(ValueType("money"), stationery.zone, stationery.currency)(value["minor"])
    return value


def _key(stationery: Stationery, row: RowMapping) -> str:
    return stable_key(stationery.installation, f"errand.{row['errand_id']}")


def _context(stationery: Stationery, row: RowMapping) -> dict[str, object]:
    """What a template may read: the contact's fields by their bare names, the contact, the entry, the campaign."""
    person, entry = stationery.person(row), Record(stationery.entry(row))
    campaign = Record(stationery.campaign(row["campaign"]))
    return {**person, "contact": Record(person), "entry": entry, "event": entry, "campaign": campaign}


@lru_cache(maxsize=1024)
def _compiled(text: str, name: str, filters: Filters) -> CompiledText:
    try:
        return compile_text(text, html=False, name=name, filters=filters)
    except BadTemplate as error:
        raise ContentError(f"{name}, line {error.line}: {error.text}") from error
