"""What Alembic runs revisions in: the connection, and the transaction, of whoever asked."""

from alembic import context

from campflow.storage.tables import REVISION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=REVISION_TABLE)
with context.begin_transaction():
    context.run_migrations()
