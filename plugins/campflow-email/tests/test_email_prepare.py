"""From a content file to HTML and text: what an author writes arrives, and Jinja arrives with it."""

import re

import pytest

from campflow.content.templates import compile_text
from campflow.errors import ContentError
from campflow_email.prepare import prepare

VALUES = {
    "first_name": "Zoé <b>",
    "items": ["one", "two"],
    "url": "https://a.example/?a=1&b=2",
    "vip": True,
    "none": [],
}


def made(body: str, extension: str, **values: object) -> tuple[str, str]:
    """The HTML and the text of a filled message, blanks folded."""
    parts = prepare(body, extension, {}).parts
    html = compile_text(parts["html"], html=True, name="html").fill(VALUES | values)
    text = compile_text(parts["text"], html=False, name="text").fill(VALUES | values)
    return html, re.sub(r"\s*\n\s*", "\n", text).strip()


def test_markdown_becomes_a_page_and_a_readable_text() -> None:
    html, text = made(
        "# Hello {{ first_name }}\n\nYour **trial** ends.\n\n- a\n- [b]({{ url }})\n\n1. x\n2. y\n\n> said\n", "md"
    )
    assert "<h1" in html
    assert "Hello Zoé &lt;b&gt;" in html
    assert "<strong>trial</strong>" in html
    assert 'href="https://a.example/?a=1&amp;b=2"' in html
    assert text == "Hello Zoé <b>\nYour trial ends.\n- a\n- b (https://a.example/?a=1&b=2)\n1. x\n2. y\nsaid"


def test_styles_are_written_into_the_elements_and_what_cannot_be_stays() -> None:
    html, _ = made("<style>p{color:red} a:hover{color:blue} @media print{p{color:black}}</style><p>Hi</p>", "html")
    assert '<p style="color: red;">Hi</p>' in html
    assert "a:hover" in html
    assert "@media print" in html
    assert "p{color:red}" not in html


def test_nothing_is_fetched_or_read_for_styles() -> None:
    html, _ = made(
        '<link rel="stylesheet" href="/etc/hostname"><link rel="stylesheet" href="http://127.0.0.1:9/x"><p>Hi</p>',
        "html",
    )
    assert "<p>Hi</p>" in html


@pytest.mark.parametrize("extension", ["html", "mjml"])
def test_statements_may_stand_around_rows_of_a_table(extension: str) -> None:
    table = "<table>{% for item in items %}<tr><td>{{ item }}</td></tr>{% endfor %}</table>"
    body = table if extension == "html" else _mjml(f"<mj-table>{table[7:-8]}</mj-table>")
    html, text = made(body, extension)
    rows = re.findall(r"<tr><td[^>]*>(one|two)</td></tr>", html)
    assert rows == ["one", "two"]
    assert html.count("<tbody>") == html.count("</tbody>")
    assert "one\ntwo" in text


def _mjml(inner: str) -> str:
    return f"<mjml><mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>"


def test_mjml_becomes_tables_and_keeps_its_jinja() -> None:
    body = _mjml(
        "{% for item in items %}<mj-text>{{ item }} for {{ first_name | default('x') }}</mj-text>{% endfor %}"
        '{% if vip %}<mj-button href="{{ url }}">Go</mj-button>{% endif %}'
        '{% if none %}<mj-button href="x">Never</mj-button>{% endif %}'
    )
    html, text = made(body, "mjml")
    assert "<!doctype html>" in html.lower()
    assert html.count("for Zoé &lt;b&gt;") == 2
    assert 'href="https://a.example/?a=1&amp;b=2"' in html
    assert "Never" not in html + text
    assert text == "one for Zoé <b>\ntwo for Zoé <b>\nGo (https://a.example/?a=1&b=2)"


@pytest.mark.parametrize(
    ("body", "html", "text"),
    [
        ('<a href="{% if vip %}x{% else %}y{% endif %}">go</a>', '<a href="x">go</a>', "go (x)"),
        ('<p {% if vip %}class="a"{% endif %}>t</p>', '<p class="a" >t</p>', "t"),
        ("<p title='{{ first_name }}'>t</p>", '<p title="Zoé &lt;b&gt;">t</p>', "t"),
        ("<p>{{ '<' if 1 < 2 else \"}}\" }}</p>", "<p>&lt;</p>", "<"),
        ("<!-- {% if none %} --><p>no</p><!-- {% endif %} --><p>yes</p>", "<!--  --><p>yes</p>", "yes"),
        ("<title>{% set x = 1 %}</title><p>{{ x }}</p>", "<p>1</p>", "1"),
        ("<style>.a{color:{{ 'red' }}}</style><p class=a>t</p>", '<p class="a" style="color: red;">t</p>', "t"),
        ("<p>{% raw %}{{ x }}{% endraw %}</p>", "<p>{{ x }}</p>", "{{ x }}"),
        ("<p>&#123;&#123; 7 * 7 }} &#123;% if</p>", "<p>{{ 7 * 7 }} {% if</p>", "{{ 7 * 7 }} {% if"),
        ("<p>{# nobody sees this #}t</p>", "<p>t</p>", "t"),
        ("<p>a&nbsp;b &amp; &lt;c&gt;</p>", "<p>a&nbsp;b &amp; &lt;c&gt;</p>", "a\xa0b & <c>"),
    ],
)
def test_jinja_comes_through_wherever_it_stands(body: str, html: str, text: str) -> None:
    got_html, got_text = made(body, "html")
    assert html in got_html
    assert got_text == text


def test_statements_in_markdown_do_not_disturb_the_paragraphs() -> None:
    body = (
        "{% if vip %}Dear **friend**{% else %}Hello{% endif %},\n\n{% for item in items %}\n"
        "- {{ item }}\n{% endfor %}\n\n"
        "{% if none %}\nnever\n{% endif %}\nBye <{{ url }}>\n"
    )
    html, text = made(body, "md")
    assert "<p>Dear <strong>friend</strong>,</p>" in html
    assert html.count("<li>") == 2
    assert "never" not in html
    assert text == "Dear friend,\n- one\n- two\nBye https://a.example/?a=1&b=2"


def test_what_stands_in_a_field_is_text_in_every_part() -> None:
    html, text = made("{{ first_name }}", "md", first_name="**x** <script>alert(1)</script> {{ 7 * 7 }}")
    assert "<script>" not in html
    assert "**x** &lt;script&gt;" in html
    assert text == "**x** <script>alert(1)</script> {{ 7 * 7 }}"


def test_hidden_text_is_not_in_the_text_part() -> None:
    html, text = made(
        '<p>a</p><div style="display: none">secret</div><img alt="Logo" src="x"><script>x</script>', "html"
    )
    assert "secret" in html
    assert text == "a\nLogo"


def test_a_text_file_is_only_text() -> None:
    assert dict(prepare("Hi {{ first_name }}\n", "txt", {"subject": "s"}).parts) == {"text": "Hi {{ first_name }}\n"}


@pytest.mark.parametrize(
    ("body", "extension", "reason"),
    [
        ("<mjml><mj-body><mj-text></mj-body></mjml>", "mjml", "MJML cannot be read"),
        ("hello", "mjml", "MJML cannot be read"),
        (_mjml('<mj-include path="/etc/passwd" />'), "mjml", "MJML cannot be read"),
        (" \n", "md", "the message is empty"),
        ("cfjvalue0x", "md", "cannot stand in a message"),
    ],
)
def test_what_cannot_be_made_ready_says_why(body: str, extension: str, reason: str) -> None:
    with pytest.raises(ContentError, match=reason):
        prepare(body, extension, {})
