"""A browser without a window, for tests: Chromium, driven by its own DevTools protocol over a pipe.

That needs nothing but a Chromium (Debian, Ubuntu: apt install chromium), and no driver that has to fit its
version."""
import base64, json, os, select, shutil, subprocess, sys, tempfile, time

HELP = """No Chromium found. Debian and Ubuntu: sudo apt install chromium. macOS: brew install --cask chromium. Or name one: CHROMIUM=/path/to/chrome make docs-test"""

def chromium():
    "Where a Chromium (or Chrome) is, or None"
    names = [os.environ.get('CHROMIUM'), 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable',
             '/Applications/Chromium.app/Contents/MacOS/Chromium',
             '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']
    return next((p for p in map(shutil.which, filter(None, names)) if p), None)

class Browser:
    "One page of a Chromium; `events` collects what it reports until you clear it"
    def __init__(self, timeout=120):
        self.timeout, self.n, self.buf, self.events, self.session = timeout, 0, b'', [], None
        if not (exe := chromium()): raise FileNotFoundError(HELP)
        self.home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        (r, self.tx), (self.rx, w) = os.pipe(), os.pipe()
        def fds():   # Chromium reads 3 and writes 4
            [os.dup2(a, 10+i) for i,a in enumerate((r, w))] and [os.dup2(10+i, 3+i) for i in (0,1)]
        self.proc = subprocess.Popen([exe, '--headless=new', '--remote-debugging-pipe', '--no-sandbox',
                                      '--disable-gpu', '--disable-dev-shm-usage',
            '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
                                      '--hide-scrollbars', '--mute-audio',
            f'--user-data-dir={self.home.name}', 'about:blank'], preexec_fn=fds, close_fds=False,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(r)
        os.close(w)
        page = next(t for t in self('Target.getTargets')['targetInfos'] if t['type'] == 'page')
        self.session = self('Target.attachToTarget', targetId=page['targetId'], flatten=True)['sessionId']
        for domain in ('Page','Runtime','Log','Network'): self(domain+'.enable')

    def __enter__(self): return self
    def __exit__(self, *args):
        try:
            self.session = None
            self('Browser.close')
        except (OSError, TimeoutError): self.proc.kill()
        self.proc.wait(30)
        os.close(self.tx)
        os.close(self.rx)
        self.home.cleanup()

    def read(self, until):
        "The next message, or None if there is none before the time `until`"
        while b'\0' not in self.buf:
            if not select.select([self.rx], [], [], max(0, until-time.monotonic()))[0]: return
            more = os.read(self.rx, 1<<20)
            if not more: raise OSError("Chromium has gone")
            self.buf += more
        one, self.buf = self.buf.split(b'\0', 1)
        return json.loads(one)

    def __call__(self, method, **params):
        "Send a command, return its result"
        self.n += 1
        msg = dict(id=self.n, method=method, params=params) | (dict(sessionId=self.session) if self.session else {})
        data = json.dumps(msg).encode()+b'\0'
        while data: data = data[os.write(self.tx, data):]
        until = time.monotonic()+self.timeout
        while m := self.read(until):
            if m.get('id') == self.n:
                if 'error' in m: raise RuntimeError(f"{method}: {m['error']['message']}")
                return m['result']
            self.events.append(m)
        raise TimeoutError(f'{method}: no answer in {self.timeout} s')

    def js(self, code):
        "The value of an expression in the page; promises are waited for"
        r = self('Runtime.evaluate', expression=code, awaitPromise=True, returnByValue=True)
        if 'exceptionDetails' in r:
            raise RuntimeError(r['exceptionDetails'].get('exception', {}).get('description',
                r['exceptionDetails']['text']))
        return r['result'].get('value')

    def wait(self, code, secs=None):
        "Wait until an expression is true"
        until = time.monotonic()+(secs or self.timeout)
        while not (v := self.js(code)):
            if time.monotonic() > until: raise TimeoutError(f'still not true: {code}')
            time.sleep(.2)
        return v

    def go(self, url):
        "Open a page, and wait until it and its pictures are there"
        err = self('Page.navigate', url=url).get('errorText')
        if err: raise OSError(f'{url}: {err}')
        self.wait(f"location.href.split('#')[0] == {json.dumps(url.split('#')[0])} && "
                  "document.readyState == 'complete'")

    def size(self, width, height, scale=1., phone=False):
        self('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=scale, mobile=phone)
        self.js('new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))')

    def shot(self, path, whole=False, most=6000):
        "Save a picture of what is seen, or of the whole page down to `most` points"
        kw = {}
        if whole:
            s = self('Page.getLayoutMetrics')['cssContentSize']
            kw = dict(captureBeyondViewport=True,
                      clip=dict(x=0, y=0, width=s['width'], height=min(s['height'], most), scale=1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self('Page.captureScreenshot', format='png', **kw)['data']))

    def errors(self):
        "What the console has complained of, and forget it"
        out = []
        for e in self.events:
            p = e.get('params', {})
            if e['method'] == 'Runtime.exceptionThrown':
                out.append(p['exceptionDetails'].get('exception',
                    {}).get('description') or p['exceptionDetails']['text'])
            elif e['method'] == 'Runtime.consoleAPICalled' and p['type'] in ('error','warning','assert'):
                out.append(' '.join(str(a.get('value', a.get('description'))) for a in p['args']))
            elif e['method'] == 'Log.entryAdded' and p['entry']['level'] in ('error','warning'):
                out.append(f"{p['entry']['text']} {p['entry'].get('url', '')}")
        return out

    def asked(self):
        "Addresses that were asked for"
        return [e['params']['request']['url'] for e in self.events if e['method'] == 'Network.requestWillBeSent']

if __name__ == '__main__': chromium() or sys.exit(HELP)
