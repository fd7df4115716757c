# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Python prompt in a browser. Whoever reaches the port commands the machine.

  >>> from demos import web_repl
  >>> web_repl.serve(8000)
"""
import code
import contextlib
import http.server
import io
import json
import sys

MOST_BYTES = 1 << 20
PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>Python on EFI</title><style>
body { background: #111; color: #ddd; font: 16px/1.35 monospace; margin: 2em }
pre { margin: 0; white-space: pre-wrap }
form { display: flex }
input { flex: 1; background: none; border: none; outline: none; color: #fff; font: inherit; padding: 0 }
.typed { color: #fff } .failed { color: #f88 }
</style></head><body><pre id="log"></pre>
<form id="form"><span id="prompt">&gt;&gt;&gt;&nbsp;</span><input id="line" autofocus autocomplete="off" spellcheck="false"></form>
<script>
const log = document.getElementById('log'), line = document.getElementById('line'), prompt = document.getElementById('prompt');
const typed = [];
let at = 0;
function show(text, kind) {
  const part = document.createElement('span');
  part.textContent = text;
  part.className = kind;
  log.append(part);
  window.scrollTo(0, document.body.scrollHeight);
}
async function run(text) {
  show(prompt.textContent + text + '\\n', 'typed');
  try {
    const answer = await fetch('run', {method: 'POST', headers: {'Content-Type': 'application/json'},
                                       body: JSON.stringify({line: text})});
    const said = await answer.json();
    show(said.output, '');
    prompt.textContent = said.more ? '...\\u00a0' : '>>>\\u00a0';
  } catch (problem) {
    show(problem + '\\n', 'failed');
  }
}
let last = Promise.resolve();  // each line waits for the answer to the one before
document.getElementById('form').addEventListener('submit', event => {
  event.preventDefault();
  const text = line.value;
  line.value = '';
  at = typed.push(text);
  last = last.then(() => run(text));
});
line.addEventListener('keydown', event => {
  const step = {ArrowUp: -1, ArrowDown: 1}[event.key];
  if (!step) return;
  at = Math.max(0, Math.min(typed.length, at + step));
  line.value = typed[at] || '';
  event.preventDefault();
});
</script></body></html>
"""


class Handler(http.server.BaseHTTPRequestHandler):
    def _answer(self, status, kind, body):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind + "; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path.partition("?")[0] == "/":
            self._answer(200, "text/html", PAGE)
        else:
            self._answer(404, "text/plain", "There is only the page /.\n")

    def do_POST(self):
        # A page of another site can make a browser POST, but not with this type.
        length = self.headers.get("Content-Length", "")
        if self.path != "/run" or self.headers.get_content_type() != "application/json":
            self._answer(404, "text/plain", "POST JSON to /run.\n")
        elif not length.isdecimal() or int(length) > MOST_BYTES:
            self._answer(413, "text/plain", f"At most {MOST_BYTES} bytes.\n")
        else:
            try:
                line = json.loads(self.rfile.read(int(length)))["line"]
                if not isinstance(line, str):
                    raise TypeError
            except (ValueError, TypeError, KeyError):
                self._answer(400, "text/plain", 'That was not {"line": "..."}.\n')
            else:
                self._answer(200, "application/json", json.dumps(self.server.run(line)))

    def log_message(self, *arguments):
        pass


class Server(http.server.HTTPServer):
    def __init__(self, port):
        super().__init__(("", port), Handler)
        self._console = code.InteractiveConsole({"__name__": "__console__"})

    def run(self, line):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                more = self._console.push(line)
            except SystemExit as end:
                more = False
                print(f"SystemExit: {end}")
        return {"output": said.getvalue(), "more": bool(more)}


def serve(port=8000):
    with Server(port) as server:
        print(f"a prompt for browsers on port {port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("the prompt is closed")


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
