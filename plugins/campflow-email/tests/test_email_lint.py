"""What `campflow check` says of mail that mail programs would not show as it was written."""

from pathlib import Path

import pytest

from campflow.content.inspect import inspect_content
from campflow.diagnostics.diagnostic import Diagnostic
from campflow_email import EMAIL
from campflow_email.lint import lint

HEAD = "---\nsubject: Hi\n---\n"


def found(folder: Path, text: str, name: str = "a.email.html") -> list[Diagnostic]:
    file = folder / "content" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEAD + text, encoding="utf-8")
    problems = [each for one in inspect_content(folder, {"email": EMAIL}).files for each in one.problems]
    assert {(each.code, each.severity) for each in problems} <= {("content-lint", "warning")}
    return problems


OK = 'src="https://a.example/x.png" alt="x"'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<img src="https://a.example/x.png">', "a picture without `alt`"),
        (f'<a href="https://a.example"><img {OK.replace("x" + chr(34), chr(34))}></a>', "a link without words"),
        ('<a href="">x</a>', "the link leads nowhere"),
        ("<a>x</a>", "the link leads nowhere"),
        ('<a href="#">x</a>', "the link leads nowhere"),
        ('<a href="/cart">x</a>', "has no https:// before it: /cart"),
        ('<a href="www.a.example">x</a>', "has no https:// before it"),
        ('<a href="mailto:">x</a>', "is no address"),
        ('<a href="http://localhost:8000/">x</a>', "`localhost`, which no reader can reach"),
        ('<a href="http://127.0.0.1/">x</a>', "no reader can reach"),
        ('<a href="http://shop.local/">x</a>', "no reader can reach"),
        ('<img alt="x" src="logo.png">', "the picture has no https:// before it"),
        ('<img alt="x" src="data:image/png;base64,AAAA">', "do not show pictures in `data:`"),
        ('<img alt="x" src="https://a.example/x.svg">', "do not show `.svg` pictures"),
        ('<img alt="x" src="https://a.example/x.webp?v=1">', "Outlook for Windows does not show `.webp`"),
        (f'<img {OK} style="width: 80px">', "from the attribute alone"),
        ("<script>x()</script>x", "take `<script>` out"),
        ("<form action='https://a.example'>x</form>", "disable `<form>`"),
        ("<video src='https://a.example/v.mp4'></video>x", "do not show `<video>`"),
        ("<svg></svg>x", "do not show `<svg>`"),
        ("<iframe src='https://a.example'></iframe>x", "take `<iframe>` out"),
        ('<div style="position: absolute">x</div>', "drop `position`"),
        ('<div style="display: flex">x</div>', "neither flex nor grid"),
        ('<div style="background-image: url(https://a.example/x.png)">x</div>', "no background pictures"),
        ("x" * 110_000, "Gmail shows 102 kB"),
        (f"<img {OK}>".replace(' alt="x"', ' alt=""'), "no text part"),
    ],
)
def test_what_readers_would_not_see_is_said(tmp_path: Path, body: str, said: str) -> None:
    problems = found(tmp_path, f"<p>Hello</p>{body}" if said != "no text part" else body)
    assert len(problems) == 1, problems
    assert said in problems[0].message
    assert problems[0].hint


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<a href="//a.example">x</a>', "has no https:// before it"),
        ('<a href="https://">x</a>', "is no address"),
        ('<a href="https://a b.example/">x</a>', "is no address"),
        ('<a href="https://[::1/">x</a>', "is no address"),
        ('<a href="https://a.example:port/">x</a>', "is no address"),
        ('<a href="javascript:alert(1)">x</a>', "begins with `javascript:`"),
        ('<a href="ftp://a.example/">x</a>', "begins with `ftp:`"),
    ],
)
def test_a_link_that_is_wrong_for_some_people_only_is_said(body: str, said: str) -> None:
    """Written in the file, such a link is an error of it; a field may hold one too."""
    (only,) = lint({"html": body, "text": "x"}, {})
    assert said in only.text


@pytest.mark.parametrize(
    "body",
    [
        f'<a href="https://a.example"><img {OK}></a>',
        '<img src="https://a.example/line.png" alt="" width="600" style="width:600px">',
        '<a href="#below">x</a><a name="below"></a>',
        '<a href="mailto:ada@a.example">x</a><a href="tel:+41446681800">x</a>',
        '<a href="{{ unsubscribe_url }}">x</a><a href="{{ contact.shop_url }}">x</a>',
        '<div style="background: #fff url(https://a.example/x.png); background-color: #fff">x</div>',
        '<!--[if mso]><a href="">x</a><![endif]-->',
        '{% for each in contact.tags %}<a href="https://a.example/{{ each }}">{{ each | upper }}</a>{% endfor %}',
        '{{ contact.birthday | date("%d.%m.") }} {{ entry.total.value * 2 }} {{ contact.score + 1 > 3 }}',
    ],
)
def test_what_is_well_written_is_let_be(tmp_path: Path, body: str) -> None:
    assert found(tmp_path, f"<p>Hello</p>{body}") == []


def test_each_finding_stands_at_its_place(tmp_path: Path) -> None:
    text = (
        "# Hello {{ contact.first_name }}\n"
        "\n"
        "![logo](https://a.example/logo.png) and [one](https://a.example) and [two](#) and\n"
        "[three](/three), again [two](#).\n"
    )
    places = [(each.span.line, each.span.column) for each in found(tmp_path, text, "a.email.md")]
    assert places == [(6, 76), (7, 9), (7, 30)]


def test_both_branches_count_where_a_text_asks_for_a_value(tmp_path: Path) -> None:
    """The made-up person has the value that a condition asks for."""
    text = '<p>Hi</p>{% if contact.plan == "pro" %}<a href="/pro">x</a>{% endif %}'
    assert [each.message for each in found(tmp_path, text)] == ["the link has no https:// before it: /pro"]


def test_each_language_is_looked_at(tmp_path: Path) -> None:
    found(tmp_path, "[x](https://a.example)", "a.email.md")
    problems = found(tmp_path, "[x](/a)", "fr/a.email.md")
    assert [each.span.path for each in problems] == ["content/fr/a.email.md"]


def test_a_mail_of_text_alone_is_complete() -> None:
    assert list(lint({"text": "Hello"}, {})) == []
    (said,) = lint({"html": "<p>Hello</p>", "text": " \n"}, {})
    assert said.text.startswith("the mail has no text part")
