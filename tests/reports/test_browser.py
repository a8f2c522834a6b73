"""The report in headless Chromium, opened from disk."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from pipeline.study.results import Crop
from pipeline.study.verification import Verification, tell_report
from reports.figures.pictures import Pictures
from reports.figures.visual_comparison import compare
from reports.results import read_results
from tests.browser import needs_chromium, start_browser
from tests.reports.html import page

AXE = "axe-core@4.14.1"
pytestmark = [pytest.mark.browser, needs_chromium]


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
    browser: Any,
    report: Path,
    page: str = "index.html",
    *,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
) -> None:
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    path, _, anchor = page.partition("#")
    browser.get("about:blank")  # else an anchor alone would load nothing
    browser.get((report / path).as_uri() + (f"#{anchor}" if anchor else ""))
    if not anchor:  # the other tests look at what is folded away, too
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")


def column(browser: Any, table: str, index: int, group: int = 1) -> list[str]:
    return list(
        browser.execute_script(
            "return Array.from(document.querySelectorAll(arguments[0])).map(c => c.dataset.sort)",
            f"#{table} tbody:nth-of-type({group}) tr.row > td:nth-child({index + 1})",
        )
    )


def heading(browser: Any, table: str, index: int) -> Any:
    button = browser.find_element(By.CSS_SELECTOR, f"#{table} th button[data-column='{index}']")
    browser.execute_script(
        "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", button
    )
    return button


def sort_state(button: Any) -> str:
    return str(button.find_element(By.XPATH, "..").get_attribute("aria-sort"))


def test_no_console_messages(browser: Any, report: Path, hostile_report: Path) -> None:
    for folder in (report, hostile_report):
        browser.get_log("browser")
        open_page(browser, folder, "reading.html")
        open_page(browser, folder)
        browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
        assert browser.get_log("browser") == []


def test_sorting_by_mouse_stays_inside_groups(browser: Any, report: Path) -> None:
    open_page(browser, report)
    given = column(browser, "table3", 2)
    button = heading(browser, "table3", 2)
    button.click()
    assert sort_state(button) == "descending"
    for group in (1, 2, 3):
        values = [float(v) for v in column(browser, "table3", 2, group) if v]
        assert values == sorted(values, reverse=True)
        assert len(values) == 5
    button.click()
    assert sort_state(button) == "ascending"
    assert column(browser, "table3", 2) == sorted(given, key=float)
    button.click()
    assert sort_state(button) == "none"
    assert column(browser, "table3", 2) == given


def test_sorting_by_keyboard_and_missing_values_last(browser: Any, report: Path) -> None:
    open_page(browser, report)
    button = heading(browser, "table4", 8)  # measured PSNR; quoted rows have none
    for expected in ("descending", "ascending"):
        button.send_keys(Keys.ENTER)
        assert sort_state(button) == expected
        values = column(browser, "table4", 8)
        numbers = [float(v) for v in values if v]
        assert values == [str(v) for v in numbers] + [""] * (len(values) - len(numbers))
        assert len(values) > len(numbers) == 4
        assert numbers == sorted(numbers, reverse=expected == "descending")


def test_provenance_panel_follows_its_row(browser: Any, report: Path) -> None:
    open_page(browser, report)
    heading(browser, "table3", 2).click()
    first = browser.find_element(By.CSS_SELECTOR, "#table3 tbody tr.row")
    assert "MESR" in first.text
    button = first.find_element(By.CSS_SELECTOR, "button.runs")
    panel = browser.find_element(By.ID, button.get_attribute("aria-controls"))
    assert not panel.is_displayed()
    button.send_keys(Keys.ENTER)
    assert button.get_attribute("aria-expanded") == "true"
    assert panel.is_displayed()
    for fact in ("mesr_x2_s0", "train", "x86_64", "109,363", "c0dec0de", "hr 0b1c", "-Sc0dec0de"):
        assert fact in panel.text
    # From the log of the run on this machine:
    for fact in ("4f1c2a9d4f1c", "2026-03-04 05:06 UTC", "2 min 10 s", "7.5"):
        assert fact in panel.text
    follows = "return arguments[0].nextElementSibling === arguments[1]"
    assert browser.execute_script(follows, first, panel)


def test_runs_without_a_log_say_so_and_runs_with_one_are_sorted(browser: Any, report: Path) -> None:
    open_page(browser, report)
    heads = [e.text for e in browser.find_elements(By.CSS_SELECTOR, "#all-runs thead th")]
    index = next(i for i, head in enumerate(heads) if head.startswith("Wall time"))
    heading(browser, "all-runs", index).click()
    assert column(browser, "all-runs", index) == ["130.4"] * 16 + [""] * 3
    cells = browser.find_elements(By.CSS_SELECTOR, f"#all-runs tr.row td:nth-child({index + 1})")
    shown = [cell.text for cell in cells]
    assert shown == ["2 min 10 s"] * 16 + ["–"] * 3
    summary = browser.find_element(By.ID, "summary").text
    assert "16 trainings, 600 steps each" in summary
    assert "34 min 46 s in all" in summary


def test_page_without_logs_says_so(browser: Any, report: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(report, tmp_path / "build"))
    (folder / "logs.js").write_text("window.reportLogs = {};")
    open_page(browser, folder)
    cells = browser.find_elements(By.CSS_SELECTOR, "#all-runs td[data-log]")
    assert {cell.text for cell in cells} == {"–"}
    assert "16 trainings" in browser.find_element(By.ID, "summary").text
    heading(browser, "table3", 0)
    browser.find_element(By.CSS_SELECTOR, "#table3 tr.row button.runs").click()
    panel = browser.find_element(By.CSS_SELECTOR, "#table3 tr.panel.open")
    assert "not recorded on this machine" in panel.text


def test_commits_are_links_where_the_repository_is_known(
    browser: Any, report: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(report, tmp_path / "build"))
    value = {"text": "<b>4f1c</b>", "sort": "4f1c", "href": "https://a.example/commit/4f1c"}
    logs = json.dumps({"runs/mesr_x4_s0": {"git_revision": value}})
    (folder / "logs.js").write_text(f"window.reportLogs = {logs};")
    open_page(browser, folder)
    links = browser.find_elements(By.CSS_SELECTOR, "#all-runs td[data-log] a")
    assert [(link.text, link.get_attribute("href")) for link in links] == [
        ("<b>4f1c</b>", "https://a.example/commit/4f1c")
    ]


def test_switch_shows_one_scale(browser: Any, report: Path) -> None:
    open_page(browser, report)
    block = browser.find_element(By.ID, "figure-tradeoff")
    figures = block.find_elements(By.TAG_NAME, "figure")

    def shown() -> list[str]:
        return [str(f.get_attribute("id")) for f in figures if f.is_displayed()]

    assert len(figures) == 3
    assert shown() == ["figure-tradeoff-x2"]  # the scale of Table 4
    Select(block.find_element(By.TAG_NAME, "select")).select_by_visible_text("×4")
    assert shown() == ["figure-tradeoff-x4"]


def test_newest_machine_is_shown_and_the_other_can_be_chosen(
    browser: Any, report: Path, full_report: Path
) -> None:
    open_page(browser, report)
    assert "make measure" in browser.find_element(By.ID, "measured").text
    open_page(browser, full_report)
    measured = browser.find_element(By.ID, "measured")
    assert "Newer CPU" in measured.text
    assert not browser.find_element(By.ID, "costs-machine1").is_displayed()
    values = [float(v) for v in column(browser, "costs-machine0", 6) if v]
    heading(browser, "costs-machine0", 6).send_keys(Keys.ENTER)  # what was put in can be sorted
    heading(browser, "costs-machine0", 6).send_keys(Keys.ENTER)
    assert [float(v) for v in column(browser, "costs-machine0", 6) if v] == sorted(values)[::-1]
    Select(browser.find_element(By.ID, "machine")).select_by_index(1)
    assert browser.find_element(By.ID, "costs-machine1").is_displayed()
    assert "<script>alert(1)</script>" in measured.text


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
@pytest.mark.parametrize("name", ["report", "hostile_report"])
def test_page_never_scrolls_sideways(
    browser: Any, name: str, width: int, request: pytest.FixtureRequest
) -> None:
    open_page(browser, request.getfixturevalue(name), width=width)
    browser.execute_script(
        "document.querySelectorAll('tr.panel').forEach(p => p.classList.add('open'))"
    )
    overflow = browser.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0


def test_dark_follows_the_system_and_the_button(browser: Any, report: Path) -> None:
    def luminance() -> int:
        color = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in color[4:-1].split(","))

    def shown() -> str:
        return str(
            browser.execute_script(
                "return Array.from(document.querySelectorAll('.chart:has(.in-dark)')).map(c =>"
                "Array.from(c.querySelectorAll('img')).filter(i => getComputedStyle(i).display !="
                "'none')"
                ".map(i => i.className).join('+')).join(' ')"
            )
        )

    open_page(browser, report)
    assert luminance() > 700
    assert set(shown().split()) == {"in-light"}
    open_page(browser, report, dark=True)
    button = browser.find_element(By.ID, "theme")
    assert luminance() < 150
    assert set(shown().split()) == {"in-dark"}
    assert button.text == "Light"
    button.click()
    assert button.text == "Dark"
    assert "dark" in button.get_attribute("aria-label")
    assert luminance() > 700
    assert set(shown().split()) == {"in-light"}
    browser.refresh()
    assert luminance() > 700  # remembered
    browser.execute_script("localStorage.clear()")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("page", ["index.html", "reading.html"])
def test_axe_finds_nothing_serious(
    browser: Any, report: Path, axe: str, page: str, dark: bool
) -> None:
    open_page(browser, report, page, dark=dark)
    browser.execute_script("document.querySelectorAll('button.runs').forEach(b => b.click())")
    browser.set_script_timeout(120)
    browser.execute_script(axe)
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then("
        "r => done(r.violations.map(v => [v.impact, v.id, v.nodes.length, v.nodes[0].html,"
        "v.nodes[0].failureSummary])), e => done([['critical', String(e)]]))"
    )
    assert [violation for violation in found if violation[0] in ("serious", "critical")] == []


def rows_shown(browser: Any, table: str) -> list[str]:
    rows = browser.find_elements(By.CSS_SELECTOR, f"#{table} tr.row")
    return [row.get_attribute("id") for row in rows if row.is_displayed()]


def test_page_is_short_until_something_is_unfolded(browser: Any, full_report: Path) -> None:
    for width, screens in ((1440, 12), (375, 20)):
        open_page(browser, full_report, "index.html#summary", width=width)
        height = browser.execute_script("return document.documentElement.scrollHeight")
        assert height < 900 * screens


def test_filters_leave_the_rows_that_fit(browser: Any, report: Path) -> None:
    open_page(browser, report)
    everything = rows_shown(browser, "table3")
    search = browser.find_element(By.CSS_SELECTOR, "#table3 input[type=search]")
    browser.execute_script(
        "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", search
    )
    search.send_keys("mesr trained")
    assert len(rows_shown(browser, "table3")) == 3
    status = browser.find_element(By.CSS_SELECTOR, "#table3 .tools [role=status]")
    assert status.text == f"3 of {len(everything)} rows"
    search.clear()
    search.send_keys(" ")
    kind = Select(browser.find_element(By.CSS_SELECTOR, "#table3 .tools select"))
    kind.select_by_visible_text("interpolation")
    assert [name.split("-")[-2:] for name in rows_shown(browser, "table3")] == [
        ["bicubic", "interpolation"]
    ] * 3
    kind.select_by_index(0)
    assert rows_shown(browser, "table3") == everything


def test_rows_are_sorted_across_groups_on_request(browser: Any, report: Path) -> None:
    open_page(browser, report)
    everything = rows_shown(browser, "table3")
    box = browser.find_element(By.CSS_SELECTOR, "#table3 input[type=checkbox]")
    button = heading(browser, "table3", 2)
    button.click()
    box.send_keys(Keys.SPACE)
    values = [float(value) for value in column(browser, "table3", 2, 1)]
    assert len(values) == len(everything) == 15
    assert values == sorted(values, reverse=True)
    first = browser.find_element(By.CSS_SELECTOR, "#table3 tr.row td")
    assert first.text.startswith("Scale ×2: MESR")
    box.send_keys(Keys.SPACE)
    assert len(column(browser, "table3", 2, 1)) == 5
    button.click()
    button.click()
    assert rows_shown(browser, "table3") == everything


def copied(browser: Any, button: Any) -> str:
    browser.execute_script(
        "Object.defineProperty(navigator, 'clipboard', {configurable: true, value:"
        "{writeText: t => { window.copied = t; return Promise.resolve() }}})"
    )
    button.send_keys(Keys.ENTER)
    return str(browser.execute_script("return window.copied"))


def test_tables_are_copied_as_they_are_shown(browser: Any, report: Path) -> None:
    open_page(browser, report)
    search = browser.find_element(By.CSS_SELECTOR, "#table3 input[type=search]")
    search.send_keys("×4 lapsrn")
    buttons = {
        button.text: button
        for button in browser.find_elements(By.CSS_SELECTOR, "#table3 .foot button")
    }
    psnr, ssim = browser.execute_script(
        "return Array.from(document.querySelectorAll('#table3 tr.row:not([hidden]) .value'))"
        ".map(v => v.firstChild.textContent)"
    )
    csv = copied(browser, buttons["Copy CSV"])
    assert csv.splitlines()[0] == (
        "Group,Method,Weights,photos_test PSNR (dB),photos_test SSIM,Remark"
    )
    assert csv.splitlines()[1].startswith(f"Scale ×4,LapSRN,trained here,{psnr},{ssim},")
    assert len(csv.splitlines()) == 2
    tex = copied(browser, buttons["Copy LaTeX"])
    assert tex.startswith(r"\begin{tabular}{lrrrrr}")
    assert r"photos\_test SSIM" in tex
    assert f"LapSRN & trained here & {psnr} & {ssim}" in tex
    markdown = copied(browser, buttons["Copy Markdown"])
    assert markdown.splitlines()[1] == "|---|---:|---:|---:|---:|---:|"
    assert f"| LapSRN | trained here | {psnr} |" in markdown


def test_digests_are_short_and_copied_whole(browser: Any, report: Path) -> None:
    open_page(browser, report)
    cell = browser.find_element(By.CSS_SELECTOR, "#all-runs [data-copy^=c0de]")
    assert cell.text == "c0dec0dec0de"
    assert copied(browser, cell) == "c0de" * 16
    lines = browser.execute_script(
        "return Array.from(document.querySelectorAll('#all-runs tr.row')).map(r => r.offsetHeight)"
    )
    assert max(lines) < 40


def test_a_link_to_a_row_unfolds_it_and_brings_it_into_sight(browser: Any, report: Path) -> None:
    for anchor in ("run-mesr-x4-s0", "certificate-vdsr-set14-x3", "table4-row-photos-test-2-drcn"):
        open_page(browser, report)
        (name,) = browser.execute_script(
            "return Array.from(document.querySelectorAll('tr.row')).map(r => r.id)"
            ".filter(id => id.startsWith(arguments[0])).slice(0, 1)",
            anchor,
        )
        open_page(browser, report, f"index.html#{name}")
        row = browser.find_element(By.ID, name)
        assert row.is_displayed()
        box = browser.execute_script("return arguments[0].getBoundingClientRect()", row)
        assert 0 < box["top"] < 900 - box["height"]


@pytest.mark.parametrize("anchor", ["certification", "runs", "downloads", "figure-curves"])
@pytest.mark.parametrize("width", [375, 1280])
def test_anchors_land_where_they_point_after_a_fresh_load(
    browser: Any, report: Path, anchor: str, width: int
) -> None:
    open_page(browser, report, f"index.html#{anchor}", width=width)
    settled = (
        "const done = arguments[0]; const images = Array.from(document.images);"
        "images.forEach(i => { i.loading = 'eager' });"
        "Promise.all(images.map(i => i.decode().catch(() => 0))).then(() => setTimeout(done, 100))"
    )
    browser.execute_async_script(settled)
    top, bar, end = browser.execute_script(
        "const box = document.getElementById(arguments[0]).getBoundingClientRect();"
        "const page = document.documentElement;"
        "return [box.top, document.querySelector('.top').offsetHeight,"
        "page.scrollHeight - page.scrollTop - page.clientHeight]",
        anchor,
    )
    assert top >= bar - 1
    assert top < bar + 40 or end < 2  # the end of the page cannot come to the top


def test_every_picture_has_its_size(report: Path, full_report: Path) -> None:
    for folder in (report, full_report):
        for tag in page(folder).find_all("img"):
            if tag.find_parent(class_="chart"):
                with Image.open(folder / str(tag["src"])) as picture:
                    assert (int(str(tag["width"])), int(str(tag["height"]))) == picture.size


def test_footnotes_open_where_their_mark_is(browser: Any, report: Path) -> None:
    for touch in (False, True):
        width = 375 if touch else 1280
        open_page(browser, report, "index.html#table4", width=width)
        mark = browser.find_element(By.CSS_SELECTOR, "#table4 a.mark")
        browser.execute_script(
            "arguments[0].scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'})",
            mark,
        )
        note = browser.find_element(By.CSS_SELECTOR, mark.get_attribute("hash"))
        expected = note.get_attribute("textContent").split()
        if touch:
            mark.click()
        else:
            mark.send_keys(Keys.ENTER)
        tip = browser.find_element(By.ID, "tip")
        assert tip.is_displayed()
        assert tip.text.split() == expected
        box = browser.execute_script("return arguments[0].getBoundingClientRect()", tip)
        assert box["left"] >= 0
        assert box["right"] <= width
        ActionChains(browser).send_keys(Keys.ESCAPE).perform()
        assert not tip.is_displayed()
        assert browser.switch_to.active_element == mark or touch


def test_signs_of_the_certificate_tell_their_values(browser: Any, report: Path) -> None:
    open_page(browser, report, "index.html#certificate-grid")
    stops = browser.find_elements(By.CSS_SELECTOR, ".grid a[tabindex='0']")
    assert len(stops) == 1
    browser.execute_script("arguments[0].focus({preventScroll: true})", stops[0])
    tip = browser.find_element(By.ID, "tip")
    assert "Bicubic, Set5, ×2" in tip.text
    ActionChains(browser).send_keys(Keys.ARROW_RIGHT).perform()
    assert "Bicubic, Set5, ×3" in tip.text
    for _ in range(3):
        ActionChains(browser).send_keys(Keys.ARROW_DOWN).perform()
    focused = browser.switch_to.active_element
    assert focused.get_attribute("aria-label") == tip.text
    assert "VDSR, Set5, ×3" in tip.text
    missed = browser.find_element(By.CSS_SELECTOR, ".grid .fail a")
    ActionChains(browser).move_to_element(missed).perform()
    assert "missed" in tip.text
    missed.click()
    row = browser.find_element(By.ID, missed.get_attribute("hash")[1:])
    assert row.is_displayed()


def test_heading_and_first_column_stay_in_sight(browser: Any, report: Path) -> None:
    open_page(browser, report, "index.html#table4", width=375)
    head, first = browser.execute_script(
        "const box = document.querySelector('#table4 .scroll');"
        "box.scrollTo({left: 200, top: 300, behavior: 'instant'});"
        "const own = box.getBoundingClientRect();"
        "const rows = Array.from(box.querySelectorAll('tr.row > td:first-child'));"
        "return [box.querySelector('thead').getBoundingClientRect().top - own.top,"
        "rows[5].getBoundingClientRect().left - own.left]"
    )
    assert head == pytest.approx(0, abs=1)
    assert first == pytest.approx(0, abs=1)


@pytest.mark.parametrize("width", [375, 768])
def test_words_are_not_broken_inside(browser: Any, report: Path, width: int) -> None:
    open_page(browser, report, width=width)
    broken = browser.execute_script(
        """
        const found = [];
        const walker = document.createTreeWalker(document.querySelector('main'), 4);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          for (const match of node.data.matchAll(/[A-Za-z]{5,24}/g)) {
            const range = document.createRange();
            range.setStart(node, match.index);
            range.setEnd(node, match.index + match[0].length);
            const lines = new Set(Array.from(range.getClientRects()).map(r => Math.round(r.top)));
            if (lines.size > 1) found.push(match[0]);
          }
        }
        return found
        """
    )
    assert broken == []


def test_points_of_the_reading_unfold(browser: Any, report: Path) -> None:
    open_page(browser, report, "reading.html#point-channel-widths")
    card = browser.find_element(By.ID, "point-channel-widths")
    assert card.get_attribute("open")
    button = browser.find_element(By.ID, "unfold")
    cards = browser.find_elements(By.CSS_SELECTOR, "details.card")
    seen = []
    for _ in range(2):
        seen.append(button.text)
        button.send_keys(Keys.ENTER)
        opened = {card.get_attribute("open") is not None for card in cards}
        assert opened == {button.text == "Fold all points"}
    assert len(set(seen)) == 2 or len(cards) == 1


def test_page_says_whether_the_run_reproduced(browser: Any, report: Path, tmp_path: Path) -> None:
    open_page(browser, report)
    assert "Not checked" in browser.find_element(By.ID, "verified").text
    folder = Path(shutil.copytree(report, tmp_path / "build"))
    tell_report(Verification("abc", outputs=3), folder)
    open_page(browser, folder)
    told = browser.find_element(By.ID, "verified")
    assert "reproduced: all 3 outputs equal those of abc" in told.text
    assert "yes" in told.get_attribute("class")


def explorer(browser: Any, report: Path, *, width: int = 1280) -> Any:
    """The explorer with its first pictures."""
    open_page(browser, report, "index.html#explorer", width=width)
    block = browser.find_element(By.ID, "explorer")
    WebDriverWait(browser, 60).until(lambda _: "in view" in pane(block, "b"))
    return block


def pane(block: Any, name: str) -> str:
    return str(block.find_element(By.CSS_SELECTOR, f"[data-pane='{name}'] .metrics").text)


def control(block: Any, name: str) -> Any:
    return block.find_element(By.CSS_SELECTOR, f"[data-control='{name}']")


def pixels(browser: Any, name: str) -> int:
    """A digest of what a pane shows."""
    return int(
        browser.execute_script(
            "const c = document.querySelector(`[data-pane='${arguments[0]}'] canvas`);"
            "return new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height)"
            ".data.buffer).reduce((sum, pixel) => (31 * sum + pixel) % 2147483647, 1)",
            name,
        )
    )


def scores_shown(text: str) -> tuple[float, float]:
    """PSNR and SSIM of what is in view."""
    psnr, _, ssim = text.removeprefix("in view ").partition(" · ")[0].partition(" / ")
    return float(psnr), float(ssim)


def test_explorer_loads_nothing_before_it_is_near(browser: Any, full_report: Path) -> None:
    loaded = "return document.querySelectorAll('script[src*=excerpts]').length - 1"  # the list
    open_page(browser, full_report, "index.html#summary")
    assert browser.execute_script(loaded) == 0
    browser.execute_script("document.getElementById('explorer').scrollIntoView()")
    WebDriverWait(browser, 60).until(lambda _: browser.execute_script(loaded) > 0)


def test_explorer_compares_with_the_truth_and_scores_what_is_in_view(
    browser: Any, quick: Path, report: Path
) -> None:
    block = explorer(browser, report)
    chosen = [Select(control(block, side)).first_selected_option.text for side in "ab"]
    assert chosen == ["Ground truth", "MESR"]
    image, scale = (
        Select(control(block, name)).first_selected_option.text for name in ("image", "scale")
    )
    assert (image, scale) == ("astronaut (photos_test)", "×4")
    pictures = Pictures(read_results(quick / "results"), quick / "evaluations")
    listed = json.loads((report / "assets/excerpts/list.js").read_text().partition(" = ")[2][:-2])
    region = next(entry["region"] for entry in listed if entry["key"] == "photos-test-astronaut-x4")
    crop = Crop(dataset="photos_test", image="astronaut", scale=4, region=region)
    comparison = compare(pictures, crop, "name")
    assert not isinstance(comparison, str)
    tiles = {tile.label: tile for tile in comparison.tiles}
    for label in ("MESR", "Bicubic"):
        Select(control(block, "b")).select_by_visible_text(label)
        tile = tiles[label]
        assert scores_shown(pane(block, "b")) == pytest.approx(
            (tile.region_psnr_db, tile.region_ssim), abs=6e-3
        )
        assert f"whole image {tile.metrics}" in pane(block, "b")
        assert label in pane(block, "error")


def test_explorer_zooms_and_moves_all_panes_together(browser: Any, report: Path) -> None:
    block = explorer(browser, report)
    Select(control(block, "a")).select_by_visible_text("MESR")
    assert pixels(browser, "a") == pixels(browser, "b")
    whole, scored = pixels(browser, "a"), scores_shown(pane(block, "b"))
    for _ in range(2):
        control(block, "closer").click()
    assert control(block, "factor").text == "×2"
    assert pixels(browser, "a") == pixels(browser, "b") != whole
    assert scores_shown(pane(block, "a")) == scores_shown(pane(block, "b")) != scored
    before = pixels(browser, "b")
    stage = block.find_element(By.CSS_SELECTOR, ".panes")
    stage.send_keys(Keys.ARROW_LEFT)
    assert pixels(browser, "a") == pixels(browser, "b") != before
    canvas = block.find_element(By.CSS_SELECTOR, "[data-pane='b'] canvas")
    at = pixels(browser, "b")
    ActionChains(browser).drag_and_drop_by_offset(canvas, -40, -20).perform()
    assert pixels(browser, "a") == pixels(browser, "b") != at
    stage.send_keys("0")
    assert control(block, "factor").text == "×1"
    assert pixels(browser, "a") == whole
    assert not control(block, "farther").is_enabled()


def test_explorer_keeps_the_choice_on_another_image_and_swaps(browser: Any, report: Path) -> None:
    block = explorer(browser, report)
    Select(control(block, "b")).select_by_visible_text("MSRN")
    Select(control(block, "image")).select_by_index(1)
    WebDriverWait(browser, 60).until(lambda _: "in view" in pane(block, "b"))
    assert Select(control(block, "b")).first_selected_option.text == "MSRN"
    control(block, "swap").click()
    assert Select(control(block, "a")).first_selected_option.text == "MSRN"
    assert pane(block, "b") == "what the others are compared with"
    colours = browser.execute_script(
        "const c = document.querySelector('[data-pane=error] canvas');"
        "const data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "return Array.from(new Set(new Uint32Array(data.buffer)))"
    )
    assert len(colours) == 1  # no error


def test_explorer_by_touch(browser: Any, report: Path) -> None:
    block = explorer(browser, report, width=375)
    canvas = block.find_element(By.CSS_SELECTOR, "[data-pane='b'] canvas")
    browser.execute_script(
        "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", canvas
    )
    box = browser.execute_script("return arguments[0].getBoundingClientRect()", canvas)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [
            {"x": box["left"] + x * box["width"], "y": box["top"] + y * box["height"], "id": i}
            for i, (x, y) in enumerate(places)
        ]
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (0.45, 0.5), (0.55, 0.5))
    for apart in (0.1, 0.2, 0.3):
        touch("touchMove", (0.45 - apart, 0.5), (0.55 + apart, 0.5))
    touch("touchEnd")
    assert control(block, "factor").text != "×1"
    before = pixels(browser, "a")
    touch("touchStart", (0.5, 0.5))
    for x in (0.45, 0.35, 0.25):
        touch("touchMove", (x, 0.5))
    touch("touchEnd")
    assert pixels(browser, "a") != before
