"""A PostgreSQL server of the tests' own, on a port and in a folder of its own: it may be restarted, and be careless."""

import getpass
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import sqlalchemy as sa


def programs() -> Path | None:
    """Where initdb and pg_ctl lie; None where this machine has none."""
    if found := shutil.which("pg_ctl"):
        return Path(found).parent
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return there[-1].parent if there else None


#: Settings for what is gone when the tests end, whatever happens: commits wait for no disk.
CARELESS = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}


class OwnServer:
    """Runs until `running` ends."""

    def __init__(self, programs: Path, folder: Path, settings: Mapping[str, str]) -> None:
        self._programs, self._data, self._settings = programs, folder / "data", settings
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._log = folder / "log.txt"
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"

    def watched(self) -> "subprocess.Popen[bytes]":
        """Somebody who stops the server, should this process end without having done so."""
        stop = [str(self._programs / "pg_ctl"), "-D", str(self._data), "-m", "immediate", "stop"]
        wait = ["sh", "-c", 'read _; "$@" && rm -rf "$0"', str(self._data.parent), *stop]
        quiet = subprocess.DEVNULL
        # It reads until this process, which holds the other end, is gone. Ctrl-C is not meant for it.
        return subprocess.Popen(
            wait, user=_user(), stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, cwd="/", start_new_session=True
        )

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k ''"
        options += "".join(f" -c {name}={value}" for name, value in self._settings.items())
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
        command = [str(self._programs / program), *words]
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, user=_user(), stdout=quiet, stderr=quiet, cwd="/")


def _user() -> str | None:
    """Whose the server is; it refuses to be run by root."""
    return "postgres" if getpass.getuser() == "root" else None


@contextmanager
def running(programs: Path, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[OwnServer]:
    folder = Path(tempfile.mkdtemp(prefix="campflow-server-"))
    if getpass.getuser() == "root":
        shutil.chown(folder, "postgres")
    server = OwnServer(programs, folder, settings)
    watch = server.watched()
    try:
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder)
        watch.communicate()
