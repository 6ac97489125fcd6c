"""A small reverse proxy that serves another server below a path, as people put one in front."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_OWN = {"host", "connection", "transfer-encoding", "keep-alive"}


@contextmanager
def proxied(port: int, prefix: str, host: str) -> Iterator[str]:
    """The address below which the server at `port` is found; `host` is what it is told as its
    name, empty: what the proxy was asked by. The prefix is taken off.
    """

    class Forward(BaseHTTPRequestHandler):
        def _forward(self) -> None:
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length) if length else None
            sent = {k: v for k, v in self.headers.items() if k.lower() not in _OWN}
            behind = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            try:
                path = self.path.removeprefix(prefix)
                behind.request(
                    self.command, path, body, {**sent, "Host": host or self.headers["host"]}
                )
                answer = behind.getresponse()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in _OWN:
                        self.send_header(name, value)
                self.end_headers()
                while part := answer.read1(65_536):
                    self.wfile.write(part)
                    self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):
                pass  # whoever asked went away
            finally:
                behind.close()

        do_GET = do_POST = do_HEAD = _forward  # noqa: N815 (their names there)

        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Forward) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}/"
        server.shutdown()
