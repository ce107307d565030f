"""A project that lives through the steps, and dies where it is told to; then what must be true of it."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from tests import commands
from tests.crash.campflow_ledger import WINDOW
from tests.crash.ledger import Ledger, listening
from tests.crash.place import Place
from tests.crash.steps import READING, STEPS

HERE = Path(__file__).parent


def install_plugin(folder: Path) -> None:
    """The ledger's plugin as a distribution in this folder, found where PYTHONPATH names it."""
    (folder / "campflow_ledger.py").write_text((HERE / "campflow_ledger.py").read_text("utf-8"), "utf-8")
    info = folder / "campflow_ledger-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: campflow-ledger\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[campflow]\nledger = campflow_ledger\n")


class CommandServer(commands.CommandServer):
    """With the ledger's plugin, and what the steps import."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        install_plugin(folder)
        path = os.pathsep.join([str(folder), str(commands.ROOT)])
        self._variables = {**os.environ, "PYTHONPATH": path, "CAMPFLOW_FAILPOINT": "", "COLUMNS": "200"}
        self._variables.pop("CAMPFLOW_PLUGINS", None)
        super().__init__(("campflow_ledger", "psycopg", "tests.crash.steps"), self._variables)

    def __enter__(self) -> "CommandServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def take(
        self, words: Sequence[str], folder: Path, failpoint: str, variables: dict[str, str]
    ) -> tuple[int, Counter[str]]:
        """`run` it; what it says is put behind what the commands before it have said in this folder."""
        return self.run(words, folder, self._variables | variables, folder / "said.txt", failpoint=failpoint)

    def warm(self, life: "Life", words: Sequence[str]) -> None:
        """Do it in the process that forks: a fork then has to do only what is a command's own."""
        code, _ = self.run(words, life.folder, self._variables | life.variables, life.folder / "said.txt", warm=True)
        assert code in (0, 1), said(life.folder)


