"""What campflow relies on in pages of a plugin, as tests to inherit."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import pytest

from campflow.hooks.contracts import RoutePlugin
from campflow.hooks.offers import checked
from campflow.testing.life import refuse_a_misspelt_setting
from campflow.testing.samples import HOSTILE, context
from campflow.testing.visitor import Visitor

#: What must not come back as it was sent.
_MARKUP = HOSTILE["html"]


class RouteContract:
    """Inherit it, say which plugin it is, and give the paths of its pages.

    plugin    what the hook returns
    paths     of pages that answer a GET, below `/pages/NAME`: `("/", "/more")`
    settings  its settings
    """

    plugin: ClassVar[RoutePlugin]
    paths: ClassVar[Sequence[str]]
    settings: ClassVar[Mapping[str, object]] = {}

    @pytest.fixture
    def pages(self, tmp_path: Path) -> Visitor:
        """Served below where campflow serves them."""
        app = self.plugin.make(self.plugin.settings.model_validate(self.settings), context(tmp_path))
        return Visitor(app, f"/pages/{self.plugin.name}")

    def test_what_it_declares_is_sound(self) -> None:
        assert checked(self.plugin, RoutePlugin, "campflow_routes") is self.plugin
        refuse_a_misspelt_setting(self.plugin.settings, self.settings)

    def test_each_page_is_there(self, pages: Visitor) -> None:
        assert self.paths, "give the suite a path"
        for path in self.paths:
            assert pages.get(path).status_code == 200, path

    def test_what_is_not_there_is_said_to_be_not_there(self, pages: Visitor) -> None:
        for path in ("/no-such-page", "/%2e%2e/%2e%2e/etc/passwd", "/" + "a" * 5_000):
            assert pages.get(path).status_code in (400, 404, 414), path

    def test_nothing_of_a_visitor_is_shown_unescaped(self, pages: Visitor) -> None:
        """The query, the path, the headers: all of it is whatever somebody likes to send."""
        sent = {"user-agent": _MARKUP, "referer": _MARKUP, "cookie": f"a={quote(_MARKUP)}", "accept-language": _MARKUP}
        for path in (*self.paths, "/no-such-page/" + quote(_MARKUP)):
            for query in ("", f"?q={quote(_MARKUP)}", f"?{quote(_MARKUP)}=1"):
                answer = pages.get(path + query, headers=sent)
                assert answer.status_code < 500, f"{path}{query}"
                assert "<script>alert(1)" not in answer.text
                assert "onerror=alert" not in answer.text or "<img" not in answer.text

    def test_odd_queries_are_answered(self, pages: Visitor) -> None:
        for path in self.paths:
            for text in HOSTILE.values():
                assert pages.get(f"{path}?q={quote(text)}&{quote(text)}").status_code < 500

    def test_other_methods_are_answered(self, pages: Visitor) -> None:
        for path in self.paths:
            for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
                assert pages.request(method, path).status_code < 500, f"{method} {path}"
