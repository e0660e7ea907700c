"""The chat page's own files, as they lie in the package; nothing from anywhere else."""

from pathlib import Path

from aiohttp import web

PAGE = Path(__file__).parents[1] / "page"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


class PageFiles:
    """Serves index.html at `/` and its neighbours at `/page/<name>`."""

    def routes(self) -> list[web.RouteDef]:
        """Return the page's routes."""
        return [web.get("/", self.index), web.get("/page/{name:.+}", self.file)]

    async def index(self, request: web.Request) -> web.Response:
        """Serve the page."""
        return _serve(PAGE / "index.html", request.host)

    async def file(self, request: web.Request) -> web.Response:
        """Serve one of the page's modules, styles or pictures."""
        name = request.match_info["name"]
        if "\0" in name:
            raise web.HTTPNotFound
        path = (PAGE / name).resolve()
        if not path.is_relative_to(PAGE.resolve()):
            raise web.HTTPNotFound
        return _serve(path, request.host)


def _serve(path: Path, host: str) -> web.Response:
    kind = _TYPES.get(path.suffix)
    if kind is None or not path.is_file():
        raise web.HTTPNotFound
    policy = (
        f"default-src 'self'; connect-src 'self' ws://{host}; img-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Type": kind,
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    return web.Response(body=path.read_bytes(), headers=headers)
