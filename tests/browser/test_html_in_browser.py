"""The HTML report in a real browser: sorting, filtering, deep links, hostile text, size, print, accessibility."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from envcensus.model.census import Census, Metrics, Survey
from envcensus.model.changes import TrendPoint
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment, Owner
from envcensus.model.finding import Finding, Severity
from envcensus.model.page import Latest
from envcensus.model.skipped import Problem, Skipped
from envcensus.report.options import RenderOptions

ROWS = "#place tbody tr"
SEVERITIES: tuple[Severity, ...] = ("major", "minor", "patch")


def environment(path: str, *, owner: str = "deploy", host: str = "", base: str = "") -> Environment:
    return Environment(
        path=path,
        kind="venv",
        python="3.11.7",
        implementation="cpython",
        site_dirs=(),
        owner=Owner(1000, owner),
        host=host,
        base=base,
    )


def outdated(name: str, version: str = "1.0", latest: str = "2.0", **fields: Any) -> Finding:
    """A row; `fields` replace those of Finding."""
    distribution = Distribution(name=name, normalized=name.lower(), version=version, path=f"/x/{name}")
    given: dict[str, Any] = {"severity": "major", "age_days": 10.0, "libyears": 1.0, **fields}
    return Finding(
        distribution=distribution, state="outdated", latest=Latest(version=latest, filetype="wheel"), **given
    )


def census(*surveys: Survey, skipped: tuple[Skipped, ...] = ()) -> Census:
    return Census(surveys=surveys, skipped=skipped, metrics=Metrics(), generated=1_767_225_600.0)


def small() -> Census:
    first = Survey(
        environment=environment("/srv/a"),
        findings=(
            outdated("alpha", "1.10", "2.0", age_days=400.0),
            outdated("beta", "1.9", "1.20", severity="minor", age_days=40.0),
            outdated("Gamma", "1.2", "1.2.1", severity="patch", yanked="broken build"),
            Finding(
                distribution=Distribution(name="delta", normalized="delta", version="3", path="/x"),
                state="failed",
                reason="index: timed out",
            ),
        ),
        problems=(Problem("duplicate", "/srv/a/six", "1.0 and 1.1"),),
    )
    odd = environment("/srv/b c/ü%2F#?", owner="www")
    second = Survey(environment=odd, findings=(outdated("alpha", "1.2", "2.0", age_days=None),))
    return census(first, second, skipped=(Skipped("directory", "/root/x", "permission denied"),))


def many(count: int) -> Census:
    """`count` rows in 200 environments."""
    surveys = []
    for number in range(200):
        findings = tuple(
            outdated(f"package-{n}", f"1.{n}", f"2.{n}", severity=SEVERITIES[n % 3], age_days=float(n + number))
            for n in range(count // 200)
        )
        surveys.append(Survey(environment=environment(f"/srv/env-{number}"), findings=findings))
    return census(*surveys)


def column(page: Any, number: int) -> list[str]:
    texts: list[str] = page.locator(f"{ROWS} td:nth-child({number})").all_inner_texts()
    return texts


def sort(page: Any, name: str) -> str:
    """Click a column's heading; the direction it then shows."""
    page.locator(f'button[data-sort="{name}"]').click()
    direction: str = page.locator(f'th:has(button[data-sort="{name}"])').get_attribute("aria-sort")
    return direction


def filter_by(page: Any, text: str, expected: str) -> None:
    page.locator("#query").fill(text)
    page.wait_for_function("text => document.getElementById('shown').textContent === text", arg=expected)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_totals(viewer: Any, scheme: str) -> None:
    page = viewer.open(small(), color_scheme=scheme)
    assert page.locator("#total-environments").inner_text() == "2"
    assert page.locator("#total-outdated").inner_text() == "4"
    assert page.locator("#total-yanked").inner_text() == "1"
    assert page.locator("#total-failed").inner_text() == "2"
    assert "incomplete" in page.locator("#incomplete").inner_text()
    assert page.locator("#skipped tbody td").all_inner_texts() == ["directory", "/root/x", "permission denied"]
    assert page.locator("#shown").inner_text() == "5 packages"
    assert page.locator(".hbars li").count() == 2
    assert page.locator(".vbars rect").count() == 3


