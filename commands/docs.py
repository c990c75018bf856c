"""`earshot docs`: the documentation site, one file that opens without a server, and the dictionary of metrics."""

import json
import os
import subprocess
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import typer

from commands import build, dbt, output
from commands.settings import EXTRAS, ROOT
from loaders.errors import EarshotError


def docs(
    context: typer.Context,
    metrics: bool = typer.Option(False, "--metrics", help="Write docs/metrics.md from the YAML of the marts instead."),
    serve: bool = typer.Option(False, "--serve", help="Then serve it on this machine alone, until stopped."),
    port: int = typer.Option(8090, "--port", min=0, max=65535, help="Where to serve; 0 takes a free one."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document; dbt's output goes to stderr."),
) -> None:
    """Write the documentation site.

    Every model and column, with the lineage, in one page that opens without a server; prints where it is.
    Where dbt-colibri is installed (requirements-extras.lock), a second page shows where each column comes from.
    With --metrics, write the dictionary of marts and metrics, which is part of the repository, and needs no data.
    Arguments that are not listed here are passed to `dbt docs generate`, or to `dbt parse`.

    \b
    Examples:
      earshot docs
      earshot docs --serve
      earshot docs --metrics
    """
    if metrics and serve:
        raise EarshotError("--metrics writes a file of the repository; leave out --serve.", 2)
    page = _dictionary(context.args) if metrics else _site(context.args)
    lineage = None if metrics else _lineage(page.parent)
    if as_json:
        output.document({"page": str(page), "bytes": page.stat().st_size, "lineage": str(lineage) if lineage else None})
    else:
        print(page)
        if lineage:
            print(lineage)
    if serve:
        _serve({"/": page, **({"/lineage": lineage} if lineage else {})}, port)


def _site(arguments: list[str]) -> Path:
    build.prepare(arguments)
    dbt.run(["docs", "generate"], ["--static", *arguments], quiet_stdout=True)
    page = dbt.target_folder(arguments) / "static_index.html"
    if not page.is_file():
        raise EarshotError(f"dbt wrote no {page}; logs/dbt.log says why.")
    return page


def _lineage(folder: Path) -> Path | None:
    """The page of dbt-colibri, made of what dbt wrote; None where it is not installed."""
    if not (EXTRAS / "colibri").is_file():
        return None
    made = subprocess.run(
        # without --disable-telemetry its page would call home
        [
            *(str(EXTRAS / "colibri"), "generate", "--light", "--disable-telemetry"),
            *("--manifest", str(folder / "manifest.json"), "--catalog", str(folder / "catalog.json")),
            *("--output-dir", str(folder / "lineage")),
        ],
        env={**os.environ, "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
    )
    page = folder / "lineage" / "index.html"
    if made.returncode != 0 or not page.is_file():
        last = (made.stderr or made.stdout).strip().splitlines()[-1:]
        raise EarshotError(f"dbt-colibri wrote no {page} ({''.join(last)}); the documentation itself is done.")
    return page


class _Pages(BaseHTTPRequestHandler):
    """Serves the pages that it is given and no other file."""

    def __init__(self, pages: dict[str, Path], *arguments: Any) -> None:
        self.pages = pages
        super().__init__(*arguments)

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        content = page.read_bytes() if page else b"There is no such page.\n"
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8" if page else "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nobody reads who opened a page."""


def _serve(pages: dict[str, Path], port: int) -> None:
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Pages, pages))
    except OSError as error:
        raise EarshotError(
            f"Port {port} of this machine is taken ({error.strerror}); choose another --port."
        ) from error
    with server:
        for path in pages:
            output.say(f"http://127.0.0.1:{server.server_port}{path}")
        output.say("Ctrl-C ends it")
        server.serve_forever()


def _dictionary(arguments: list[str]) -> Path:
    from reports import dictionary

    dbt.run(["parse"], arguments, quiet_stdout=True)
    manifest = json.loads((dbt.target_folder(arguments) / "manifest.json").read_text(encoding="utf-8"))
    page = ROOT / "docs" / "metrics.md"
    page.write_text(dictionary.page(manifest), encoding="utf-8")
    return page


def register(app: typer.Typer) -> None:
    app.command("docs", context_settings=build.PASS_ON)(docs)
