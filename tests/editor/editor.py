"""An editor that speaks to the real `campflow lsp` over its stdin and stdout."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

COMMAND = Path(sys.executable).with_name("campflow")

#: Seconds until anything here counts as hanging.
PATIENCE = 30


class Refused(Exception):
    """The server answered with an error."""


class Editor:
    """One session in one project. Positions are (line, character) from 0, as editors count."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.process = folder, process
        self.asked: list[dict[str, Any]] = []
        self.findings: dict[str, list[dict[str, Any]]] = {}
        self._texts: dict[str, tuple[str, int]] = {}
        self.server: dict[str, Any] = {}
        self._number = 0
        self._inbox: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.receiver = threading.Thread(target=self._receive, daemon=True)
        self.receiver.start()

    # --- what an editor does ------------------------------------------------------------------------------------

    def turn_to(self, folder: Path) -> None:
        """Close everything, and work in another folder from now on."""
        for path in list(self._texts):
            self.close(path)
        self.folder = folder.resolve()
        self.findings.clear()

    def open(self, path: str, text: str | None = None) -> None:
        text = (self.folder / path).read_text("utf-8") if text is None else text
        self._texts[path] = text, 1
        document = {"uri": self.uri(path), "languageId": "campflow", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def type(self, path: str, text: str) -> None:
        """Make this the text of an open document."""
        version = self._texts[path][1] + 1
        self._texts[path] = text, version
        document = {"uri": self.uri(path), "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def change(self, path: str, old: str, new: str) -> None:
        text = self._texts[path][0]
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        self.type(path, text.replace(old, new))

    def save(self, path: str) -> None:
        (self.folder / path).write_text(self._texts[path][0], "utf-8")
        self.notify("textDocument/didSave", {"textDocument": {"uri": self.uri(path)}})

    def close(self, path: str) -> None:
        del self._texts[path]
        self.notify("textDocument/didClose", {"textDocument": {"uri": self.uri(path)}})

    def place(self, path: str, before: str, after: str = "") -> dict[str, Any]:
        """The document and the place right behind `before`, where `after` follows, as a request wants them."""
        text = self._texts[path][0] if path in self._texts else (self.folder / path).read_text("utf-8")
        assert text.count(before + after) == 1, f"{before + after!r} stands {text.count(before + after)} times"
        lines = text[: text.index(before + after) + len(before)].split("\n")
        position = {"line": len(lines) - 1, "character": len(lines[-1].encode("utf-16-le")) // 2}
        return {"textDocument": {"uri": self.uri(path)}, "position": position}

    def proposals(self, path: str, before: str, after: str = "") -> list[str]:
        answer = self.request("textDocument/completion", self.place(path, before, after))
        return [each["label"] for each in answer]

    def told(self, path: str, until: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The findings of a file, once they are as they should be."""
        if path in self.findings and until(self.findings[path]):
            return self.findings[path]
        for message in self._messages():
            news = message.get("method") == "textDocument/publishDiagnostics"
            if news and path in self.findings and until(self.findings[path]):
                return self.findings[path]
        raise AssertionError(f"the findings of {path} stay {self.findings.get(path)}")

    def errors(self, path: str, *expected: str) -> list[dict[str, Any]]:
        """Wait until the errors of a file, in the order of the text, have these codes; warnings are let be."""
        found = self.told(path, lambda found: [each["code"] for each in _errors(found)] == list(expected))
        return _errors(found)

    def applied(self, edit: dict[str, Any]) -> dict[str, str]:
        """The texts of files, by path, as they are after a WorkspaceEdit."""
        return {self.path(uri): self._with(self.path(uri), edits) for uri, edits in edit["changes"].items()}

    def _with(self, path: str, edits: list[dict[str, Any]]) -> str:
        text = self._texts[path][0] if path in self._texts else (self.folder / path).read_text("utf-8")
        places = [(self._offset(text, e["range"]["start"]), self._offset(text, e["range"]["end"]), e) for e in edits]
        for start, end, edit in sorted(places, key=lambda each: each[0], reverse=True):
            text = text[:start] + edit["newText"] + text[end:]
        return text

    @staticmethod
    def _offset(text: str, position: dict[str, int]) -> int:
        lines = [*text.splitlines(keepends=True), ""]
        inside = lines[position["line"]].encode("utf-16-le")[: 2 * position["character"]].decode("utf-16-le")
        return sum(map(len, lines[: position["line"]])) + len(inside)

    def underlined(self, path: str, where: dict[str, Any]) -> str:
        """The text in a range."""
        text = self._texts[path][0] if path in self._texts else (self.folder / path).read_text("utf-8")
        return text[self._offset(text, where["start"]) : self._offset(text, where["end"])]

    def located(self, locations: list[dict[str, Any]]) -> list[tuple[str, str]]:
        """File and underlined text of each location."""
        paths = [self.path(each["uri"]) for each in locations]
        return [(path, self.underlined(path, each["range"])) for path, each in zip(paths, locations, strict=True)]

    def uri(self, path: str) -> str:
        return (self.folder / path).as_uri()

    def path(self, uri: str) -> str:
        return uri.removeprefix(self.folder.as_uri() + "/")

    # --- the protocol -------------------------------------------------------------------------------------------

    def request(self, method: str, params: Any) -> Any:
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        for message in self._messages():
            if message.get("id") == number and "method" not in message:
                if "error" in message:
                    raise Refused(message["error"]["message"])
                return message["result"]
        raise AssertionError(f"no answer to {method}")

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def goodbye(self) -> int:
        """End the session as an editor does; gives the exit code of the server."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(PATIENCE)

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self.process.stdin.flush()

    def _messages(self) -> Iterator[dict[str, Any]]:
        """What the server says, as it comes in; its own requests are answered."""
        while True:
            message = self._inbox.get(timeout=PATIENCE)
            if message is None:
                raise AssertionError(f"the server has ended with {self.process.wait(PATIENCE)}")
            if message.get("method") == "textDocument/publishDiagnostics":
                params = message["params"]
                self.findings[self.path(params["uri"])] = params["diagnostics"]
            elif "method" in message and "id" in message:
                self.asked.append(message)
                self._send({"id": message["id"], "result": None})
            yield message

    def _receive(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while (message := _read(stream)) is not None:
            self._inbox.put(message)
        self._inbox.put(None)


def _errors(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in found if each["severity"] == 1]


def _read(stream: BinaryIO | Any) -> dict[str, Any] | None:
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return json.loads(stream.read(length)) if length else None


@contextmanager
def editing(folder: Path, **capabilities: Any) -> Iterator[Editor]:
    """An editor with a server for a folder; both are gone when the block has ended."""
    folder = folder.resolve()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CAMPFLOW_")}
    process = subprocess.Popen(
        [COMMAND, "lsp", "--stdio"], cwd=folder, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    editor = Editor(folder, process)
    try:
        parameters = {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": capabilities}
        editor.server = editor.request("initialize", parameters)
        editor.notify("initialized", {})
        yield editor
    finally:
        process.kill()
        process.wait(PATIENCE)
        editor.receiver.join(PATIENCE)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream and not stream.closed:
                with suppress(BrokenPipeError):
                    stream.close()
