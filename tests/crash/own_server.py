"""A PostgreSQL server of the test's own, which may be restarted, on a port and in a folder of its own."""

import getpass
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa


def programs() -> Path | None:
    """Where initdb and pg_ctl lie; None where this machine has none."""
    if found := shutil.which("pg_ctl"):
        return Path(found).parent
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return there[-1].parent if there else None


class OwnServer:
    """Runs until `running` ends."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._data = programs, folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._log = folder / "log.txt"
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k '' -c max_connections=40"
        self._run("pg_ctl", "-D", str(self._data), "-o", options, "-l", str(self._log), "-w", "start")

    def stop(self, mode: str) -> None:
        """`fast` cuts all connections; `immediate` is a crash: it recovers when it starts."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def do(self, statement: str) -> list[object]:
        engine = sa.create_engine(self.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return list(result.scalars()) if result.returns_rows else []

    def _run(self, program: str, *words: str) -> None:
        # The server refuses to be run by root.
        user = "postgres" if getpass.getuser() == "root" else None
        command = [str(self._programs / program), *words]
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, user=user, stdout=quiet, stderr=quiet, cwd="/")


@contextmanager
def running(programs: Path) -> Iterator[OwnServer]:
    folder = Path(tempfile.mkdtemp(prefix="campflow-server-"))
    if getpass.getuser() == "root":
        shutil.chown(folder, "postgres")
    server = OwnServer(programs, folder)
    try:
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder)