def test_a_failure_is_never_up_to_date(viewer: Any) -> None:
    failed = next(iter(small().surveys)).findings[3]
    page = viewer.open(census(Survey(environment=environment("/srv/a"), findings=(failed,))))
    assert page.locator("#share").inner_text() == "0%"
    assert page.locator("#incomplete").is_visible()
    assert "could not be looked up: index: timed out" in page.locator(ROWS).inner_text()


def test_the_share_is_never_rounded_up(viewer: Any) -> None:
    current = Finding(distribution=next(iter(small().surveys)).findings[0].distribution, state="current")
    page = viewer.open(census(Survey(environment=environment("/a"), findings=(current,) * 299 + (outdated("late"),))))
    assert page.locator("#share").inner_text() == "99%"


def test_sorting(viewer: Any) -> None:
    page = viewer.open(small())
    assert column(page, 5) == ["major", "major", "minor", "patch", ""]
    assert sort(page, "package") == "ascending"
    assert column(page, 1) == ["alpha", "alpha", "beta", "delta", "Gamma"]
    assert sort(page, "package") == "descending"
    assert column(page, 1) == ["Gamma", "delta", "beta", "alpha", "alpha"]
    assert sort(page, "version") == "ascending"
    assert column(page, 3) == ["1.2", "1.2", "1.9", "1.10", "3"]
    assert sort(page, "age") == "descending"
    assert column(page, 1)[:2] == ["alpha", "beta"]
    assert page.locator("th[aria-sort='none']").count() == page.locator("#place th").count() - 1


def test_sorting_by_keyboard_keeps_the_focus(viewer: Any) -> None:
    page = viewer.open(small())
    page.locator('button[data-sort="package"]').focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.sort") == "package"
    assert column(page, 1)[0] == "alpha"


def test_filtering(viewer: Any) -> None:
    page = viewer.open(small())
    filter_by(page, "ALPHA", "2 of 5 packages")
    filter_by(page, "alpha www", "1 of 5 packages")
    assert page.url.endswith("#/packages?q=alpha+www")
    filter_by(page, "no such thing", "0 of 5 packages")
    assert page.locator(".empty").inner_text() == "Nothing matches."
    filter_by(page, "", "5 packages")
    page.locator("#severities label", has_text="minor").click()
    page.locator("#severities label", has_text="patch").click()
    assert column(page, 1) == ["beta", "Gamma"]
    page.locator("#state").select_option("failed")
    assert page.locator(ROWS).count() == 0
    page.locator("#severities label", has_text="minor").click()
    page.locator("#severities label", has_text="patch").click()
    assert column(page, 1) == ["delta"]


def test_an_address_restores_what_was_shown(viewer: Any) -> None:
    page = viewer.open(small(), "#/packages?q=gamma&severity=patch&state=outdated")
    assert column(page, 1) == ["Gamma"]
    assert page.locator("#query").input_value() == "gamma"
    assert page.locator("#state").input_value() == "outdated"
    assert page.locator("#severities input:checked").count() == 1


@pytest.mark.parametrize(("path", "rows"), [("/srv/a", 4), ("/srv/b c/ü%2F#?", 1)])
def test_deep_link_to_an_environment(viewer: Any, path: str, rows: int) -> None:
    page = viewer.open(small(), "#/environment/" + quote(path, safe=""))
    assert page.locator("#detail h2").inner_text() == path
    assert page.locator(ROWS).count() == rows
    assert not page.locator("#overview").is_visible()
    page.locator("#detail .back").click()
    page.wait_for_selector("#overview", state="visible")
    page.locator(".tables td a", has_text=path).click()
    page.wait_for_selector("#detail h2")
    assert page.locator("#detail h2").inner_text() == path


