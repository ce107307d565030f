"""Erasing a person, and the trace that keeps them from being imported again.

The trace is an HMAC of the key and of the e-mail address, made with a secret that the database keeps: who has a name
can ask whether it was forgotten, and nobody can read a name out of it.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from campflow.people.contacts import Identity
from campflow.people.dossier import rows_of
from campflow.storage.dialects import dialect
from campflow.storage.found_by import forget_names
from campflow.storage.kept import kept
from campflow.storage.tables import Tables

#: Where the secret is kept in the table `setting`.
SECRET = "forgotten"  # noqa: S105 -- its name


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased: rows by table, and the messages among them that had not gone out."""

    rows: dict[str, int]
    waiting: int


def forget(connection: Connection, tables: Tables, contact_id: int, who: Identity, now: int) -> Forgotten:
    """Erase all rows about a contact, planned messages too, and keep the traces of their key and e-mail address.

    A batch that holds one of their messages goes on without it.
    """
    m = tables.message.c
    waiting = select(m.message_id).where(m.contact_id == contact_id, m.state.in_(["planned", "ready"]))
    unsent = len(connection.execute(waiting).all())
    trace = dialect(connection.dialect.name).insert(tables.forgotten).on_conflict_do_nothing()
    connection.execute(trace, [{"trace": each, "at": now} for each in _Traces(connection, tables).of(who).values()])
    forget_names(connection, tables, contact_id)
    if who.email is not None:  # forms that wait for an answer name nobody but an address
        waits = func.lower(tables.opt_in.c.address) == who.email.lower()
        connection.execute(delete(tables.opt_in).where(waits))
    rows = {
        table.name: connection.execute(delete(table).where(mine)).rowcount
        for table, mine in rows_of(tables, contact_id)
    }
    return Forgotten({name: count for name, count in rows.items() if count}, unsent)


class Remembered:
    """Who of those that rows name was forgotten, and when. One look where nobody ever was."""

    def __init__(self, connection: Connection, tables: Tables, named: Iterable[Identity]) -> None:
        self._traces: _Traces | None = None
        self._at: dict[str, int] = {}
        forgotten = tables.forgotten.c
        if connection.execute(select(forgotten.at).limit(1)).first() is not None:
            self._traces = _Traces(connection, tables)
            asked = {trace for who in named for trace in self._traces.of(who).values()}
            among = dialect(connection.dialect.name).among(forgotten.trace, asked)
            rows = connection.execute(select(forgotten.trace, forgotten.at).where(among))
            self._at = {row.trace: row.at for row in rows}

    @property
    def anyone(self) -> bool:
        """Whether any of them was."""
        return bool(self._at)

    def of(self, who: Identity) -> tuple[str, int] | None:
        """The column, `key` or `email`, that names a forgotten person, and when that was; None where nobody is."""
        if self._traces is None or not self._at:
            return None
        traces = self._traces.of(who)
        return next(((column, self._at[trace]) for column, trace in traces.items() if trace in self._at), None)


class _Traces:
    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._secret = kept(connection, tables, SECRET).encode()

    def of(self, who: Identity) -> dict[str, str]:
        """The traces of the key and of the e-mail address, in which the case of letters does not count."""
        names = {"key": who.key, "email": None if who.email is None else who.email.casefold()}
        return {column: self._trace(column, name) for column, name in names.items() if name is not None}

    def _trace(self, column: str, name: str) -> str:
        return hmac.new(self._secret, f"{column}.{name}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
