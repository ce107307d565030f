"""A tree that was packed comes back as it was."""

import pytest
from hypothesis import HealthCheck, given, settings
from tests.language.test_any_text import SOUND
from tests.properties.programs import programs

from campflow.diagnostics.source import Source
from campflow.language.packing import pack, unpack
from campflow.language.parser import parse


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(programs())
def test_any_program_comes_back(text: str) -> None:
    tree, _ = parse(Source("some.flow", text))
    assert unpack(pack(tree), "some.flow") == tree


def test_the_path_is_that_of_the_reader() -> None:
    here, there = (parse(Source(path, SOUND))[0] for path in ("here.flow", "there.flow"))
    assert unpack(pack(here), "there.flow") == there


WRONG = ["", "{", "3", "[[999]]", "[[-99]]", "[[0]]", "[[]]", "[[1,2]]", '[[-2,"x"]]', "[" * 9999]


@pytest.mark.parametrize("written", WRONG)
def test_what_is_no_tree_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"some\.flow: not a tree"):
        unpack(written, "some.flow")
