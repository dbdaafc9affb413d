"""The page in a real browser: it opens blocks, explains layers, sorts and searches, without an error.

Needs Playwright (`pip install playwright`) and Chromium: that of the system, or of `playwright install chromium`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

pytestmark = pytest.mark.live
playwright = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        try:
            opened = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no browser: {error}")
        yield opened
        opened.close()


@pytest.fixture
def show(browser: Any, run: Callable[..., Result], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens the page of some specs; at the end no error was reported, and nothing was loaded from elsewhere."""
    said: list[str] = []
    loaded: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: loaded.append(request.url))

    def write(*words: str) -> Any:
        file = tmp_path / "report.html"
        run("report", *words, "--no-config", "-o", str(file))
        page.goto(file.as_uri())
        return page

    yield write
    page.close()
    assert said == []
    assert len(loaded) == 1


def shown_rows(page: Any) -> list[str]:
    return page.locator(".layers tbody tr:visible th").all_inner_texts()


def test_blocks_of_the_drawing_open_and_close(show: Callable[..., Any]) -> None:
    page = show("resnet50")
    assert page.locator(".pane:visible").count() == 1
    page.click('.pane:visible g.cnncalc-box[data-name="conv4_2..6 x5"]')
    assert page.locator(".pane:visible").count() == 2
    assert page.locator(".pane:visible .bar b").inner_text() == "conv4_2"
    page.click('.pane:visible g.cnncalc-box[data-name="residual.3x3.conv"]')
    explained = page.locator("#explanation")
    assert "256 × 256 × 3 × 3 = 589,824" in explained.inner_text()
    assert explained.locator("h1").inner_text() == "conv4_2.residual.3x3.conv in ResNet-50"
    page.keyboard.press("Escape")
    assert explained.is_hidden()
    page.click(".pane:visible .bar button")
    assert page.locator(".pane:visible").count() == 1


def test_equal_blocks_have_one_drawing_and_their_own_names(show: Callable[..., Any]) -> None:
    page = show("resnet50")
    for block, layer in (("conv3_1", "conv3_1"), ("conv3_2..4 x3", "conv3_2")):
        page.click(f'.pane:visible g.cnncalc-box[data-name="{block}"]')
        page.click('.pane:visible g.cnncalc-box[data-name="residual.reduce.conv"]')
        assert page.locator("#explanation h1").inner_text() == f"{layer}.residual.reduce.conv in ResNet-50"
        page.keyboard.press("Escape")


def test_the_drawing_by_keyboard(show: Callable[..., Any]) -> None:
    page = show("alexnet")
    page.focus('g.cnncalc-box[data-name="conv2"]')
    page.keyboard.press("Enter")
    assert page.locator("#explanation h1").inner_text() == "conv2 in AlexNet"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.name") == "conv2"


def test_the_table_folds_sorts_and_searches(show: Callable[..., Any]) -> None:
    page = show("resnet50")
    # 16 blocks and 7 layers outside of them; the block has two branches, a sum and a ReLU.
    assert len(shown_rows(page)) == 23
    page.click('tr:has(th[data-name="conv2_1"]) .toggle')
    assert len(shown_rows(page)) == 27
    page.click("thead th:nth-child(5) button")
    # The heaviest are the 3x3 convolutions of the last stage: 512 x 512 x 9.
    cells = page.locator(".layers tbody tr:visible td:nth-child(5)").all_inner_texts()[:4]
    assert cells == ["2,359,296", "2,359,296", "2,359,296", "2,097,152"]
    assert page.locator("thead th:nth-child(5)").get_attribute("aria-sort") == "descending"
    page.fill("input[type=search]", "conv5_1.shortcut")
    assert shown_rows(page) == ["conv5_1.shortcut.projection.conv", "conv5_1.shortcut.projection.batch_norm"]
    page.fill("input[type=search]", "")
    for _ in range(2):
        page.click("thead th:nth-child(5) button")
    assert shown_rows(page)[0] == "conv1"


def test_several_networks_and_hostile_names(show: Callable[..., Any], tmp_path: Path) -> None:
    name = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    spec = tmp_path / "net.yaml"
    spec.write_text(f"name: {name!r}\nsource: '{{<!--'\ninput: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\n")
    page = show("lenet5", str(spec))
    assert page.locator("section.network h1").all_inner_texts() == ["LeNet-5", name]
    page.click("#n2 th[data-name=conv] button")
    assert name in page.locator("#explanation h1").inner_text()
    page.click('#n1 g.cnncalc-box[data-name="C1"]')
    assert "LeNet-5" in page.locator("#explanation h1").inner_text()


def test_print_shows_every_layer(show: Callable[..., Any]) -> None:
    page = show("resnet18")
    page.emulate_media(media="print")
    assert len(shown_rows(page)) == page.locator(".layers tbody tr").count()
    assert page.locator(".tools").is_hidden()


def test_boxes_are_buttons_if_they_do_something(show: Callable[..., Any]) -> None:
    page = show("resnet50")
    assert page.locator('g.cnncalc-box[data-name="input"]').first.get_attribute("role") is None
    block = page.locator('.pane:visible g.cnncalc-box[data-name="conv2_1"]')
    assert block.get_attribute("aria-expanded") == "false"
    block.press("Enter")
    assert block.get_attribute("aria-expanded") == "true"
    # A block reads the tensor of a layer outside of it, which is no part of the block.
    outside = page.locator('.pane:visible g.cnncalc-box[data-name="max_pool"]')
    assert [outside.nth(number).get_attribute("role") for number in range(outside.count())] == ["button", None]
    assert page.locator('.pane:visible g.cnncalc-box[data-name="conv1"]').get_attribute("aria-expanded") is None


def test_search_reports_its_rows(show: Callable[..., Any]) -> None:
    page = show("lenet5", "--language", "zh")
    assert page.get_by_role("status").inner_text() == ""
    page.fill("input[type=search]", "C1")
    total = page.locator(".layers tbody tr").count()
    assert page.get_by_role("status").inner_text() == f"{total} 行中的 1 行"
    assert page.get_by_role("table").get_attribute("aria-label") == "各层"


def test_narrow_and_printed_pages_have_their_width(show: Callable[..., Any]) -> None:
    page = show("yolov3", "vgg16", "siamese")
    for width in (420, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    # Paper of A4 without margins is 794 pixels wide.
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})
    widest = "Math.max(...[...document.querySelectorAll('table')].map((one) => one.getBoundingClientRect().right))"
    assert page.evaluate(widest) <= 794
