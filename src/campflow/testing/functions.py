"""What campflow relies on in a function of expressions, as tests to inherit."""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, ClassVar

from sqlalchemy import NullPool, create_engine, select
from sqlalchemy import cast as as_type
from sqlalchemy.exc import DBAPIError

from campflow.hooks.contracts import FunctionPlugin
from campflow.hooks.offers import checked
from campflow.hooks.words import function_of
from campflow.model.people import TEXT_KINDS
from campflow.sql.conditions import called
from campflow.storage.tables import column_type
from campflow.testing.samples import HOSTILE

#: Names the URL of a PostgreSQL server that the suite asks as well.
POSTGRES = "CAMPFLOW_TEST_POSTGRES"

_WHOLE = (0, 1, -1, 2**31, 10**15, -(10**15))
_VALUES: Mapping[str, Sequence[object]] = {
    "integer": _WHOLE,
    "money": _WHOLE,
    "number": (0.0, -1.5, 0.1, 1e15, -1e15),
    "yesno": (True, False),
    "date": (0, -1, 20_500, 60_000),
    "time": (0, -1, 20_500 * 86_400_000, 60_000 * 86_400_000),
    "list": ("[]", '["a"]', '["' + "b" * 1_000 + '", "\\" \'"]'),
}
#: What a database keeps in a text: no NUL.
_TEXTS = ("", *(text for text in HOSTILE.values() if "\0" not in text))


class FunctionContract:
    """Inherit it, say which plugin it is, and give examples.

    plugin    what the hook returns
    examples  what is given, and what is made of it, both as the database keeps them: `(("Ada",), 3)`. None is missing
    servers   URLs of the databases that it is tried on; one of PostgreSQL is added where CAMPFLOW_TEST_POSTGRES says it
    """

    plugin: ClassVar[FunctionPlugin]
    examples: ClassVar[Sequence[tuple[Sequence[object], object]]]
    servers: ClassVar[Sequence[str]] = ("sqlite://",)

    def made(self, rows: Sequence[Sequence[object]]) -> Iterator[tuple[str, list[Any]]]:
        """For each server, what the function makes of each row of values."""
        function = function_of(self.plugin)
        types = [column_type(each.type) for each in function.parameters]
        for server in dict.fromkeys((*self.servers, *filter(None, [os.environ.get(POSTGRES)]))):
            engine = create_engine(server, poolclass=NullPool)
            with engine.connect() as connection:
                found = []
                for row in rows:
                    given = [as_type(value, type_) for value, type_ in zip(row, types, strict=True)]
                    try:
                        found.append(connection.execute(select(called(function, given))).scalar())
                    except DBAPIError as error:
                        raise AssertionError(f"{self.plugin.name}{tuple(row)!r} fails: {error.orig}") from error
            yield engine.dialect.name, found

    def test_what_it_declares_is_sound(self) -> None:
        assert checked(self.plugin, FunctionPlugin, "campflow_functions") is self.plugin
        assert self.examples, "give the suite an example"

    def test_it_makes_what_the_examples_say(self) -> None:
        for database, found in self.made([given for given, _ in self.examples]):
            for (given, expected), made in zip(self.examples, found, strict=True):
                assert made == expected, f"{self.plugin.name}{tuple(given)!r} on {database}"

    def test_nothing_is_made_of_what_is_missing_but_may_not_be(self) -> None:
        function, (given, _) = function_of(self.plugin), self.examples[0]
        holes = [[*given[:at], None, *given[at + 1 :]] for at in range(len(function.parameters))]
        for _, found in self.made(holes):
            for parameter, made in zip(function.parameters, found, strict=True):
                assert parameter.optional or made is None

    def test_it_fails_for_no_value(self) -> None:
        """A statement that fails moves nobody: not those either whose values are ordinary."""
        rows = list(_odd_rows(self.plugin))
        partial = function_of(self.plugin).partial
        for database, found in self.made(rows):
            for row, made in zip(rows, found, strict=True):
                there = None not in row
                assert partial or not there or made is not None, f"{tuple(row)!r} on {database}: `gives` has no `?`"

    def test_it_depends_on_nothing_but_what_it_is_given(self) -> None:
        given = [self.examples[0][0]] * 20
        for database, found in self.made(given):
            assert len(set(map(str, found))) == 1, f"on {database}"


def _odd_rows(plugin: FunctionPlugin) -> Iterator[Sequence[object]]:
    """Odd values at each place, beside a few at the others."""
    kinds = [each.type.kind for each in function_of(plugin).parameters]
    values = [list(_TEXTS if kind in TEXT_KINDS else _VALUES[kind]) for kind in kinds]
    for at in range(len(kinds)):
        yield from product(*(all if at == place else [all[0], all[-1], None] for place, all in enumerate(values)))
