"""Writes anew what campflow makes on the pages of docs/: SQL, rooms, findings, code, the output of commands.

Run it as `python -m tests.docs.regenerate` in the checkout, read the difference, and commit it.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.docs.made import NotMade, copied, examples, made
from tests.docs.pages import DOCS, Block, pages, read, rewritten
from tests.docs.sessions import Command, Shell, agrees, commands, has_session


def replaced(page: Path) -> str:
    """The page as it should be."""
    texts = dict(made(page))
    if has_session(page):
        texts |= played_again(page)
    return rewritten(page, texts.get)


def played_again(page: Path) -> dict[Block, str]:
    """The `console` blocks of a page; output that still agrees stays as it is, trimmed as its author trimmed it."""
    texts: dict[Block, str] = {}
    with TemporaryDirectory() as folder:
        shell = Shell(Path(folder))
        for step in commands(page):
            if not isinstance(step, Command):
                shell.write(step)
                continue
            printed = shell.run(step.line)
            kept = step.shown if agrees(step.shown, printed) else [line.rstrip() for line in printed]
            texts[step.block] = texts.get(step.block, "") + "\n".join([f"$ {step.line}", *kept]) + "\n"
    return texts


def main() -> None:
    for page in pages():
        # What is copied first: examples may be among it.
        page.write_text(rewritten(page, dict(copied(page)).get), "utf-8")
        examples.cache_clear()
        try:
            text = replaced(page)
        except (NotMade, AssertionError) as error:
            print(f"{page.relative_to(DOCS)}: left as it is: {error}")
            continue
        if text != read(page):
            page.write_text(text, "utf-8")
            print(f"{page.relative_to(DOCS)}: written anew")


if __name__ == "__main__":
    main()
