"""Who does the errands of a target: one each for `notify`, `sync` and `do`.

A courier fills the texts of the errands that it is given, hands them to the plugin, and brings the answers back.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Literal, Protocol, TypeVar, cast

from sqlalchemy import RowMapping

from campflow import failpoints
from campflow.content import values
from campflow.content.filter_words import Filters
from campflow.content.keys import stable_key
from campflow.content.record import Record
from campflow.content.templates import BadTemplate, CompiledText, compile_text
from campflow.engine.channels import Opened
from campflow.engine.doors import Doors
from campflow.engine.errand_rows import Target
from campflow.engine.letters import Stationery
from campflow.engine.outbox import NO_CALLS, Calls
from campflow.engine.trouble import reason
from campflow.errors import ContentError, PluginError
from campflow.hooks.contracts import (
    Action,
    ActionPlugin,
    Answer,
    AudiencePlugin,
    Destination,
    Member,
    Note,
    Task,
    TextSink,
)
from campflow.model.people import Kind, ValueType

#: Notes given to a sink, and members read for destinations, at a time.
NOTES, MEMBERS = 100, 1_000


@dataclass(slots=True)
class Stopwatch:
    """Counts calls, and the seconds of these, by whom they go to. `watch` says what second it is."""

    watch: Callable[[], float]
    calls: dict[str, Calls] = field(default_factory=dict)

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        """Count what is called in the block, however it ends."""
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


#: Answers, and what went wrong beside them.
Given = tuple[list[Answer], BaseException | None]


class Courier(Protocol):
    """Does the errands of one target."""

    @property
    def batch(self) -> int:
        """How many are held at a time."""

    async def open(self) -> None:
        """Raises PluginError where nothing can be done now."""

    async def give(self, rows: Sequence[RowMapping], watch: Stopwatch) -> Given:
        """Answers, and what went wrong beside them. What gets no answer is put back."""


def courier_of(target: Target, stationery: Stationery, doors: Doors) -> Courier:
    """Who does the errands of a target. Raises PluginError for a target that no plugin or setting has any more."""
    outside, name = doors.outside, target.name
    match target.kind:
        case "notify" if name in outside.sinks and outside.sinks[name].texts is not None:
            return _Notify(stationery, doors.sinks, name)
        case "sync" if outside.audiences.get(name):
            plugins = {each: outside.destinations[each] for each in outside.audiences[name]}
            return _Sync(stationery, doors.destinations, name, plugins)
        case "do" if name in outside.actions:
            return _Do(stationery, doors.actions, outside.actions[name])
    gone = {
        "notify": f"no plugin offers the sink `{name}` any more: install one that does",
        "sync": f"no destination names the audience `{name}` any more: let one in campflow.toml do so (`audiences`)",
        "do": f"no plugin offers the action `{name}` any more: install one that does",
    }
    raise PluginError(gone[target.kind])


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
        members, refused = _filled(rows, partial(_member, self.stationery))
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
            return refused, barred
        outcome: Literal["retry", "done"] = "retry" if failed else "done"
        left_out = {each.errand_id for each in refused}
        given = [row["errand_id"] for row in rows if row["errand_id"] not in left_out]
        return [*refused, *(Answer(each, outcome, "; ".join(failed)) for each in given)], None


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
