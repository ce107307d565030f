"""Writes the parse tables of the grammar anew, to be committed after every change of flow.lark.

Run it as `python tests/language/regenerate_tables.py`.
"""

from pathlib import Path

import campflow.language
from campflow.language.parser import Everywhere
from campflow.language.tables import written_tables

TABLES = Path(campflow.language.__path__[0]) / "flow.tables.json"


def main() -> None:
    TABLES.write_text(written_tables(Everywhere()), "utf-8")


if __name__ == "__main__":
    main()
