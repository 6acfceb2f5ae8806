"""Take docs/report.png, the picture of the HTML report: python docs/picture.py (needs playwright and a Chromium)."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from playwright.sync_api import sync_playwright

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))


def main() -> None:
    """A generated fleet, looked up in the generated index, as a reader sees it."""
    from benchmarks.fleet import make_fleet  # noqa: PLC0415 - found beside this folder only now
    from benchmarks.index_server import Universe, running  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, running(Universe(fleet=True)) as index:
        make_fleet(f"{folder}/srv", 24, 60)
        report = f"{folder}/report.html"
        command = [sys.executable, "-m", "envcensus", "outdated", f"{folder}/srv", "--no-cache", "-i", index.url]
        subprocess.run([*command, "--quiet", "-o", report], check=True, stdout=subprocess.DEVNULL)
        page_text = pathlib.Path(report).read_text(encoding="utf-8")
        if folder in page_text:
            pathlib.Path(report).write_text(page_text.replace(folder, ""), encoding="utf-8")
        chromium = os.environ.get("ENVCENSUS_CHROMIUM") or shutil.which("chromium")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1180, "height": 760})
            page.goto(f"file://{report}")
            page.wait_for_timeout(300)
            page.screenshot(path=str(HERE / "report.png"))
            browser.close()


main()
