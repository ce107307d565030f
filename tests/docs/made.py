"""What the made blocks of a page have to hold: those with an order in the comment before them."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.docs import excerpts
from tests.docs.pages import ROOT, Block, blocks, read
from tests.docs.played import Played
from tests.docs.rooms import Example

from campflow.diagnostics.source import Source

#: Who sends the content file of a page.
SENDER = """campaign letters {{
  audience  email is set
  enter     on cart_updated
  stage letter {{
    send {channel} {message}
    after 1 day -> done
  }}
  final done
}}
"""


class NotMade(Exception):
    """A page asks for what campflow does not print."""


def is_example(block: Block) -> bool:
    return block.language == "flow" or block.order == "content"


@lru_cache
def examples(page: Path) -> dict[Block, Example]:
    """Each `flow` block of a page, with the content that its reader writes; and each content file with a campaign that
    sends it, beside the right ones above it."""
    found: dict[Block, Example] = {}
    all_blocks = list(blocks(page))
    content = {each.what: each.text for each in all_blocks if each.order == "write" and "content/" in each.what}
    for block in all_blocks:
        if block.language == "flow" and (project := block.mark("of")):
            found[block] = _of_project(ROOT / project, block)
        elif block.language == "flow":
            found[block] = _example(block.text, content, block.mark("alone") is not None, block.mark("name"))
        elif block.order == "content":
            shown = f"content/{block.what}"
            message, channel, _ = block.what.rpartition("/")[2].split(".")
            example = _example(SENDER.format(channel=channel, message=message), {**content, shown: block.text})
            example.sources[shown] = Source(shown, block.text)
            found[block] = example
            if block.mark("wrong") is None:
                content[shown] = block.text
    return found


def _of_project(project: Path, block: Block) -> Example:
    """A file of a project, among the others of it."""
    example = Example(block.text, alone=True, project=project, path=str(block.mark("name")))
    for each in sorted(project.glob("*.flow")):
        example.sources.setdefault(each.name, Source(each.name, read(each)))
    return example


def _example(text: str, content: dict[str, str], alone: bool = False, name: str | None = None) -> Example:
    path = name or "example.flow"
    if not content:
        return Example(text, alone, path=path)
    with TemporaryDirectory() as folder:
        for name, written in content.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(written, "utf-8")
        example = Example(text, alone, Path(folder), path)
        assert example.checked  # looked at while the files are there
    return example


def copied(page: Path) -> Iterator[tuple[Block, str]]:
    """The blocks that show a file of the project."""
    for block in blocks(page):
        if block.order == "file":
            what, first, last = excerpts.parts(block.what)
            yield block, excerpts.code(read(ROOT / what), first, last)


def made(page: Path) -> Iterator[tuple[Block, str]]:
    """Each made block of a page with the text it has to hold. An order looks at the last example above it.

    Raises NotMade for an order that cannot be carried out (any more).
    """
    yield from copied(page)
    above = examples(page)
    example: Example | None = None
    played: Played | None = None
    for block in blocks(page):
        if block in above:
            example, played = above[block], None
        if block.order in ("rows", "mail") and example is not None:
            played = played or Played(example)
        try:
            text = _made(block, example, played)
        except (excerpts.NotThere, KeyError) as error:
            raise NotMade(f"{block}: {error}") from error
        if text is not None:
            yield block, text


def _made(block: Block, example: Example | None, played: Played | None) -> str | None:
    what, first, last = excerpts.parts(block.what)
    match block.order:
        case "sql" if example:
            return excerpts.statement(example.statement(what), first, last)
        case "room" if example:
            return excerpts.lines(example.room(what), first, last)
        case "check" if example:
            return example.findings()
        case "rows" if played:
            return played.rows(what)
        case "mail" if played:
            return excerpts.lines(played.mail(), first, last)
        case "sql" | "room" | "check" | "rows" | "mail":
            raise NotMade(f"{block}: there is no example above")
    return None
