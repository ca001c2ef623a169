"""The other side of P1: an application that does nothing, on the product's server."""

from typing import Any

from agreegate.server import listen, run

_HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"13")]


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answer every request with the same line."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": b"Hello, world!"})


if __name__ == "__main__":
    with listen("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        run(hello, listener, lambda: print(f"ready {url}", flush=True))