@dataclass
class Life:
    """A project on its way: `reached` counts failpoints step by step, `deaths` the steps that were killed."""

    place: Place
    ledger: Ledger
    reached: list[Counter[str]] = field(default_factory=list)
    deaths: int = 0
    died_at_failpoint: bool = False

    @property
    def folder(self) -> Path:
        return self.place.folder

    @property
    def variables(self) -> dict[str, str]:
        return {"LEDGER_KEYS": str(int(self.ledger.keys)), "CAMPFLOW_DATABASE": self.place.url}

    def copy(self) -> "Life":
        ledger = Ledger(self.ledger.keys)
        ledger.offered = self.ledger.offered.copy()
        ledger.observed = self.ledger.observed.copy()
        return Life(self.place.copy(), ledger, list(self.reached), self.deaths)

    def rows(self, query: str) -> list[Any]:
        engine = sa.create_engine(self.place.url, poolclass=sa.NullPool)
        with closing(engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(query)
            return list(cursor.fetchall())


def live(server: CommandServer, life: Life, failpoint: str = "", *, remember: list[Life] | None = None) -> None:
    """Take the steps that are left, each again where it was killed; the process dies once at `failpoint`.

    `remember` gets a copy of the life before each step.
    """
    with listening(life.ledger) as port:
        variables = {**life.variables, "LEDGER_PORT": str(port)}
        for words, always in STEPS[len(life.reached) :]:
            if remember is not None:
                remember.append(life.copy())
            if words[0] in READING and failpoint and life.died_at_failpoint:
                continue
            waiting = "" if life.died_at_failpoint else failpoint
            code, reached = server.take(words, life.folder, always or waiting, variables)
            life.reached.append(reached)
            if code == -SIGKILL and (always or waiting):
                life.deaths += 1
                if always:
                    continue
                life.died_at_failpoint = True
                code, _ = server.take(words, life.folder, "", variables)
                if words[:2] == ("people", "forget") and failpoint in COMMITTED:
                    # Who was forgotten before it died is not there to be forgotten again, and the command says so.
                    assert "nobody has the key" in said(life.folder)
                    code = 0
            assert not always, f"{words} was to be killed at {always}"
            assert code == 0, f"{words}: {code}\n{said(life.folder)}"


def said(folder: Path, instead: str | None = None) -> str:
    """What the commands have said so far; `instead` it may be as if they had said this."""
    path = folder / "said.txt"
    told = path.read_text("utf-8") if path.exists() else ""
    if instead is not None:
        path.write_text(instead)
    return told


#: Where the process dies when it has forgotten somebody. Audiences are told before that, and once more.
COMMITTED = ("cli.person.forget.after",)

MOVES = """
SELECT c.contact_key, j.entry, m.nth, f.name, t.name, m.at FROM move m JOIN journey j ON j.journey_id = m.journey_id
JOIN contact c ON c.contact_id = m.contact_id LEFT JOIN stage f ON f.stage_id = m.from_stage_id
LEFT JOIN stage t ON t.stage_id = m.to_stage_id ORDER BY 1, 2, 3
"""
MESSAGES = """
SELECT c.contact_key, s.message, m.state FROM message m JOIN contact c ON c.contact_id = m.contact_id
JOIN send s ON s.send_id = m.send_id ORDER BY 1, 2
"""
ERRANDS = """
SELECT s.kind, c.contact_key, e.state FROM errand e JOIN contact c ON c.contact_id = e.contact_id
JOIN errand_statement s ON s.errand_statement_id = e.errand_statement_id ORDER BY 1, 2
"""


def check(server: CommandServer, life: Life, undisturbed: Life) -> None:
    """The promises, on the rows and in the provider's ledger; `campflow doctor` sees none broken."""
    assert [each for each in doctor(server, life) if each["kind"] == "broken"] == []
    assert life.rows(MOVES) == undisturbed.rows(MOVES)
    check_messages(life, undisturbed)
    check_errands(life)
    check_observer(life)


def doctor(server: CommandServer, life: Life) -> list[dict[str, Any]]:
    """What `campflow doctor` finds."""
    said(life.folder, "")
    server.take(["doctor", "--format", "json"], life.folder, "", life.variables)
    told: list[dict[str, Any]] = json.loads(said(life.folder))["findings"]
    return told


def check_messages(life: Life, undisturbed: Life) -> None:
    fates = {f"{who} {name}": state for who, name, state in life.rows(MESSAGES)}
    planned = {f"{who} {name}" for who, name, _ in undisturbed.rows(MESSAGES)}
    assert set(fates) == planned, "a message is missing, or was planned that is not demanded"
    there = {who: times for (what, _, who), times in life.ledger.offered.items() if what == "message"}
    once = life.ledger.keys
    assert once or max(there.values()) == 1, "somebody got it twice"
    accepted = {who for who, state in fates.items() if state == "accepted"}
    uncertain = {who for who, state in fates.items() if state == "uncertain"}
    assert accepted <= there.keys(), "accepted, and the provider never had it"
    assert {who for who in there if who in fates} <= accepted | uncertain, "the provider has it, and we do not say so"
    assert set(fates.values()) <= {"accepted", "uncertain", "skipped"}
    assert len(uncertain) <= (0 if once else life.deaths * WINDOW)
    # One message, one key, whatever happened in between.
    keys = Counter(who for what, _, who in life.ledger.offered if what == "message")
    assert set(keys.values()) == {1}


def check_errands(life: Life) -> None:
    fates = life.rows(ERRANDS)
    given = {kind: {who: times for (what, _, who), times in life.ledger.offered.items() if what == kind}
             for kind in ("task", "note")}  # fmt: skip
    assert life.ledger.keys or max(given["task"].values()) == 1, "an action without keys was run twice"
    for kind, who, state in fates:
        allowed = {"done", "uncertain"} if kind == "do" and not life.ledger.keys else {"done"}
        assert state in allowed, (kind, who, state)
        if state == "done" and kind != "sync":
            assert who in given["task" if kind == "do" else "note"]
    assert {who for kind, who, state in fates if kind == "do"} >= {
        who for who in given["task"] if who != "person5@example.com"
    }


def check_observer(life: Life) -> None:
    """Every move and every fate was told, in order; told again was only what may have been the last batch."""
    moves, fates = ([line for line in life.ledger.observed if line[0] == what] for what in ("moved", "settled"))
    for told in (moves, fates):
        known: list[int] = []
        at = -1
        for _, key, _ in told:
            number = int(key)
            if not known or number > known[-1]:
                assert at == len(known) - 1, "told before what comes first was told again"
                known.append(number)
                at = len(known) - 1
                continue
            before, at = at, known.index(number)
            assert at == before + 1 or (at <= before and at >= len(known) - WINDOW), "told again out of order"
    assert {number for (number,) in life.rows("SELECT move_id FROM move")} <= {int(key) for _, key, _ in moves}
    last = dict(who.split() for _, _, who in fates)
    query = "SELECT message_id, state FROM message WHERE state NOT IN ('planned', 'ready')"
    assert {(str(number), state) for number, state in life.rows(query)} <= set(last.items())
