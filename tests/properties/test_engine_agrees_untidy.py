"""Random projects in which events are learned late and somebody else changes fields: no engine knows more than it was
told, and with the same knowledge engine and interpreter agree. See `agreeing.py`."""

import pytest
from tests.properties.agreeing import CASTS, agree
from tests.properties.cases import casts
from tests.properties.many import for_many
from tests.shares import FIRST, share


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_late_events_and_changed_fields_act_as_they_become_known() -> None:
    for_many(casts(calm=False, count=CASTS), agree, share(32, 2_000), FIRST)
