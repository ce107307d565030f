"""What a person is found by, where rows are shared out among machines: a table of its own, from value to contact.

On one server the unique keys of `contact` do this, and this table is not there. Shared out by contact, `contact` can
keep neither its external key nor its e-mail address unique: see sharding.py.
"""

from collections.abc import Iterable

from sqlalchemy import Column, Connection, Index, MetaData, Table, and_, delete, insert, literal, or_, select

from campflow.storage.dialects import dialect
from campflow.storage.tables import Id, Tables, Text

#: What `setting` says where the rows are shared out.
DISTRIBUTED = "distributed"

#: The contact that has a key or an e-mail address, where `contact` itself can keep neither unique.
FOUND_BY = Table(
    "found_by",
    MetaData(),
    Column("value", Text, primary_key=True),
    Column("kind", Text, primary_key=True, comment="key or email"),
    Column("contact_id", Id, nullable=False),
    Index("found_by_contact", "contact_id"),
)
_KEY, _EMAIL = "key", "email"

#: Fill the table from the contacts that there are.
KEYS = "INSERT INTO found_by (value, kind, contact_id) SELECT contact_key, 'key', contact_id FROM contact"
EMAILS = (
    "INSERT INTO found_by (value, kind, contact_id) "
    "SELECT email, 'email', contact_id FROM contact WHERE email IS NOT NULL"
)


def is_distributed(connection: Connection, tables: Tables) -> bool:
    """Whether the rows are shared out among machines."""
    return connection.scalar(select(tables.setting.c.value).where(tables.setting.c.name == DISTRIBUTED)) is not None


def let_go_of_all(connection: Connection) -> None:
    """E-mail addresses are declared no longer, or anew."""
    connection.execute(delete(FOUND_BY).where(FOUND_BY.c.kind == _EMAIL))


def let_go(connection: Connection, tables: Tables, contact_ids: Iterable[int]) -> None:
    """These contacts have no e-mail address for the moment. Nothing is done where the rows are on one machine."""
    if is_distributed(connection, tables):
        among = dialect(connection.dialect.name).among
        mine = among(FOUND_BY.c.contact_id, contact_ids)
        connection.execute(delete(FOUND_BY).where(mine, FOUND_BY.c.kind == _EMAIL))


def name(connection: Connection, tables: Tables, new: Iterable[str], moved: Iterable[int], by_email: bool) -> None:
    """Remember the names of new contacts (their keys), and the e-mail addresses of those that have another (their ids).

    Nothing is done where the rows are on one machine. A name that somebody has fails, as a unique key would.
    """
    if not is_distributed(connection, tables):
        return
    among, c = dialect(connection.dialect.name).among, tables.contact.c
    who = among(c.contact_key, new)
    columns = ["value", "kind", "contact_id"]
    keys = select(c.contact_key, literal(_KEY), c.contact_id).where(who)
    connection.execute(insert(FOUND_BY).from_select(columns, keys))
    if by_email:
        whose = and_(or_(who, among(c.contact_id, moved)), c.email.is_not(None))
        emails = select(c.email, literal(_EMAIL), c.contact_id).where(whose)
        connection.execute(insert(FOUND_BY).from_select(columns, emails))


def forget_names(connection: Connection, tables: Tables, contact_id: int) -> None:
    """Nobody is found as this contact any more."""
    if is_distributed(connection, tables):
        connection.execute(delete(FOUND_BY).where(FOUND_BY.c.contact_id == contact_id))
