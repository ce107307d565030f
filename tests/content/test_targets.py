"""Where links may lead: one reading of an address, or none."""

from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campflow.content.targets import BadTarget, Target, read_target, with_query


@pytest.mark.parametrize(
    ("written", "url", "host"),
    [
        ("https://acme.example", "https://acme.example", "acme.example"),
        (" HTTPS://Acme.Example/A?b=1#c ", "https://acme.example/A?b=1#c", "acme.example"),
        ("https://acme.example:8443/x", "https://acme.example:8443/x", "acme.example:8443"),
        ("https://[2001:DB8::1]:80/", "https://[2001:db8::1]:80/", "[2001:db8::1]:80"),
        (
            "https://bücher.example/grün?q=a b",
            "https://xn--bcher-kva.example/gr%C3%BCn?q=a%20b",
            "xn--bcher-kva.example",
        ),
        ("https://acme.example/100%25?x=%26", "https://acme.example/100%25?x=%26", "acme.example"),
        # To the name servers a fullwidth stop is a stop: what is looked up is what is written.
        ("https://acme\uff0eexample/", "https://acme.example/", "acme.example"),
        ("mailto:ada@x.example?subject=Hi", "mailto:ada@x.example?subject=Hi", None),
        ("tel:+41446681800", "tel:+41446681800", None),
        ("#top", "#top", None),
    ],
)
def test_an_address_is_written_as_it_will_be_read(written: str, url: str, host: str | None) -> None:
    target = read_target(written)
    assert (target.url, target.host) == (url, host)
    # What is written is read the same again.
    assert read_target(target.url) == target


@pytest.mark.parametrize(
    "written",
    [
        "javascript:alert(1)", " JavaScript:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///etc/passwd", "blob:https://x/1", "ftp://x/",
        "//evil.example", "\\\\evil.example", "/\\evil.example", "https:evil.example", "https:/evil.example",
        "https:///evil.example", "https:\\\\evil.example", "https://acme.example\\@evil.example/",
        "https://acme.example@evil.example/", "https://user:secret@evil.example/", "https://acme.example%2f@evil.example",
        "https://acme.example%00.evil.example/", "https://acme.example\uff0fevil/", "https://acme℀.example/",
        "https://ac\u200bme.example/", "https://acme.example\u202e/", "https://acme.example\r\nSet-Cookie: a=b",
        "https://", "https://?x", "https://-a.example/", "https://a..example/", "https://acme.example:0/",
        "https://acme.example:99999/", "https://acme.example:x/", "https://[::1", "https://[evil.example]/",
        f"https://acme.example/{'a' * 3_000}",
    ],
)  # fmt: skip
def test_an_address_that_two_could_read_differently_is_none(written: str) -> None:
    with pytest.raises(BadTarget):
        read_target(written)


@pytest.mark.parametrize(
    ("url", "added"),
    [
        ("https://a.example", "https://a.example?utm_source=news&utm_content=b+c"),
        ("https://a.example/x?y=1", "https://a.example/x?y=1&utm_source=news&utm_content=b+c"),
        ("https://a.example/x?y=1&", "https://a.example/x?y=1&utm_source=news&utm_content=b+c"),
        ("https://a.example/?#part", "https://a.example/?utm_source=news&utm_content=b+c#part"),
        ("https://a.example/#!/a?b", "https://a.example/?utm_source=news&utm_content=b+c#!/a?b"),
        # What the author says himself stays.
        ("https://a.example/?utm_source=mine", "https://a.example/?utm_source=mine&utm_content=b+c"),
        ("https://a.example/?utm%5Fsource=mine&utm_content=", "https://a.example/?utm%5Fsource=mine&utm_content="),
    ],
)
def test_a_query_is_added_to_and_not_broken(url: str, added: str) -> None:
    assert with_query(url, [("utm_source", "news"), ("utm_content", "b c")]) == added


_SIGNS = "aZ0-._~!$&'()*+,;=:@/?%[] \"<^`{|}é"


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("/?#"), st.text(alphabet=_SIGNS, max_size=6)), max_size=4))
def test_what_follows_the_host_is_written_as_urllib_reads_it(tails: list[tuple[str, str]]) -> None:
    tail = "".join(mark + text for mark, text in tails).rstrip()
    parts, safe = urlsplit(f"https://heron.example{tail}"), "!$&'()*+,;=:@/?-._~%[]"
    wanted = f"https://heron.example{quote(parts.path, safe=safe)}"
    wanted += f"?{quote(parts.query, safe=safe)}" if parts.query else ""
    wanted += f"#{quote(parts.fragment, safe=safe)}" if parts.fragment else ""
    assert read_target(f"https://heron.example{tail}") == Target(wanted, "heron.example")
    assert read_target(wanted) == Target(wanted, "heron.example")
