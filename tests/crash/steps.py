"""What a project lives through in the crash matrix: commands of campflow, and steps that no command makes."""

import asyncio
import datetime as dt
import os
from contextlib import closing
from pathlib import Path

from campflow import failpoints
from campflow.engine import errands, observer_rows, observing
from campflow.engine.clock import ManualClock
from campflow.engine.delivery import Rules, deliver_ready
from campflow.hooks.contracts import ContactEvent
from campflow.project import Project
from campflow.running import open_runtime

PEOPLE = 10

TOML = """
clock = "manual"
currency = "EUR"
expires = "30 days"
plugins = ["ledger"]
[rfm]
[sinks.ledger]
[actions.ledger]
[observers.ledger]
[destinations.ledger]
audiences = ["everyone"]
"""

FLOW = """
contact {
  email  email
  kind   text?
}
event signup
event purchase {
  amount  money
}

campaign welcome {
  runs      from 2026-03-01
  audience  kind is set or rfm.recency == 5
  enter     on signup, once
  convert   on purchase within 3 days

  stage hello {
    send ledger hello
    do ledger { say "welcome" }
    split tone {
      50% warm { send ledger warm }
      50% cool
      measure purchase within 1 day
      decide at 95% after 2 days
    }
    after 1 day -> again
  }
  stage again {
    send ledger again
    notify ledger "{{ contact.email }} is here"
    after AGAIN -> done
  }
  final done {
    send ledger bye
    sync everyone
  }
}

test "who signs up is greeted" of welcome {
  contact ada { kind "new", email "ada@example.com" }
  at 2026-03-02 10:00
  ada signup
  expect ada in hello
}
"""

DAY_1, DAY_2, DAY_4, DAY_9 = "2026-03-02 12:00", "2026-03-03 12:00", "2026-03-05 12:00", "2026-03-10 12:00"

#: Words of a command line, and where the process dies in any case: what it leaves is taken over by the next.
STEPS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("people", "import", "people.csv"), ""),
    (("events", "import", "signups.csv", "--event", "signup"), ""),
    (("@enrol",), ""),
    (("tick", "--now", DAY_1), "action.run.answer:2"),
    (("tick", "--now", DAY_1), ""),
    (("@bounce",), ""),
    (("people", "consent", "person3@example.com", "every", "--withdrawn"), ""),
    (("people", "suppress", "person4@example.com"), ""),
    (("channel", "pause", "ledger"), ""),
    (("channel", "resume", "ledger"), ""),
    (("retry", "messages", "rejected"), ""),
    (("retry", "errands", "failed"), ""),
    (("@slow_pass", DAY_2), ""),
    (("@observer_fails",), ""),
    (("@observer_is_cut_off",), ""),
    (("@edit", "3 days"), ""),
    (("tick", "--now", DAY_2), ""),
    (("@edit", "1 day"), ""),
    (("apply", "--yes"), ""),
    (("tick", "--now", DAY_4), "channel.deliver.answer:3"),
    (("tick", "--now", DAY_4), ""),
    (("people", "forget", "person5@example.com", "--yes"), ""),
    (("simulate", "welcome", "--from", "2026-03-01", "--people", "5", "--days", "3"), ""),
    (("test",), ""),
    (("tick", "--now", DAY_9), ""),
)


#: Steps that leave nothing behind: they are left out where it does not matter.
READING = frozenset({"simulate", "test"})


def write_project(folder: Path) -> None:
    (folder / "content").mkdir()
    (folder / "campflow.toml").write_text(TOML)
    (folder / "welcome.flow").write_text(FLOW.replace("AGAIN", "2 days"))
    for name in ("hello", "warm", "again", "bye"):
        (folder / "content" / f"{name}.ledger.txt").write_text(f"{name} {{{{ contact.email }}}}")
    people = "".join(f"person{n}@example.com,new\n" for n in range(PEOPLE))
    (folder / "people.csv").write_text("email,kind\n" + people)
    signups = "".join(f"{n},person{n}@example.com,2026-03-02 09:00\n" for n in range(PEOPLE))
    (folder / "signups.csv").write_text("id,contact,at\n" + signups)


def edit(folder: Path, wait: str) -> None:
    """The text gets another wait; it is put into force by the next step."""
    (folder / "welcome.flow").write_text(FLOW.replace("AGAIN", wait))


def bounce(folder: Path) -> None:
    """A provider reports that the mail to one person came back."""
    at = dt.datetime(2026, 3, 2, 11, tzinfo=dt.UTC)
    reported = ContactEvent("person6@example.com", "bounced", at, "ledger", "b1", "hello")
    with closing(open_runtime(Project.open(folder))) as runtime:
        heard = runtime.inbox.record("ledger", [reported], runtime.clock.now())
    assert not heard.refused


def slow_pass(folder: Path, moment: str) -> None:
    """A tick and a delivery in which the provider takes longer than the leases last."""
    now = round(dt.datetime.fromisoformat(f"{moment}+00:00").timestamp() * 1000)
    os.environ["LEDGER_SLOW"], lease = "0.08", 0.15
    errands.LEASE = lease
    with closing(open_runtime(Project.open(folder))) as runtime:
        assert isinstance(runtime.clock, ManualClock)
        runtime.clock.move(now)
        runtime.tick(now)
        runtime.release(now)

        async def go() -> None:
            async with runtime.channels() as channels, runtime.doors() as doors:
                await deliver_ready(
                    runtime.database, runtime.stationery, channels, runtime.clock.now,
                    Rules(lease=lease, listens=runtime.program.plan.reads, gates=runtime._gates),
                )  # fmt: skip
                await runtime.do_errands(doors)

        asyncio.run(go())


def enrol(folder: Path) -> None:
    """The observer is there before anybody moves, and before a process is killed that would have seen to it."""
    with closing(Project.open(folder).database()) as database:
        observer_rows.enrol(database, {"ledger"})


def observer_fails(folder: Path) -> None:
    """It takes a batch, and says that it has not; it may be tried again at once."""
    os.environ["LEDGER_FAILS"], observer_rows.PAUSE = "1", (0.0, 0.0)
    with closing(open_runtime(Project.open(folder))) as runtime:

        async def go() -> None:
            watching = runtime.observing()
            await watching.drain()
            await watching.close()

        asyncio.run(go())


def observer_is_cut_off(folder: Path) -> None:
    """It takes longer than its turn lasts, and the process is told to end meanwhile."""
    os.environ["LEDGER_SLOW"], observing.LEASE = "0.08", 0.15
    with closing(open_runtime(Project.open(folder))) as runtime:

        async def go() -> None:
            watching = runtime.observing()
            telling = asyncio.create_task(watching.drain())
            while not telling.done() and not failpoints.reached["engine.observer_rows.hold_on.after"]:
                await asyncio.sleep(0.01)
            await watching.close()
            await asyncio.gather(telling, return_exceptions=True)

        asyncio.run(go())
