"""A project with many people whose provider is the ledger, and its daemons: real processes on the system's clock."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from tests.crash.ledger import Ledger
from tests.crash.life import HERE, install_plugin

COMMAND = Path(sys.executable).with_name("campflow")

FLOW = """
contact {{
  email  email
  kind   text?
}}
event signup

campaign welcome {{
  runs      from {today}
  audience  kind is set
  enter     on signup, once

  stage hello {{
    send ledger hello
    after 1 second -> again
  }}
  stage again {{
    send ledger again
    after 1 second -> done
  }}
  final done
}}
"""
MESSAGES = """
SELECT c.email, s.message, m.state FROM message m JOIN contact c ON c.contact_id = m.contact_id
JOIN send s ON s.send_id = m.send_id
"""
UNFINISHED = """
SELECT 1 WHERE (SELECT count(*) FROM journey WHERE ended_at IS NOT NULL) < (SELECT count(*) FROM contact) UNION ALL
SELECT 1 FROM message WHERE state IN ('planned', 'ready') LIMIT 1
"""


class Shop:
    """The project in `folder` with its database at `url`; `port` is the ledger's."""

    def __init__(self, folder: Path, url: str, ledger: Ledger, port: int, people: int) -> None:
        self.folder, self.url, self.ledger, self.people = folder, url, ledger, people
        plugin = folder / "plugin"
        plugin.mkdir(parents=True)
        install_plugin(plugin)
        path = os.pathsep.join([str(plugin), str(HERE.parents[1])])
        self.variables = {
            **os.environ, "PYTHONPATH": path, "CAMPFLOW_PLUGINS": "ledger", "CAMPFLOW_DATABASE": url,
            "LEDGER_PORT": str(port), "LEDGER_KEYS": str(int(ledger.keys)),
        }  # fmt: skip
        (folder / "content").mkdir()
        (folder / "campflow.toml").write_text("")
        (folder / "welcome.flow").write_text(FLOW.format(today=time.strftime("%Y-%m-%d", time.gmtime())))
        for name in ("hello", "again"):
            (folder / "content" / f"{name}.ledger.txt").write_text(name)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        rows = [f"person{n}@example.com" for n in range(people)]
        self.run(["people", "import", "-", "--format", "csv"], "email,kind\n" + "".join(f"{e},new\n" for e in rows))
        signups = "id,contact,at\n" + "".join(f"{n},{email},{now}\n" for n, email in enumerate(rows))
        self.run(["events", "import", "-", "--format", "csv", "--event", "signup"], signups)

    def run(self, words: list[str], text: str = "", codes: tuple[int, ...] = (0,)) -> str:
        """What a command prints."""
        command = [str(COMMAND), *words]
        ended = subprocess.run(
            command, cwd=self.folder, env=self.variables, input=text, text=True, capture_output=True, check=False
        )
        assert ended.returncode in codes, ended.stderr
        return ended.stdout

    def start(self, words: list[str], **more: str) -> subprocess.Popen[bytes]:
        """A process of this project; what it says goes to `log.txt`."""
        with (self.folder / "log.txt").open("ab") as log:
            return subprocess.Popen(words, cwd=self.folder, env={**self.variables, **more}, stderr=log, stdout=log)

    def log(self) -> list[dict[str, Any]]:
        lines = (self.folder / "log.txt").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def wait_for(self, said: str, seconds: float = 60) -> None:
        """Until the log has a line with these words."""
        deadline = time.monotonic() + seconds
        while said not in (text := (self.folder / "log.txt").read_text("utf-8")):
            assert time.monotonic() < deadline, f"never said {said!r}:\n{text[-3_000:]}"
            time.sleep(0.05)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with closing(engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(query)
            return list(cursor.fetchall())

    def wait_until_done(self, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while self.rows(UNFINISHED):
            states = self.rows("SELECT state, count(*) FROM message GROUP BY 1")
            assert time.monotonic() < deadline, f"{states}\n{(self.folder / 'log.txt').read_text('utf-8')[-3_000:]}"
            self.ledger.wait_for_more(50, 0.2)

    def check(self) -> Counter[str]:
        """The promises; how many messages there are in each state."""
        fates = {f"{who} {name}": state for who, name, state in self.rows(MESSAGES)}
        offered = {who: times for (what, _, who), times in self.ledger.offered.items() if what == "message"}
        assert len(fates) == 2 * self.people
        states = Counter(fates.values())
        assert states.keys() <= ({"accepted"} if self.ledger.keys else {"accepted", "uncertain"})
        assert [who for who, state in fates.items() if state == "accepted" and who not in offered] == []
        assert self.ledger.keys or max(offered.values()) == 1, "somebody got it twice"
        assert self.rows("SELECT count(*), max(nth) FROM move") == [(3 * self.people, 3)]
        told = json.loads(self.run(["doctor", "--format", "json"], codes=(0, 1)))
        assert [each for each in told["findings"] if each["kind"] == "broken"] == []
        return states
