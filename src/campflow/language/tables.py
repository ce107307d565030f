"""Lark's parse tables, kept beside the grammar: to work them out anew takes a fraction of a second at every start.

`flow.tables.json` is made of `flow.lark` by `python tests/language/regenerate_tables.py`. One that was made of another
grammar, or by another Lark, is not used.
"""

import json
import pkgutil
from hashlib import sha256
from typing import Any

import lark
from lark import Lark, Transformer
from lark.grammar import Rule
from lark.lark import PostLex
from lark.lexer import TerminalDef


def lark_of(transformer: Transformer[Any, Any] | None, postlex: PostLex) -> Lark:
    """A parser of the grammar. The postlexer has to be of the kind that the tables were made with."""
    grammar = grammar_text()
    tables = read_tables(pkgutil.get_data(__package__, "flow.tables.json") or b"", grammar)
    if tables is None:
        return made(grammar, transformer, postlex)
    loader: Any = Lark.__new__(Lark)
    loaded: Lark = loader._load(tables, transformer=transformer, postlex=postlex)
    return loaded


def made(grammar: str, transformer: Transformer[Any, Any] | None, postlex: PostLex) -> Lark:
    """A parser of a grammar, from nothing but its text."""
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=transformer, postlex=postlex)


def grammar_text() -> str:
    return (pkgutil.get_data(__package__, "flow.lark") or b"").decode("utf-8")


def written_tables(postlex: PostLex) -> str:
    """What belongs into flow.tables.json."""
    grammar = grammar_text()
    whole: Any = made(grammar, None, postlex)
    data, memo = whole.memo_serialize([TerminalDef, Rule])
    left_out = ("transformer", "postlex", "import_paths", "source_path")
    data["options"] = {name: value for name, value in data["options"].items() if name not in left_out}
    tables = {"data": data, "memo": memo}
    return json.dumps({"of": _fingerprint(grammar), "tables": tables}, separators=(",", ":"), sort_keys=True) + "\n"


def read_tables(written: bytes, grammar: str) -> dict[str, Any] | None:
    """The tables; None where they are of another grammar or another Lark."""
    if f'{{"of":"{_fingerprint(grammar)}",'.encode() != written[: 9 + 64]:
        return None
    found: dict[str, Any] = json.loads(written, object_hook=_numbered)["tables"]
    return found


def _numbered(found: dict[str, Any]) -> dict[Any, Any]:
    """JSON has no numbers for keys."""
    return {int(key): value for key, value in found.items()} if all(map(str.isdigit, found)) else found


def _fingerprint(grammar: str) -> str:
    return sha256(f"{lark.__version__}\n{grammar}".encode()).hexdigest()
