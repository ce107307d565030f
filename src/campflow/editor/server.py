"""The language server: what an editor asks over stdin and stdout, answered from views of the project."""

import logging
import sys
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Protocol, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from campflow.diagnostics.source import Source, Span
from campflow.editor import completion, filters, hover, navigation, rename, symbols
from campflow.editor.bench import Bench, Document
from campflow.editor.cursor import cursor
from campflow.editor.places import Places
from campflow.editor.session import FlowServer
from campflow.editor.view import View
from campflow.language.formatter import format_text
from campflow.language.parser import prepare
from campflow.settings import FILE

SWITCH = 0.0005
"""Seconds that a worker runs on while somebody waits; a message changes hands several times on its way."""

T = TypeVar("T")


class _AtPlace(Protocol):
    """A request about a place in a document."""

    @property
    def text_document(self) -> types.TextDocumentIdentifier: ...
    @property
    def position(self) -> types.Position: ...


def make_server() -> FlowServer:
    """A server with everything that it can do."""
    server = FlowServer()
    _follow_documents(server)
    _follow_files(server)
    _answer_about_names(server)
    _answer_about_files(server)
    return server


def serve() -> None:
    """Serve the editor that started this process, until it says goodbye or is gone."""
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="campflow lsp: %(message)s")
    answers, sys.stdout = sys.stdout.buffer, sys.stderr  # a plugin that prints must not garble the answers
    sys.setswitchinterval(SWITCH)
    server = make_server()
    try:
        server.start_io(sys.stdin.buffer, answers)
    finally:
        server.worker.shutdown(cancel_futures=True)
        server.checker.shutdown(cancel_futures=True)


# --- what happens in the editor -----------------------------------------------------------------------------------


def _follow_documents(server: FlowServer) -> None:
    def put(uri: str, text: str | None, number: int | None) -> None:
        if found := server.benches.find(uri):
            bench, path = found
            bench.put(path, None if text is None else Document(uri, text, number))
            server.check_soon(bench)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        put(document.uri, document.text, document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        put(uri, server.workspace.get_text_document(uri).source, params.text_document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        put(params.text_document.uri, None, None)


def _follow_files(server: FlowServer) -> None:
    def touched(uri: str) -> None:
        if found := server.benches.find(uri):
            bench, path = found
            bench.touch(path)
            server.check_soon(bench)

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        """Ask to be told when files change that are not open, and get ready: who types and who looks both parse."""
        able = server.client_capabilities.workspace
        watching = able.did_change_watched_files if able else None
        if watching and watching.dynamic_registration:
            watchers = [types.FileSystemWatcher(f"**/{glob}") for glob in ("*.flow", FILE, "content/**")]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            registration = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            server.client_register_capability(types.RegistrationParams([registration]))
        await server.work(prepare, 2)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        touched(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        changed = types.FileChangeType.Changed
        if any(each.type != changed and PurePosixPath(each.uri).name == FILE for each in params.changes):
            for uri in server.benches.sort_anew():
                server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
            for bench in server.benches:
                server.check_soon(bench)
        for each in params.changes:
            touched(each.uri)


# --- what the editor asks -----------------------------------------------------------------------------------------


def _answer_about_names(server: FlowServer) -> None:
    async def place(params: _AtPlace) -> tuple[Bench, View, str, int] | None:
        """The project of a document, the document's path, and the offset that a request is about."""
        found = server.benches.find(params.text_document.uri)
        if found is None:
            return None
        bench, path = found
        view = await server.look(bench)
        return bench, view, path, view.places(path).offset_of(params.position)

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" ", ".", '"', "(", "|"])
    )
    async def complete(params: types.CompletionParams) -> list[types.CompletionItem]:
        found = server.benches.find(params.text_document.uri)
        if found is None:
            return []
        bench, path = found
        view = bench.desk.latest or await server.look(bench)
        text = bench.documents[path].text if path in bench.documents else view.texts.get(path, "")
        places = view.places(path) if view.texts.get(path) == text else Places(text, view.encoding)
        offset = places.offset_of(params.position)
        if not path.endswith(".flow"):
            return [*filters.proposals(view)] if filters.can_follow(text[:offset]) else []
        at = cursor(text, offset)
        return completion.complete(view, at) if at else []

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hovering(params: types.HoverParams) -> types.Hover | None:
        if (at := await place(params)) is None:
            return None
        _, view, path, offset = at
        told = await server.work(hover.hover, view, path, offset)
        if told is None:
            return None
        text, here = told
        around = view.places(path).range(here.span) if here else None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), around)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def define(params: types.DefinitionParams) -> list[types.Location]:
        if (at := await place(params)) is None:
            return []
        bench, view, path, offset = at
        return [_location(bench, view, span) for span in navigation.definition(view, path, offset)]

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def refer(params: types.ReferenceParams) -> list[types.Location]:
        if (at := await place(params)) is None:
            return []
        bench, view, path, offset = at
        found = navigation.references(view, path, offset, params.context.include_declaration)
        return [_location(bench, view, each.span) for each in found]

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        if (at := await place(params)) is None:
            return None
        _, view, path, offset = at
        here = _or_refuse(lambda: rename.renameable(view, path, offset))
        return types.PrepareRenamePlaceholder(view.places(path).range(here.span), here.symbols[0].name)

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def give_name(params: types.RenameParams) -> types.WorkspaceEdit | None:
        if (at := await place(params)) is None:
            return None
        bench, view, path, offset = at
        arguments = view, path, offset, params.new_name, bench.desk.tried
        changes = await server.work(_or_refuse, lambda: rename.rename(*arguments))
        return types.WorkspaceEdit(
            changes={
                bench.uri(name): [
                    types.TextEdit(view.places(name).range(each.span), rename.written(params.new_name, each))
                    for each in places
                ]
                for name, places in changes.items()
            }
        )


def _answer_about_files(server: FlowServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def outline(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        found = server.benches.find(params.text_document.uri)
        if found is None:
            return []
        bench, path = found
        view = await server.look(bench)
        file = view.file(path)
        return await server.work(symbols.outline, file, view.places(path)) if file else []

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def lay_out(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        """The canonical layout; nothing where the text does not parse."""
        found = server.benches.find(params.text_document.uri)
        if found is None or not found[1].endswith(".flow"):
            return None
        bench, path = found
        view = await server.look(bench)
        text = view.texts.get(path, "")
        laid_out = await server.work(format_text, Source(path, text))
        if isinstance(laid_out, tuple) or laid_out == text:
            return []
        return [types.TextEdit(view.places(path).whole(), laid_out)]


def _location(bench: Bench, view: View, span: Span) -> types.Location:
    return types.Location(bench.uri(span.path), view.places(span.path).range(span))


def _or_refuse(job: Callable[[], T]) -> T:
    """What the job gives; a refusal is an answer that the editor shows."""
    try:
        return job()
    except rename.CannotRename as refusal:
        raise JsonRpcException(str(refusal), types.LSPErrorCodes.RequestFailed.value) from refusal
