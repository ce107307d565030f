"""One and two Celery worker processes: mails a second, on PostgreSQL and RabbitMQ.

    python benchmarks/workers.py 1000

The real commands: `campflow run` asks, one worker moves everybody, then the others hand over. The clock runs from the
first mail that is accepted to the last. The SMTP server takes 30 milliseconds to answer each message, as a provider at
the other end of a line does, and no longer when others ask too: a process waits nearly all the time, and a second one
has connections of its own. That is what people add processes for. Where nothing is waited for but processors, a second
process is worth what they have left: nothing, on two of them, beside PostgreSQL, RabbitMQ and the one that asks.

Left out where there is no PostgreSQL, RabbitMQ or campflow-celery.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import figures
import handover
import sqlalchemy as sa
import stores
from per_contact import BROKER, is_there

FAR_AWAY = 30  # milliseconds
ACCEPTED = "channel = 'email' AND state = 'accepted'"
COMMAND = [sys.executable, "-m", "campflow"]


def speed(n: int, processes: int) -> float:
    """Mails a second."""
    from campflow.cli.starter import write_project

    prefix = f"campflow-bench-{os.getpid()}"
    with ExitStack() as around:
        url = around.enter_context(stores.scratch(stores.POSTGRES))
        folder = Path(around.enter_context(tempfile.TemporaryDirectory()))
        write_project(folder)
        toml = (folder / "campflow.toml").read_text("utf-8").replace("sqlite:///campflow.db", url)
        port, _ = around.enter_context(handover.server("smtp_sink.py", str(FAR_AWAY)))
        toml += f'\n[channels.email]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        table = f'[executors.celery]\nbroker = "{BROKER}"\nprefix = "{prefix}"\n'
        (folder / "campflow.toml").write_text(f'executor = "celery"\n{toml}\n{table}', "utf-8")
        _load(folder, n)
        database = sa.create_engine(url)
        try:
            with _running(folder, "run"):
                with _running(folder, "worker", "--queues", "tick"):
                    _until(database, "planned_at IS NOT NULL", n)
                with _running(folder, "worker", "--queues", "send.email", "--processes", str(processes)):
                    first = _until(database, ACCEPTED, 1)
                    began = time.perf_counter()
                    _until(database, ACCEPTED, n)
                    return (n - first) / (time.perf_counter() - began)
        finally:
            database.dispose()
            _delete(prefix)


def _load(folder: Path, n: int) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    (folder / "p.csv").write_text("email,first_name\n" + "".join(f"p{i}@example.com,P\n" for i in range(n)), "utf-8")
    (folder / "e.csv").write_text(
        "id,contact,at\n" + "".join(f"{i},p{i}@example.com,{now}\n" for i in range(n)), "utf-8"
    )
    for words in (("people", "import", "p.csv"), ("events", "import", "e.csv", "--event", "signup")):
        subprocess.run([*COMMAND, *words], cwd=folder, check=True, capture_output=True)


@contextmanager
def _running(folder: Path, *words: str) -> Iterator[None]:
    with (folder / f"{words[0]}.log").open("w") as log:
        process = subprocess.Popen([*COMMAND, *words], cwd=folder, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def _until(database: sa.Engine, condition: str, wanted: int) -> int:
    deadline = time.monotonic() + 600
    while True:
        with database.connect() as connection:
            found = connection.execute(sa.text(f"SELECT count(*) FROM message WHERE {condition}")).scalar_one()
        if found >= wanted:
            return int(found)
        if time.monotonic() > deadline:
            raise SystemExit(f"{found} of {wanted} messages are there after ten minutes: {condition}")
        time.sleep(0.05)


def _delete(prefix: str) -> None:
    from kombu import Connection

    with Connection(BROKER) as connection, connection.channel() as channel:
        for queue in ("tick", "errands", "send.email", "send.echo"):
            channel.queue_delete(f"{prefix}.{queue}")
            channel.exchange_delete(f"{prefix}.{queue}")


def rows(n: int, rounds: int) -> Iterator[figures.Row]:
    if not stores.is_there(stores.POSTGRES) or not is_there("Celery"):
        return
    runs: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for processes, speeds in runs.items():
            speeds.append(speed(n, processes))
    what = f"{n:,} mails, {FAR_AWAY} ms away"
    yield figures.of(f"one process, {what}", "mails/s", runs[1])
    yield figures.of(f"two processes, {what}", "mails/s", runs[2], runs[1], "one process", "more than 1.5")


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("n", type=int, help="mails")
    arguments = parser.parse_args()
    figures.show("Celery workers, PostgreSQL", rows(arguments.n, arguments.rounds), arguments.json)


if __name__ == "__main__":
    main()
