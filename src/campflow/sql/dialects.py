"""Where the databases differ, each difference with its reason. Everything else is common SQL."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseList, FunctionElement, Join, literal_column
from sqlalchemy.types import BigInteger, Boolean, Float, Text

#: Later than any instant: stands for "never" inside `least`, which must not meet a NULL (SQLite answers NULL then,
#: PostgreSQL ignores it).
NEVER = 9_000_000_000_000_000_000


class Least(FunctionElement[int]):
    """The smallest of its arguments, none of which is NULL: `min` of several on SQLite, `least` elsewhere."""

    type = BigInteger()
    inherit_cache = True
    name = "least"


@compiles(Least)
def _least(element: Least, compiler: SQLCompiler, **kw: Any) -> str:
    return f"least({compiler.process(element.clauses, **kw)})"


@compiles(Least, "sqlite")
def _least_sqlite(element: Least, compiler: SQLCompiler, **kw: Any) -> str:
    return f"min({compiler.process(element.clauses, **kw)})"


def least(*values: ColumnElement[Any]) -> ColumnElement[Any]:
    """The smallest; of one value itself (`min` of one argument would be an aggregate on SQLite)."""
    return values[0] if len(values) == 1 else Least(*values)


def greatest(*values: ColumnElement[Any]) -> ColumnElement[Any]:
    """The largest, written with `least` so that one element serves."""
    return values[0] if len(values) == 1 else -least(*(-value for value in values))


class Position(FunctionElement[int]):
    """Where a text stands in another, 0 if nowhere: `instr` on SQLite, `strpos` elsewhere."""

    type = BigInteger()
    inherit_cache = True
    name = "position"


@compiles(Position)
def _position(element: Position, compiler: SQLCompiler, **kw: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **kw)})"


@compiles(Position, "sqlite")
def _position_sqlite(element: Position, compiler: SQLCompiler, **kw: Any) -> str:
    return f"instr({compiler.process(element.clauses, **kw)})"


class HasItem(FunctionElement[bool]):
    """Whether a JSON list (a text) holds a value."""

    type = Boolean()
    inherit_cache = True
    name = "has_item"


@compiles(HasItem)
def _has_item(element: HasItem, compiler: SQLCompiler, **kw: Any) -> str:
    items, item = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"EXISTS (SELECT 1 FROM jsonb_array_elements_text(CAST({items} AS jsonb)) AS i(v) WHERE i.v = {item}::text)"


@compiles(HasItem, "sqlite")
def _has_item_sqlite(element: HasItem, compiler: SQLCompiler, **kw: Any) -> str:
    items, item = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({items}) AS i WHERE i.value = {item})"


class JsonObject(FunctionElement[str]):
    """A JSON object as a text, of names and values by turns: `json_object`, or `jsonb_build_object` beyond SQLite."""

    type = Text()
    inherit_cache = True
    name = "json_of"


@compiles(JsonObject)
def _json_object(element: JsonObject, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(jsonb_build_object({compiler.process(element.clauses, **kw)}) AS text)"


@compiles(JsonObject, "sqlite")
def _json_object_sqlite(element: JsonObject, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_object({compiler.process(element.clauses, **kw)})"


class Rounded(FunctionElement[float]):
    """The nearest whole number, halves away from zero: PostgreSQL's own `round` takes halves of a float to even."""

    type = Float(53)
    inherit_cache = True
    name = "rounded"


@compiles(Rounded)
def _rounded(element: Rounded, compiler: SQLCompiler, **kw: Any) -> str:
    value = compiler.process(element.clauses, **kw)
    return f"(SELECT trunc(v + CASE WHEN v < 0 THEN -0.5 ELSE 0.5 END) FROM (SELECT CAST({value} AS float8)) AS r(v))"


@compiles(Rounded, "sqlite")
def _rounded_sqlite(element: Rounded, compiler: SQLCompiler, **kw: Any) -> str:
    return f"round({compiler.process(element.clauses, **kw)})"


