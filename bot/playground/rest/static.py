"""The chat page's own files, as they lie in the package; nothing from anywhere else."""

from pathlib import Path

from aiohttp import web

PAGE = Path(__file__).parents[1] / "page"


def routes() -> list[web.AbstractRouteDef]:
    """Return the page's routes: index.html at `/` and its neighbors at `/page/<name>`."""
    return [web.get("/", _index), web.static("/page", PAGE)]


async def _index(_: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html")


def guard(response: web.FileResponse, host: str) -> None:
    """Let what the page loads come from `host` alone, in the newest version each time."""
    policy = (
        f"default-src 'self'; connect-src 'self' ws://{host}; img-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    response.headers.update(
        {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        }
    )
