"""Reads the settings and serves the shop until SIGINT or SIGTERM."""

import os
import re
import signal
import socket
import sys
from pathlib import Path

import uvicorn
from identity_hmac import IdentityHmacError, IdentityKey

from shop import shop

BROWSER_CLIENT = Path(__file__).parent / "../../bindings/browser/build/global.js"


def main() -> None:
    try:
        key = IdentityKey.from_env("IDENTITY_SECRET")
    except IdentityHmacError as error:
        sys.exit(str(error))  # It names the variable and the fault, never the secret.

    organization_key = os.environ.get("ORGANIZATION_KEY", "")
    if not organization_key:
        sys.exit("ORGANIZATION_KEY is not set; set it to a key like pk_…")

    identity_server_url = os.environ.get("IDENTITY_SERVER_URL", "")
    if not re.fullmatch(r"https?://\S+", identity_server_url):
        sys.exit("IDENTITY_SERVER_URL is not a URL; set it to one like http://127.0.0.1:8080")

    browser_client = Path(os.environ.get("BROWSER_CLIENT", BROWSER_CLIENT))
    if not browser_client.is_file():
        sys.exit("BROWSER_CLIENT is not a file; build it with `make -C bindings/browser build`")

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

    app = shop(key, organization_key, identity_server_url, browser_client)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
