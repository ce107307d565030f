"""Random projects on PostgreSQL: the reference interpreter's one story there as well, of fewer cases than on SQLite.

How many, and from which on, is said as in `test_engine_agrees.py`.
"""

from functools import partial

import pytest
from tests import databases
from tests.properties.agreeing import CASTS, agree
from tests.properties.cases import casts
from tests.properties.engine import server_of
from tests.properties.many import for_many
from tests.shares import FIRST, share

#: Other projects than those that SQLite plays.
OTHERS = 3_000_000


@pytest.mark.long
@pytest.mark.parametrize("kind", databases.kinds()[1:])
@pytest.mark.timeout(3_600)
def test_however_often_the_engine_ticks_it_tells_the_one_story_there_too(kind: str) -> None:
    for server in server_of(kind):
        for_many(casts(calm=True, count=CASTS), partial(agree, server=server), share(12, 400), OTHERS + FIRST)
