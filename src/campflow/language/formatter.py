"""The one canonical layout of a `.flow` file: `format_text`.

What is written is kept: words, figures, comments, the order, and one of several empty lines in a row. What is set anew
is how it stands:

  * Blocks are indented by two columns. One that was written on one line stays there if the line has up to 100 columns.
  * Clauses and fields have their second column in common, ways out their arrows, comments at line ends their `#`.
    An empty line or a statement of another kind ends such a run.
  * A statement that is too long breaks after operators and commas, the loosest first, and inside brackets.
"""

from collections.abc import Iterator, Sequence

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source
from campflow.language.columns import WIDEST, arrow_columns, comment_columns, second_columns
from campflow.language.layout import LIMIT, STEP, flat, lay_out
from campflow.language.outline import Block, Comment, Item, Statement, outline
from campflow.language.parser import parse_with_tokens
from campflow.language.spelling import Word

_CLOSING = Word("RBRACE", "}", False)


def format_text(source: Source) -> str | tuple[Diagnostic, ...]:
    """The text in its canonical layout, with `\\n` at line ends and no BOM; its mistakes where it has syntax errors.

    It means the same: the tree of the result differs from that of the source in nothing but its spans.
    """
    _, mistakes, tokens = parse_with_tokens(source)
    if mistakes:
        return mistakes
    return "".join(f"{line}\n" for line in _items(outline(source, tokens), 0, ""))


def _items(items: Sequence[Item], indent: int, declaration: str) -> Iterator[str]:
    """The lines of a block's inside, or of a file. `declaration` is the kind of the declaration whose block it is."""
    columns = zip(items, second_columns(items, declaration), arrow_columns(items), strict=True)
    blocks = [_item(item, indent, column, arrow) for item, column, arrow in columns]
    comments = [item.comment if isinstance(item, Statement) else None for item in items]
    ready = [lines[0] if comment and len(lines) == 1 else None for lines, comment in zip(blocks, comments, strict=True)]
    places = comment_columns(ready, [item.spaced for item in items], indent + WIDEST)
    for item, lines, comment, place in zip(items, blocks, comments, places, strict=True):
        if item.spaced:
            yield ""
        yield from lines[:-1]
        yield f"{lines[-1].ljust(place)}  {comment}" if comment else lines[-1]


def _item(item: Item, indent: int, column: int, arrow: int) -> list[str]:
    """Its lines. `column` and `arrow` are the widths of what stands before the second column, the arrow; 0 for none."""
    start = " " * indent
    if isinstance(item, Comment):
        return [start + item.text]
    if item.block is not None:
        return list(_with_block(item, item.block, indent))
    words, base, further = item.words, indent, indent + STEP
    if column:
        start += words[0].text.ljust(column + 2)
        words, arrow = words[1:], arrow - len(words[0].text) - 1
        base = further = len(start)
    if arrow > 0:
        return [f"{start}{flat(words[:-2]).ljust(arrow)} {flat(words[-2:])}"]
    return lay_out(words, start, base, further)


def _with_block(statement: Statement, block: Block, indent: int) -> Iterator[str]:
    start = " " * indent
    short = _on_one_line(statement)
    if short is not None and indent + len(short) <= LIMIT:
        yield start + short
        return
    yield f"{start}{flat(statement.words)} {{" + (f"  {block.comment}" if block.comment else "")
    yield from _items(block.items, indent + STEP, "" if indent else statement.words[0].kind)
    yield start + flat([_CLOSING, *statement.tail])


def _on_one_line(statement: Statement) -> str | None:
    """The statement with its block, if it was written so (then no comment is in it), or if there is nothing in it."""
    block = statement.block
    if block is None:
        return flat(statement.words)
    if block.comment is not None or (block.items and not block.short):
        return None
    items = [_on_one_line(item) for item in block.items if isinstance(item, Statement)]
    inside = f"{{ {', '.join(filter(None, items))} }}" if items else "{}"
    return " ".join([flat(statement.words), inside, *([flat(statement.tail)] if statement.tail else [])])
