"""What the made blocks of a page have to hold: those with an order in the comment before them."""

from collections.abc import Iterator
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


def examples(page: Path) -> Iterator[tuple[Block, Example]]:
    """Each `flow` block of a page, and each content file with a campaign that sends it."""
    for block in blocks(page):
        if block.language == "flow":
            path = block.mark("name") or "example.flow"
            yield block, Example(block.text, block.mark("alone") is not None, path=path)
        elif block.order == "content":
            yield block, _sent(block)


def _sent(block: Block) -> Example:
    name = block.what.rpartition("/")[2]
    message, channel, _ = name.split(".")
    with TemporaryDirectory() as folder:
        path = Path(folder, "content", block.what)
        path.parent.mkdir(parents=True)
        path.write_text(block.text, "utf-8")
        example = Example(SENDER.format(channel=channel, message=message), project=Path(folder))
        assert example.checked  # looked at while the file is there
    example.sources[f"content/{block.what}"] = Source(f"content/{block.what}", block.text)
    return example


def made(page: Path) -> Iterator[tuple[Block, str]]:
    """Each made block of a page with the text it has to hold. An order looks at the last example above it.

    Raises NotMade for an order that cannot be carried out (any more).
    """
    above = dict(examples(page))
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
        case "file":
            return excerpts.lines(read(ROOT / what), first, last)
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
