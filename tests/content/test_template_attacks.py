"""Templates that try to get out, to run for ever or to fill the memory: each is refused soon, and takes little.

The bounds are counted in the template, so a test needs no clock: what would not end would never come back here, and
what memory was taken is asked of the interpreter.
"""

import datetime as dt
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

from campflow.content.inspect import inspect_content
from campflow.content.masking import Mask
from campflow.content.record import Record
from campflow.content.rendering import Library
from campflow.content.templates import BadTemplate, compile_text
from campflow.content.values import Amount
from campflow.errors import ContentError
from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin, Prepared

BIG = "'x' * 90000"
LIST = "([0] * 90000)"
NESTED = f"([{BIG}] * 90000)"
TWICE = "{% for i in range(1000) %}{% for j in range(90) %}"
END = "{% endfor %}{% endfor %}"

#: Bytes that a refused template may have held at one time.
MEMORY = 80_000_000


def grown(by: str, start: str = "'x'") -> str:
    """A namespace's value that is made of itself sixty times over."""
    again = f"{{% for i in range(60) %}}{{% set s.a = {by} %}}{{% endfor %}}"
    return f"{{% set s = namespace(a={start}) %}}{again}{{{{ s.a }}}}"


def fill(text: str, *, html: bool = True) -> str:
    values = {
        "name": "x", "tags": ["a"], "day": dt.date(2026, 1, 1), "amount": Amount(Decimal("12.5"), "EUR"),
        "contact": Record({"first_name": "Zoé", "notes": "x" * 10_000}),
    }  # fmt: skip
    return compile_text(text, html=html, name="content/a.email.md").fill(values)


TOO_LARGE = {
    "a text doubled by ~": grown("s.a ~ s.a"),
    "a text doubled by +": grown("s.a + s.a"),
    "a list doubled": grown("s.a + s.a", "[1]"),
    "a list that holds itself twice": grown("(s.a, s.a)", "(1,)"),
    "a number squared": grown("s.a * s.a", "2"),
    "a text joined with itself": grown("[s.a, s.a] | join"),
    "a text quoted again and again": grown("[s.a, s.a] | tojson"),
    "a text escaped again and again": grown("(s.a ~ s.a) | e | string", "'&'"),
    "a text times a number": "{{ 'x' * 10**9 }}",
    "a number times a text": "{{ 10**9 * 'x' }}",
    "a list times a number": "{{ [1] * 10**9 }}",
    "a separator between many": f"{{{{ range(1000) | join({BIG}) }}}}",
    "a separator between what a filter made": f"{{{{ range(1000) | map('string') | join({BIG}) }}}}",
    "letters replaced by texts": f"{{{{ ({BIG}) | replace('x', {BIG}) }}}}",
    "a text between all letters": f"{{{{ ({BIG}) | replace('', {BIG}) }}}}",
    "replaced item by item": f"{{{{ range(1000) | map('replace', '', {BIG}) | join }}}}",
    "one field as often as you like": "{{ [contact] | map(attribute='notes') | list * 10000 }}",
    "the fields of one contact, joined": "{{ ([contact] * 10000) | join('', attribute='notes') }}",
    "many large texts in a list, written": f"{{{{ {NESTED} }}}}",
    "the same, joined to a text": f"{{{{ {NESTED} ~ '' }}}}",
    "the same, as a text": f"{{{{ {NESTED} | string | length }}}}",
    "the same, as JSON": f"{{{{ {NESTED} | tojson | length }}}}",
    "the same, in capitals": f"{{{{ {NESTED} | upper | length }}}}",
    "the same, in a URL": f"{{{{ {NESTED} | urlencode | length }}}}",
    "kept in a list": "{% set s = namespace(l=[]) %}" + TWICE + f"{{% set s.l = s.l + [{BIG} ~ j] %}}" + END,
    "written into a variable": "{% set x %}" + TWICE + f"{{{{ {BIG} }}}}" + END + "{% endset %}{{ x | length }}",
    "written by a macro": "{% macro m() %}" + TWICE + f"{{{{ {BIG} }}}}" + END + "{% endmacro %}{{ m() | length }}",
    "written through a filter": "{% filter upper %}" + TWICE + f"{{{{ {BIG} }}}}" + END + "{% endfilter %}",
    "plain text in a loop in a variable": "{% set x %}" + TWICE + "x" * 5_000 + END + "{% endset %}{{ x | length }}",
    "plain text in a macro": (
        "{% macro m() %}" + "x" * 50_000 + "{% endmacro %}{% set x %}" + TWICE + "{{ m() }}" + END + "{% endset %}"
    ),
    "written and written": TWICE + "{{ 'x' * 100 }}" + END,
    "a format of a text": "{{ '{0:>999999999}'.format(1) }}",
    "a format of markup": "{{ ('{0:>999999999}' | e).format(1) }}",
    "a text formatted by %": "{{ '%999999999d' % 1 }}",
    "bytes of a number": "{{ (5).to_bytes(10**9, 'big') | length }}",
    "the indent of JSON": "{{ [1] | tojson(indent=10**9) }}",
    "digits before the point": "{{ 5 | round(-10**9) }}",
    "digits behind the point": "{{ 5 | round(10**9, 'ceil') }}",
    "powers of powers": "{{ 9 ** (9 ** 9) }}",
    "a power of an amount": "{{ amount.value ** (10**9) }}",
    "a number of a million digits": "{{ (('f' * 90000) | int(0, 16)) * 2 }}",
    "a year of many digits": "{{ day.strftime('%999999999d') }}",
    "the width of a date": "{{ day | date('%999999999d') }}",
    "a padded text": "{{ name.ljust(10**9) }}",
    "a text with tabs": "{{ '\t'.expandtabs(10**9) }}",
}  # fmt: skip