def test_charts_link_to_environments(viewer: Any) -> None:
    page = viewer.open(small())
    for path in ("/srv/a", "/srv/b c/ü%2F#?"):
        page.locator(f'.hbars a[title="{path}"]').click()
        page.wait_for_selector("#detail h2")
        assert page.locator("#detail h2").inner_text() == path
        page.go_back()
        page.wait_for_selector("#overview", state="visible")


def test_deep_link_to_a_project(viewer: Any) -> None:
    page = viewer.open(small(), "#/project/ALPHA")
    assert page.locator("#detail h2").inner_text() == "alpha"
    assert page.locator(".pills li").all_inner_texts() == ["1.10 × 1", "1.2 × 1"]
    assert page.locator(ROWS).count() == 2


def test_an_unknown_address_shows_everything(viewer: Any) -> None:
    page = viewer.open(small(), "#nonsense")
    assert page.locator(ROWS).count() == 5
    for address in ("#/environment/%ZZ", "#/project/none", "#/constructor", "#/__proto__/x"):
        page.goto(page.url.partition("#")[0] + address)
        page.reload()
        assert page.locator(ROWS).count() == 5


def test_other_tables(viewer: Any) -> None:
    page = viewer.open(small(), "#/projects")
    assert column(page, 1) == ["alpha", "beta", "Gamma", "delta"]
    assert column(page, 2) == ["2", "1", "1", "1"]
    page.locator(".tabs a", has_text="Environments").click()
    page.wait_for_selector('.tabs a[aria-current="page"]:has-text("Environments")')
    assert column(page, 6) == ["3", "1"]
    page.locator(".tabs a", has_text="Problems").click()
    page.wait_for_selector('.tabs a[aria-current="page"]:has-text("Problems")')
    assert column(page, 1) == ["duplicate"]


HOSTILE = (
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=1</script>",
    "</style><svg onload=window.pwned=1>",
    "javascript:window.pwned=1",
    "\"onmouseover='window.pwned=1' x=\"",
    "{{ 7*7 }}${window.pwned=1}<!--<script>",
    "\u202e\u0000\x1b[31m\u2028window.pwned=1",
    "__proto__",
    "constructor",
)


def test_hostile_names_do_nothing(viewer: Any) -> None:
    surveys = [
        Survey(
            environment=environment(text, owner=text, host=text, base=text),
            findings=(
                outdated(text, text, text, wanted=text, held_by=(text,), yanked=text, status=text),
                Finding(
                    distribution=Distribution(name=text, normalized=text, version=text, path=text),
                    state="failed",
                    reason=text,
                ),
            ),
            problems=(Problem(text, text, text),),
        )
        for text in HOSTILE
    ]
    skipped = tuple(Skipped(text, text, text) for text in HOSTILE)
    hostile = census(*surveys, skipped=skipped)
    options = RenderOptions(version=HOSTILE[2])
    addresses = ["", "#/projects", "#/environments", "#/problems"]
    addresses += [f"#/environment/{quote(f'{text}:{text}', safe='')}" for text in HOSTILE[:3]]
    addresses += [f"#/project/{quote(text, safe='')}" for text in HOSTILE[:3]]
    page = viewer.open(hostile, options=options)
    for address in addresses:
        page.goto(page.url.partition("#")[0] + address)
        page.wait_for_function("place => location.hash === place", arg=address)
        assert page.evaluate("[...document.links].every(link => link.getAttribute('href').startsWith('#'))")
        page.locator("#place td").first.hover()
        assert page.evaluate("[window.pwned, Object.prototype.pwned]") == [None, None]
        assert page.locator("img, [onerror], [onload], [onmouseover]").count() == 0
        assert page.locator("script").count() == 2
        assert page.locator(ROWS).count() >= 2


