"""A request that is not served: one line that says why, and the next step."""

from starlette.responses import JSONResponse

BAD, LOGIN, FORBIDDEN, ABSENT, TOO_LARGE, TOO_MANY = 400, 401, 403, 404, 413, 429


def refusal(status: int, error: str, hint: str = "", **headers: str) -> JSONResponse:
    """The answer {error, hint, detail}; `detail` is where gradio's own clients look."""
    words = f"{error}. Next: {hint}." if hint else f"{error}."
    body = {"error": error, "hint": hint, "detail": words}
    return JSONResponse(body, status, headers={k.replace("_", "-"): v for k, v in headers.items()})
