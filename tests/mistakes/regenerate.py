"""Writes what campflow says about each syntax mistake beside it, to be read and committed after a change of wording.

Run it as `python tests/mistakes/regenerate.py`. It prints the cases whose text has changed.
"""

from pathlib import Path

from campflow.diagnostics.render import render_text
from campflow.diagnostics.source import Source
from campflow.language.parser import parse

SYNTAX = Path(__file__).parent / "syntax"


def said_of(case: Path) -> str:
    """All diagnostics of one case, as a terminal shows them."""
    source = Source(case.name, case.read_bytes().decode("utf-8"))
    _, diagnostics = parse(source)
    return render_text(diagnostics, {source.path: source})


def main() -> None:
    for case in sorted(SYNTAX.glob("*.flow")):
        beside = case.with_suffix(".txt")
        said = said_of(case)
        if not beside.exists() or beside.read_text("utf-8") != said:
            beside.write_text(said, "utf-8")
            print(f"{case.stem}: written anew")


if __name__ == "__main__":
    main()
