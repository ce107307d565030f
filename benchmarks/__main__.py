"""Run all benchmarks and write RESULTS.md: python -m benchmarks [--quick] [--million] [--only NAME …] [--out FILE]"""

import argparse
import datetime as dt
import json
import os
import platform
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from figures import number  # noqa: E402  # after the line that finds it


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A file here, with its arguments when all the time is there, and when it is not."""

    name: str
    full: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


#: In the order of RESULTS.md.
ALL = (
    Benchmark("drip3", ("100000",), ("20000",)),
    Benchmark("senders", ("40000",), ("20000", "--rounds", "1")),
    Benchmark("per_contact", ("150",), ("50", "--rounds", "1")),
    Benchmark("workers", ("1000",), ("1000", "--rounds", "1")),
    Benchmark("handover", (), ("--messages", "3000")),
    Benchmark("ingestion", ("100000", "--people", "1000000"), ("20000", "--people", "100000", "--rounds", "1")),
    Benchmark("waiting", (), ("--many", "200000")),
    Benchmark("rehearsal", (), ("--tests", "50")),
    Benchmark("authoring", (), ("--campaigns", "20")),
    Benchmark("keystroke", (), ("--campaigns", "20", "--strokes", "20")),
)

#: Goes before all others where it is asked for: half an hour.
MILLION = Benchmark("drip3", ("1000000",), ("1000000", "--rounds", "1"))

#: What the figures depend on besides campflow.
LIBRARIES = ("SQLAlchemy", "psycopg", "lark", "Jinja2", "aiosmtplib", "httpx", "celery", "dbos")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes: about five minutes")
    parser.add_argument("--million", action="store_true", help="drip-3 with a million contacts, too")
    parser.add_argument("--only", nargs="+", choices=[each.name for each in ALL], metavar="NAME", default=())
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    options = parser.parse_args()
    chosen = [each for each in ALL if not options.only or each.name in options.only]
    if options.million:
        chosen.insert(0, MILLION)
    began, parts, failed = time.monotonic(), [], 0
    for each in chosen:
        arguments = each.quick if options.quick else each.full
        rows, trouble = run(each.name, arguments)
        parts.append("\n".join(section(" ".join([each.name, *arguments]), rows, trouble)))
        failed += trouble is not None
    head = "\n".join(heading(options.quick, time.monotonic() - began))
    options.out.write_text("\n\n".join([head, *parts]) + "\n", "utf-8")
    print(f"written to {options.out}; {failed} of {len(chosen)} failed")
    return 1 if failed else 0


def run(name: str, arguments: tuple[str, ...]) -> tuple[list[dict[str, Any]], str | None]:
    """The rows of a benchmark, in a process of its own, and what went wrong; the others go on."""
    command = [sys.executable, str(HERE / f"{name}.py"), *arguments, "--json"]
    print("$", " ".join(["python", f"benchmarks/{name}.py", *arguments]), flush=True)
    rows = []
    with TemporaryFile("w+") as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            for line in process.stdout or ():
                print(" ", line.rstrip(), flush=True)
                rows.append(json.loads(line))
        errors.seek(0)
        said = errors.read().strip()
    if said:
        print(said, file=sys.stderr)
    last = (said.splitlines() or [f"it ended with {process.returncode} and no row"])[-1]
    return rows, last if process.returncode or not rows else None


# --- RESULTS.md -------------------------------------------------------------------------------------------------


def heading(quick: bool, seconds: float) -> Iterator[str]:
    yield "# Results"
    yield ""
    command = f"python -m benchmarks{' --quick' if quick else ''}"
    yield f"Written by `{command}` in {seconds / 60:.0f} minutes. Each figure is the median of so many runs as the last"
    yield "column says, both sides in turn; the ratio is ours through what stands beside it."
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    for name, value in machine():
        yield f"| {name} | {value} |"


def machine() -> Iterator[tuple[str, str]]:
    yield "when", dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield "campflow", _of("git", "-C", str(HERE), "describe", "--always", "--dirty") or "?"
    yield "processor", f"{_processor()}, {os.cpu_count()} seen"
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    yield "memory", f"{pages / 2**30:.0f} GiB"
    yield "system", platform.platform()
    yield "load before the last row", ", ".join(f"{each:.2f}" for each in os.getloadavg())
    yield "Python", platform.python_version()
    yield "SQLite", sqlite3.sqlite_version
    yield "PostgreSQL", _postgres()
    for name in LIBRARIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"


def section(name: str, rows: list[dict[str, Any]], trouble: str | None) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    title = None
    for row in rows:
        if row["title"] != title:
            if title is not None:
                yield ""
            title = row["title"]
            yield from (
                title,
                "",
                "| | campflow | beside it | ratio | wanted | runs |",
                "| --- | ---: | ---: | ---: | --- | ---: |",
            )
        beside = "" if row["beside"] is None else f"{row['than']} {number(row['beside'])}"
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        cells = (row["what"], f"{number(row['ours'])} {row['unit']}", beside, ratio, row["goal"], str(row["rounds"]))
        yield f"| {' | '.join(cells)} |"
    if trouble is not None:
        yield from ("", f"**It failed:** {trouble}")


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _postgres() -> str:
    from stores import POSTGRES, _server, is_there

    if not is_there(POSTGRES):
        return "none"
    with _server().connect() as connection:
        return str(connection.exec_driver_sql("SHOW server_version").scalar())


def _of(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
