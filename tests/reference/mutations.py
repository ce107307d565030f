"""Deliberately broken engines: one small change of the source each, and whether the differential notices.

    PYTHONPATH=. python -m tests.reference.mutations            runs all and prints a table
    PYTHONPATH=. python -m tests.reference.mutations split      only those whose clause is named like that

Each mutation is made in a copy of `src` in a directory of its own; nothing here is ever changed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"

#: Projects that a broken engine may pass before we call it unnoticed.
PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Mutation:
    """`was` stands once in the file below `src/campflow`, and becomes `becomes`.

    `by_story`: what it breaks is so rare in generated cases that a story worked out by hand is what notices it.
    """

    clause: str
    path: str
    was: str
    becomes: str
    says: str
    by_story: bool = False

    def applied(self, text: str) -> str:
        assert text.count(self.was) == 1, f"{self.path}: `{self.was}` stands there {text.count(self.was)} times"
        return text.replace(self.was, self.becomes)


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "split", "sql/splits.py",
        'contact.c.draw * of_split("turn_a", split.name) + of_split("turn_b", split.name)',
        'contact.c.draw * of_split("turn_a", split.name)',
        "the draw forgets half of the split's salt",
    ),
    Mutation(
        "split: exposure", "sql/splits.py",
        "query.where(m.c.move_id > ENTRY_MARK, m.c.to_stage_id == stage_id(stage))",
        "query.where(m.c.move_id > ENTRY_MARK, m.c.to_stage_id == stage_id(stage), m.c.nth == 1)",
        "only the first stage draws",
    ),
    Mutation(
        "arm: actions", "sql/effects.py",
        "return () if arm is None else (in_arm(r.tables, m.c.contact_id, arm),)",
        "return ()",
        "what stands in an arm happens to everyone",
    ),
    Mutation(
        "arm: ways out", "planning/planner.py",
        "asked = None if arm is None and guard is None else _all(arm, guard)",
        "asked = guard",
        "an arm's ways out are everyone's",
    ),
    Mutation(
        "else",
        "sql/candidates.py",
        "none_held = not_(func.coalesce(or_(false(), *held), false()))",
        "none_held = func.coalesce(or_(false(), *held), false())",
        "`else` holds where a `when` does",
    ),
    Mutation(
        "decide", "sql/splits.py",
        'return case((_is_drawn(split, at), drawn), else_=of_split("winner", split.name))',
        "return drawn",
        "who comes after the decision is still drawn",
    ),
    Mutation(
        "measure", "sql/splits.py",
        "after(e, x.c.at, x.c.seq), e.c.at <= until, e.c.at <= NOW",
        "e.c.at <= until, e.c.at <= NOW",
        "what happened before the exposure counts as success",
    ),
    Mutation(
        "holdout",
        "sql/entries.py",
        "stage, due, ended = case((~held_out, stage)), case((~held_out, due)), case((held_out, a.c.at), else_=ended)",
        "pass",
        "who is held out walks like everyone",
    ),
    Mutation(
        "holdout: conversions", "sql/touching.py",
        "or_(m.c.to_stage_id.is_not(None), m.c.nth == 1) if r.plan.holdout else ",
        "",
        "who is held out is not looked at for conversions",
    ),
    Mutation(
        "limit", "sql/gates.py",
        "literal_column(str(rule.count - 1))",
        "literal_column(str(rule.count))",
        "one message too many goes out",
    ),
    Mutation(
        "limit: transactional", "sql/gates.py",
        "               ~s.c.transactional]",
        '               literal_column("1") == 1]',
        "transactional messages are counted",
    ),
    Mutation(
        "limit: or skip", "sql/gates.py",
        "r.clock(c).add(x.c.planned_at, rule.per) > m.c.planned_at)",
        "r.clock(c).add(x.c.planned_at, rule.per) >= m.c.planned_at)",
        "a message is skipped at the moment at which the window ends",
        by_story=True,
    ),
    Mutation(
        "priority", "engine/gates.py",
        "order = (c.c.priority.desc(), m.c.planned_at, m.c.message_id)",
        "order = (m.c.planned_at, m.c.message_id)",
        "nobody goes first",
        by_story=True,
    ),
    Mutation(
        "quiet", "sql/gates.py",
        "return LocalTime(r.tables, func.coalesce(c.c.timezone, r.project_zone))",
        "return LocalTime(r.tables, literal(r.project_zone))",
        "it is quiet by the project's clock, not the contact's",
    ),
    Mutation(
        "budget", "sql/gates.py",
        "sums.c[1] + one(spent, k) > budget",
        "sums.c[1] > budget",
        "what was spent is forgotten",
        by_story=True,
    ),
    Mutation(
        "consent", "engine/permission.py",
        "c.c.paused_until.is_(None),\n    )\n    return one(query.order_by(c.c.at.desc(), c.c.consent_id.desc())",
        "c.c.paused_until.is_(None),\n    )\n    return one(query.order_by(c.c.at, c.c.consent_id)",
        "the first word counts, not the last",
    ),
    Mutation(
        "suppression", "engine/permission.py",
        "s.c.lifted_at.is_(None),",
        "literal(True),",
        "a suppression that was lifted still holds",
    ),
    Mutation(
        "leave", "sql/effects.py",
        'message.c.state.in_(["planned", "ready"])',
        'message.c.state.in_(["ready"])',
        "who leaves still gets what waits",
    ),
    Mutation(
        "convert", "sql/moves.py",
        "conditions += [first.c.at <= until, first.c.at <= NOW]",
        "conditions += [first.c.at <= NOW]",
        "conversions count for ever",
    ),
    Mutation(
        "again after", "sql/entries.py",
        "r.clock(c).add(j.c.entered_at, reentry.after) > at",
        "r.clock(c).add(j.c.ended_at, reentry.after) > at",
        "`again after` counts from the end",
    ),
    Mutation(
        "runs", "sql/entries.py",
        "conditions += [e.c.at >= START, e.c.at < END,",
        "conditions += [e.c.at >= START,",
        "people enter after the last day",
    ),
    Mutation(
        "at", "sql/candidates.py",
        "return clock.next_time(since, time, weekday, strictly=True)",
        "return clock.next_time(since, time, weekday, strictly=False)",
        "`at 09:00` acts on who comes at nine",
    ),
    Mutation(
        "send at", "sql/posts.py",
        "time.time, time.weekday, strictly=False)",
        "time.time, time.weekday, strictly=True)",
        "a send at nine waits a day for who comes at nine",
    ),
    Mutation(
        "notify, sync, do", "sql/errands.py",
        "given = [each for each in action.options if not isinstance(each.value, Constant)]",
        "given = [each for each in action.options[:0] if not isinstance(each.value, Constant)]",
        "options that are worked out are forgotten",
    ),
)  # fmt: skip


#: Run in the copy: projects one after the other until one fails, or patience ends.
_PROGRAM = """
import sys
from random import Random
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.database import InMemoryExampleDatabase
from tests.properties.agreeing import CASTS, agree
from tests.properties.cases import casts
from tests.properties.many import BYTES

