"""Subqueries that may stand anywhere: they read their own tables and take everything else from around them.

SQLAlchemy correlates by itself only with the query directly outside; conditions nest deeper than that.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import CTE, BindParameter, ColumnClause, ColumnElement, FromClause, Select, exists, literal, select

#: What is made of a value.
Use = Callable[[ColumnElement[Any]], ColumnElement[Any]]


def one(query: Select[Any], *own: FromClause) -> ColumnElement[Any]:
    """The query's one value, or NULL."""
    return query.correlate_except(*own).scalar_subquery()


def some(own: FromClause, *conditions: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row of `own` meets the conditions."""
    return exists(select(literal(1)).select_from(own).where(*conditions).correlate_except(own))


def around(query: Select[Any], *own: FromClause) -> Select[Any]:
    """The query, to stand inside another subquery's FROM."""
    return query.correlate_except(*own)


def let(value: ColumnElement[Any], use: Use) -> ColumnElement[Any]:
    """`use(value)`, with the value written and computed once, in the FROM of a subquery.

    Written wherever it is used, a value of several steps grows with each of them, and SQLite's parser, whose stack has
    100 places, refuses what nests deeper.
    """
    if isinstance(value, ColumnClause | BindParameter):
        return use(value)
    given = around(select(value.label("v"))).subquery()
    return one(select(use(given.c.v)).select_from(given), given)


def in_steps(value: ColumnElement[Any], steps: Iterable[Use]) -> ColumnElement[Any]:
    """What each step makes of the value before it, each of them written and computed once.

    They stand beside each other in a WITH: the text nests no deeper for their number, as it would with a `let` in a
    `let`. MATERIALIZED, as a database else may write each value where the next one uses it.
    """
    given = [_materialized(select(value.label("v")))]
    for step in steps:
        before = given[-1]
        given.append(_materialized(select(step(before.c.v).label("v")).select_from(before), before))
    return one(select(given[-1].c.v).add_cte(*given, nest_here=True), given[-1])


def _materialized(query: Select[Any], *own: FromClause) -> CTE:
    return around(query, *own).cte(nesting=True).prefix_with("MATERIALIZED")
