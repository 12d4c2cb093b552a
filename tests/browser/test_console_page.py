"""The page in a real browser: sign in, see an alert, decide on a candidate with two pictures."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from fairwatch.domain.clock import SystemClock
from tests.support.console_sample import beat, fill
from tests.support.console_world import PASSWORD, console_world
from tests.support.records import trigger

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="needs chromium and chromedriver: apt-get install -y chromium chromium-driver",
    ),
]
WAIT_S = 15
SIZES = {"wide": (1360, 860), "narrow": (480, 900)}


def start_browser(tmp_path: Path, scheme: str = "light") -> WebDriver:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={tmp_path}/chrome"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    return driver


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[WebDriver]:
    driver = start_browser(tmp_path, os.environ.get("FAIRWATCH_SCREENSHOT_SCHEME", "light"))
    yield driver
    driver.quit()


class Page:
    """What a person does with the page; every call runs in a thread of its own, beside the server."""

    def __init__(self, driver: WebDriver, url: str) -> None:
        self.driver = driver
        self.url = url

    def wait(self, selector: str, text: str = "") -> None:
        self._until(f"[...document.querySelectorAll({selector!r})].some(node => node.innerText.includes({text!r}))")

    def click(self, selector: str) -> None:
        # In one step, since the page may draw the element anew between finding and clicking it.
        self._until(f"(node => node && (node.click(), true))(document.querySelector({selector!r}))")

    def _until(self, condition: str) -> None:
        WebDriverWait(self.driver, WAIT_S).until(lambda driver: driver.execute_script(f"return {condition}"), condition)

    def sign_in(self, name: str) -> None:
        self.driver.get(self.url)
        self.wait("#sign-in-form h1", "Fairwatch")
        self.driver.find_element(By.ID, "name").send_keys(name)
        self.driver.find_element(By.ID, "password").send_keys(PASSWORD)
        self.click("#sign-in-button")
        self.wait("#person-name")

    def pictures(self) -> int:
        script = "return [...document.querySelectorAll('.pictures img')].filter(i => i.naturalWidth > 1).length"
        WebDriverWait(self.driver, WAIT_S).until(lambda driver: driver.execute_script(script) >= 2)
        return self.driver.execute_script(script)

    def keep(self, name: str) -> None:
        """Write screenshots where FAIRWATCH_SCREENSHOTS says, wide and narrow."""
        folder = os.environ.get("FAIRWATCH_SCREENSHOTS")
        if not folder:
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        for size, (width, height) in SIZES.items():
            metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            self.driver.save_screenshot(f"{folder}/{name}-{size}.png")
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def complaints(self) -> list[str]:
        found = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [message for message in found if "/api/me - " not in message]  # the page asks whether it is signed in


def before(page: Page) -> None:
    """Sign in, look around and decide."""
    page.driver.set_window_size(1360, 860)
    page.sign_in("ann")
    page.wait(".row-title", "Stolen car, reference 4471")
    page.wait("#link-state", "Live")
    page.keep("alerts")
    page.click(".row:has(.extreme)")
    page.wait(".pane h2", "Stolen car")
    page.keep("alert")
    page.driver.get(page.url + "/#/pipeline")
    page.wait(".light.silent", "Silent")
    page.keep("pipeline")
    page.click("[data-view=review]")
    page.click(".rows li:has(.pill.warn) .row")
    page.wait(".pane h2", "Is this the same person?")
    assert page.pictures() == 2
    page.keep("review")
    page.click("[data-decision=MATCH]")
    page.wait(".confirmation", "cannot be changed")
    page.driver.find_element(By.ID, "reason").send_keys("ear and hairline")
    page.click("#send-decision")
    page.wait(".card-title", "Waiting for a second person")
    page.keep("waiting")
    page.driver.get(page.url + "/#/review")
    page.click(".row:has([title=Plate])")
    page.wait(".plate-note", "differs, marked")
    page.keep("plate")
    page.click("[data-view=alerts]")
    page.wait("h1", "Alerts")


async def test_person_signs_in_sees_an_alert_and_confirms(valkey: str, tmp_path: Path, browser: WebDriver) -> None:
    async with console_world(valkey, tmp_path, clock=SystemClock()) as world:
        await fill(world)
        await beat(valkey)
        page = Page(browser, world.url)
        await asyncio.to_thread(before, page)
        (given,) = world.publisher.records("verifications")
        assert (given["reviewer"], given["decision"], given["reason"]) == ("ann", "MATCH", "ear and hairline")
        assert world.publisher.actions().count("media.viewed") >= 2
        await world.fold("alerts", trigger("new", at=world.clock.now(), title="Fence cut", severity="SEVERE"))
        await asyncio.to_thread(page.wait, ".row-title", "Fence cut")  # by itself
        assert await asyncio.to_thread(page.complaints) == []
        await asyncio.to_thread(page.click, "#sign-out")
        await asyncio.to_thread(page.wait, "#sign-in-why", "signed out")
        await asyncio.to_thread(page.keep, "sign-in")
