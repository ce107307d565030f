"""The few pages that the web part shows of itself. What a visitor sent is never among their words."""

import base64
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus

from jinja2 import DictLoader, Environment, StrictUndefined, Template
from starlette.responses import HTMLResponse

from campflow.web.page_words import ERRORS, OTHER_ERROR

_STYLE = """
body { margin: 0; background: #f6f6f4; color: #222; font: 17px/1.5 system-ui, sans-serif; }
main { max-width: 32rem; margin: 12vh auto; padding: 2rem; background: #fff; border: 1px solid #ddd; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; line-height: 1.25; }
button { padding: .6rem 1.2rem; border: 0; background: #0b57d0; color: #fff; font: inherit; cursor: pointer; }
button:focus-visible, input:focus-visible { outline: 3px solid #222; outline-offset: 2px; }
fieldset { margin: 0 0 1.25rem; padding: .25rem 1rem .75rem; border: 1px solid #ccc; }
legend { padding: 0 .4rem; font-weight: 600; }
label { display: block; padding: .35rem 0; }
input { width: 1.1rem; height: 1.1rem; margin: 0 .5rem 0 0; vertical-align: -.15rem; }
button.quiet { background: #fff; color: #0b57d0; box-shadow: inset 0 0 0 1px #0b57d0; }
"""

_FRAME = """<!DOCTYPE html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{ title }}</title>
<style>{{ style | safe }}</style>
</head>
<body><main>
<h1>{{ title }}</h1>
{% block body %}{% endblock %}
</main></body>
</html>
"""

_PAGE = """{% extends "frame" %}{% block body %}<p>{{ text }}</p>
{% if said %}<dl>
{% for name, value in said.items() %}<dt>{{ name }}</dt><dd>{{ value }}</dd>
{% endfor %}</dl>{% endif %}
{% if button %}<form method="post"><button name="confirm" value="yes">{{ button }}</button></form>{% endif %}
{%- endblock %}"""


def own_page(body: str) -> Template:
    """A page of ours, whose block `body` is what stands below its `title`; `language` is its own."""
    pages = Environment(autoescape=True, undefined=StrictUndefined, loader=DictLoader({"frame": _FRAME, "page": body}))
    pages.globals["style"] = _STYLE
    return pages.get_template("page")


_PLAIN = own_page(_PAGE)

#: Pages load nothing, run nothing, stand in no frame, and send forms to where they came from.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page(
    title: str,
    text: str,
    button: str = "",
    status: int = 200,
    language: str = "en",
    said: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A heading, a sentence, what was `said` by its names, and a form of one button that posts to the page's own
    address."""
    made = _PLAIN.render(title=title, text=text, button=button, language=language, said=said or {})
    return HTMLResponse(made, status)


def error_page(status: int, language: str = "en") -> HTMLResponse:
    title, text = ERRORS[language].get(status) or (HTTPStatus(status).phrase, OTHER_ERROR[language])
    return page(title, text, status=status, language=language)
