"""Giving a thing another name, everywhere at once, and only where every name still means what it meant."""

import re
from collections.abc import Callable, Iterable, Mapping

from campflow.checking.clauses import UNNAMED
from campflow.editor.index import Kind, Occurrence, Symbol
from campflow.editor.view import View
from campflow.errors import CampflowError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KINDS: frozenset[Kind] = frozenset(
    {"campaign", "stage", "split", "arm", "conversion", "event", "field", "segment", "test", "person"}
)

#: The view as it would be with other texts.
Try = Callable[[View, Mapping[str, str]], View]


class CannotRename(CampflowError):
    """Why not, and what to do instead."""


def renameable(view: View, path: str, offset: int) -> Occurrence:
    """The name at an offset. Raises CannotRename."""
    here = view.index.at(path, *view.places(path).line_and_column(offset))
    if here is None:
        raise CannotRename("there is no name here that could be changed")
    symbol = here.symbols[0]
    if symbol.kind == "message":
        raise CannotRename(f"a message is named by its file: rename content/{symbol.name}.{symbol.owner}.* instead")
    if symbol.kind not in _KINDS:
        raise CannotRename(f"{symbol} comes from a plugin or from campflow.toml: no .flow file can rename it")
    if not view.index.declarations(here.symbols):
        built_in = symbol.kind == "event" and symbol.name in view.names.events
        why = "is built in" if built_in else "is declared nowhere"
        raise CannotRename(f"{symbol} {why}, so it cannot be renamed")
    return here


def rename(view: View, path: str, offset: int, new: str, tried: Try) -> dict[str, list[Occurrence]]:
    """The places to change, by file. Raises CannotRename: a bad or taken name, or one that would change a meaning."""
    here = renameable(view, path, offset)
    symbols = view.index.together(here.symbols)
    _check_name(new, here.symbols[0])
    _check_fixed(view, symbols)
    places = view.index.of(symbols)
    _check_unread(view, here.symbols[0].name)
    texts = {name: _edited(view, name, places, new) for name in dict.fromkeys(each.span.path for each in places)}
    _check_meaning(view, tried(view, texts), symbols, new)
    return {name: [each for each in places if each.span.path == name] for name in texts}


def written(new: str, occurrence: Occurrence) -> str:
    """The new name as it is written there: in the title of a test some characters need a backslash."""
    if occurrence.symbols[0].kind != "test":
        return new
    return new.replace("\\", "\\\\").replace('"', '\\"')


def _check_name(new: str, symbol: Symbol) -> None:
    if symbol.kind == "test":
        if not new.strip() or re.search(r"[\x00-\x1f\x7f]", new):
            raise CannotRename("the title of a test is a line of text")
    elif _NAME.fullmatch(new) is None:
        raise CannotRename(
            f"`{new}` is no name: write small letters, digits and _, a letter first, for example "
            f"`{_suggested(new) or symbol.name + '_2'}`"
        )
    elif symbol.kind == "conversion" and new == UNNAMED:
        raise CannotRename(f"`{UNNAMED}` is the conversion without a name: choose another one")


def _suggested(new: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", new.lower()).strip("_0123456789")


def _check_fixed(view: View, symbols: Iterable[Symbol]) -> None:
    """Names that something outside of the `.flow` files stands on."""
    rfm = view.project.settings.rfm if view.project else None
    fixed = {Symbol("field", "language"): "picks the language of a message"}
    for channel in view.names.vocabulary.channels.values():
        for field in channel.addressed_by:
            fixed[Symbol("field", field)] = f"is where the channel `{channel.name}` writes to"
    if rfm:
        for symbol in (Symbol("event", rfm.event), Symbol("field", rfm.amount, rfm.event)):
            fixed[symbol] = "is named in campflow.toml, [rfm]"
    for symbol in symbols:
        if symbol in fixed:
            raise CannotRename(f"{symbol} {fixed[symbol]}, so it cannot be renamed here")


def _check_unread(view: View, name: str) -> None:
    """A line that cannot be read may hold the name."""
    for mistake in view.unread:
        places = view.places(mistake.span.path)
        line = places.text[places.offset(mistake.span.line, 1) : places.offset(mistake.span.end_line, 1_000_000)]
        if re.search(rf"\b{re.escape(name)}\b", line):
            where = f"{mistake.span.path}, line {mistake.span.line}"
            raise CannotRename(f"{where} cannot be read and may mean `{name}`: put it right first")


def _edited(view: View, path: str, places: Iterable[Occurrence], new: str) -> str:
    at = view.places(path)
    pieces, end = [], 0
    for each in places:
        if each.span.path == path:
            pieces += [at.text[end : at.offset(each.span.line, each.span.column)], written(new, each)]
            end = at.offset(each.span.end_line, each.span.end_column)
    return "".join([*pieces, at.text[end:]])


def _check_meaning(before: View, after: View, symbols: frozenset[Symbol], new: str) -> None:
    """Every name stands for what it stood for, and nothing has the new name already."""
    kinds = {(symbol.kind, symbol.owner) for symbol in symbols}
    for symbol in before.index.symbols:
        taken = symbol.name == new and (symbol.kind, symbol.owner) in kinds and symbol not in symbols
        if taken and before.index.declarations([symbol]):
            raise CannotRename(f"there is a {symbol} already")
    renamed = _Renamed(symbols, new)
    for path in sorted({file.path for file in before.files} | set(before.texts)):
        was = [renamed.all(each) for each in before.index.in_file(path)]
        if was != [frozenset(each.symbols) for each in after.index.in_file(path)]:
            raise CannotRename(f"`{new}` would mean something else in {path}: choose another name")


class _Renamed:
    """What things are called after the change; those that belong to a renamed one have a new owner."""

    def __init__(self, symbols: frozenset[Symbol], new: str) -> None:
        self._symbols, self._new = symbols, new

    def all(self, occurrence: Occurrence) -> frozenset[Symbol]:
        return frozenset(Symbol(symbol.kind, self._name(symbol), self._owner(symbol)) for symbol in occurrence.symbols)

    def _name(self, symbol: Symbol) -> str:
        return self._new if symbol in self._symbols else symbol.name

    def _owner(self, symbol: Symbol) -> str:
        match symbol.kind:
            case "field" if symbol.owner:
                return self._name(Symbol("event", symbol.owner))
            case "stage" | "split" | "conversion" | "test":
                return self._name(Symbol("campaign", symbol.owner))
            case "arm":
                campaign, _, split = symbol.owner.partition(".")
                return f"{self._name(Symbol('campaign', campaign))}.{self._name(Symbol('split', split, campaign))}"
        return symbol.owner
