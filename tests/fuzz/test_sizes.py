"""What is far too large, too deep or too strange: `check` and `fmt` answer soon, in little memory."""

import time
import tracemalloc

import pytest
from tests.fuzz.promises import checked, formats
from tests.language.test_any_text import HUGE, SOUND

from campflow.diagnostics.source import Source
from campflow.language.formatter import format_text

#: Seconds on a machine that has other things to do; megabytes that Python's own objects take at most.
SOON, LITTLE = 600, 900

STAGE = '  stage s{} {{\n    send email nudge {{ subject "Hello" }}\n    after 4 days -> s0\n  }}\n'
BIG = "campaign big {{\n  audience score > 1\n  enter on signup\n{}}}\n".format(
    "".join(STAGE.format(number) for number in range(12_000))
)

MORE = {
    "10^400": "segment a = score > 1" + "0" * 400,
    "0.000…1": "segment a = score > 0." + "0" * 400 + "1",
    "10^400 days": "segment a = now - birthday > 1" + "0" * 400 + " days",
    "10^400 EUR": "segment a = count(purchase where amount > 1" + "0" * 400 + " EUR) > 1",
    "10^400%": "campaign c {\n  holdout 1" + "0" * 400 + "%\n}",
    "homoglyphs": "segment v\u0456\u0440 = s\u0441ore > 1",
    "right to left": 'segment a = plan == "\u202etrial\u202c"',
    "zero inside": SOUND.replace("trial", "tr\0ial"),
    "nested not": "segment a = " + "not (" * 10_000 + "score > 1" + ")" * 10_000,
    "nested brackets": "segment a = " + "(" * 10_000 + "score > 1" + ")" * 10_000,
    "a row of or": "segment a = " + " or ".join(f"score == {number}" for number in range(10_000)),
    "options": f"segment a = score in ({', '.join(map(str, range(10_000)))})",
    "segments": "\n".join(f"segment s{number} = in segment s{number + 1}" for number in range(5_000)),
    "fields": "contact {\n" + "\n".join(f"  f{number} text" for number in range(10_000)) + "\n}",
    "same name": "segment a = score > 1\n" * 2_500,
}

REFUSED = MORE.keys() - {"0.000…1", "options", "fields"}


@pytest.mark.parametrize("text", MORE.values(), ids=MORE)
def test_strange_texts(text: str, request: pytest.FixtureRequest) -> None:
    started = time.perf_counter()
    found = checked(text)
    formats(text)
    assert time.perf_counter() - started < SOON
    assert len(found) < 25_000
    assert any(each.severity == "error" for each in found) or text not in (MORE[name] for name in REFUSED)


def test_a_megabyte_of_stages_has_an_answer_soon() -> None:
    started = time.perf_counter()
    checked(BIG)
    format_text(Source("some.flow", BIG))
    assert time.perf_counter() - started < SOON


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_a_megabyte_has_an_answer_soon_and_needs_little_memory(text: str) -> None:
    started = time.perf_counter()
    tracemalloc.start()
    try:
        checked(text)
        format_text(Source("some.flow", text))
        most = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - started < SOON
    assert most < LITTLE
