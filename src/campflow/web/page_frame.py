"""What stands around a landing page: a plain document for a file that is none, and what the page may load."""

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from campflow.content.landing import Page, style_hash

_STYLE = """
body { margin: 0; background: #f6f6f4; color: #222; font: 17px/1.5 system-ui, sans-serif; }
main { max-width: 36rem; margin: 6vh auto; padding: 2rem; background: #fff; border: 1px solid #ddd; }
h1 { line-height: 1.25; }
label, legend { font-weight: 600; }
input[type=checkbox] + label, fieldset label { font-weight: 400; }
input:not([type=checkbox]), select { display: block; box-sizing: border-box; width: 100%; padding: .5rem; font: inherit;
  border: 1px solid #767676; background: #fff; color: #222; }
fieldset { margin: 1rem 0; border: 1px solid #767676; }
[aria-invalid=true] { border: 2px solid #b3261e; }
.form-errors { padding: .5rem 1rem; border: 2px solid #b3261e; }
.form-errors a, .form-error { color: #b3261e; }
.form-error { display: block; }
button { padding: .6rem 1.2rem; border: 0; background: #0b57d0; color: #fff; font: inherit; cursor: pointer; }
:focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px; }
"""

_FRAME = """<!DOCTYPE html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<main>
{{ body }}
</main>
</body>
</html>
"""

_FRAMES = Environment(autoescape=True, undefined=StrictUndefined, loader=DictLoader({"frame": _FRAME}))


def framed(body: str, title: str, language: str) -> str:
    """A whole document around a page that is only its middle."""
    inner = Markup(body)  # noqa: S704 -- the filled template: what came from outside is escaped in it
    return _FRAMES.get_template("frame").render(body=inner, title=title, language=language, style=_STYLE)


def policy(page: Page) -> str:
    """The content security policy: styles of the author's own and files beside the page; scripts never run."""
    styles = " ".join(dict.fromkeys((*page.styles, *(() if page.is_whole else (style_hash(_STYLE),)))))
    return (
        f"default-src 'none'; style-src 'self' {styles}".rstrip()
        + "; img-src 'self' data:; font-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
