"""Firefox and WebKit as Debian brings them, for tests made for Playwright.

Playwright drives builds of its own alone. These speak WebDriver: Firefox in
its newer form, BiDi, and WebKitGTK in the older. `Page` and `Element` have
what `driving.py` asks of Playwright's, and no more.
"""

import json
import os
import re
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

import websocket
from browser import until

KEYS = {
    "Tab": "\ue004",
    "Space": " ",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
}
# Elements stay in their page, and are known outside of it by a number.
CALL = """(async () => {
    const kept = window.d2lKept ||= [];
    const keep = (it) => it instanceof Node ? { kept: kept.push(it) - 1 } : it;
    const given = %s.map((it) => kept[it?.kept] ?? it), it = (%s);
    const got = await (typeof it === "function" ? it(...given) : it);
    return JSON.stringify(
        (got instanceof NodeList ? [...got].map(keep) : keep(got)) ?? null);
})()"""


class Page:
    """A page, and its mouse and its keyboard."""

    def __init__(self, driver: Any, home: str) -> None:
        self.driver = driver
        self.mouse = self.keyboard = self
        self.at = (0.0, 0.0)
        self.trouble: list[str] = []
        mine = (home, "data:", "blob:", "about:")
        self.fine = tuple(f"asked {it}" for it in mine)

    def goto(self, url: str) -> None:
        self.driver.open(url)

    def evaluate(self, script: str, *given: Any) -> Any:
        passed = json.dumps([getattr(it, "reference", it) for it in given])
        got = json.loads(self.driver.run(CALL % (passed, script)))
        self.trouble[:] = [
            it for it in self.driver.said() if not it.startswith(self.fine)
        ]
        return got

    def wait_for_function(self, script: str, arg: Any, timeout: int) -> None:
        got = lambda: "" if self.evaluate(script, arg) else script  # noqa: E731
        until(got, timeout / 1000)

    def query_selector_all(self, selector: str, root: Any = None) -> list:
        script = "(css, root) => (root ?? document).querySelectorAll(css)"
        found = self.evaluate(script, selector, root)
        return [Element(self, it) for it in found]

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self._act("key", {"type": kind, "value": KEYS[key]})

    def move(self, x: float, y: float, steps: int = 1) -> None:
        (from_x, from_y), self.at = self.at, (x, y)
        for part in (step / steps for step in range(1, steps + 1)):
            to_x = round(from_x + (x - from_x) * part)
            to_y = round(from_y + (y - from_y) * part)
            self._point("Move", x=to_x, y=to_y, duration=0)

    def down(self) -> None:
        self._point("Down", button=0)

    def up(self) -> None:
        self._point("Up", button=0)

    def _point(self, what: str, **how: Any) -> None:
        self._act("pointer", {"type": f"pointer{what}", **how})

    def _act(self, hand: str, action: dict[str, Any]) -> None:
        self.driver.act([{"type": hand, "id": hand, "actions": [action]}])


class Element:
    """One element of a page."""

    def __init__(self, page: Page, reference: dict[str, int]) -> None:
        self.page, self.reference = page, reference

    def evaluate(self, script: str, *given: Any) -> Any:
        return self.page.evaluate(script, self, *given)

    def query_selector_all(self, selector: str) -> list:
        return self.page.query_selector_all(selector, self)

    def query_selector(self, selector: str) -> Any:
        return next(iter(self.query_selector_all(selector)), None)

    def get_attribute(self, name: str) -> str:
        return self.evaluate("(it, name) => it.getAttribute(name)", name)

    def text_content(self) -> str:
        return self.evaluate("it => it.textContent")

    def focus(self) -> None:
        self.evaluate("it => it.focus()")

    def press(self, key: str) -> None:
        self.focus()
        self.page.press(key)

    def bounding_box(self) -> dict[str, float]:
        return self.evaluate("it => it.getBoundingClientRect().toJSON()")

    def click(self) -> None:
        box = self.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.move(x, y)
        self.page.down()
        self.page.up()

    def select_option(self, index: int) -> None:
        self.evaluate(SELECT, index)


SELECT = """(menu, i) => {
    menu.selectedIndex = i;
    menu.dispatchEvent(new Event("input", { bubbles: true }));
}"""


def launch(stack: ExitStack, command: str, *more: Any, **options: Any) -> None:
    """Start a process that ends with `stack`."""
    process = subprocess.Popen([*command.split(), *more], **options)
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)


UNWANTED = [
    "app.normandy.enabled",
    "browser.aboutwelcome.enabled",
    "datareporting.policy.dataSubmissionEnabled",
    "network.captive-portal-service.enabled",
    "network.connectivity-service.enabled",
    "remote.prefs.recommended",  # rights from disk that no reader's has
]


