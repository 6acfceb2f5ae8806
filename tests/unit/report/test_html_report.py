"""The HTML report as text: what must hold without a browser."""

from __future__ import annotations

import base64
import hashlib
import html
import re

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from envcensus.model.census import Census, Metrics, Survey
from envcensus.model.changes import TrendPoint
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.finding import Finding
from envcensus.model.page import Latest
from envcensus.report import charts, formats, html_data
from envcensus.report.options import RenderOptions
from envcensus.report.totals import Totals

ANYTHING = st.text(st.characters(categories=None), max_size=30)
OPTIONS = RenderOptions(version="0")


def page(census: Census, options: RenderOptions = OPTIONS) -> str:
    return "".join(formats.render("html", census, options))


def test_one_file_that_asks_for_nothing(census: Census) -> None:
    text = page(census)
    assert not re.search(r"""(?:src|href)=["'](?!#)""", text)
    assert "@import" not in text
    assert "url(" not in text
    assert re.findall(r"https?://[^\"'\s]*", text) == ["http://www.w3.org/2000/svg"]


def test_the_policy_names_exactly_the_inline_blocks(census: Census) -> None:
    text = page(census)
    policy = html.unescape(re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[0])
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (block,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not re.search(r"\son\w+=|\sstyle=", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))


def hostile(text: str) -> Census:
    environment = Environment(path=text, kind="venv", python=text, implementation=text, site_dirs=(), host=text)
    row = Finding(
        distribution=Distribution(name=text, normalized=text, version=text, path=text),
        state="outdated",
        latest=Latest(version=text, filetype="wheel"),
        wanted=text,
        reason=text,
    )
    return Census(
        surveys=(Survey(environment=environment, findings=(row,)),), skipped=(), metrics=Metrics(), generated=0.0
    )


@settings(max_examples=40, deadline=None)
@given(ANYTHING)
def test_any_text_keeps_the_page_whole(text: str) -> None:
    made = page(hostile(text), RenderOptions(version=text))
    made.encode()
    assert len(re.findall("<script", made)) == len(re.findall("</script", made)) == 2
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', made)
    assert msgspec.json.decode(block) == msgspec.json.decode(
        msgspec.json.encode(html_data.data(hostile(text), OPTIONS))
    )


def test_rows_refer_to_environments_and_projects(census: Census) -> None:
    data = html_data.data(census, OPTIONS)
    assert [environment["path"] for environment in data["environments"]] == ["/srv/a", "/srv/b\\udcff", "/srv/empty"]
    assert all(len(row) == len(html_data.ROW) for row in data["rows"])
    names = [data["projects"][row[1]]["name"] for row in data["rows"]]
    assert "Django" in names
    assert "idna" not in names  # current: counted, not shown
    assert "idna" in [project["name"] for project in data["projects"]]


def test_parts_add_up() -> None:
    totals = Totals(packages=8, current=3, outdated=3, failed=2, severity={"major": 1, "patch": 2})
    parts = charts.states(totals)
    assert sum(part.count for part in parts) == 8
    assert [part.start for part in parts] == [0, 37.5, 62.5, 75]
    assert parts[-1].start + parts[-1].size == 100


def test_ages_fall_into_their_slots(census: Census) -> None:
    bars = charts.ages(census).bars
    assert {bar.label: bar.count for bar in bars if bar.count} == {
        "< 1 mo.": 1,
        "1–3 mo.": 1,
        "1–2 years": 1,
        "2–3 years": 1,
    }


def test_labels_lose_the_common_directory(census: Census) -> None:
    bars = charts.environments(census)
    assert [(bar.label, bar.title) for bar in bars.bars] == [
        ("a", "/srv/a"),
        ("db1.example.com: b\\udcff", "/srv/b\\udcff"),
    ]
    assert bars.left_out == 0


def test_trend() -> None:
    assert charts.trend([]) is None
    points = [TrendPoint(time=86400.0 * day, packages=9, outdated=number) for day, number in ((2, 4), (0, 8), (1, 6))]
    line = charts.trend(points)
    assert line is not None
    assert (line.points, line.change, line.highest) == ("0.00,8.00 50.00,31.00 100.00,54.00", -4, 8)
    assert (line.first, line.last) == ("1 Jan 1970", "3 Jan 1970")
