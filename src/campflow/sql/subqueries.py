"""Subqueries that may stand anywhere: they read their own tables and take everything else from around them.

SQLAlchemy correlates by itself only with the query directly outside; conditions nest deeper than that.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, exists, literal, select


def one(query: Select[Any], *own: FromClause) -> ColumnElement[Any]:
    """The query's one value, or NULL."""
    return query.correlate_except(*own).scalar_subquery()


def some(own: FromClause, *conditions: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row of `own` meets the conditions."""
    return exists(select(literal(1)).select_from(own).where(*conditions).correlate_except(own))


def around(query: Select[Any], *own: FromClause) -> Select[Any]:
    """The query, to stand inside another subquery's FROM."""
    return query.correlate_except(*own)
