"""Random texts that a database keeps for good."""

import secrets

from sqlalchemy import Connection, select

from campflow.storage.dialects import dialect
from campflow.storage.tables import Tables


def kept(connection: Connection, tables: Tables, name: str) -> str:
    """A random text that is made once and stays the same for all processes: it lies in the table `setting`."""
    setting = tables.setting
    made = dialect(connection.dialect.name).insert(setting).values(name=name, value=secrets.token_urlsafe(32))
    connection.execute(made.on_conflict_do_nothing())
    return str(connection.scalar(select(setting.c.value).where(setting.c.name == name)))