played = 0

def hunt(calm, first, projects):
    global played

    @settings(database=InMemoryExampleDatabase(), phases=[Phase.reuse], deadline=None,
              suppress_health_check=list(HealthCheck))
    @given(casts(calm=calm, count=CASTS))
    def test(case):
        global played
        played += agree(case)

    for number in range(first, first + projects):
        try:
            test.hypothesis.fuzz_one_input(Random(number).randbytes(BYTES))
        except AssertionError:
            print(f"noticed by case {played + 1} (project {number}, calm={calm})", flush=True)
            sys.exit(0)

hunt(True, 0, PATIENCE)
hunt(False, 0, PATIENCE // 3)
print(f"unnoticed after={played}")
"""

#: Run in the copy: the stories, until one is told otherwise.
_STORIES = """
import sys
from tests.properties.engine import run_engine
from tests.properties.looks import looks_of
from tests.reference.telling import lines, resolved
from tests.reference.test_interpreter import STORIES

for story in STORIES:
    case = story.case()
    looks = story.moments() or looks_of(case, "punctual")
    if lines(run_engine(case, resolved(case.text), looks), case.zone) != story.tells:
        print(f"noticed by story: {story.title}")
        sys.exit(0)
print("unnoticed")
"""


def hunt(mutation: Mutation) -> str | None:
    """By which case or story a broken engine is noticed; None where it is not."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place, "src")
        shutil.copytree(SRC, copy, ignore=shutil.ignore_patterns("__pycache__"))
        broken = copy / "campflow" / mutation.path
        broken.write_text(mutation.applied(broken.read_text(encoding="utf-8")), encoding="utf-8")
        environment = os.environ | {"PYTHONPATH": f"{copy}{os.pathsep}{ROOT}"}
        program = _STORIES if mutation.by_story else _PROGRAM.replace("PATIENCE", str(PATIENCE))
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
            timeout=1_800,
        )
    found = re.search(r"^noticed by (.*)$", done.stdout, re.MULTILINE)
    if found is None and "unnoticed" not in done.stdout:
        raise RuntimeError(f"{mutation.clause}: the hunt itself failed\n{done.stderr[-2_000:]}")
    return found and found[1]


def main(words: list[str]) -> int:
    lost = 0
    for mutation in MUTATIONS:
        if words and not any(word in mutation.clause for word in words):
            continue
        found = hunt(mutation)
        lost += found is None
        print(f"{mutation.clause:22} {found or 'NOT NOTICED':40} {mutation.says}", flush=True)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
