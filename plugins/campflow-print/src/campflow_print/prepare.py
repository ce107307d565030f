"""From a content file to the parts of a letter, once per file."""

from collections.abc import Mapping

from markdown_it import MarkdownIt

from campflow.content import postal
from campflow.content.masking import Mask
from campflow.errors import ContentError
from campflow.hooks.contracts import Prepared
from campflow_print.tree import blocks_of
from campflow_print.windows import WINDOWS

#: HTML in Markdown is the author's own; what people put into fields is escaped when it is filled in.
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")

BODY = "html"


def prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    """The parts "html" and "address". Raises ContentError."""
    if not body.strip():
        raise ContentError("the letter is empty: write its text below the front matter")
    window = front_matter.get("window")
    if window is not None and str(window) not in WINDOWS:
        raise ContentError(f"`window: {window}` is no window: choose {', '.join(WINDOWS)}")
    mask = Mask()
    hidden = mask.hide_in_markdown(body) if extension == "md" else mask.hide_in_html(body)
    html = _MARKDOWN.render(hidden) if extension == "md" else hidden
    if not blocks_of(html):
        raise ContentError("nothing of the letter can be printed: write its text in paragraphs")
    return Prepared({BODY: mask.show(html), postal.PART: postal.TEMPLATE}, front_matter)
