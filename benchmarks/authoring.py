"""How long an author waits for `check`, `fmt` and `--version` in a project of 100 campaigns, against Lark alone.

    python benchmarks/authoring.py [--campaigns 100] [--rounds 3]

A project of so many campaigns of 30 stages each is written into a scratch folder. The commands run in processes of
their own, imports and all; what is printed is the median of the runs. Lark alone is measured twice, each time with the
same texts, grammar and lexer, and with plain trees:

- `bare` is the parsing only, in this process, which has imported Lark and read the grammar already.
- `Lark's own` is a process like those of `check`: it imports Lark, makes the parser of the grammar, reads the files and
  parses them.

Nothing is asserted here: ratios say more on a busy machine than seconds do. `cpu` is what the command's processes took
together: `check` gives new files to as many processes as there are processors, which helps where these are idle.
"""

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import figures
from lark import Token

from campflow.diagnostics.source import Source
from campflow.language.parser import Everywhere, parse
from campflow.language.reading import CONTINUES
from campflow.language.tables import grammar_text, made

STAGES = 30

OWN = "Lark's own process"

PEOPLE = """\
contact {
  email    email
  plan     one of trial, pro
  score    number = 0
  country  country?
}
event signup
event purchase {
  amount  money
}
segment vip = sum(purchase.amount, last 365 days) >= 1_000 EUR
"""

STAGE = """\
  stage s{number} "Stage {number}" {{
    send email welcome {{
      subject "Hello {number}"
    }}
    on clicked welcome if score > {number} -> {next}
    after 3 days if count(purchase, last 30 days) >= 2 and not in segment vip -> {next}
    after 4 days                           -> {next}
  }}
"""

CAMPAIGN = """\
campaign c{number} "Campaign {number}" {{
  runs      from 2026-01-01
  audience  plan == "trial" and country in ("FR", "CH", "BE")
  enter     on signup, once
  leave     on unsubscribed
  convert   on purchase within 14 days worth amount -> done

{stages}
  final done
}}
"""


#: Lark's own process: nothing of campflow is in it, but what it cannot do without, which is copied here.
STOCK = """\
import gc, sys
from pathlib import Path
from lark import Lark

class Lines:
    always_accept = {always_accept}

    def process(self, stream):
        previous, opened = None, []
        for token in stream:
            kind = token.type
            if kind == "_NL" and (previous in CONTINUES or opened[-1:] == ["LPAR"]):
                continue
            if kind in ("LPAR", "LBRACE"):
                opened.append(kind)
            elif kind in ("RPAR", "RBRACE"):
                opened.pop()
            previous = kind
            yield token

CONTINUES = frozenset({continues})
gc.disable()
lark = Lark({grammar}, parser="lalr", lexer="contextual", postlex=Lines())
trees = [lark.parse(file.read_text("utf-8")) for file in sorted(Path().glob("*.flow"))]
"""


class Lines(Everywhere):
    """Drops the line ends that end nothing, as campflow's reader does; Lark alone needs somebody who does."""

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        previous: str | None = None
        opened: list[str] = []
        for token in stream:
            kind = token.type
            if kind == "_NL" and (previous in CONTINUES or opened[-1:] == ["LPAR"]):
                continue
            if kind in ("LPAR", "LBRACE"):
                opened.append(kind)
            elif kind in ("RPAR", "RBRACE"):
                opened.pop()
            previous = kind
            yield token


def write_project(root: Path, campaigns: int) -> None:
    (root / "content").mkdir()
    (root / "campflow.toml").write_text('currency = "EUR"\n', "utf-8")
    (root / "people.flow").write_text(PEOPLE, "utf-8")
    (root / "content" / "welcome.email.md").write_text("---\nsubject: Hello\n---\nHello.\n", "utf-8")
    for number in range(campaigns):
        (root / f"c{number}.flow").write_text(campaign(number), "utf-8")


