"""The report in headless Chromium, opened from disk."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from tests.browser import needs_chromium, start_browser

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
    browser: Any, report: Path, *, width: int = 1280, height: int = 900, dark: bool = False
) -> None:
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.get((report / "index.html").as_uri())


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
    assert shown == ["2 min 10 s"] * 16 + ["not recorded on this machine"] * 3
    assert "16 runs, 34 min 46 s in all" in browser.find_element(By.ID, "summary").text


def test_page_without_logs_says_so(browser: Any, report: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(report, tmp_path / "build"))
    (folder / "logs.js").write_text("window.reportLogs = {};")
    open_page(browser, folder)
    cells = browser.find_elements(By.CSS_SELECTOR, "#all-runs td[data-log]")
    assert {cell.text for cell in cells} == {"not recorded on this machine"}
    assert "16 runs" in browser.find_element(By.ID, "summary").text


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
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert luminance() > 700
    assert set(shown().split()) == {"in-light"}
    browser.refresh()
    assert luminance() > 700  # remembered
    browser.execute_script("localStorage.clear()")


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious(browser: Any, report: Path, axe: str, dark: bool) -> None:
    open_page(browser, report, dark=dark)
    browser.execute_script("document.querySelectorAll('button.runs').forEach(b => b.click())")
    browser.execute_script(axe)
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then("
        "r => done(r.violations.map(v => [v.impact, v.id, v.nodes.length, v.nodes[0].html,"
        "v.nodes[0].failureSummary])), e => done([['critical', String(e)]]))"
    )
    assert [violation for violation in found if violation[0] in ("serious", "critical")] == []
