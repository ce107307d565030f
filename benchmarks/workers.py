"""One and two Celery worker processes: mails a second into a Maildir, on PostgreSQL and RabbitMQ.

    python benchmarks/workers.py 20000

The real commands: `campflow run` asks, one worker moves everybody, then the others hand over. The clock runs from the
first mail that is accepted to the last. Left out where there is no PostgreSQL, RabbitMQ or campflow-celery.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import figures
import sqlalchemy as sa
import stores
from per_contact import BROKER, is_there

COMMAND = [sys.executable, "-m", "campflow"]


def speed(n: int, processes: int) -> float:
    """Mails a second."""
    from campflow.cli.starter import write_project

    prefix = f"campflow-bench-{os.getpid()}"
    with stores.scratch(stores.POSTGRES) as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder)
        toml = (folder / "campflow.toml").read_text("utf-8").replace("sqlite:///campflow.db", url)
        table = f'[executors.celery]\nbroker = "{BROKER}"\nprefix = "{prefix}"\n'
        (folder / "campflow.toml").write_text(f'executor = "celery"\n{toml}\n{table}', "utf-8")
        _load(folder, n)
        database = sa.create_engine(url)
        try:
            with _running(folder, "run"):
                with _running(folder, "worker", "--queues", "tick"):
                    _until(database, "planned_at IS NOT NULL", n)
                with _running(folder, "worker", "--queues", "send.email", "--processes", str(processes)):
                    first = _until(database, "state = 'accepted'", 1)
                    began = time.perf_counter()
                    _until(database, "state = 'accepted'", n)
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
    one, two = [], []
    for _ in range(rounds):
        one.append(speed(n, 1))
        two.append(speed(n, 2))
    yield figures.of(f"one process, {n:,} mails", "mails/s", one)
    yield figures.of(f"two processes, {n:,} mails", "mails/s", two, one, "one process", "more than 1")


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("n", type=int, help="mails")
    arguments = parser.parse_args()
    figures.show("Celery workers, PostgreSQL, Maildir", rows(arguments.n, arguments.rounds), arguments.json)


if __name__ == "__main__":
    main()
