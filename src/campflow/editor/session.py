"""The state of one session with an editor: what is open, the workers, and the checks.

Typing is answered on the loop: completion looks at the text as it is and at the last view. What needs a view of the
present text is done by a worker, so the loop is never busy for longer than a completion takes. The whole project is
checked by another one, when nobody has typed for PAUSE seconds.
"""

import asyncio
import gc
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from campflow.editor.bench import Bench, Benches
from campflow.editor.desk import Order
from campflow.editor.findings import findings
from campflow.editor.view import View

PAUSE = 0.15
"""Seconds without a change until the project is checked."""

T = TypeVar("T")
log = logging.getLogger("campflow.editor")


class FlowServer(LanguageServer):
    """The state of one session. `worker` is the one thread in which views are made, `checker` that of the checks."""

    def __init__(self) -> None:
        super().__init__("campflow", version("campflow"), types.TextDocumentSyncKind.Full)
        self.worker = ThreadPoolExecutor(1, "campflow-view")
        self.checker = ThreadPoolExecutor(1, "campflow-check")
        self._benches: Benches | None = None

    @property
    def benches(self) -> Benches:
        if self._benches is None:
            agreed = self.workspace.position_encoding or types.PositionEncodingKind.Utf16
            self._benches = Benches(types.PositionEncodingKind(agreed).value)
        return self._benches

    async def work(self, job: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.worker, job, *arguments)

    async def look(self, bench: Bench, order: Order | None = None) -> View:
        """The project as it is now, or as ordered."""
        view = await self.work(bench.desk.view, order or bench.order())
        # Trees hold no cycles. Left to the collector they would be searched for some again and again, and typing would
        # wait: half a second in a project of a hundred campaigns.
        gc.freeze()
        return view

    # --- checking -----------------------------------------------------------------------------------------------

    def check_soon(self, bench: Bench) -> None:
        """Once nobody has typed for a moment."""
        if bench.timer:
            bench.timer.cancel()
        bench.timer = asyncio.get_running_loop().call_later(PAUSE, self._check, bench)

    def _check(self, bench: Bench) -> None:
        if bench.check and not bench.check.done():
            self.check_soon(bench)
        else:
            bench.check = asyncio.get_running_loop().create_task(self._tell(bench))

    async def _tell(self, bench: Bench) -> None:
        """Check the project and tell what is wrong, unless it has changed again meanwhile."""
        order = bench.order()
        try:
            view = await self.look(bench, order)
            shown = await asyncio.get_running_loop().run_in_executor(self.checker, findings, bench, view)
        except Exception:  # whatever it is, the editor goes on
            log.exception("the project %s could not be checked", bench.desk.root)
            return
        if bench.changes != order.changes or not any(bench is each for each in self.benches):
            return
        for path in sorted(bench.told | shown.keys() | bench.documents.keys()):
            document = bench.documents.get(path)
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(
                    bench.uri(path), shown.get(path, []), document.version if document else None
                )
            )
        bench.told = set(shown)
