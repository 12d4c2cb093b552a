"""What a person does with the console's page in a real browser."""

import os
import shutil
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.console_world import PASSWORD

needs_browser = [
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

    def write(self, name: str, text: str) -> None:
        """Write into a field, once it is shown: what is hidden has its text already."""
        self._until(f"(node => node && node.getClientRects().length > 0)(document.getElementById({name!r}))")
        waits = WebDriverWait(self.driver, WAIT_S, ignored_exceptions=[StaleElementReferenceException])  # drawn anew
        waits.until(lambda driver: driver.find_element(By.ID, name).send_keys(text) is None)

    def _until(self, condition: str) -> None:
        WebDriverWait(self.driver, WAIT_S).until(lambda driver: driver.execute_script(f"return {condition}"), condition)

    def sign_in(self, name: str) -> None:
        self.driver.get(self.url)
        self.wait("#sign-in-form h1", "Fairwatch")
        self.write("name", name)
        self.write("password", PASSWORD)
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
        """What the browser's log holds against this page; that of another test, whose server is gone, is left out."""
        found = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        ours = [message for message in found if message.startswith(self.url) or not message.startswith("http")]
        return [message for message in ours if "/api/me - " not in message]  # the page asks whether it is signed in