class Exact(FunctionElement[int]):
    """A whole number to calculate with, however large it becomes: PostgreSQL stops the statement where a bigint
    overflows, SQLite goes on with a float."""

    type = BigInteger()
    inherit_cache = True
    name = "exact"


@compiles(Exact)
def _exact(element: Exact, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS numeric)"


@compiles(Exact, "sqlite")
def _exact_sqlite(element: Exact, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


class WholeSum(FunctionElement[int]):
    """The sum of a column of whole numbers: SQLite's stops the statement where it overflows, so it adds up halves."""

    type = BigInteger()
    inherit_cache = True
    name = "whole_sum"


@compiles(WholeSum)
def _whole_sum(element: WholeSum, compiler: SQLCompiler, **kw: Any) -> str:
    return f"sum({compiler.process(element.clauses, **kw)})"


@compiles(WholeSum, "sqlite")
def _whole_sum_sqlite(element: WholeSum, compiler: SQLCompiler, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    return f"(sum({column} >> 32) * 4294967296 + sum({column} & 4294967295))"


class Times(FunctionElement[float]):
    """A product of floats. PostgreSQL stops the statement where one is too large, or too small, for a float: it gets
    the largest that fifty of them can be added to, or 0."""

    type = Float(53)
    inherit_cache = True
    name = "times"


@compiles(Times)
def _times(element: Times, compiler: SQLCompiler, **kw: Any) -> str:
    found = (
        "WHEN abs(l) > 1e306 / greatest(abs(r), 1) THEN sign(l) * sign(r) * 1e306"
        " WHEN abs(l) < 1e-306 / nullif(least(abs(r), 1), 0) THEN 0 ELSE l * r"
    )
    return _of_floats(found, element.clauses, compiler, **kw)


def _of_floats(found: str, values: ClauseList, compiler: SQLCompiler, **kw: Any) -> str:
    """The cases of `found` for two values as floats, `l` and `r`, each of them written once."""
    a, b = (compiler.process(clause, **kw) for clause in values)
    return f"(SELECT CASE {found} END FROM (SELECT CAST({a} AS float8), CAST({b} AS float8) OFFSET 0) AS f(l, r))"


@compiles(Times, "sqlite")
def _times_sqlite(element: Times, compiler: SQLCompiler, **kw: Any) -> str:
    a, b = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({a} * {b})"


class Over(FunctionElement[float]):
    """A quotient, never of whole numbers; NULL by zero. PostgreSQL as with Times."""

    type = Float(53)
    inherit_cache = True
    name = "over"


@compiles(Over)
def _over(element: Over, compiler: SQLCompiler, **kw: Any) -> str:
    found = (
        "WHEN r = 0 THEN NULL WHEN abs(l) > 1e306 * least(abs(r), 1) THEN sign(l) * sign(r) * 1e306"
        " WHEN abs(l) < 1e-306 * greatest(abs(r), 1) THEN 0 ELSE l / r"
    )
    return _of_floats(found, element.clauses, compiler, **kw)


@compiles(Over, "sqlite")
def _over_sqlite(element: Over, compiler: SQLCompiler, **kw: Any) -> str:
    a, b = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({a} * 1.0 / nullif({b}, 0))"


class Bounded(FunctionElement[Any]):
    """A value as a column can keep it: a whole number, or a float, beyond `largest` is the largest."""

    inherit_cache = True
    name = "bounded"

    def __init__(self, value: ColumnElement[Any], largest: int | float) -> None:
        self.type = BigInteger() if isinstance(largest, int) else Float(53)
        super().__init__(value, literal_column(repr(largest), self.type))


@compiles(Bounded)
def _bounded(element: Bounded, compiler: SQLCompiler, **kw: Any) -> str:
    value, largest = (compiler.process(clause, **kw) for clause in element.clauses)
    kept = "v" if isinstance(element.type, Float) else "CAST(least(greatest(v, -9e18), 9e18) AS bigint)"
    kept = f"CAST(least(greatest({kept}, -{largest}), {largest}) AS {'float8' if kept == 'v' else 'bigint'})"
    # greatest() passes over a NULL; without OFFSET 0 what is calculated would be written wherever v stands.
    return f"(SELECT {kept} FROM (SELECT {value} OFFSET 0) AS b(v) WHERE v IS NOT NULL)"


@compiles(Bounded, "sqlite")
def _bounded_sqlite(element: Bounded, compiler: SQLCompiler, **kw: Any) -> str:
    value, largest = (compiler.process(clause, **kw) for clause in element.clauses)
    kept = value if isinstance(element.type, Float) else f"CAST({value} AS INTEGER)"
    return f"min(max({kept}, -{largest}), {largest})"


class NoNumber(FunctionElement[int]):
    """NULL where a whole number may stand: PostgreSQL takes a CASE of nothing but NULLs for a text."""

    type = BigInteger()
    inherit_cache = True
    name = "no_number"


@compiles(NoNumber)
def _no_number(element: NoNumber, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(NULL AS bigint)"


@compiles(NoNumber, "sqlite")
def _no_number_sqlite(element: NoNumber, compiler: SQLCompiler, **kw: Any) -> str:
    return "NULL"


class Compared(FunctionElement[int]):
    """A column that rows are compared by and not found by. SQLite would rather look through an index that begins with
    it than through a range of ids."""

    type = BigInteger()
    inherit_cache = True
    name = "compared"


@compiles(Compared)
def _compared(element: Compared, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(Compared, "sqlite")
def _compared_sqlite(element: Compared, compiler: SQLCompiler, **kw: Any) -> str:
    return f"+{compiler.process(element.clauses, **kw)}"


class Leading(Join):
    """A join whose left side is small and is read first.

    SQLite without statistics would start from the big table (an idle tick took ten times as long); its CROSS JOIN
    keeps the written order. Other databases estimate the small side well.
    """

    inherit_cache = True


@compiles(Leading)
def _leading(element: Leading, compiler: SQLCompiler, **kw: Any) -> str:
    return _joined(element, compiler, " JOIN ", kw)


@compiles(Leading, "sqlite")
def _leading_sqlite(element: Leading, compiler: SQLCompiler, **kw: Any) -> str:
    return _joined(element, compiler, " CROSS JOIN ", kw)


def _joined(element: Leading, compiler: SQLCompiler, word: str, kw: dict[str, Any]) -> str:
    kw = {**kw, "asfrom": True, "from_linter": None}
    on = {**kw, "asfrom": False}
    sides = (compiler.process(side, **kw) for side in (element.left, element.right))
    clause = element.onclause
    return word.join(sides) + " ON " + (compiler.process(clause, **on) if clause is not None else "1 = 1")


def leading(left: FromClause, right: FromClause, on: ColumnElement[bool]) -> FromClause:
    """`left` joined to `right`, left first."""
    return Leading(left, right, on)


def fenced(query: Select[Any]) -> Select[Any]:
    """The query, computed once per row whatever the query around it does with its columns.

    Both databases would otherwise write a column's whole expression again wherever it is used. `OFFSET 0` is where
    PostgreSQL stops; SQLite, given a LIMIT, runs the inner query as a coroutine.
    """
    return query.offset(literal_column("0"))


def first_of_each(query: Select[Any], keys: int, database: str) -> Select[Any]:
    """The rows, only the first of those that are alike in their first `keys` columns; the columns after them say which
    is first.

    For an upsert that keeps the first anyway: PostgreSQL refuses one that meets the same row twice.
    """
    if database == "sqlite":
        return query
    rows = query.subquery("every")
    return select(rows).ext(distinct_on(*list(rows.c)[:keys])).order_by(*rows.c)


def driver_style(dialect: Dialect) -> str:
    """How the driver wants named parameters."""
    return "named" if dialect.name == "sqlite" else "pyformat"
