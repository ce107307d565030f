"""Keystrokes in a file of about 1,000 lines: how long the editor waits for the language server.

    python benchmarks/keystroke.py [--campaigns 100] [--strokes 100] [--every 0.2]

A project of so many campaigns of 30 stages each, five to a file, is opened in the real server; one of the files is
typed in. A stroke is a change of the text and a completion at the place. It is answered when the proposals are there,
while the project is being checked, as that begins in every pause. The line that counts is the ratio of the 95th
percentile to 100 ms. `told` is from the last stroke to the findings of the whole project, PAUSE included.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import figures

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.editor import editor as client
from tests.editor.editor import Editor, editing

ALLOWED = 0.1
STAGES, PER_FILE = 30, 5

PEOPLE = """\
contact {
  email    email
  plan     one of trial, pro
  country  country?
  score    number = 0
}
event signup
event purchase {
  amount  money
}
segment vip = sum(purchase.amount, last 365 days) >= 1_000 EUR
"""


def campaign(number: int) -> str:
    stages = "".join(
        f"""\
  stage s{each} "Stage {each}" {{
    send email m{each % 10} {{ subject "Hello, the {each}th" }}
    on clicked m{each % 10} if score > {each} -> s{(each + 1) % STAGES}
    after 3 days if in segment vip -> s{(each + 2) % STAGES}
    after 4 days -> lost
  }}
"""
        for each in range(STAGES)
    )
    return f"""\
campaign c{number} "Campaign {number}" {{
  audience plan == "trial" and country in ("FR", "CH")
  enter on signup, once
  convert on purchase where amount > 5 EUR within 14 days -> lost

{stages}
  final lost
}}

"""


def write_project(root: Path, campaigns: int) -> None:
    (root / "content").mkdir()
    (root / "campflow.toml").write_text('currency = "EUR"\n', "utf-8")
    (root / "people.flow").write_text(PEOPLE, "utf-8")
    for each in range(10):
        (root / "content" / f"m{each}.email.md").write_text("---\nsubject: Hello\n---\nHello.\n", "utf-8")
    for first in range(0, campaigns, PER_FILE):
        text = "".join(campaign(number) for number in range(first, min(first + PER_FILE, campaigns)))
        (root / f"campaigns{first // PER_FILE:02}.flow").write_text(text, "utf-8")


def strokes(editor: Editor, count: int, every: float) -> list[float]:
    """Type `    on clicked m1 -> s…` again and again in the last stage of the file."""
    path, seconds = "campaigns00.flow", []
    text = (editor.folder / path).read_text("utf-8")
    place = text.rindex("    after 4 days")
    line = "    on clicked m1 -> s2\n"
    for each in range(count):
        typed = line[: 4 + each % (len(line) - 4)]
        now = text[:place] + typed + "\n" + text[place:]
        lines = (text[:place] + typed).split("\n")
        start = time.perf_counter()
        editor.type(path, now)
        position = {"line": len(lines) - 1, "character": len(lines[-1])}
        document = {"textDocument": {"uri": editor.uri(path)}, "position": position}
        editor.request("textDocument/completion", document)
        seconds.append(time.perf_counter() - start)
        time.sleep(every)
    return seconds


def told(editor: Editor) -> float:
    """Any check that still runs is waited for, and then the one that this change asks for."""
    start = time.perf_counter()
    editor.change("campaigns00.flow", "campaign c0 ", "campaign c1 ")
    editor.told("campaigns00.flow", lambda found: any(each["code"] == "duplicate-name" for each in found))
    return time.perf_counter() - start


def rows(campaigns: int, count: int, every: float) -> Iterator[figures.Row]:
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder), campaigns)
        with editing(Path(folder)) as editor:
            start = time.perf_counter()
            editor.open("campaigns00.flow")
            editor.told("campaigns00.flow", lambda _: True)
            yield figures.of("opened and checked", "ms", [(time.perf_counter() - start) * 1000])
            found = sorted(each * 1000 for each in strokes(editor, count, every))
            late, allowed = found[min(int(count * 0.95), count - 1)], ALLOWED * 1000
            yield figures.Row("a stroke, median", "ms", statistics.median(found), rounds=count)
            yield figures.Row("a stroke, 95th percentile", "ms", late, allowed, "allowed", "at most 1", rounds=count)
            yield figures.Row("a stroke, worst", "ms", found[-1], rounds=count)
            yield figures.of("told", "ms", [told(editor) * 1000])


def main() -> None:
    parser = figures.parser(__doc__, rounds=1)
    parser.add_argument("--campaigns", type=int, default=100)
    parser.add_argument("--strokes", type=int, default=100)
    parser.add_argument("--every", type=float, default=0.2, help="seconds between two strokes")
    options = parser.parse_args()
    client.PATIENCE = 600
    lines = campaign(0).count("\n") * PER_FILE
    title = f"The language server: {options.campaigns} campaigns, {lines} lines in the file"
    figures.show(title, rows(options.campaigns, options.strokes, options.every), options.json)


if __name__ == "__main__":
    main()