TOO_LONG = {
    "a long range": "{% for i in range(10**9) %}{% endfor %}",
    "a range as a list": "{{ range(10**9) | list }}",
    "loops in loops": "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
    "a loop over letters": "{% for i in 'x' * 90000 %}{% for j in 'x' * 90000 %}{% endfor %}{% endfor %}",
    "sorting in a loop": TWICE + f"{{% set z = {LIST} | sort %}}" + END,
    "looking through a list in a loop": TWICE + f"{{% if 1 in {LIST} %}}{{% endif %}}" + END,
    "looking through a list by a test": TWICE + f"{{% if j is in {LIST} %}}{{% endif %}}" + END,
    "looking through a list for each item": f"{{{{ range(1000) | select('in', {LIST}) | list | length }}}}",
    "comparing lists in a loop": TWICE + f"{{% if {LIST} == {LIST} %}}{{% endif %}}" + END,
    "copying in a loop": f"{{% set a = {LIST} %}}" + TWICE + "{% set b = a[1:] %}" + END,
    "counting words in a loop": TWICE + f"{{% set z = ({BIG}) | wordcount %}}" + END,
    "splitting in a loop": TWICE + f"{{% set z = ({BIG}).split('x') %}}" + END,
    "filters of filters": f"{{{{ {LIST} | map('string') | map('upper') | map('lower') | list | length }}}}",
    "lists added up": "{{ ([[1]] * 90000) | sum(start=[]) | length }}",
    "a path through each item": "{{ ['x'] * 1000 | map(attribute='0' ~ '.0' * 90000) | list }}",
    "a path to sort by": "{{ (['x'] * 1000) | sort(attribute='0' ~ '.0' * 90000) }}",
    "a path to join": "{{ (['x'] * 1000) | join('', attribute='0' ~ '.0' * 90000) }}",
    "a macro that calls itself": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "a macro that calls itself twice": (
        "{% macro a(n) %}{% if n %}{{ a(n - 1) }}{{ a(n - 1) }}{% endif %}{% endmacro %}{{ a(90) }}"
    ),
    "two macros that call each other": (
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}"
    ),
    "a loop that calls itself": "{% for a in [1, 1] recursive %}{{ loop([1, 1]) }}{% endfor %}",
    "made-up paragraphs": "{{ lipsum(n=10**6) }}",
}  # fmt: skip

WAYS_OUT = (
    "{{ ''.__class__.__mro__ }}",
    "{{ ''['__class__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ [''] | map(attribute='__class__.__mro__') | list }}",
    "{{ [''] | map('attr', '__class__') | list }}",
    "{{ ['x'] | selectattr('__class__') | list }}",
    "{{ ['x'] | sum(attribute='__class__') }}",
    "{{ ['x'] | unique(attribute='__class__') | list }}",
    "{{ contact._values }}",
    "{{ contact['_values'] }}",
    "{{ contact.__class__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ cycler('a').__init__.__globals__ }}",
    "{{ namespace.__init__ }}",
    "{{ dict.fromkeys }}",
    "{{ range.__self__ }}",
    "{{ name.upper.__self__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ amount.value.quantize }}",
    "{{ tags.append(1) }}",
    "{{ day.replace(year=1) }}",
    "{{ '{0.__class__}'.format(name) }}",
    "{{ environment }}",
    "{{ get_flashed_messages }}",
    "{% for a in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% macro a() %}{{ caller() }}{% endmacro %}{% call a() %}{{ a.__call__.__func__ }}{% endcall %}",
)

NOT_COMPILED = (
    "{% include '/etc/passwd' %}",
    "{% include '../campflow.toml' %}",
    "{% include name %}",
    "{% import '../secret' as x %}",
    "{% from 'x' import y %}",
    "{% extends 'base' %}",
    "{% block a %}{% endblock %}",
    "{% autoescape false %}{{ name }}{% endautoescape %}",
    "{{ name | safe }}",
    "{{ 'x' | center(10**9) }}",
    "{{ 'x' | indent(10**9) }}",
    "{{ '%999999999d' | format(1) }}",
    "{{ 'x' | wordwrap(1) }}",
    "{{ {} | xmlattr }}",
    "{{ 'https://a.example' | urlize }}",
    "{{ {} | pprint }}",
    "{{ " + "(" * 3_000 + " }}",
    "{{ " + "not " * 3_000 + "x }}",
    "{% if x %}" * 3_000,
    "{{ x" + "|upper" * 5_000 + " }}",
)


