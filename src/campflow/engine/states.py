"""States of a message as texts of the statement: an index with `WHERE state = 'ready'` is used only where the query
says the same, and not where it gives a parameter."""

from sqlalchemy import ColumnElement, literal_column

PLANNED: ColumnElement[str] = literal_column("'planned'")
READY: ColumnElement[str] = literal_column("'ready'")
