"""A window of WebKitGTK for WebKitWebDriver; what goes wrong goes to a file.

WebKit's own MiniBrowser has no window of 320 pixels, and tells nobody of
errors. The system's Python runs this, which has the bindings.
"""

import sys
from pathlib import Path

# The system's Python has it, the book's has not.
import gi  # pyrefly: ignore[missing-import]

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
# pyrefly: ignore[missing-import]
from gi.repository import Gtk, WebKit2  # noqa: E402

LISTEN = """
const say = (...words) =>
    window.webkit.messageHandlers.trouble.postMessage(words.join(" "));
addEventListener("error", (e) => say(
    e.message ?? "did not get", e.filename ?? e.target.src ?? e.target.href),
    true);
addEventListener("unhandledrejection", (e) => say("raised", e.reason));
console.error = console.warn = say;
"""

record = Path(sys.argv[1]).open("w", buffering=1)  # noqa: SIM115
manager = WebKit2.UserContentManager()
manager.register_script_message_handler("trouble")
manager.connect(
    "script-message-received::trouble",
    lambda _, it: print(it.get_js_value().to_string(), file=record),
)
start = WebKit2.UserScriptInjectionTime.START
frames = WebKit2.UserContentInjectedFrames.ALL_FRAMES
manager.add_script(WebKit2.UserScript.new(LISTEN, frames, start, None, None))
context = WebKit2.WebContext.new_ephemeral()
context.set_automation_allowed(True)
view = WebKit2.WebView(
    web_context=context,
    user_content_manager=manager,
    is_controlled_by_automation=True,
)
view.connect(
    "resource-load-started",
    lambda _, it, request: print("asked", request.get_uri(), file=record),
)
context.connect(
    "automation-started",
    lambda _, session: session.connect("create-web-view", lambda _: view),
)
window = Gtk.Window(decorated=False)
window.add(view)
window.show_all()
Gtk.main()
