"""notify, sync and do: what a campaign does outside, once for each move, whatever goes wrong on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, Literal

import pytest
import structlog
from pydantic import BaseModel
from sqlalchemy import insert, select, update
from structlog.testing import CapturingLogger
from tests.databases import Store
from tests.engine.workbench import instant

from campflow.engine.daemon import Daemon
from campflow.engine.doors import Doors, Outside
from campflow.engine.errand_rows import audiences_of, hold, write_down
from campflow.engine.errands import ErrandReport, do_errands
from campflow.engine.fates import Retry
from campflow.engine.figures import measure
from campflow.errors import PluginError, ProjectError
from campflow.hooks.contracts import (
    ActionPlugin,
    Answer,
    AudiencePlugin,
    ChannelContext,
    Member,
    Note,
    Sender,
    SinkPlugin,
    Task,
)
from campflow.hooks.manager import Plugins
from campflow.project import Project
from campflow.running import open_runtime
from campflow.settings import load_settings

SETTINGS = """
clock = "manual"
currency = "EUR"

[destinations.ads]
audiences = ["lost"]

[destinations.list]
audiences = ["lost", "fans"]
"""

FLOW = """
contact {
  email      email
  first_name text?
  score      integer = 0
}

event signup {
  amount money
}

campaign spring "Spring sale" {
  runs     from 2026-03-01
  audience email is set
  enter    on signup
  stage hello {
    notify sales "{{ first_name | default('Someone') }} of {{ campaign.title }}: {{ entry.amount }}"
    do tag { label "hi {{ contact.first_name }}", points score + 1, worth 40 EUR, urgent yes }
    after 1 day -> gone
  }
  final gone {
    sync lost
  }
}
"""

FIRST, LATER = instant("2026-03-02 12:00"), instant("2026-03-04 12:00")
ONCE = Retry(attempts=2, first=60)


class NoSettings(BaseModel):
    pass


Said = Callable[[Any], Answer | Exception]


def done(each: Note | Task) -> Answer:
    return Answer(each.errand_id, "done")


@dataclass
class Other:
    """The other side of a sink or an action: keeps what it is given, and answers as it is told."""

    said: Said = done
    opens: bool = True
    given: list[Any] = field(default_factory=list)

    async def open(self) -> None:
        if not self.opens:
            raise PluginError("nobody at home")

    async def take(self, those: Sequence[Any]) -> AsyncIterator[Answer]:
        for each in those:
            self.given.append(each)
            answer = self.said(each)
            if isinstance(answer, Exception):
                raise answer
            yield answer

    notify = run = take

    async def close(self) -> None:
        pass


@dataclass
class Place:
    """A destination."""

    trouble: Callable[[Sequence[Member]], Exception | None] = lambda members: None
    audiences: dict[str, dict[str, Member]] = field(default_factory=dict)

    async def open(self) -> None:
        pass

    async def add(self, audience: str, members: Sequence[Member]) -> None:
        if error := self.trouble(members):
            raise error
        self.audiences.setdefault(audience, {}).update({each.contact_key: each for each in members})

    async def remove(self, audience: str, members: Sequence[Member]) -> None:
        for each in members:
            self.audiences.get(audience, {}).pop(each.contact_key, None)

    async def close(self) -> None:
        pass


class World:
    """A project whose plugins are in the test's hand. Ada and Bob signed up on 2026-03-02."""

    def __init__(
        self,
        folder: Path,
        flow: str = FLOW,
        idempotency: Literal["key", "none"] = "key",
        clock: str = "manual",
        database: str | None = None,
    ) -> None:
        where = f'database = "{database}"\n' if database else ""
        (folder / "campflow.toml").write_text(where + SETTINGS.replace("manual", clock))
        (folder / "spring.flow").write_text(flow)
        self.sales, self.tag, self.ads, self.list = Other(), Other(), Place(), Place()
        self.watch: Callable[[], float] = monotonic
        words = frozenset({"label", "points", "worth", "urgent"})
        plugins = Plugins(
            sinks={"sales": SinkPlugin("sales", NoSettings, texts=lambda settings, context: self.sales)},
            audiences={
                "ads": AudiencePlugin("ads", NoSettings, lambda settings, context: self.ads),
                "list": AudiencePlugin("list", NoSettings, lambda settings, context: self.list, batch=1),
            },
            actions={
                "tag": ActionPlugin("tag", words, NoSettings, idempotency, lambda settings, context: self.tag),
            },
        )
        self.project = Project(folder, load_settings(folder), plugins)
        self.runtime = open_runtime(self.project)
        self.database, self.t = self.runtime.database, self.runtime.database.tables
        with self.database.transaction() as connection:
            for key, name in (("ada", "Ada"), ("bob", None)):
                person = {"contact_key": key, "created_at": 0, "draw": 0, "email": f"{key}@x.example", "score": 0}
                connection.execute(insert(self.t.contact).values(first_name=name, **person))
            for number, at in ((1, "2026-03-02 10:00"), (2, "2026-03-02 11:00")):
                signup = {"contact_id": number, "name": "signup", "at": instant(at), "source": "test"}
                signup |= {"event_id": str(number), "signup$amount": 4000}
                connection.execute(insert(self.t.event).values(signup))

    def tick(self, now: int) -> ErrandReport:
        self.runtime.tick(now)
        return self.work(now)

    def work(self, now: int) -> ErrandReport:
        async def work() -> ErrandReport:
            async with Doors(self.runtime.outside) as doors:
                return await do_errands(
                    self.database, self.runtime.stationery, doors, lambda: now, retry=ONCE, watch=self.watch
                )

        return asyncio.run(work())

    def states(self) -> list[tuple[str, str, str, str | None]]:
        """(who, kind, state, detail)"""
        e, s, c = self.t.errand.c, self.t.errand_statement.c, self.t.contact.c
        query = (
            select(c.contact_key, s.kind, e.state, e.detail)
            .join(self.t.errand, e.contact_id == c.contact_id)
            .join(self.t.errand_statement, s.errand_statement_id == e.errand_statement_id)
            .order_by(s.kind, c.contact_key)
        )
        with self.database.reader() as connection:
            return [(who, kind, state, detail) for who, kind, state, detail in connection.execute(query)]