@pytest.mark.parametrize("text", TOO_LONG.values(), ids=TOO_LONG)
def test_nothing_runs_for_ever(text: str) -> None:
    with pytest.raises(ContentError):
        fill(text)


@pytest.mark.parametrize("text", TOO_LARGE.values(), ids=TOO_LARGE)
def test_nothing_fills_the_memory(text: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ContentError):
            fill(text)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", WAYS_OUT)
def test_there_is_no_way_out(text: str) -> None:
    for html in (True, False):
        with pytest.raises(ContentError):
            fill(text, html=html)


@pytest.mark.parametrize("text", NOT_COMPILED, ids=lambda text: text[:30])
def test_what_reads_files_or_lets_values_be_markup_does_not_compile(text: str) -> None:
    with pytest.raises(BadTemplate):
        compile_text(text, html=True, name="content/a.email.md")


def test_a_first_name_that_is_a_template_is_a_first_name() -> None:
    for name in ("{{ 7 * 7 }}", "{% for i in range(9) %}x{% endfor %}", "{{ ''.__class__ }}", "{# x #}"):
        for text in ("Hi {{ name }}", "{% for i in [1] %}Hi {{ name }}{% endfor %}"):
            filled = compile_text(text, html=False, name="x").fill({"name": name})
            assert filled == f"Hi {name}"


@pytest.mark.parametrize(
    "text",
    [
        "{{ name }}",
        "{{ name ~ '' }}",
        "{{ name | upper }}",
        "{{ [name] | join('') }}",
        "{{ (name | e) | replace('&lt;', '<') }}",
        "{{ ('<i>' | e) ~ name }}",
        "{{ name | striptags | string ~ name }}",
        "{{ name | tojson }}",
        "{% set x = name %}{{ x }}",
        "{% set x %}{{ name }}{% endset %}{{ x }}",
        "{% macro a(x) %}{{ x }}{% endmacro %}{{ a(name) }}",
        "{% filter upper %}{{ name }}{% endfilter %}",
        "{% for each in name.split(' ') %}{{ each }}{% endfor %}",
    ],
)
def test_a_value_is_never_markup(text: str) -> None:
    filled = compile_text(text, html=True, name="x").fill({"name": "<script src=x>"})
    assert "<" not in filled


def test_what_letters_do_all_day_costs_next_to_nothing() -> None:
    """A long mail with a table of a hundred lines is far from any bound."""
    text = (
        "{% macro line(a, b) %}<tr><td>{{ a }}</td><td>{{ b | upper }}</td></tr>{% endmacro %}"
        "{% for each in things %}{{ line(each.name ~ ' (' ~ loop.index ~ ')', each.note) }}{% endfor %}"
    ) + "<p>text</p>" * 5_000
    things = [{"name": f"Tea {number}", "note": "green" * 20} for number in range(100)]
    filled = compile_text(text, html=True, name="x").fill({"things": things})
    assert filled.count("<tr>") == 100
    assert "Tea 7 (8)" in filled


# --- before and behind the template -----------------------------------------------------------------------------


def _prepare(body: str, extension: str, front_matter: object) -> Prepared:
    mask = Mask()
    return Prepared({"html": mask.show(mask.hide_in_html(body))})


def _make(settings: BaseModel, context: ChannelContext) -> Channel:
    raise AssertionError("nothing is sent here")


EMAIL = ChannelPlugin(
    name="email", address="email", settings=BaseModel, extensions=("html",), options=frozenset(), reports=frozenset(),
    idempotency="none", window=10, prepare=_prepare, make=_make,
)  # fmt: skip

#: Texts in quotes, and no end: each could be read as a text or letter by letter, in as many ways as there are atoms.
UNENDING = "{{ " + '"a" ' * 400


def test_quotes_that_never_end_are_read_once() -> None:
    assert Mask().hide_in_html(UNENDING) == UNENDING


def test_a_bad_file_spoils_its_message_before_a_converter_sees_it(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "bad.email.html").write_text(UNENDING, encoding="utf-8")
    (tmp_path / "content" / "good.email.html").write_text("Hi {{ name }}", encoding="utf-8")
    library = Library(tmp_path, {"email": EMAIL})
    with pytest.raises(ContentError, match=r"bad\.email\.html, line 1"):
        library.render("email", "bad", None, {"name": "x"}, {})
    assert library.render("email", "good", None, {"name": "x"}, {}).parts["html"] == "Hi x"
    found = {file.message: file.problems for file in inspect_content(tmp_path, {"email": EMAIL}).files}
    assert [len(found["bad"]), len(found["good"])] == [1, 0]


def test_a_link_out_of_the_project_is_no_message(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "secret.txt").write_text("the secret", encoding="utf-8")
    (tmp_path / "content" / "news.email.html").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "content" / "fr").symlink_to("/etc")
    assert inspect_content(tmp_path, {"email": EMAIL}).files == ()
    with pytest.raises(ContentError, match="there is no file"):
        Library(tmp_path, {"email": EMAIL}).render("email", "news", None, {}, {})
