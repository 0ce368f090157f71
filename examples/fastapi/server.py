"""Reads the settings and serves the shop until SIGINT or SIGTERM."""

import os
import re
import signal
import socket
import sys
from pathlib import Path

import uvicorn
from identity_hmac import IdentityHmacError, IdentityKey, IdentityTokenKey

from sessions import Sessions
from shop import shop

URL = re.compile(r"https?://\S+")
BROWSER_CLIENT = Path(__file__).parent / "../../bindings/browser/build/global.js"


def main() -> None:
    try:
        key = IdentityKey.from_env("IDENTITY_SECRET")
        token_key = IdentityTokenKey.from_env("IDENTITY_TOKEN_KEY")
    except IdentityHmacError as error:
        sys.exit(str(error))  # It names the variable and the fault, never the secret.

    organization_key = os.environ.get("ORGANIZATION_KEY", "")
    if not organization_key:
        sys.exit("ORGANIZATION_KEY is not set; set it to a key like pk_…")

    identity_server_url = os.environ.get("IDENTITY_SERVER_URL", "")
    if not URL.fullmatch(identity_server_url):
        sys.exit("IDENTITY_SERVER_URL is not a URL; set it to one like http://127.0.0.1:8080")
    config = {"organizationKey": organization_key, "identityServerUrl": identity_server_url}

    if "DEMO_SWITCH_URL" in os.environ:
        config["demoSwitchUrl"] = os.environ["DEMO_SWITCH_URL"]
        if not URL.fullmatch(config["demoSwitchUrl"]):
            sys.exit("DEMO_SWITCH_URL is not a URL; unset it, or run the demo with `make demo`")

    browser_client = Path(os.environ.get("BROWSER_CLIENT", BROWSER_CLIENT))
    if not browser_client.is_file():
        sys.exit("BROWSER_CLIENT is not a file; build it with `make -C bindings/browser build`")

    sessions = Sessions(
        idle_seconds=read_count("SESSION_IDLE_SECONDS", 30 * 60),
        lifetime_seconds=read_count("SESSION_LIFETIME_SECONDS", 12 * 60 * 60),
        limit=read_count("SESSION_LIMIT", 10_000),
    )

    port = os.environ.get("PORT", "3000")
    if not port.isdecimal() or int(port) > 65535:
        sys.exit("PORT is not a port; set it to a number from 0 to 65535")
    try:
        listener = socket.create_server(("127.0.0.1", int(port)))
    except OSError as error:
        sys.exit(f"cannot listen on port {port}: {error.strerror}; set PORT to another one")

    # Uvicorn ends in good order, and then raises the signal once more.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit())

    app = shop(key, token_key, config, browser_client, sessions)
    serving = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(serving).run(sockets=[listener])


def read_count(variable: str, otherwise: int) -> int:
    value = os.environ.get(variable, str(otherwise))
    if re.fullmatch(r"[1-9][0-9]{0,8}", value):
        return int(value)
    sys.exit(f"{variable} is not a whole number above 0; set it to one like {otherwise}")


if __name__ == "__main__":
    main()
