"""drip-3 as it is usually built, a contact at a time, beside campflow: python benchmarks/per_contact.py 500

    ORM loop   SQLAlchemy's ORM: a query for who is due, then for each contact its row, the decision, a commit
    Celery     the same, each contact and step a task over RabbitMQ, done by one worker process
    DBOS       a durable workflow for each contact, its steps recorded

All on SQLite, with the same three stages, two mails and moves as `drip3.py`, in virtual time; what they hand to the
sink is counted. Small numbers of contacts: that is what these can do. Celery and DBOS are left out where they, or
RabbitMQ, are not there.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import bound_sqlite
import drip3
import figures
from sqlalchemy import create_engine, event, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

DAY = bound_sqlite.DAY
BROKER = os.environ.get("CAMPFLOW_TEST_RABBITMQ") or "amqp://guest:guest@127.0.0.1:5672//"
SIDES = ("campflow", "ORM loop", "Celery", "DBOS")


class Base(DeclarativeBase):
    pass


class Contact(Base):
    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    plan: Mapped[str]
    clicked: Mapped[bool]
    stage: Mapped[int] = mapped_column(default=0, index=True)
    due: Mapped[int | None] = mapped_column(default=0, index=True)


class Move(Base):
    __tablename__ = "move"
    id: Mapped[int] = mapped_column(primary_key=True)
    contact: Mapped[int]
    old: Mapped[int]
    new: Mapped[int]
    at: Mapped[int]


class Message(Base):
    __tablename__ = "message"
    id: Mapped[int] = mapped_column(primary_key=True)
    contact: Mapped[int]
    what: Mapped[int]
    sent: Mapped[bool] = mapped_column(default=False)


def engine(path: Path):
    made = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @event.listens_for(made, "connect")
    def prepare(connection, _record) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return made


def load(path: Path, n: int) -> None:
    made = engine(path)
    Base.metadata.create_all(made)
    with Session(made) as session:
        people = range(1, n + 1)
        session.add_all(Contact(id=i, plan=bound_sqlite.plan_of(i), clicked=bound_sqlite.clicked(i)) for i in people)
        session.commit()
    made.dispose()


def step(session: Session, contact_id: int, now: int) -> None:
    """What one contact does when its time has come; twice is once."""
    contact = session.get_one(Contact, contact_id)
    if contact.due is None or contact.due > now:
        return
    old = contact.stage
    if old == 0:
        new, wait = 1, 2
    elif old == 1:
        new, wait = (3, None) if contact.clicked else (2, 4)
    else:
        new, wait = (4 if contact.plan == "trial" else 5), None
    contact.stage, contact.due = new, None if wait is None else now + wait * DAY
    session.add(Move(contact=contact_id, old=old, new=new, at=now))
    if new in (1, 2):
        message = Message(contact=contact_id, what=new)
        session.add(message)
        session.commit()
        message.sent = True  # the sink takes it
    session.commit()


def due(session: Session, now: int) -> list[int]:
    return list(session.scalars(select(Contact.id).where(Contact.due <= now)))


def orm_loop(n: int, path: Path) -> float:
    made, began = engine(path), time.perf_counter()
    with Session(made) as session:
        for now in (0, 2 * DAY, 6 * DAY):
            for contact_id in due(session, now):
                step(session, contact_id, now)
    return time.perf_counter() - began


# --- Celery -------------------------------------------------------------------------------------------------------


def app_of(path: Path, queue: str):
    from celery import Celery

    app, made = Celery("drip", broker=BROKER, set_as_current=False), engine(path)
    app.conf.update(
        task_default_queue=queue, task_ignore_result=True, worker_prefetch_multiplier=1, task_acks_late=True
    )

    @app.task(name="step")
    def do(contact_id: int, now: int) -> None:
        with Session(made) as session:
            step(session, contact_id, now)

    return app, do


def celery(n: int, path: Path) -> float:
    queue = f"campflow-bench-{os.getpid()}"
    app, do = app_of(path, queue)
    worker = subprocess.Popen(
        [sys.executable, __file__, "0", "--only", f"worker {queue}", "--path", str(path)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    made = engine(path)
    try:
        with app.connection_for_write() as connection, Session(made) as session:
            _until_consumed(connection, queue, do)
            began = time.perf_counter()
            for now in (0, 2 * DAY, 6 * DAY):
                for contact_id in due(session, now):
                    do.apply_async((contact_id, now), connection=connection)
                session.commit()
                while due(session, now):
                    session.commit()
                    time.sleep(0.01)
            return time.perf_counter() - began
    finally:
        worker.terminate()
        worker.wait()
        with app.connection_for_write() as connection, connection.channel() as channel:
            channel.queue_delete(queue)


def _until_consumed(connection, queue: str, do) -> None:
    """Until the worker takes tasks: contact 1 at a time that is never due."""
    do.apply_async((1, -1), connection=connection)
    with connection.channel() as channel:
        while channel.queue_declare(queue, passive=True).message_count:
            time.sleep(0.05)


# --- DBOS ---------------------------------------------------------------------------------------------------------


def dbos(n: int, path: Path) -> float:
    from dbos import DBOS

    url = f"sqlite:///{path.with_suffix('.dbos')}"
    DBOS(config={"name": "drip", "system_database_url": url, "run_admin_server": False, "log_level": "ERROR"})
    made = engine(path)

    @DBOS.step()
    def once(contact_id: int, now: int) -> None:
        with Session(made) as session:
            step(session, contact_id, now)

    @DBOS.workflow()
    def journey(contact_id: int) -> None:
        for now in (0, 2 * DAY, 6 * DAY):  # the sleeps between them are left out
            once(contact_id, now)

    DBOS.launch()
    began = time.perf_counter()
    for contact_id in range(1, n + 1):
        journey(contact_id)
    took = time.perf_counter() - began
    DBOS.destroy()
    return took


# --- all of them --------------------------------------------------------------------------------------------------


def one_side(side: str, n: int, path: Path) -> float:
    """Seconds, checked by what was moved and sent."""
    if side == "campflow":
        return sum(drip3.campflow(n, f"sqlite:///{path}").values())
    load(path, n)
    took = {"ORM loop": orm_loop, "Celery": celery, "DBOS": dbos}[side](n, path)
    with Session(engine(path)) as session:
        counts = [session.scalar(select(func.count()).select_from(each)) for each in (Move, Message)]
        sent = session.scalar(select(func.count()).where(Message.sent))
    on = sum(not bound_sqlite.clicked(i) for i in range(1, n + 1))
    if (*counts, sent) != (2 * n + on, n + on, n + on):
        raise SystemExit(f"{side} made {counts[0]} moves, {counts[1]} messages and sent {sent}")
    return took


def is_there(side: str) -> bool:
    module = {"Celery": "celery", "DBOS": "dbos"}.get(side)
    if module and importlib.util.find_spec(module) is None:
        print(f"left out: {module} is not installed", file=sys.stderr)
        return False
    if side == "Celery":
        from kombu import Connection

        try:
            with Connection(BROKER, connect_timeout=3) as connection:
                connection.connect()
        except (OSError, OperationalError, *Connection(BROKER).connection_errors) as error:
            print(f"left out: no RabbitMQ at {BROKER}: {error}", file=sys.stderr)
            return False
    return True


def _alone(side: str, n: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, str(n), "--only", side, "--path", str(Path(folder) / "drip.db")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side}: {done.stderr}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def rows(n: int, rounds: int) -> Iterator[figures.Row]:
    sides: dict[str, list[float]] = {side: [] for side in SIDES if is_there(side)}
    for _ in range(rounds):
        for side, speeds in sides.items():
            speeds.append(n / _alone(side, n))
    for side in list(sides)[1:]:
        yield figures.of(f"campflow, {n:,} contacts, SQLite", "contacts/s", sides["campflow"], sides[side], side)


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("n", type=int, help="contacts")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only and arguments.only.startswith("worker "):
        app, _ = app_of(arguments.path, arguments.only.removeprefix("worker "))
        app.Worker(concurrency=1, pool="solo", without_gossip=True, without_mingle=True, quiet=True).start()
    elif arguments.only:
        print(json.dumps(one_side(arguments.only, arguments.n, arguments.path)))
    else:
        figures.show("drip-3, a contact at a time", rows(arguments.n, arguments.rounds), arguments.json)


if __name__ == "__main__":
    main()
