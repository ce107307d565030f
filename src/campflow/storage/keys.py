"""What makes a row of a growing table once, and where the two databases keep it.

On PostgreSQL every unique key of a table that grows begins with `contact_id`: one person's rows are found together, and
such a table can be shared out among machines by contact, where a unique key must hold what the rows are shared out by.
That key is the primary key, and an id only has a plain index: ids come from a sequence, which gives none twice.

SQLite's rows lie in the order of their id, and are found fastest by it: there the id is the primary key, and what makes
the row once stands beside it.
"""

from typing import Any

from sqlalchemy import Index, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.compiler import DDLCompiler

#: In a table's `info`: the columns of its primary key on PostgreSQL; none for a table without one. In that of a key or
#: an index: the one database that it is for.
KEY, ONLY = "key", "only"


def once(name: str, *columns: str) -> UniqueConstraint:
    """What makes a row once, where it is not the primary key."""
    return UniqueConstraint(*columns, name=name, info={ONLY: "sqlite"}).ddl_if(dialect="sqlite")


def by_id(table: str, *columns: str) -> Index:
    """The way to a row by its id, where the id is not the primary key."""
    return Index(f"{table}_id", *columns, info={ONLY: "postgresql"}).ddl_if(dialect="postgresql")


def belongs(item: Constraint | Index, database: str) -> bool:
    """Whether a key or an index is made on this kind of database."""
    return bool(item.info.get(ONLY, database) == database)


def primary_key(table: Table, database: str) -> tuple[str, ...]:
    """The columns of a table's primary key on this kind of database."""
    declared: tuple[str, ...] | None = table.info.get(KEY) if database == "postgresql" else None
    return declared or tuple(column.name for column in table.primary_key)


def _name(table: Table) -> str | None:
    """The name of the primary key on PostgreSQL: what makes a row once is called alike on both."""
    unique = [each for each in table.constraints if isinstance(each, UniqueConstraint) and ONLY in each.info]
    return str(unique[0].name) if unique else None


@compiles(PrimaryKeyConstraint, "postgresql")
def _primary_key(constraint: PrimaryKeyConstraint, compiler: DDLCompiler, **kw: Any) -> str | None:
    if KEY not in constraint.table.info:
        return compiler.visit_primary_key_constraint(constraint, **kw)
    if not constraint.table.info[KEY]:
        return None
    name, columns = _name(constraint.table), primary_key(constraint.table, "postgresql")
    key = f"PRIMARY KEY ({', '.join(map(compiler.preparer.quote, columns))})"
    return f"CONSTRAINT {compiler.preparer.quote(name)} {key}" if name else key
