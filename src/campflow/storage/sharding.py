"""One project on many machines: PostgreSQL with Citus, its rows shared out by contact.

Everything about a person lies with that person: `contact`, and every table with a `contact_id`, is distributed by it
and co-located. All other tables are small, and are whole on every machine (reference tables). A unique key of a
distributed table must hold the column that it is distributed by, which storage/keys.py sees to; what a person is found
by (the external key, the e-mail address) cannot, and is kept unique in `found_by`, which is distributed by the value.

https://docs.citusdata.com/en/stable/develop/api_udf.html
"""

from collections.abc import Iterator

from sqlalchemy import Connection, Table, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable, ForeignKeyConstraint

from campflow.errors import StoreError
from campflow.storage.database import Database
from campflow.storage.found_by import DISTRIBUTED, EMAILS, FOUND_BY, KEYS, is_distributed
from campflow.storage.schema import pending
from campflow.storage.tables import Tables


def distribute(database: Database) -> list[str]:
    """Share the rows out, all of them or none. Gives the statements that were run.

    Raises StoreError where the database cannot do it, and where it has been done.
    """
    if database.url.get_backend_name() != "postgresql":
        raise StoreError(
            "only a PostgreSQL database can be distributed: `campflow db copy --to postgresql+psycopg://…` makes one"
        )
    if pending(database):
        raise StoreError("the database is not up to date: run `campflow db upgrade` first")
    with database.transaction() as connection:
        if is_distributed(connection, database.tables):
            raise StoreError("the database is distributed already")
        if connection.exec_driver_sql("SELECT 1 FROM pg_extension WHERE extname = 'citus'").first() is None:
            raise StoreError(
                "the server has no Citus in this database: install the extension on the coordinator and the workers, "
                "then run CREATE EXTENSION citus; one server needs none of this"
            )
        return carry_out(connection, database.tables)


def carry_out(connection: Connection, tables: Tables) -> list[str]:
    """Run the statements, and remember it."""
    said = list(statements(tables))
    for statement in said:
        connection.exec_driver_sql(statement)
    connection.execute(insert(tables.setting).values(name=DISTRIBUTED, value="contact_id"))
    return said


# --- the statements ----------------------------------------------------------------------------------------------


def distributed_tables(tables: Tables) -> list[Table]:
    """The tables that are shared out, `contact` first."""
    about = [table for table in tables.metadata.sorted_tables if "contact_id" in table.c]
    return sorted(about, key=lambda table: table is not tables.contact)


def statements(tables: Tables) -> Iterator[str]:
    """What turns one server's tables into distributed and reference tables, in order."""
    # Without it, Citus refuses to touch many shards after a table that they point to in one transaction.
    yield "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'"
    yield from _found_by(tables)
    foreign = [(table, key) for table in tables.metadata.sorted_tables for key in table.foreign_key_constraints]
    # A table cannot be distributed while another, still local, points to it; they point again at the end.
    for table, key in foreign:
        yield f"ALTER TABLE {table.name} DROP CONSTRAINT {_name(table, key)}"
    shared = distributed_tables(tables)
    for table in tables.metadata.sorted_tables:
        if table not in shared:
            yield f"SELECT create_reference_table('{table.name}')"
    yield "SELECT create_distributed_table('contact', 'contact_id')"
    for table in shared[1:]:
        yield f"SELECT create_distributed_table('{table.name}', 'contact_id', colocate_with => 'contact')"
    yield f"SELECT create_distributed_table('{FOUND_BY.name}', 'value', colocate_with => 'none')"
    for table, key in foreign:
        yield f"ALTER TABLE {table.name} ADD CONSTRAINT {_name(table, key)} FOREIGN KEY {_target(key)}"


def _found_by(tables: Tables) -> Iterator[str]:
    """The keys of a person move to a table of their own."""
    yield _spelled(CreateTable(FOUND_BY))
    for index in FOUND_BY.indexes:
        yield _spelled(CreateIndex(index))
    yield KEYS
    yield "ALTER TABLE contact DROP CONSTRAINT contact_contact_key_key"
    yield "CREATE INDEX contact_by_key ON contact (contact_key)"
    for index in tables.contact.indexes:
        yield EMAILS
        yield f"DROP INDEX {index.name}"
        yield f"CREATE INDEX {index.name} ON contact (email)"


def _name(table: Table, key: ForeignKeyConstraint) -> str:
    """As PostgreSQL calls it."""
    return f"{table.name}_{'_'.join(key.column_keys)}_fkey"


def _target(key: ForeignKeyConstraint) -> str:
    columns = ", ".join(element.column.name for element in key.elements)
    return f"({', '.join(key.column_keys)}) REFERENCES {key.referred_table.name} ({columns})"


def _spelled(statement: CreateTable | CreateIndex) -> str:
    return " ".join(str(statement.compile(dialect=postgresql.dialect())).split())  # type: ignore[no-untyped-call]
