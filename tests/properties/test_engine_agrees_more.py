"""More random projects in calm times, in a file of their own so that two workers share them: see `agreeing.py`."""

import pytest
from tests.properties.agreeing import CASTS, FIRST, LONG, agree
from tests.properties.cases import casts
from tests.properties.many import for_many

#: Other projects than those of `test_engine_agrees.py`.
OTHERS = 1_000_000


@pytest.mark.timeout(3_600)
def test_however_often_the_engine_ticks_it_tells_the_one_story() -> None:
    for_many(casts(calm=True, count=CASTS), agree, 4_000 if LONG else 160, OTHERS + FIRST)