def test_a_note_is_filled_with_contact_campaign_and_entry(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.tick(FIRST).counts() == {"done": 4, "failed": 0, "retried": 0, "uncertain": 0}
    assert [note.text for note in world.sales.given] == [
        "Ada of Spring sale: 40.00 EUR",
        "Someone of Spring sale: 40.00 EUR",
    ]
    first = world.sales.given[0]
    assert (first.campaign, first.stage, first.contact_key) == ("spring", "hello", "ada")
    assert first.at.isoformat() == "2026-03-02T10:00:00+00:00"


def test_how_long_others_take_is_counted_by_call(store: Store, tmp_path: Path) -> None:
    world = World(tmp_path, database=store.shared_url(tmp_path))
    store.opened(world.database)

    def counted(name: str) -> dict[str, float]:
        with world.database.reader() as connection:
            found = [each for each in measure(connection, world.t, FIRST) if each.name == name]
        return {each.labels["channel"]: each.value for each in found}

    world.watch = count(0, 2.5).__next__  # each call takes so long, or what lies between the two ends of another
    world.sales.said = lambda note: PluginError("nobody there")
    world.tick(FIRST)
    assert counted("provider_calls") == {"notify sales": 1, "do tag": 1}, "both notes in one, which failed"
    world.tick(LATER)
    calls = {"notify sales": 2, "do tag": 1, "sync ads": 1, "sync list": 2}
    assert counted("provider_calls") == calls, "the list takes one member at a time"
    seconds = counted("provider_seconds")
    assert seconds.keys() == calls.keys()
    assert all(seconds[name] >= 2.5 * calls[name] for name in calls)


def test_an_action_gets_its_options_filled_and_worked_out_at_the_move(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.runtime.tick(FIRST)
    with world.database.transaction() as connection:
        connection.execute(update(world.t.contact).values(score=7))
    world.work(FIRST)
    ada = world.tag.given[0]
    assert {name: str(value) for name, value in ada.options.items()} == {
        "label": "hi Ada",
        "points": "1",
        "worth": "40.00 EUR",
        "urgent": "True",
    }
    assert ada.fields["score"] == 7


def test_sync_puts_people_into_each_destination_that_names_the_audience(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tick(FIRST)
    assert (world.ads.audiences, world.list.audiences) == ({}, {})
    world.tick(LATER)
    for place in (world.ads, world.list):
        assert {name: sorted(members) for name, members in place.audiences.items()} == {"lost": ["ada", "bob"]}
    assert world.ads.audiences["lost"]["ada"].fields["email"] == "ada@x.example"
    with world.database.reader() as connection:
        assert audiences_of(connection, world.t, 1) == ["lost"]


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tick(FIRST)
    world.tick(FIRST + 1000)
    assert world.work(LATER).counts()["done"] == 0
    assert len(world.sales.given) == len(world.tag.given) == 2


def test_an_errand_is_planned_with_the_move_or_not_at_all(tmp_path: Path) -> None:
    world = World(tmp_path)
    errands = [each for each in world.runtime.program.campaigns[0].follow if each.name.startswith("errand_hello")]
    assert len(errands) == 2
    broken = errands[-1]
    sound = broken.sql
    object.__setattr__(broken, "sql", "INSERT INTO nowhere VALUES (1)")
    try:
        with pytest.raises(Exception, match="nowhere"):
            world.runtime.tick(FIRST)
    finally:  # others run the same program
        object.__setattr__(broken, "sql", sound)
    assert world.states() == []
    with world.database.reader() as connection:
        assert connection.execute(select(world.t.move.c.move_id)).all() == []


def test_only_who_is_in_an_arm_is_told_of(tmp_path: Path) -> None:
    inside = """split half {
      50% first { notify sales "first {{ email }}" }
      50% other { notify sales "other {{ email }}" }
    }
    do tag"""
    world = World(tmp_path, FLOW.replace("do tag", inside))
    with world.database.transaction() as connection:
        for draw in range(20):
            person = {"contact_key": f"p{draw}", "created_at": 0, "draw": draw * 100_000_007, "score": 0}
            connection.execute(insert(world.t.contact).values(email=f"p{draw}@x.example", **person))
            signup = {"contact_id": draw + 3, "name": "signup", "at": FIRST, "source": "test", "event_id": f"p{draw}"}
            connection.execute(insert(world.t.event).values(signup))
    world.runtime.tick(FIRST)
    x, a = world.t.exposure.c, world.t.arm.c
    with world.database.reader() as connection:
        query = select(x.contact_id, a.name).join(world.t.arm, a.arm_id == x.arm_id)
        arms: Mapping[int, str] = dict(connection.execute(query).all())
    assert set(arms.values()) == {"first", "other"}
    world.work(FIRST)
    told = [note.text.split() for note in world.sales.given if note.text.startswith(("first", "other"))]
    with world.database.reader() as connection:
        emails = dict(connection.execute(select(world.t.contact.c.email, world.t.contact.c.contact_id)).all())
    assert {emails[email]: arm for arm, email in told} == arms
    assert len(told) == len(arms)


def test_the_daemon_does_them_and_says_so_when_it_cannot(tmp_path: Path) -> None:
    world = World(tmp_path, clock="system")
    world.sales.opens = False
    log = CapturingLogger()
    daemon = Daemon(world.runtime, structlog.wrap_logger(log, processors=[]), look=0.02)

    def told(event: str) -> bool:
        return any(call.kwargs.get("event") == event for call in log.calls)

    async def until_both() -> None:
        running = asyncio.create_task(daemon.run())
        while not (told("errands") and told("failed")):
            await asyncio.sleep(0.01)
        world.sales.opens = True
        while not told("recovered"):
            await asyncio.sleep(0.01)
        daemon.stop()
        await running

    asyncio.run(asyncio.wait_for(until_both(), 60))
    assert {state for _, _, state, _ in world.states()} == {"done"}
    failed = [call.kwargs for call in log.calls if call.kwargs.get("event") == "failed"]
    assert [(each["what"], each["error"]) for each in failed] == [("notify sales", "nobody at home")]


# --- what goes wrong --------------------------------------------------------------------------------------------


def test_a_sink_that_cannot_be_opened_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sales.opens = False
    report = world.tick(FIRST)
    assert report.failures == {"notify sales": "nobody at home"}
    assert report.counts()["done"] == 2
    assert [state for _, kind, state, _ in world.states() if kind == "notify"] == ["ready", "ready"]
    world.sales.opens = True
    assert world.work(FIRST + 1000).counts()["done"] == 2


def test_a_sink_that_is_cut_off_on_the_way_blames_nobody(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sales.said = lambda note: done(note) if note.contact_key == "ada" else PluginError("cut")
    for minute in range(10):
        world.tick(FIRST + minute * 61_000)
    assert [(who, state) for who, kind, state, _ in world.states() if kind == "notify"] == [
        ("ada", "done"),
        ("bob", "ready"),
    ]
    world.sales.said = done
    assert world.work(FIRST + 3_600_000).counts()["done"] == 1


def test_one_that_is_bad_spoils_itself_and_is_given_up_in_the_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tag.said = lambda task: ValueError("no such tag") if task.contact_key == "ada" else done(task)
    world.tick(FIRST)
    assert [state for _, kind, state, _ in world.states() if kind == "do"] == ["ready", "ready"]
    keys = {task.contact_key: task.key for task in world.tag.given}
    world.tag.given.clear()
    world.work(FIRST + 3_600_000)
    assert {task.contact_key: task.key for task in world.tag.given} | keys == {
        task.contact_key: task.key for task in world.tag.given
    }
    assert [each for each in world.states() if each[1] == "do"] == [
        ("ada", "do", "failed", "given up after 2 attempts: ValueError: no such tag"),
        ("bob", "do", "done", None),
    ]


def test_an_answer_that_no_database_takes_is_kept_as_far_as_it_can_be(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sales.said = lambda note: Answer(note.errand_id, "failed", "no such \ud800 room")
    world.tick(FIRST)
    told = [(state, detail) for _, kind, state, detail in world.states() if kind == "notify"]
    assert told == [("failed", "no such \ufffd room")] * 2


def test_a_text_that_cannot_be_filled_fails_with_its_reason(tmp_path: Path) -> None:
    world = World(tmp_path, FLOW.replace("{{ entry.amount }}", "{{ 1 // entry.amount.value * 0 }}"))
    with world.database.transaction() as connection:
        connection.execute(update(world.t.event).where(world.t.event.c.contact_id == 1).values({"signup$amount": 0}))
    world.tick(FIRST)
    notified = [(who, state, detail) for who, kind, state, detail in world.states() if kind == "notify"]
    assert [(who, state) for who, state, _ in notified] == [("ada", "failed"), ("bob", "done")]
    assert "the text cannot be filled" in str(notified[0][2])


def test_a_destination_that_is_down_keeps_no_other_one_waiting(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tick(FIRST)
    world.ads.trouble = lambda members: PluginError("no network")
    for minute in range(10):
        report = world.tick(LATER + minute * 61_000)
        assert report.failures == {"sync lost": "ads: no network"}
    assert sorted(world.list.audiences["lost"]) == ["ada", "bob"]
    world.ads.trouble = lambda members: None
    assert world.work(LATER + 3_600_000).counts()["done"] == 2
    assert sorted(world.ads.audiences["lost"]) == ["ada", "bob"]


def test_a_member_that_is_refused_spoils_no_other_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tick(FIRST)

    def without_bob(members: Sequence[Member]) -> Exception | None:
        return ValueError("bad address") if any(each.contact_key == "bob" for each in members) else None

    world.ads.trouble = without_bob
    world.tick(LATER)
    world.work(LATER + 3_600_000)
    assert [each for each in world.states() if each[1] == "sync"] == [
        ("ada", "sync", "done", None),
        ("bob", "sync", "failed", "given up after 2 attempts: ads: ValueError: bad address"),
    ]


@pytest.mark.parametrize(("idempotency", "state"), [("key", "done"), ("none", "uncertain")])
def test_what_a_dead_process_was_doing(tmp_path: Path, idempotency: Literal["key", "none"], state: str) -> None:
    world = World(tmp_path, idempotency=idempotency)
    world.runtime.tick(FIRST)
    with world.database.reader() as connection:
        statements = list(connection.scalars(select(world.t.errand_statement.c.errand_statement_id)))
    # The lease of a process that ended long ago.
    assert hold(world.database, statements, "elsewhere", 100, -1, FIRST) is not None
    world.work(FIRST)
    assert {found for _, kind, found, _ in world.states() if kind == "notify"} == {"done"}
    assert {found for _, kind, found, _ in world.states() if kind == "do"} == {state}
    assert len(world.tag.given) == (2 if idempotency == "key" else 0)


def test_what_another_process_holds_is_left_to_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.runtime.tick(FIRST)
    with world.database.reader() as connection:
        statements = list(connection.scalars(select(world.t.errand_statement.c.errand_statement_id)))
    held = hold(world.database, statements, "elsewhere", 100, 60, FIRST)
    assert held is not None
    assert hold(world.database, statements, "here", 100, 60, FIRST) is None
    assert world.work(FIRST).counts()["done"] == 0
    # It may still say what became of them, until they are taken from it.
    with world.database.transaction() as connection:
        connection.execute(update(world.t.errand).where(world.t.errand.c.errand_id == held.errands[0]).values(fence=1))
    write_down(world.database, held, [Answer(each, "done") for each in held.errands], FIRST, ONCE, Random(1))
    assert sorted(state for _, _, state, _ in world.states()) == ["done", "done", "done", "running"]


def test_an_action_without_keys_that_gives_no_answer_is_uncertain(tmp_path: Path) -> None:
    world = World(tmp_path, idempotency="none")
    world.tag.said = lambda task: PluginError("cut")
    assert world.tick(FIRST).counts()["uncertain"] == 2
    world.tag.said = done
    world.work(LATER)
    assert {state for _, kind, state, _ in world.states() if kind == "do"} == {"uncertain"}


def test_an_audience_that_no_destination_names_any_more_waits(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tick(FIRST)
    world.runtime.tick(LATER)

    async def work() -> ErrandReport:
        nowhere = Outside(destinations=world.runtime.outside.destinations, context=ChannelContext("", Sender()))
        async with Doors(nowhere) as doors:
            return await do_errands(world.database, world.runtime.stationery, doors, lambda: LATER)

    report = asyncio.run(work())
    assert report.failures == {
        "sync lost": "no destination names the audience `lost` any more: let one in campflow.toml do so (`audiences`)"
    }
    assert {state for _, kind, state, _ in world.states() if kind == "sync"} == {"ready"}


# --- what is refused before anything runs -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('[destinations.adz]\naudiences = ["x"]', "no plugin makes a destination `adz`; did you mean"),
        ('[sinks.sales]\ntoken = "x"', "`sinks.sales.token`"),
        ('[actions.tog]\nx = 1', "`actions.tog`: no plugin makes an action `tog`; did you mean"),
    ],
)  # fmt: skip
def test_settings_of_what_is_outside_are_checked(tmp_path: Path, written: str, told: str) -> None:
    class Strict(BaseModel, extra="forbid"):
        pass

    world = World(tmp_path)
    (tmp_path / "campflow.toml").write_text(SETTINGS + written)
    sinks = {"sales": SinkPlugin("sales", Strict, texts=lambda settings, context: world.sales)}
    known = Plugins(sinks=sinks, audiences=world.project.plugins.audiences, actions=world.project.plugins.actions)
    with pytest.raises(ProjectError) as refused:
        Project(tmp_path, load_settings(tmp_path), known).outside()
    assert told in str(refused.value)


def test_an_audience_must_have_a_name_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "campflow.toml").write_text('[destinations.ads]\naudiences = ["Lost Ones"]')
    with pytest.raises(ProjectError, match=r"destinations\.ads\.audiences"):
        _ = Project(tmp_path, load_settings(tmp_path), Plugins()).audiences


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("notify sales", "notify sale", "there is no sink `sale`"),
        ("sync lost", "sync lots", "there is no audience `lots`"),
        ("do tag", "do tags", "there is no action `tags`"),
        ("label", "lable", "`tag` has no option `lable`"),
        ("entry.amount", "entry.amuont", "the template uses `entry.amuont`, which does not exist"),
        ("{{ entry.amount }}", "{{ entry.amount", "unexpected end of template"),
        ("{{ entry.amount }}", "{{ unsubscribe_url }}", "`unsubscribe_url`, which does not exist"),
    ],
)
def test_check_knows_what_is_outside(tmp_path: Path, old: str, new: str, told: str) -> None:
    world = World(tmp_path)
    (tmp_path / "spring.flow").write_text(FLOW.replace(old, new))
    project = Project(tmp_path, world.project.settings, world.project.plugins)
    assert any(told in each.message for each in project.checked.diagnostics), project.checked.diagnostics
