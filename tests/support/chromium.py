"""A headless Chromium for tests, driven by its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from programs import find_program
from waiting import wait_until

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_KEYS = {"Enter": 13, "Tab": 9, "End": 35, "Home": 36}
_ARROWS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


def find_chromium():
    """Return the path of Chromium or Chrome; None where neither is installed."""
    return next(filter(None, map(find_program, NAMES)), None)


class Chromium:
    """A process with an empty profile; each test opens tabs of its own."""

    def __init__(self, program, folder):
        self._port = Path(folder, "DevToolsActivePort")
        # Chromium's sandbox refuses to run as root, as in a CI's container
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(
            [
                program,
                "--headless=new",
                "--remote-debugging-port=0",
                f"--user-data-dir={folder}",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--no-first-run",
                "--no-proxy-server",
                *sandbox,
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )
        wait_until(lambda: self._port.is_file() and "\n" in self._port.read_text(), 60)
        self._address = f"http://127.0.0.1:{self._port.read_text().splitlines()[0]}"

    def stop(self):
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @asynccontextmanager
    async def tab(self):
        """Open a tab, and close it at the end."""
        async with aiohttp.ClientSession() as session:
            async with session.put(f"{self._address}/json/new?about:blank") as answer:
                found = await answer.json()
            socket = session.ws_connect(found["webSocketDebuggerUrl"], max_msg_size=0)
            async with socket as connection:
                tab = Tab(connection)
                for domain in ("Page", "Runtime", "Log", "Performance"):
                    await tab.call(f"{domain}.enable")
                yield tab
            async with session.get(f"{self._address}/json/close/{found['id']}"):
                pass


class Tab:
    """One tab. `complaints` are the console's errors: scripts that fail, policies that block."""

    def __init__(self, connection):
        self._connection = connection
        self._numbers = itertools.count(1)
        self._events = []
        self.complaints = []

    async def call(self, method, **parameters):
        """Call a method of the protocol, and return its result."""
        number = next(self._numbers)
        await self._connection.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._receive()
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    async def _receive(self):
        message = await asyncio.wait_for(self._connection.receive_json(), 60)
        method = message.get("method")
        if method == "Runtime.exceptionThrown":
            self.complaints.append(message["params"]["exceptionDetails"])
        elif method == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(message["params"]["entry"]["text"])
        elif method:
            self._events.append(method)
        return message

    async def open(self, address):
        """Load a page, until its scripts have run and it can be used."""
        self._events.clear()
        await self.call("Page.navigate", url=address)
        while "Page.loadEventFired" not in self._events:
            await self._receive()
        # the event may be that of the empty page before
        await self.wait_for("document.readyState === 'complete' && location.host")

    async def value(self, expression):
        """Return the value of an expression of JavaScript."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def wait_for(self, expression, seconds=15):
        """Wait until an expression holds."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not await self.value(expression):
            assert asyncio.get_running_loop().time() < deadline, f"{expression} never holds"
            await asyncio.sleep(0.05)

    async def press(self, key):
        """Press and release a key."""
        code = {**_KEYS, **_ARROWS}[key]
        shape = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        text = {"text": "\r"} if key == "Enter" else {}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **shape, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **shape)

    async def resize(self, width, height=900, dark=False):
        """Set the size of the window and the preferred colours."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def scripts(self, enabled):
        """Allow or forbid scripts from the next page on."""
        await self.call("Emulation.setScriptExecutionDisabled", value=not enabled)

    async def screenshot(self):
        """Return what the window shows, as PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])
