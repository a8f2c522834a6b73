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
from selenium.webdriver.support.ui import Select

from pipeline.study.verification import Verification, tell_report
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


def test_slider_by_mouse_keyboard_and_choice(browser: Any, report: Path) -> None:
    open_page(browser, report)
    block = browser.find_element(By.CSS_SELECTOR, "[data-compare]")
    slider = block.find_element(By.CSS_SELECTOR, ".slider")
    divider = block.find_element(By.CSS_SELECTOR, "[role=slider]")
    browser.execute_script(
        "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", slider
    )

    def now() -> int:
        return int(divider.get_attribute("aria-valuenow"))

    def clip() -> float:
        box = "return arguments[0].getBoundingClientRect()"
        line, whole = browser.execute_script(box, divider), browser.execute_script(box, slider)
        return float((line["left"] + line["width"] / 2 - whole["left"]) / whole["width"] * 100)

    assert now() == 50
    width = slider.size["width"]
    drag = ActionChains(browser).move_to_element(slider).click_and_hold()
    drag.move_by_offset(int(width * 0.25), 0).release().perform()
    assert now() == pytest.approx(75, abs=1)
    assert clip() == pytest.approx(now(), abs=1)
    for key, expected in (
        (Keys.HOME, 0),
        (Keys.ARROW_LEFT, 0),
        (Keys.ARROW_RIGHT, 1),
        (Keys.PAGE_UP, 11),
        (Keys.END, 100),
        (Keys.ARROW_DOWN, 99),
    ):
        divider.send_keys(key)
        assert now() == expected
    assert clip() == pytest.approx(99, abs=0.5)
    assert "Bicubic" in divider.get_attribute("aria-valuetext")
    browser.execute_script(
        "const s = arguments[0].querySelector('select'); s.selectedIndex = 0;"
        "s.dispatchEvent(new Event('change'))",
        block,
    )
    assert "Ground truth" in divider.get_attribute("aria-valuetext")
    assert slider.find_element(By.CSS_SELECTOR, ".before").get_attribute("src").endswith("/0.png")


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


def test_slider_by_touch(browser: Any, report: Path) -> None:
    open_page(browser, report, width=375, height=812)
    slider = browser.find_element(By.CSS_SELECTOR, ".slider")
    browser.execute_script(
        "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", slider
    )
    box = browser.execute_script("return arguments[0].getBoundingClientRect()", slider)
    y = box["top"] + box["height"] / 2
    for kind, place in (("touchStart", 0.5), ("touchMove", 0.35), ("touchMove", 0.2)):
        point = {"x": box["left"] + place * box["width"], "y": y}
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    divider = slider.find_element(By.CSS_SELECTOR, "[role=slider]")
    assert int(divider.get_attribute("aria-valuenow")) == pytest.approx(20, abs=2)


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
                "return Array.from(document.querySelectorAll('.chart')).map(c =>"
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
    for width, screens in ((1440, 14), (375, 24)):
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
        browser.get("about:blank")
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
    browser.get("about:blank")
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
