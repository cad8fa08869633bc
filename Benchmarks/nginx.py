"""The storage of media: nginx with one port that is near and one that is far away.

The kernel needn't have netem: on the far port each answer waits, and each connection is limited. `sendfile_max_chunk`
makes the limit hold for small answers too, since nginx doesn't count the first piece that it sends.
"""

import glob
import os
import socket
import time
from dataclasses import dataclass

from processes import Server
from settings import BenchError, program

LATENCY_MILLISECONDS = 50
BYTES_PER_SECOND = 20_000_000


@dataclass(frozen=True)
class Traffic:
    """What nginx has been asked for and has sent."""

    requests: int
    bytes: int


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """Serves what the simulator has exported, and the originals below `/plain/`, for the `with` block."""

    def __init__(self, folder, objects, exported, originals):
        self._folder = folder
        self._log = folder / "access.log"
        near, far = free_port(), free_port()
        self.near = f"http://127.0.0.1:{near}"
        self.far = f"http://127.0.0.1:{far}"
        folder.mkdir(parents=True)
        configuration = folder / "nginx.conf"
        configuration.write_text(self._configuration(objects, exported, originals, near, far))
        self._ports = (near, far)
        self._server = Server(
            [program("nginx"), "-p", folder, "-c", configuration, "-e", folder / "error.log"], folder / "output.log")

    def __enter__(self):
        self._server.__enter__()
        try:
            self._server.await_readiness(lambda: all(map(self._answers, self._ports)), 10)
        except BaseException:
            self._server.end()
            raise
        return self

    def __exit__(self, *_):
        self._server.end()

    @staticmethod
    def _answers(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def mark(self):
        """A place in the log, to count from."""
        # A request is logged when it ends; one that its client has given up, when nginx notices.
        time.sleep(0.2)
        return self._log.stat().st_size

    def traffic_since(self, mark):
        """What was asked for and sent since a mark."""
        time.sleep(0.2)
        with open(self._log, encoding="utf-8") as log:
            log.seek(mark)
            counts = [int(line.split(" ", 1)[0]) for line in log]
        return Traffic(requests=len(counts), bytes=sum(counts))

    @staticmethod
    def _configuration(objects, exported, originals, near, far):
        # Only what stands in the envelope: the rest nginx knows better, and its own ETag works with If-Match.
        names = sorted({name for stored in objects for name in stored["headers"] if name.startswith("x-amz-")})
        maps, headers = [], []
        for number, name in enumerate(names):
            values = [
                f'        "{stored["path"]}" "{stored["headers"][name]}";'
                for stored in objects if name in stored["headers"]]
            maps.append(f"    map $uri $stored_{number} {{\n" + "\n".join(values) + "\n    }")
            headers.append(f"    add_header {name} $stored_{number};")
        modules = [
            path for wanted in ("ndk_http_module.so", "ngx_http_lua_module.so")
            for path in sorted(glob.glob(f"/usr/lib/nginx/modules/{wanted}"))]
        if len(modules) != 2:
            raise BenchError("nginx's Lua module is missing: run 'scripts/install-dependencies bench'")
        lines = [f"load_module {path};" for path in modules]
        # Workers read what this user has written, and nobody else may.
        lines += ["user root;"] if os.geteuid() == 0 else []
        lines += [
            "daemon off;", "pid nginx.pid;", "worker_processes auto;", "events { worker_connections 1024; }", "http {",
            # Without tcp_nopush, which Debian sets: on a kept connection it lets short answers wait for 40 ms.
            "    sendfile on;", "    default_type application/octet-stream;",
            "    log_format counted '$bytes_sent $status $server_port $request_method $uri $http_range';",
            "    access_log access.log counted;", "    map_hash_bucket_size 512;", "    map_hash_max_size 65536;"]
        lines += [f"    {kind}_temp_path {kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
        lines += maps + headers
        places = [
            f"        root {exported};", "        autoindex on;",
            f"        location /plain/ {{ alias {originals}/; types {{ video/mp4 mp4; }} }}"]
        distance = [
            f"        limit_rate {BYTES_PER_SECOND};", "        sendfile_max_chunk 128k;",
            f"        access_by_lua_block {{ ngx.sleep({LATENCY_MILLISECONDS / 1000}) }}"]
        lines += ["    server {", f"        listen 127.0.0.1:{near};"] + places + ["    }"]
        lines += ["    server {", f"        listen 127.0.0.1:{far};"] + places + distance + ["    }", "}", ""]
        return "\n".join(lines)
