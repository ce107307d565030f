"""Random projects in calm times: however the engine ticks, it tells the one story that the reference interpreter tells.

Together with `test_engine_agrees_untidy.py` 96 cases. CAMPFLOW_TEST_LONG=1 makes 10,000, each with each clock pattern,
and CAMPFLOW_TEST_FIRST=N begins with project number N (`tests/shares.py`). A failing case is shrunk and printed as its
`.flow` text, its people and what happened to them.
"""

import pytest
from tests.properties.agreeing import CASTS, agree
from tests.properties.cases import casts
from tests.properties.many import for_many
from tests.shares import FIRST, share


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_however_often_the_engine_ticks_it_tells_the_one_story() -> None:
    for_many(casts(calm=True, count=CASTS), agree, share(64, 8_000), FIRST)