def campaign(number: int) -> str:
    following = [*(f"s{each}" for each in range(1, STAGES)), "done"]
    stages = (STAGE.format(number=each, next=next_one) for each, next_one in enumerate(following))
    return CAMPAIGN.format(number=number, stages="".join(stages))


def median(
    runs: int, work: Callable[[], object], before: Callable[[int], object] = lambda run: None
) -> tuple[float, float]:
    """Seconds of wall clock and of processors; `before` is not counted."""
    wall, cpu = [], []
    for run in range(runs):
        before(run)
        started, used = time.perf_counter(), _used()
        work()
        wall.append(time.perf_counter() - started)
        cpu.append(_used() - used)
    return statistics.median(wall), statistics.median(cpu)


def _used() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def command(root: Path, *words: str) -> Callable[[], object]:
    program = [sys.executable, "-m", "campflow", *words]
    return lambda: subprocess.run(program, cwd=root, check=True, capture_output=True)


def stock(root: Path) -> Callable[[], object]:
    text = STOCK.format(always_accept=Everywhere.always_accept, continues=[*CONTINUES], grammar=repr(grammar_text()))
    return lambda: subprocess.run([sys.executable, "-c", text], cwd=root, check=True)


def forget(root: Path) -> None:
    for file in (root / ".campflow" / "cache").glob("*.json"):
        file.unlink()


def change(root: Path, run: int) -> None:
    (root / "c0.flow").write_text(campaign(0).replace("score > 0", f"score > {run + 100}"), "utf-8")


def send_more(root: Path, run: int) -> None:
    """A message that no other campaign sends."""
    (root / "content" / f"more{run}.email.md").write_text("---\nsubject: More\n---\nMore.\n", "utf-8")
    (root / "c0.flow").write_text(campaign(0).replace("send email welcome", f"send email more{run}", 1), "utf-8")


def share_more(root: Path, run: int) -> None:
    """A field that no campaign asks for: declarations are everybody's business."""
    (root / "people.flow").write_text(PEOPLE.replace("country?", f"country?\n  more{run}  text?"), "utf-8")


def lines_of(root: Path) -> int:
    return sum(file.read_text("utf-8").count("\n") for file in root.glob("*.flow"))


def measured(root: Path, runs: int) -> Iterator[tuple[str, tuple[float, float]]]:
    texts = [(file.name, file.read_text("utf-8")) for file in sorted(root.glob("*.flow"))]
    lark = made(grammar_text(), None, Lines())
    gc.disable()  # as `campflow check` does
    yield "bare Lark parse", median(runs, lambda: [lark.parse(text) for _, text in texts])
    yield "parse", median(runs, lambda: [parse(Source(name, text)) for name, text in texts])
    gc.enable()
    yield OWN, median(runs, stock(root))
    yield "check, cold", median(runs, command(root, "check"), lambda run: forget(root))
    yield "check, one file changed", median(runs, command(root, "check"), lambda run: change(root, run))
    yield "check, one new message", median(runs, command(root, "check"), lambda run: send_more(root, run))
    yield "check, one new field", median(runs, command(root, "check"), lambda run: share_more(root, run))
    yield "check, nothing changed", median(runs, command(root, "check"))
    yield "fmt", median(runs, command(root, "fmt"))
    yield "--version", median(runs, command(root, "--version"))


def rows(root: Path, rounds: int) -> Iterator[figures.Row]:
    beside, than = 0.0, "bare Lark"
    for name, (wall, cpu) in measured(root, rounds):
        what = f"{name} ({cpu * 1000:,.0f} ms cpu)"
        yield figures.Row(what, "ms", wall * 1000, beside or None, than if beside else "", rounds=rounds)
        if not beside or name == OWN:
            beside, than = wall * 1000, "bare Lark" if not beside else OWN


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--campaigns", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root, options.campaigns)
        title = f"The command line: {options.campaigns} campaigns of {STAGES} stages, {lines_of(root)} lines"
        figures.show(title, rows(root, options.rounds), options.json)


if __name__ == "__main__":
    main()
