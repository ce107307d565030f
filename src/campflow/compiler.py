"""The table of contents: from the text of `.flow` files to the SQL program. Pure.

What is needed to write SQL is imported when SQL is written: to check a text takes less time than to import it.
"""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from campflow.checking.checks import check
from campflow.checking.collecting import collect
from campflow.checking.placed import Placed
from campflow.checking.proofs import Evidence, prove
from campflow.checking.resolver import resolve
from campflow.checking.texts import Texts
from campflow.checking.unreadable import told_once
from campflow.checking.vocabulary import Vocabulary
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.render import in_order
from campflow.diagnostics.source import Source
from campflow.language.parser import parse
from campflow.language.syntax import FlowFile
from campflow.model.flow import CheckedFlow, Flow
from campflow.model.people import Duration

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

    from campflow.planning.plan import Rfm
    from campflow.sql.program import Program
    from campflow.storage.tables import Tables

#: From a text to its tree and its mistakes.
Reader: TypeAlias = Callable[[Source], tuple[FlowFile, tuple[Diagnostic, ...]]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking gives: `flow` is None where there is an error. `diagnostics` are in the order of the files."""

    flow: CheckedFlow | None
    files: tuple[FlowFile, ...]
    diagnostics: tuple[Diagnostic, ...]


def check_sources(
    sources: Sequence[Source], vocabulary: Vocabulary, read: Reader = parse, today: dt.date | None = None
) -> Checked:
    """All `.flow` files of a project, read, resolved and checked together. Never raises, whatever the texts are.

    `read` is for who keeps syntax trees from one time to the next. Without `today` nothing is said to be overdue.
    """
    parsed = [read(source) for source in sources]
    files = tuple(file for file, _ in parsed)
    unread = tuple(diagnostic for _, mistakes in parsed for diagnostic in mistakes)
    texts = Texts({source.path: source for source in sources})
    flow, seen = look(files, unread, texts, vocabulary, today)
    found = tuple(in_order((*unread, *told_once(unread, seen, texts))))
    sound = all(diagnostic.severity != "error" for diagnostic in found)
    return Checked(CheckedFlow(flow) if sound else None, files, found)


def look(
    files: Sequence[FlowFile],
    unread: Sequence[Diagnostic],
    texts: Texts,
    vocabulary: Vocabulary,
    today: dt.date | None,
    outlines: Collection[str] = (),
) -> tuple[Flow, tuple[Diagnostic, ...]]:
    """The model, and all findings but the `unread` ones of the parser, those that only follow from these too.

    `outlines` are the paths of files whose trees are nothing more; what is found in these means nothing.
    """
    names, doubles = collect(files, vocabulary, texts)
    placed = Placed()
    flow, mistakes = resolve(files, names, texts, placed, outlines)
    proven = prove(Evidence(files, names, placed, texts, unread, today, outlines))
    return flow, (*doubles, *mistakes, *check(files, names), *proven)


def compile_flow(
    checked: CheckedFlow,
    *,
    zone: str,
    expires: Duration,
    tables: "Tables",
    dialect: "Dialect",
    rfm: "Rfm | None" = None,
    opt_in: Collection[str] = (),
    only: Collection[str] | None = None,
) -> "Program":
    """The SQL program of a checked flow, for one project's settings, tables and database.

    With `only`, of these campaigns and those that they depend on.
    """
    from campflow.planning.planner import narrowed, plan
    from campflow.sql.writer import write

    whole = plan(checked, zone=zone, expires=expires, rfm=rfm, opt_in=opt_in)
    return write(whole if only is None else narrowed(whole, only), tables, dialect)
