"""A client of a language server: opens a file, and asks what an editor asks (Language Server Protocol 3.17)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

Message = Mapping[str, Any]
Position = Mapping[str, int]


class LanguageServer:
    """One that runs, and has the folder open."""

    def __init__(self, to: IO[bytes], back: IO[bytes], folder: Path, settings: Mapping[str, object]) -> None:
        self._to, self._back, self._settings = to, back, settings
        self._asked, self._told = 0, list[Message]()
        capabilities = {
            "textDocument": {
                "hover": {"contentFormat": ["markdown"]},
                "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
            },
            "workspace": {"configuration": True},
        }
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities})
        self._tell("initialized", {})

    def open(self, path: Path, text: str) -> list[Message]:
        """Open a file with this text; the problems that the server finds in it, once it has looked."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})

        def is_of_it(message: Message) -> bool:
            named = message.get("method") == "textDocument/publishDiagnostics"
            return named and message["params"]["uri"] == path.as_uri()

        found: list[Message] = self._awaited(is_of_it)["params"]["diagnostics"]
        return found

    def hover(self, path: Path, position: Position) -> str:
        """What is shown where the mouse stands, as Markdown; empty: nothing."""
        shown = self.ask("textDocument/hover", _place(path, position))
        return str(shown["contents"]["value"]) if shown else ""

    def completions(self, path: Path, position: Position) -> dict[str, str]:
        """What may stand here, with the explanation of each."""
        found = self.ask("textDocument/completion", _place(path, position))
        return {item["label"]: _text(item.get("documentation", "")) for item in found["items"]}

    def ask(self, method: str, params: Mapping[str, object] | None = None) -> Any:
        """Send a request; its result. AssertionError if it is refused."""
        self._asked += 1
        number = self._asked
        self._send({"id": number, "method": method, "params": params})
        answer = self._awaited(lambda message: message.get("id") == number and "method" not in message)
        assert "error" not in answer, answer
        return answer["result"]

    def _awaited(self, wanted: Callable[[Message], bool]) -> Message:
        """The first message of the server that is the one; requests of its own are answered meanwhile."""
        while True:
            message = self._received()
            if wanted(message):
                return message
            if "id" in message and "method" in message:
                self._send({"id": message["id"], "result": self._answer(message)})

    def _answer(self, request: Message) -> object:
        if request["method"] == "workspace/configuration":
            return [self._settings.get(item.get("section")) for item in request["params"]["items"]]
        return None

    def _tell(self, method: str, params: Mapping[str, object]) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: Mapping[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._to.flush()

    def _received(self) -> Message:
        length = 0
        while line := self._back.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the server has ended"
        message: Message = json.loads(self._back.read(length))
        return message


@contextmanager
def language_server(argv: Sequence[str], folder: Path, settings: Mapping[str, object]) -> Iterator[LanguageServer]:
    """Start one; it is ended with the block. `settings`: by section, as it asks for them."""
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            yield LanguageServer(process.stdin, process.stdout, folder, settings)
        finally:
            process.kill()


def _place(path: Path, position: Position) -> dict[str, object]:
    return {"textDocument": {"uri": path.as_uri()}, "position": position}


def _text(documentation: str | Message) -> str:
    return documentation if isinstance(documentation, str) else str(documentation["value"])
