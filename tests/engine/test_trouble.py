"""What went wrong is said in one line, by which an operator can act and which holds nothing about people."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from tests.engine.workbench import Bench

from campflow.engine.trouble import reason
from campflow.errors import PluginError

pytestmark = pytest.mark.usefixtures("store")

TEXT = """
contact { email  email? }
campaign spring {
  audience  email is set
  enter     when email is set
  stage hello { after 1 day -> done }
  final done
}
"""


def test_of_a_statement_that_fails_neither_it_nor_what_people_wrote_is_said() -> None:
    bench = Bench(TEXT, [])
    bench.people("key,email\nada,ada@x.example\n")
    contact = bench.database.tables.contact
    again = {"contact_key": "ada", "created_at": 0, "draw": 0, "email": "lovelace@x.example"}
    with pytest.raises(IntegrityError) as caught, bench.database.transaction() as connection:
        connection.execute(insert(contact).values(again))
    said = reason(caught.value)
    assert said.startswith(("IntegrityError: ", "UniqueViolation: "))
    assert "contact_key" in said
    for each in ("ada", "lovelace", "INSERT", "\n"):
        assert each not in said


def test_our_own_words_stand_alone_and_those_of_others_behind_the_kind_of_the_error() -> None:
    assert reason(PluginError("it is closed on Sundays")) == "it is closed on Sundays"
    assert reason(ValueError("no number")) == "ValueError: no number"
    assert reason(TimeoutError()) == "TimeoutError"