def test_the_policy_stops_scripts_and_requests(browser: Any, viewer: Any) -> None:
    page = viewer.open(small())
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.pwned = 1";
            document.head.append(script);
            const bad = "<img src='http://127.0.0.1:9/x'><p style='color: red' id='styled'>x</p>";
            document.body.insertAdjacentHTML("beforeend", bad);
        }"""
    )
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("getComputedStyle(document.getElementById('styled')).color") != "rgb(255, 0, 0)"
    assert page.evaluate("fetch('http://127.0.0.1:9/').catch(error => 'refused')") == "refused"
    stopped = [text for text in viewer.complaints if "Content Security Policy" in text]
    assert len(stopped) >= 4
    viewer.complaints.clear()
    viewer.requests[:] = [url for url in viewer.requests if not url.startswith("http://127.0.0.1:9/")]


def test_twenty_thousand_rows(viewer: Any) -> None:
    page = viewer.open(many(20_000))
    assert page.locator("#shown").inner_text() == "20,000 packages"
    assert page.locator(ROWS).count() <= 1000  # only what is near the screen is drawn
    assert sort(page, "age") == "descending"
    assert column(page, 1)[0] == "package-99"
    filter_by(page, "package-42 env-7", "11 of 20,000 packages")
    assert page.locator(ROWS).count() == 11
    filter_by(page, "", "20,000 packages")
    before = page.locator(ROWS).count()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("count => document.querySelectorAll('#place tbody tr').length > count", arg=before)
    assert page.locator(ROWS).count() < 20_000


def test_scrolling_reaches_the_last_row(viewer: Any) -> None:
    page = viewer.open(many(800))
    page.wait_for_function(
        """() => {
            scrollTo(0, document.body.scrollHeight);
            return document.querySelectorAll("#place tbody tr").length === 800;
        }"""
    )
    assert page.locator(ROWS).count() == 800


def test_print(viewer: Any) -> None:
    page = viewer.open(many(1_200), color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator("#filters").is_visible()
    assert not page.locator("#print").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(ROWS).count() == 1000
    assert page.locator("#cut").inner_text() == "The first 1,000 of 1,200 rows; filter to print others."


def test_pdf(viewer: Any) -> None:
    assert viewer.open(small()).pdf().startswith(b"%PDF")


def test_dark_and_light(viewer: Any) -> None:
    color = "getComputedStyle(document.body).backgroundColor"
    page = viewer.open(small(), color_scheme="light")
    light = page.evaluate(color)
    page.locator("#theme").click()
    dark = page.evaluate(color)
    assert dark != light
    page.emulate_media(color_scheme="dark")
    page.locator("#theme").click()
    assert page.evaluate(color) == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["", "#/environments", "#/project/alpha", "#/environment/%2Fsrv%2Fa"])
def test_accessibility(viewer: Any, scheme: str, address: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    points = tuple(TrendPoint(time=86400.0 * day, packages=10, outdated=5 + day % 3) for day in range(9))
    page = viewer.open(small(), address, options=RenderOptions(version="0", trend=points), color_scheme=scheme)
    # The checker is brought in from outside the page: its own policy would refuse it.
    found = axe.Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


def test_without_script_the_totals_are_there(viewer: Any) -> None:
    page = viewer.open(small(), java_script_enabled=False)
    assert page.locator("#total-outdated").inner_text() == "4"
    assert page.locator("noscript").count() == 1
    assert page.locator("#skipped").is_visible()


def test_a_listing_speaks_of_no_updates(viewer: Any) -> None:
    row = Finding(distribution=next(iter(small().surveys)).findings[0].distribution, state="unchecked")
    page = viewer.open(census(Survey(environment=environment("/srv/a"), findings=(row,))))
    assert "Up to date" not in page.locator("main").inner_text()
    assert page.locator("#total-outdated").count() == 0
    assert column(page, 1) == ["alpha"]


def test_columns_without_content_take_no_room(viewer: Any) -> None:
    bare = outdated("alpha", age_days=None, libyears=None)
    page = viewer.open(census(Survey(environment=environment("/srv/a"), findings=(bare,))))
    titles = page.locator("#place th").all_inner_texts()
    assert titles == ["Package", "Environment", "Installed", "Latest", "Severity"]
    assert page.locator("#total-libyears").count() == 0
    assert page.locator(".vbars").count() == 0


def test_an_empty_census(viewer: Any) -> None:
    page = viewer.open(census())
    assert page.locator(".empty").inner_text() == "Nothing matches."
    assert page.locator("#share").inner_text() == "–%"
