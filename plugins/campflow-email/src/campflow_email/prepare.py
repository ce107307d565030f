"""From a content file to the two parts of a mail, once per file: an HTML template and a text template."""

from collections.abc import Mapping

import css_inline
import mjml
from markdown_it import MarkdownIt

from campflow.content.masking import Mask, outside_tbody
from campflow.errors import ContentError
from campflow.hooks.contracts import Prepared
from campflow_email.plaintext import to_text

#: HTML in Markdown is the author's own and stays; what people put into fields is escaped when it is filled in.
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

# What could not be inlined (`:hover`, `@media`) stays in <style>. Nothing is fetched from anywhere.
_INLINER = css_inline.CSSInliner(
    load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True, remove_inlined_selectors=True
)
# MJML writes its own styles into the elements, and keeps the rest of them for the programs that need them.
_KEEPING = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True)

_PAGE = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { margin: 0; padding: 24px; background: #ffffff; }
main { display: block; max-width: 600px; margin: 0 auto; font: 16px/1.5 Helvetica, Arial, sans-serif; color: #222222; }
a { color: #0b57d0; }
h1, h2, h3 { line-height: 1.25; }
img { max-width: 100%; }
blockquote { margin: 0; padding-left: 16px; border-left: 3px solid #dddddd; }
table { border-collapse: collapse; }
td, th { padding: 4px 12px 4px 0; text-align: left; }
</style>
</head>
<body><main>
BODY</main></body>
</html>
"""


def prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    """The parts "html" and "text" (a `.txt` file has only the second). Raises ContentError."""
    if not body.strip():
        raise ContentError("the message is empty: write its text below the front matter")
    if extension == "txt":
        return Prepared({"text": body}, front_matter)
    mask = Mask()
    hidden = mask.hide_in_markdown(body) if extension == "md" else mask.hide_in_html(body)
    html = {"md": _from_markdown, "mjml": _from_mjml, "html": _from_html}[extension](hidden)
    return Prepared({"html": mask.show(html), "text": mask.show(to_text(html))}, front_matter)


def _from_markdown(body: str) -> str:
    return _inlined(_PAGE.replace("BODY", _MARKDOWN.render(body)), _INLINER)


def _from_mjml(body: str) -> str:
    try:
        return _inlined(mjml.mjml2html(body), _KEEPING)
    except ValueError as error:
        raise ContentError(f"the MJML cannot be read: {error}") from error


def _from_html(body: str) -> str:
    return _inlined(body, _INLINER)


def _inlined(html: str, inliner: css_inline.CSSInliner) -> str:
    try:
        return outside_tbody(inliner.inline(html), html)
    except css_inline.InlineError as error:
        raise ContentError(f"the styles cannot be written into the elements: {error}") from error
