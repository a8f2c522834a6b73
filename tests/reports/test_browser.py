"""The report in headless Chromium, opened from disk: what a reader does."""

import csv
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from reports.figures.comparison import compare, pair
from reports.figures.pictures import Crop, Pictures
from tests.reports.conftest import given

AXE = "axe-core@4.14.1"
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-dev-shm-usage",
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM.exists() and DRIVER.exists()),
        reason="Chromium and its driver are not installed (Debian: chromium, chromium-driver)",
    ),
]


def start_browser(profile: Path) -> Any:
    """Start Chromium with a new profile folder; the caller quits it."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(str(DRIVER)))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    driver = start_browser(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the source of axe-core, installed into a temporary folder."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, and axe-core comes from there (Debian: npm)")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(folder), AXE],
        capture_output=True,
        check=False,
        timeout=120,
    )
    if done.returncode != 0:
        pytest.skip(f"npm could not install {AXE}: {done.stderr.decode()[-300:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def open_page(
    browser: Any, report: Path, page: str = "index.html", *, width: int = 1280, dark: bool = False
) -> None:
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    path, _, anchor = page.partition("#")
    browser.get("about:blank")  # else an anchor alone would load nothing
    browser.get((report / path).as_uri() + (f"#{anchor}" if anchor else ""))
    if not anchor:  # the other tests look at what is folded away, too
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")


def rows(browser: Any, table: str) -> list[Any]:
    found = browser.find_elements(By.CSS_SELECTOR, f"#{table} tr.row")
    return [row for row in found if row.is_displayed()]


def button(browser: Any, selector: str, text: str = "") -> Any:
    """Return the first element that has a text, in the middle of the window."""
    found = browser.find_elements(By.CSS_SELECTOR, selector)
    one = next(b for b in found if text in b.get_attribute("textContent"))
    script = "arguments[0].scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'})"
    browser.execute_script(script, one)
    return one


def test_sorting_by_mouse_and_keyboard_and_missing_values_last(browser: Any, report: Path) -> None:
    open_page(browser, report)
    heads = browser.find_elements(By.CSS_SELECTOR, "#results thead tr:last-child th")
    index = next(i for i, head in enumerate(heads) if head.text.startswith("minus"))

    def values() -> list[str]:
        cells = (row.find_elements(By.TAG_NAME, "td")[index] for row in rows(browser, "results"))
        return [cell.get_attribute("data-sort") for cell in cells]

    given = values()
    head = button(browser, "#results th button", "minus")
    for press in (head.click, lambda: head.send_keys(Keys.ENTER)):
        press()
        direction = heads[index].get_attribute("aria-sort")
        numbers = [float(value) for value in values() if value]
        assert values()[len(numbers) :] == [""] * 3  # MESR, bicubic, quoted
        assert numbers == sorted(numbers, reverse=direction == "descending")
        assert len(numbers) == 3
    head.click()
    assert values() == given


def test_one_scale_everywhere_and_the_rows_that_fit(browser: Any, report: Path) -> None:
    open_page(browser, report)
    before = [row.text for row in rows(browser, "results")]
    button(browser, "#results .switch button", "×2").click()
    now = [row.text for row in rows(browser, "results")]
    assert len(now) == len(before) == 6
    assert now != before
    assert browser.find_element(By.ID, "figure-gains-x2-of").is_displayed()
    assert not browser.find_element(By.ID, "figure-gains-x4-of").is_displayed()
    search = button(browser, "#results input[type=search]")
    search.send_keys("srn trained")
    (row,) = rows(browser, "results")
    assert row.find_element(By.TAG_NAME, "bdi").text == "MSRN"
    status = browser.find_element(By.CSS_SELECTOR, "#results .tools [role=status]")
    assert status.text == "1 of 6 rows"
    search.send_keys(Keys.CONTROL, "a", Keys.DELETE)
    assert len(rows(browser, "results")) == 6


def copied(browser: Any, selector: str, text: str) -> str:
    browser.execute_script(
        "Object.defineProperty(navigator, 'clipboard', {configurable: true, value:"
        "{writeText: t => { window.copied = t; return Promise.resolve() }}})"
    )
    button(browser, selector, text).click()
    return str(browser.execute_script("return window.copied"))


def test_copies_are_what_is_shown(browser: Any, report: Path, hostile_report: Path) -> None:
    open_page(browser, report)
    lines = list(csv.reader(io.StringIO(copied(browser, "#results .foot button", "CSV"))))
    assert len(lines) == 1 + 6
    assert lines[0][1:3] == ["Method", "Weights"]
    assert "Set5 PSNR" in lines[0]
    assert {line[0] for line in lines[1:]} == {"×4"}
    by_label = {line[1]: line for line in lines[1:]}
    shown = next(cell for cell in by_label["VDSR"][4:] if "[" in cell)
    assert shown.startswith("-")  # a sign that programs read
    button(browser, "#results input[type=search]").send_keys("mesr")
    tex = copied(browser, "#results .foot button", "LaTeX")
    assert tex.count(r"\\") == 2  # headings and one row
    assert r"\textbf{" in tex
    assert r"$\pm$0.02" in tex
    open_page(browser, hostile_report)
    tex = copied(browser, "#runs .foot button", "LaTeX")
    assert r"R\&D 100\% a\_b \#1 \$x\textasciicircum{}2\$ \textasciitilde{}\{brace\}" in tex
    assert r"\input" not in tex
    lines = list(csv.reader(io.StringIO(copied(browser, "#runs .foot button", "CSV"))))
    texts = {cell for line in lines for cell in line}
    assert "--flag 'quote' \"double\" `tick` ?` <<x>>" in texts
    assert len({len(line) for line in lines}) == 1


def test_runs_are_shown_with_their_logs(browser: Any, report: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(report, tmp_path / "build"))
    facts = {"reproduced": True, "sentence": "reproduced: <i>all</i> 3 outputs"}
    (folder / "verified.js").write_text(f"window.reportVerified = {json.dumps(facts)};")
    open_page(browser, folder)
    row = next(row for row in rows(browser, "results") if "MSRN" in row.text)
    link = row.find_element(By.CSS_SELECTOR, "a.run")
    browser.execute_script("arguments[0].click()", link)
    shown = rows(browser, "runs")
    assert len(shown) == 2  # seeds
    for text in ("MSRN", "4f1c2a9d4f1c", "2026-03-04 05:06 UTC", "2 min 10 s"):
        assert text in shown[0].text
    assert "22 trainings, " in browser.find_element(By.ID, "summary").text
    verified = browser.find_element(By.ID, "verified")
    assert "<i>all</i> 3 outputs" in verified.text
    assert "yes" in verified.get_attribute("class")


WIDTHS = """
return {
  page: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  boxes: [...document.querySelectorAll('.scroll')].map(b =>
    [b.scrollHeight - b.clientHeight, getComputedStyle(b).backgroundImage.includes('gradient')]),
  charts: [...document.querySelectorAll('.chart svg')].filter(s => s.clientWidth).map(s =>
    [s.getAttribute('class'), s.clientWidth / s.viewBox.baseVal.width * 8.6])
}
"""


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
@pytest.mark.parametrize("name", ["report", "hostile_report"])
def test_page_fits_its_width_and_charts_have_type_of_eleven_pixels(
    browser: Any, name: str, width: int, request: pytest.FixtureRequest
) -> None:
    browser.get_log("browser")
    open_page(browser, request.getfixturevalue(name), width=width)
    browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    found = browser.execute_script(WIDTHS)
    assert browser.get_log("browser") == []
    assert found["page"] <= 0
    assert all(extra <= 1 and shade for extra, shade in found["boxes"])  # none of limited height
    assert len(found["charts"]) > 4
    assert {kind for kind, _ in found["charts"]} == {"narrow" if width < 640 else "wide"}
    if width in (390, 1440):
        assert min(size for _, size in found["charts"]) >= 11


def test_dark_follows_the_system_and_the_button(browser: Any, report: Path) -> None:
    def luminance() -> int:
        color = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in color[4:-1].split(","))

    open_page(browser, report)
    assert luminance() > 700
    open_page(browser, report, dark=True)
    toggle = browser.find_element(By.ID, "theme")
    assert luminance() < 150
    assert toggle.text == "Light"
    toggle.click()
    assert "dark" in toggle.get_attribute("aria-label")
    assert luminance() > 700
    browser.refresh()
    assert luminance() > 700  # remembered
    browser.execute_script("localStorage.clear()")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("page", ["index.html", "reading.html"])
def test_axe_finds_nothing(browser: Any, report: Path, axe: str, page: str, dark: bool) -> None:
    open_page(browser, report, page, dark=dark)
    browser.set_script_timeout(120)
    browser.execute_script(axe)
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then("
        "r => done(r.violations.map(v => [v.impact, v.id, v.nodes.length, v.nodes[0].html,"
        "v.nodes[0].failureSummary])), e => done([['critical', String(e)]]))"
    )
    assert found == []


def test_footnotes_open_where_their_mark_is(browser: Any, report: Path) -> None:
    open_page(browser, report, width=390)
    marks = browser.find_elements(By.CSS_SELECTOR, "#results tr.quoted a.mark")
    next(mark for mark in marks if mark.is_displayed()).send_keys(Keys.ENTER)
    tip = browser.find_element(By.ID, "tip")
    assert "wxxxxxxh/A2F@1a2b3c4 README" in tip.text
    box = browser.execute_script("return arguments[0].getBoundingClientRect()", tip)
    assert 0 <= box["left"] < box["right"] <= 390
    assert 0 < box["top"] < 900
    ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    assert not tip.is_displayed()


def test_links_and_buttons_lead_to_what_is_folded(browser: Any, report: Path) -> None:
    open_page(browser, report, "index.html#runs-5")
    row = browser.find_element(By.ID, "runs-5")
    assert row.is_displayed()
    box = browser.execute_script("return arguments[0].getBoundingClientRect()", row)
    assert 0 < box["top"] < 900 - box["height"]
    before = len(rows(browser, "variants"))  # sections after the first are folded
    fold = button(browser, "#variants .unfold[aria-expanded=false]")
    fold.send_keys(Keys.ENTER)
    assert fold.get_attribute("aria-expanded") == "true"
    assert len(rows(browser, "variants")) > before
    sign = button(browser, ".grid a", "≈")
    assert "VDSR, Set5, ×3: close" in sign.get_attribute("aria-label")
    sign.send_keys(Keys.ENTER)
    assert browser.find_element(By.ID, "certification-2").is_displayed()
    open_page(browser, report, "reading.html#point-channel-widths")
    cards = browser.find_elements(By.CSS_SELECTOR, "details.card")
    assert cards[0].get_attribute("open")
    unfold = browser.find_element(By.ID, "unfold")
    for _ in range(2):
        unfold.send_keys(Keys.ENTER)
        opened = {card.get_attribute("open") is not None for card in cards}
        assert opened == {unfold.text == "Fold all points"}


def explorer(browser: Any, report: Path) -> Any:
    """The explorer with its first pictures."""
    open_page(browser, report, "index.html#explorer")
    found = browser.find_element(By.ID, "explorer")
    WebDriverWait(browser, 60).until(lambda _: "in view" in pane(found, "b"))
    return found


def pane(found: Any, name: str) -> str:
    return str(found.find_element(By.CSS_SELECTOR, f"[data-pane='{name}'] .metrics").text)


def control(found: Any, name: str) -> Any:
    return found.find_element(By.CSS_SELECTOR, f"[data-control='{name}']")


def choose(found: Any, name: str, text: str) -> None:
    Select(control(found, name)).select_by_visible_text(text)


def chosen(found: Any, name: str) -> str:
    return str(Select(control(found, name)).first_selected_option.text)


def test_explorer_scores_what_is_in_view(browser: Any, report: Path, pictures: Pictures) -> None:
    found = explorer(browser, report)
    assert [chosen(found, side) for side in "ab"] == ["Ground truth", "MESR"]
    region = tuple(given(report / "assets/excerpts/list.js")[0]["region"])
    comparison = compare(pictures, Crop("photos_test", "astronaut", 4, region))
    assert comparison is not None
    for row in comparison.tiles.set_index("label").loc[["MESR", "Bicubic"]].itertuples():
        choose(found, "b", str(row.Index))
        psnr, _, ssim = pane(found, "b").removeprefix("in view ").split(" · ")[0].partition(" / ")
        assert [float(psnr), float(ssim)] == pytest.approx(
            [row.region_psnr_db, row.region_ssim], abs=6e-3
        )
        assert f"whole image {pair(row.psnr_db, row.ssim)}" in pane(found, "b")
        assert str(row.Index) in pane(found, "error")


SCROLLED = "return [...document.querySelectorAll('.view')].map(v => [v.scrollLeft, v.scrollTop])"


def test_explorer_zooms_moves_and_swaps(browser: Any, report: Path) -> None:
    found = explorer(browser, report)
    choose(found, "a", "MESR")
    whole = pane(found, "b")
    assert pane(found, "a") == whole
    for _ in range(2):
        control(found, "closer").click()
    assert control(found, "factor").text == "×2"
    WebDriverWait(browser, 20).until(lambda _: pane(found, "a") == pane(found, "b") != whole)
    middle, zoomed = browser.execute_script(SCROLLED), pane(found, "b")
    assert middle[0] == middle[2]
    view = found.find_element(By.CSS_SELECTOR, "[data-pane='b'] .view")
    view.send_keys(Keys.ARROW_LEFT)
    WebDriverWait(browser, 20).until(lambda _: pane(found, "a") == pane(found, "b") != zoomed)
    moved = browser.execute_script(SCROLLED)
    assert moved[0] == moved[1] == moved[2]
    assert moved[0][0] < middle[0][0]
    ActionChains(browser).drag_and_drop_by_offset(view, -30, -20).perform()
    WebDriverWait(browser, 20).until(lambda b: b.execute_script(SCROLLED)[0][1] > middle[0][1])
    control(found, "all").click()
    assert pane(found, "a") == whole
    choose(found, "b", "MSRN")
    Select(control(found, "image")).select_by_index(1)
    WebDriverWait(browser, 60).until(lambda _: "in view" in pane(found, "b"))
    assert chosen(found, "b") == "MSRN"
    choose(found, "a", "Ground truth")
    control(found, "swap").click()
    assert chosen(found, "a") == "MSRN"
    assert pane(found, "b") == "reference"
