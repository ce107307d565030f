"""Subqueries that may stand anywhere: they read their own tables and take everything else from around them.

SQLAlchemy correlates by itself only with the query directly outside; conditions nest deeper than that.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import BindParameter, ColumnClause, ColumnElement, FromClause, Select, exists, literal, select


def one(query: Select[Any], *own: FromClause) -> ColumnElement[Any]:
    """The query's one value, or NULL."""
    return query.correlate_except(*own).scalar_subquery()


def some(own: FromClause, *conditions: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row of `own` meets the conditions."""
    return exists(select(literal(1)).select_from(own).where(*conditions).correlate_except(own))


def around(query: Select[Any], *own: FromClause) -> Select[Any]:
    """The query, to stand inside another subquery's FROM."""
    return query.correlate_except(*own)


def let(value: ColumnElement[Any], use: Callable[[ColumnElement[Any]], ColumnElement[Any]]) -> ColumnElement[Any]:
    """`use(value)`, with the value written and computed once, in the FROM of a subquery.

    Written wherever it is used, a value of several steps grows with each of them, and SQLite's parser, whose stack has
    100 places, refuses what nests deeper.
    """
    if isinstance(value, ColumnClause | BindParameter):
        return use(value)
    given = around(select(value.label("v"))).subquery()
    return one(select(use(given.c.v)).select_from(given), given)
