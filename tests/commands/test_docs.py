"""`earshot docs --serve` serves its pages on this machine and nothing beside them; `earshot ide` says what it needs."""

import threading
import urllib.error
import urllib.request
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from commands.docs import _Pages, _serve
from loaders.errors import EarshotError
from tests.commands.conftest import Earshot


def test_the_pages_alone_are_served(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>é</p>")
    (tmp_path / "manifest.json").write_text("{}")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, {"/": tmp_path / "page.html"})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        with urllib.request.urlopen(f"{address}/?a=b", timeout=10) as answer:
            assert answer.read().decode() == "<p>é</p>"
        for other in ("/manifest.json", "/../page.html"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(address + other, timeout=10)
        with pytest.raises(EarshotError, match="choose another --port"):
            _serve({}, server.server_port)
        server.shutdown()


def test_wrong_usage(earshot: Earshot) -> None:
    assert earshot("docs", "--metrics", "--serve").returncode == 2
    assert "Nothing is published at " in earshot("ide").stderr
