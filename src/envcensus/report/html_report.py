"""One self-contained HTML file: totals, charts, and tables that sort and filter; no network, a strict CSP.

The page is a jinja2 template with autoescape; styles and script are inline and allowed by their hashes alone. The
rows travel as JSON in a data block and reach the page as text nodes only.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import time
from collections.abc import Iterator
from typing import Any

import msgspec
from jinja2 import Environment as Templates
from jinja2 import FunctionLoader, StrictUndefined
from markupsafe import Markup

import envcensus
from envcensus.model.census import Census
from envcensus.model.display import neutral, plural
from envcensus.report import charts, html_data, totals
from envcensus.report.document import timestamp
from envcensus.report.options import RenderOptions
from envcensus.report.remarks import remarks


def render(census: Census, options: RenderOptions) -> Iterator[str]:
    """The page, in a few large pieces."""
    style, script = _file("report.css"), _file("report.js")
    sums = totals.of_surveys(census.surveys)
    data = html_data.data(census, options)
    templates = Templates(
        loader=FunctionLoader(_file), autoescape=True, finalize=_finalize, undefined=StrictUndefined, trim_blocks=True
    )
    templates.filters["number"] = "{:,}".format
    templates.filters["plural"] = plural
    page = templates.get_template("report.html")
    yield from page.stream(
        title="Python environments",
        style=Markup(style),  # noqa: S704 - our own files, not text from outside
        script=Markup(script),  # noqa: S704
        policy=_policy(style, script),
        data=_block(data),
        generated=time.strftime("%d %B %Y, %H:%M UTC", time.gmtime(census.generated)).lstrip("0"),
        generated_machine=timestamp(census.generated),
        version=options.version or envcensus.__version__,
        sums=sums,
        projects=len(data["projects"]),
        hosts=sorted({survey.environment.host for survey in census.surveys} - {""}),
        checked=sums.packages > sums.unchecked or not sums.packages,
        severities=totals.SEVERITIES,
        states=charts.states(sums),
        environments=charts.environments(census),
        ages=charts.ages(census),
        trend=charts.trend(options.trend),
        skipped=census.skipped,
        remarks=list(remarks(census, verbose=True)),
        metrics=census.metrics,
    )


def _file(name: str) -> str:
    return importlib.resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _finalize(value: Any) -> Any:
    """Every text put into the template is cleaned, then escaped by jinja2."""
    return neutral(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _policy(style: str, script: str) -> str:
    """The Content-Security-Policy: these two inline blocks, and nothing else from anywhere."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _block(data: dict[str, Any]) -> Markup:
    """JSON for a script element: no character in it can end the element or open a comment."""
    text = msgspec.json.encode(data).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - just made safe
