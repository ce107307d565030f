"""The promises of promises.py, for texts that Hypothesis makes up: sound programs with stretches exchanged, or cut."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.promises import checks, formats, seeds
from tests.language.test_any_text import PIECES, SOUND

SEEDS = [SOUND, *seeds()]

CHANGES = st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 30), PIECES), max_size=6)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A program of the tests with some stretches replaced, some of them by a stretch of another one."""
    text, other = draw(st.sampled_from(SEEDS)), draw(st.sampled_from(SEEDS))
    for start, length, piece in draw(CHANGES):
        put = other[start : start + 3 * length] if draw(st.booleans()) else piece
        text = text[:start] + put + text[start + length :]
    return text


slowly = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@slowly
@given(texts())
def test_check_has_an_answer(text: str) -> None:
    checks(text)


@slowly
@given(texts())
def test_fmt_keeps_the_meaning(text: str) -> None:
    formats(text)
