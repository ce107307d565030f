"""A campaign whose statement fails keeps no other one waiting, whoever ticks: here by a plugin's function."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select
from structlog.testing import CapturingLogger
from tests.cli.terminal import Terminal
from tests.databases import SQLITE, Store

from campflow.cli.operating import one_pass
from campflow.engine.advance import look_inside
from campflow.engine.clock import ManualClock
from campflow.engine.runtime import Runtime
from campflow.engine.worker import RuntimeWorker
from campflow.errors import FunctionError
from campflow.hooks.executors import Work
from campflow.model.times import parse_time
from campflow.people.importing import import_events, import_people
from campflow.people.sources import CSV
from campflow.project import Project
from campflow.running import open_runtime

#: Fails where a text is no JSON, as a function must not: each database has its own way of saying that.
FUNCTION = """
from sqlalchemy import JSON, Text, cast, func

from campflow.hooks.contracts import FunctionPlugin
from campflow.hooks.specs import hookimpl

CAMPFLOW_API = (1, 0)


@hookimpl
def campflow_functions():
    return [FunctionPlugin("tidy", takes=("text",), gives="text", sql=lambda value: SQL, about="JSON, tidied.")]
"""
TIDY = {True: "func.json(value)", False: "cast(cast(value, JSON), Text)"}

#: The one that fails comes first: the other one hears what it tells.
FLOW = """
contact {
  email  email
  notes  text?
}
event signup
event told
campaign broken {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage open {
    when tidy(notes) == "1" -> over
    after 1 day -> over
  }
  final over {
    emit told
  }
}
campaign sound {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage open {
    after 1 minute -> waiting
  }
  stage waiting {
    on told -> over
    after 7 days -> over
  }
  final over
}
"""


@pytest.fixture
def runtime(store: Store, tmp_path: Path) -> Iterator[Runtime]:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "tidy.py").write_text(FUNCTION.replace("SQL,", f"{TIDY[store.kind == SQLITE]},"))
    (tmp_path / "spring.flow").write_text(FLOW)
    (tmp_path / "campflow.toml").write_text(
        f'database = "{store.shared_url(tmp_path)}"\nclock = "manual"\nplugins = ["tidy"]\n'
    )
    project = Project.open(tmp_path)
    with closing(project.database()) as database:
        ManualClock(database).move(parse_time("2026-03-02 10:00", "UTC"))
    with closing(open_runtime(project)) as runtime:
        take_notes(runtime, b"no JSON")
        contact, known = runtime.stationery.contact, tuple(runtime.stationery.events)
        signups = [b"key,at\n", b"ada,2026-03-02 09:00\n"]
        import_events(
            runtime.database, contact, known, lines=signups, event="signup", addresses={}, **imported(runtime)
        )
        yield runtime


def imported(runtime: Runtime) -> dict[str, Any]:
    return {"source": CSV.source, "currency": None, "zone": "UTC", "now": runtime.clock.now()}


def take_notes(runtime: Runtime, notes: bytes, name: bytes = b"ada") -> None:
    """What is noted of somebody: a text over which the function fails, or one over which it does not."""
    people = [b"key,email,notes\n", b",".join((name, name + b"@x.example", notes)) + b"\n"]
    import_people(runtime.database, runtime.stationery.contact, lines=people, **imported(runtime))


def people(runtime: Runtime) -> dict[str, str]:
    """The stage in which somebody is, by campaign."""
    t = runtime.database.tables
    query = (
        select(t.campaign.c.name, t.stage.c.name)
        .join(t.journey, t.journey.c.campaign_id == t.campaign.c.campaign_id)
        .join(t.stage, t.stage.c.stage_id == t.journey.c.stage_id)
    )
    with runtime.database.reader() as connection:
        return dict(connection.execute(query).all())


def test_a_pass_goes_on_with_the_others_and_names_it(runtime: Runtime) -> None:
    _, failures = asyncio.run(one_pass(runtime))
    assert people(runtime).get("sound") == "waiting"
    assert list(failures) == ["campaign broken"]
    said = (
        "malformed JSON" if runtime.database.url.get_backend_name() == SQLITE else "invalid input syntax for type json"
    )
    assert failures["campaign broken"] == (
        f"the function `tidy`, which campaign `broken` uses, fails in the database ({said}): mend its SQL; "
        "`campflow plugins` says which plugin has it"
    )


def test_another_text_is_put_into_force_beside_it_and_instead_of_it(runtime: Runtime, tmp_path: Path) -> None:
    campflow, told = Terminal(tmp_path), "the function `tidy`, which campaign `broken` uses, fails in the database"
    asyncio.run(one_pass(runtime))
    # The other one's text is changed: nobody is kept from that.
    campflow.change("spring.flow", "after 7 days -> over", "after 2 minutes -> over")
    fails = f"campaign broken   unchanged\n  fails: {told}"
    for command in (("plan",), ("apply", "--yes"), ("plan",)):
        assert fails in campflow(*command).stdout
    assert [told in each["fails"] for each in campflow.json("plan")["campaigns"]] == [True, False]
    assert len(campflow.json("versions", "sound")) == 2
    # It fails with the next text as well: that one is refused.
    campflow.change("spring.flow", "after 1 day -> over", "after 2 days -> over")
    for command in (("plan",), ("apply", "--yes")):
        said = campflow(*command, code=1)
        assert f"refused: {told}" in said.stdout
        assert "Refused: nothing can be applied" in said.stdout
    assert len(campflow.json("versions", "broken")) == 1
    # What it fails by is left out: whoever waits goes on from where they are.
    campflow.change(
        "spring.flow", 'when tidy(notes) == "1" -> over\n    after 2 days -> over', "after 3 minutes -> over"
    )
    campflow("apply", "--yes")
    campflow("tick", "--now", "2026-03-02 10:10")
    assert people(runtime) == {"broken": "over", "sound": "over"}


def test_a_kept_text_that_fails_keeps_no_new_one_from_coming_into_force(runtime: Runtime, tmp_path: Path) -> None:
    campflow = Terminal(tmp_path)
    take_notes(runtime, b"{}")
    campflow("tick")
    assert people(runtime)["broken"] == "open"
    take_notes(runtime, b"no JSON")
    said = campflow("tick", code=1).words
    assert "campaign broken: the function `tidy`, which campaign `broken` uses, fails" in said
    # Whoever enters from now on is not asked for it; Ada goes on with the text that fails for her.
    asks = '  audience  email is set\n  enter     on signup\n  stage open {\n    when tidy(notes) == "1" -> over\n'
    asks_not = asks.replace("  enter", "  edits     reach newcomers\n  enter").partition("    when")[0]
    campflow.change("spring.flow", asks, asks_not)
    kept = (
        "fails: the function `tidy`, which version 1 of campaign `broken`, which is kept, uses, fails in the database"
    )
    plan = campflow("plan").stdout
    assert f"  {kept}" in plan
    assert "or let a text take over who is inside under it: `edits reach everyone`" in plan
    campflow("apply", "--yes")
    assert [each["state"] for each in campflow.json("versions", "broken")] == ["kept", "in force"]
    assert (
        "campaign broken: the function `tidy`, which version 1 of campaign `broken`" in campflow("tick", code=1).words
    )
    assert kept in campflow("plan").stdout
    # A text that would fail for newcomers as well is refused, whatever the kept one does.
    take_notes(runtime, b"no JSON", name=b"bob")
    fails_too = asks_not.replace("on signup", 'when tidy(notes) == "1"')
    campflow.change("spring.flow", asks_not, fails_too)
    assert "refused: the function `tidy`, which campaign `broken` uses" in campflow("plan", code=1).stdout
    campflow.change("spring.flow", fails_too, asks_not)
    # What the plan names as the remedy is one.
    campflow.change("spring.flow", "reach newcomers", "reach everyone")
    assert "fails" not in campflow("plan").stdout
    campflow("apply", "--yes")
    campflow("tick", "--now", "2026-03-03 09:00")
    assert people(runtime)["broken"] == "over"


#: Beside the one that fails, two whose next texts do: what they ask is asked of somebody at once.
MORE = """
campaign later {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage open {
    after 7 days -> over
  }
  final over
}
"""
NEW = MORE.replace("later", "brand_new").replace("email is set", 'tidy(notes) == "1"')


def test_a_text_that_fails_waits_and_all_others_come_into_force(runtime: Runtime, tmp_path: Path) -> None:
    campflow = Terminal(tmp_path)
    campflow.write("more.flow", MORE)
    # The one in force fails, and is told at each tick; what is new comes into force beside it.
    campflow("tick", code=1)
    campflow.change("spring.flow", "on told -> over\n    after 7 days -> over", "after 8 days -> over")
    campflow.write("more.flow", MORE.replace("after 7 days", 'when tidy(notes) == "1" -> over\n    after 7 days') + NEW)
    before = len(campflow.json("versions", "later"))
    said = campflow("tick", code=1).words
    for name in ("later", "brand_new"):
        assert f"campaign {name}: the function `tidy`, which campaign `{name}` uses, fails in the database" in said
    # The other one's text came into force, and the refused one's people go on by the text that they have.
    found = {each["campaign"]: each for each in campflow.json("versions") if each["state"] == "in force"}
    assert "after 8 days" in found["sound"]["text"]
    assert "brand_new" not in found
    assert "tidy" not in found["later"]["text"]
    assert len(campflow.json("versions", "later")) == before
    assert campflow("plan", code=1).stdout.count("refused: the function `tidy`") == 2
    campflow("tick", "--now", "2026-03-09 10:00", code=1)
    assert people(runtime) == {"later": "over", "sound": "waiting"}
    # Nobody is left inside whom it would fail for: it comes into force. The new one does not, alone as beside others.
    assert "tidy" in campflow.json("versions", "later")[-1]["text"]
    assert "campaign brand_new: the function `tidy`" in campflow("tick", code=1).words
    assert campflow.json("versions", "brand_new") == []


def test_a_look_inside_that_fails_leaves_nobody_else_waiting_for_its_turn(runtime: Runtime, tmp_path: Path) -> None:
    # Two that tell each other nothing, each with a turn of its own; the sound one comes first.
    head, broken, sound = re.sub(r"    (on|emit) told.*\n", "", FLOW).split("campaign ")
    (tmp_path / "spring.flow").write_text(f"{head}campaign {sound}campaign {broken}")
    with closing(open_runtime(Project.open(tmp_path))) as runtime:
        take_notes(runtime, b"{}")
        runtime.tick(runtime.clock.now())
        assert people(runtime) == {"sound": "waiting", "broken": "open"}
        take_notes(runtime, b"no JSON")
        looked = runtime.database, runtime.program, runtime.deployment
        with pytest.raises(FunctionError, match="which campaign `broken` uses"):
            look_inside(*looked, {"sound", "broken"}, runtime.clock.now())
        assert runtime.tick(parse_time("2026-03-10 10:00", "UTC"), {"sound"}).busy == 0
        assert people(runtime)["sound"] == "over"


def test_a_worker_goes_on_with_the_others_and_names_it_once(runtime: Runtime) -> None:
    log = CapturingLogger()
    worker = RuntimeWorker(lambda: runtime, structlog.wrap_logger(log, processors=[]))
    (circle,) = runtime.circles()
    assert circle == ("broken", "sound")
    for _ in range(2):
        worker.do(Work("tick", circle))
    worker.close()
    assert people(runtime).get("sound") == "waiting"
    failed = [call.kwargs["what"] for call in log.calls if call.kwargs.get("event") == "failed"]
    assert failed == ["campaign broken"]