class Firefox:
    """A tab of Firefox, by WebDriver BiDi."""

    def __init__(self, stack: ExitStack, width: int, height: int) -> None:
        profile = Path(stack.enter_context(TemporaryDirectory()))
        settings = [f"user_pref({json.dumps(it)}, false);" for it in UNWANTED]
        (profile / "user.js").write_text("\n".join(settings))
        command = "firefox-esr --headless --no-remote --remote-debugging-port"
        log = profile / "log"
        with log.open("w") as said:
            launch(stack, command, "0", "--profile", profile, stderr=said)
        listens = re.compile(r"BiDi listening on (\S+)")
        until(lambda: "" if listens.search(log.read_text()) else command, 60)
        (address,) = listens.findall(log.read_text())
        self.socket = websocket.create_connection(
            f"{address}/session", suppress_origin=True, timeout=60
        )
        stack.callback(self.socket.close)
        self.heard: list[str] = []
        self.count = 0
        self.send("session.new", capabilities={})
        stack.callback(self.send, "browser.close")
        self.tab = self.send("browsingContext.create", type="tab")
        self.send("session.subscribe", events=["log.entryAdded", "network"])
        size = {"width": width, "height": height}
        self.send("browsingContext.setViewport", viewport=size, **self.tab)

    def send(self, method: str, **params: Any) -> Any:
        """Ask for something, and listen until it comes."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        self.socket.send(json.dumps(message))
        while True:
            got = json.loads(self.socket.recv())
            if got.get("id") == self.count:
                assert got["type"] == "success", got
                return got["result"]
            it = got["params"]
            if got["method"].startswith("network."):
                if it["context"] != self.tab["context"]:
                    continue  # Firefox asks for itself
                url = it["request"]["url"]
                if got["method"] == "network.fetchError":
                    self.heard.append(f"did not get {url}")
                elif got["method"] == "network.beforeRequestSent":
                    self.heard.append(f"asked {url}")
            elif it.get("level") in ("error", "warn"):
                self.heard.append(f"{it['level']}: {it['text']}")

    def said(self) -> list[str]:
        return self.heard

    def open(self, url: str) -> None:
        where = {"url": url, "wait": "complete"}
        self.send("browsingContext.navigate", **where, **self.tab)

    def run(self, script: str) -> str:
        how = {"target": self.tab, "awaitPromise": True}
        got = self.send("script.evaluate", expression=script, **how)
        assert got["type"] == "success", (got["exceptionDetails"], script)
        return got["result"]["value"]

    def act(self, actions: list) -> None:
        self.send("input.performActions", actions=actions, **self.tab)


class WebKit:
    """A window of WebKitGTK on a screen of its own, by WebDriver."""

    def __init__(self, stack: ExitStack, width: int, height: int) -> None:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        self.record = folder / "record"
        screen = "Xvfb -screen 0 1600x1200x24 -nolisten tcp -displayfd"
        read, write = os.pipe()
        launch(stack, screen, str(write), pass_fds=[write])
        os.close(write)
        with os.fdopen(read) as pipe:
            display = f":{pipe.readline().strip()}"
        with socket.create_server(("127.0.0.1", 0)) as server:
            place = server.getsockname()
        command = f"WebKitWebDriver --host=127.0.0.1 --port={place[1]}"
        quiet = {"GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1", "DISPLAY": display}
        launch(stack, command, env=os.environ | quiet)
        with socket.socket() as it:
            until(lambda: it.connect_ex(place) and "WebKitWebDriver is deaf")
        self.address = f"http://127.0.0.1:{place[1]}/session"
        binary = folder / "window"
        window = Path(__file__).with_name("webkit_window.py")
        run = f'#!/bin/sh\nexec /usr/bin/python3 "{window}" "{self.record}"\n'
        binary.write_text(run)
        binary.chmod(0o755)
        options = {"binary": str(binary), "args": []}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        session = self.send("", capabilities=wanted)["sessionId"]
        self.address += f"/{session}"
        self.send("/timeouts", script=60_000, pageLoad=60_000)
        self.send("/window/rect", width=width, height=height)

    def send(self, path: str, **body: Any) -> Any:
        request = Request(self.address + path, json.dumps(body).encode())
        with urlopen(request, timeout=90) as answer:
            return json.load(answer)["value"]

    def said(self) -> list[str]:
        return self.record.read_text("utf-8").splitlines()

    def open(self, url: str) -> None:
        self.send("/url", url=url)

    def run(self, script: str) -> str:
        end = "const done = arguments[0]; %s.then(done, (e) => done([`${e}`]))"
        got = self.send("/execute/async", args=[], script=end % script)
        assert isinstance(got, str), (got, script)
        return got

    def act(self, actions: list) -> None:
        self.send("/actions", actions=actions)
