"""Feeds the language room and the checker whatever libFuzzer comes up with, guided by the code it reaches.

    pip install 'campflow[fuzz]'
    python tests/fuzz/fuzz_language.py --minutes 20

Begins with the programs of the tests. Stops at the first text that breaks a promise (promises.py), that takes longer
than SLOW seconds or more than MEMORY; the text is then in the folder given by `--keep`, and this replays it:

    python tests/fuzz/fuzz_language.py --replay FILE
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

SLOW = 20  # seconds for one text of at most LONGEST bytes, instrumented
MEMORY = 2048  # megabytes
LONGEST = 8192  # bytes; megabytes are tried by tests/fuzz/test_sizes.py


def one(data: bytes) -> None:
    """One text through every door. What is not UTF-8 is refused before the parser sees it."""
    from tests.fuzz.promises import checks, formats, parses

    text = data.decode("utf-8", "replace")
    parses(text)
    checks(text)
    formats(text)


def _words() -> str:
    """The grammar's words and signs as a libFuzzer dictionary."""
    grammar = (HERE.parents[1] / "src/campflow/language/flow.lark").read_text("utf-8")
    words = {word for word in re.findall(r'"([^"\n\\]+)"', grammar) if word.isascii()}
    words |= {"40 EUR", "12%", "3 days", "2026-12-01", "09:00", "at least", "purchase", "amount", "country", "score"}
    return "".join(f'"{word}"\n' for word in sorted(words))


def _corpus(folder: Path) -> None:
    from tests.fuzz.promises import seeds

    for number, text in enumerate(seeds()):
        (folder / f"{number:04}").write_bytes(text.encode("utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0, help="the same texts in the same order; 0: others every time")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="where a text that fails is put")
    parser.add_argument("--replay", type=Path, help="a text that failed")
    options = parser.parse_args()
    if options.replay:
        one(options.replay.read_bytes())
        return
    try:
        import atheris
    except ImportError:
        print(f"fuzz: not run, atheris is not installed for Python {sys.version.split()[0]}: pip install atheris")
        return
    with atheris.instrument_imports(include=["campflow"]):
        import tests.fuzz.promises  # noqa: F401 -- what it imports is what is looked at
    options.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        _corpus(corpus)
        words = Path(folder, "words")
        words.write_text(_words(), "utf-8")
        settings = {
            "seed": options.seed,
            "max_total_time": round(options.minutes * 60),
            "timeout": SLOW,
            "rss_limit_mb": MEMORY,
            "max_len": LONGEST,
            "dict": words,
            "artifact_prefix": f"{options.keep}{os.sep}",
            "print_final_stats": 1,
        }
        atheris.Setup([sys.argv[0], *(f"-{name}={value}" for name, value in settings.items()), str(corpus)], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
