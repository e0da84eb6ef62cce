"""`play` in JupyterLab, driven in a real browser: `make docs-test`. Pictures of what was seen are kept in
_site/shots."""
import json, os, socket, subprocess, sys, time, urllib.request
from pathlib import Path
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from browser import HELP, Browser, chromium

root = Path(__file__).resolve().parent.parent
shots = root/'_site'/'shots'
if not chromium(): pytest.exit(HELP, 1)
SOURCES = ["from sdcourse.models import load\nfrom sdcourse.widgets import play\npanel = play(load(device='cpu'))\npanel",
           "print('free:', panel.job.is_alive(), 'step', len(panel.film))",
           "from sdcourse.pages import sliders, wiper\nfrom PIL import Image\nims = [Image.new('RGB', (32,32), c) for c in ('red','green','blue','white')]\nsliders(ims, dict(guidance=[1,4]), dict(strength=[.2,.5]))",
           "wiper(ims[0], ims[2])"]

@pytest.fixture(scope='module')
def url(tmp_path_factory):
    "A JupyterLab of its own, with one notebook"
    home = tmp_path_factory.mktemp('lab')
    code = lambda i,s: dict(cell_type='code', id=f'c{i}', execution_count=None, metadata={}, outputs=[], source=s)
    (home/'work').mkdir()
    (home/'work'/'play.ipynb').write_text(json.dumps(dict(nbformat=4, nbformat_minor=5,
        metadata=dict(kernelspec=dict(name='python3', display_name='python3', language='python')),
        cells=[code(i, s) for i,s in enumerate(SOURCES)])))
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    env = os.environ | dict(JUPYTER_PREFER_ENV_PATH='1', HF_HUB_OFFLINE='1',
                            TOKENIZERS_PARALLELISM='false') | {f'{k}_DIR': str(home/k.lower())










































































































































































































































































































                                                               for k in ('JUPYTER_CONFIG','JUPYTER_DATA','JUPYTER_RUNTIME')} | dict(IPYTHONDIR=str(home/'ipython'))
    log = open(home/'log', 'w')
    lab = subprocess.Popen([sys.executable, '-m', 'jupyterlab', '--no-browser', '--allow-root', f'--port={port}', '--ServerApp.port_retries=0', '--IdentityProvider.token=', '--ServerApp.password=',
        '--LabApp.expose_app_in_browser=True', '--LabApp.news_url=None', '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate', f'--ServerApp.root_dir={home/"work"}'], env=env, cwd=home, stdout=log, stderr=log)
    try:
        until = time.monotonic()+180
        while True:
            try:
                urllib.request.urlopen(f'http://127.0.0.1:{port}/api/status', timeout=10).read()
                break
            except OSError:
                if lab.poll() is not None or time.monotonic() > until:
                    raise RuntimeError('JupyterLab has not started: '+(home/'log').read_text()[-3000:]) from None
                time.sleep(.5)
        yield f'http://127.0.0.1:{port}/lab/tree/play.ipynb'
    finally:
        lab.terminate()
        lab.wait(30)
        log.close()

CELL = "[...document.querySelectorAll('.jp-Notebook .jp-CodeCell')]"
BUTTON = "[...document.querySelectorAll('button')].find(b => b.textContent.trim() == '%s')"
SAYS = "document.querySelector('.jp-OutputArea .widget-html .widget-html-content')?.innerText || ''"
PICTURE = "document.querySelector('.jp-OutputArea img.widget-image, .jp-OutputArea .widget-image img, .jp-OutputArea img.jupyter-widgets')"
def row(name):
    return f"[...document.querySelectorAll('.jp-OutputArea .widget-label')].find(l => l.textContent == '{name}').parentElement"

@pytest.fixture(scope='module')
def b(url):
    "A browser in which the notebook has run"
    with Browser(timeout=300) as b:
        # else nothing is ever left, and what was written is not taken
        b('Emulation.setFocusEmulationEnabled', enabled=True)
        b.size(1280, 1400)
        b.go(url)
        wait(b, f"window.jupyterapp && {CELL}.length == {len(SOURCES)} && "
                "jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status == 'idle'")
        run_cell(b, 0)
        wait(b, BUTTON % 'Run')
        yield b

def wait(b, code): b.wait(f'!!({code})')
def settle(b):
    "What was turned goes to the kernel one message at a time: let all of them arrive"
    b.js('new Promise(f => setTimeout(f, 1000))')
    wait(b, "jupyterapp.shell.currentWidget.sessionContext.session.kernel.status == 'idle'")
def press(b, name):
    if name == 'Run': settle(b)
    b.js(f"({BUTTON % name}).click()")
def key(b, name, code):
    for t in ('keyDown','keyUp'): b('Input.dispatchKeyEvent', type=t, key=name, code=name, windowsVirtualKeyCode=code)
def write(b, name, text):
    "Type into a box"
    b.js(f"(() => {{ const i = {row(name)}.querySelector('input'); i.focus(); i.select() }})()")
    b('Input.insertText', text=str(text))
    b.js(f"{row(name)}.querySelector('input').blur()")
def turn(b, name, value):
    "Move a slider of whole numbers from 1 on, by its keys"
    b.js(f"{row(name)}.querySelector('[tabindex]').focus()")
    key(b, 'Home', 36)
    for _ in range(value-1): key(b, 'ArrowRight', 39)
    wait(b, f"{row(name)}.querySelector('.widget-readout').textContent == '{value}'")
def choose(b, value):
    b.js(f"(() => {{ const s = document.querySelector('.jp-OutputArea select'); s.value = "
         f"'{value}'; s.dispatchEvent(new Event('change', {{bubbles: true}})) }})()")
def run_cell(b, i):
    b.js(f"(() => {{ jupyterapp.shell.currentWidget.content.activeCellIndex = {i}; "
         f"jupyterapp.commands.execute('notebook:run-cell') }})()")
def idle(b): wait(b, f"!({BUTTON % 'Run'}).disabled && ({BUTTON % 'Cancel'}).disabled")

def test_error(b):
    "One line in the panel, and it stays usable"
    choose(b, 'the last picture')
    press(b, 'Run')
    wait(b, f"/no last picture yet/.test({SAYS})")
    assert not b.js(f"({BUTTON % 'Run'}).disabled") and b.js(
        "document.querySelectorAll('.jp-OutputArea "
        "[data-mime-type=\"application/vnd.jupyter.stderr\"]').length") == 0
    choose(b, 'noise')

def test_draw(b):
    "Prompt, seed and steps are taken from the boxes, the picture changes step by step, and the film can be turned back"
    write(b, 'prompt', 'a penguin on a pink background')
    write(b, 'seed', 3)
    turn(b, 'steps', 12)
    b.js(f"(() => {{ window.seen = new Set(); const i = {PICTURE}; new MutationObserver(() => "
         f"seen.add(i.src)).observe(i, {{attributes: true, attributeFilter: ['src']}}) }})()")
    press(b, 'Run')
    wait(b, f"/seed 3, 12 steps/.test({SAYS})")
    idle(b)
    assert b.js('seen.size') >= 6
    last = b.js(f"{PICTURE}.src")
    wait(b, f"{PICTURE}.naturalWidth == 64")
    b.js(f"{row('film')}.querySelector('[tabindex]').focus()")
    for _ in range(11): key(b, 'ArrowLeft', 37)
    wait(b, f"{PICTURE}.src != {json.dumps(last)} && {row('film')}.querySelector('.widget-readout').textContent == '0'")
    settle(b)
    b.shot(shots/'play_first_guess.png')
    for _ in range(11): key(b, 'ArrowRight', 39)
    wait(b, f"{row('film')}.querySelector('.widget-readout').textContent == '11'")
    settle(b)
    b.shot(shots/'play.png')

def test_cancel(b):
    "While it draws, another cell runs; and Cancel stops it"
    turn(b, 'steps', 50)
    press(b, 'Run')
    wait(b, f"!({BUTTON % 'Cancel'}).disabled")
    run_cell(b, 1)
    wait(b, f"/free: True/.test({CELL}[1].innerText)")
    press(b, 'Cancel')
    wait(b, f"/cancelled after \\d+ steps?/.test({SAYS})")
    idle(b)
    assert int(b.js(f"({SAYS}).match(/\\d+/)[0]")) < 50

def test_upload(b, tmp_path):
    "A start picture from a file; and a file that is none"
    from PIL import Image
    Image.new('RGB', (100,80), 'orange').save(tmp_path/'orange.png')
    (tmp_path/'none.png').write_text('not a picture')
    b('Page.setInterceptFileChooserDialog', enabled=True)
    for name,says in (('none.png', 'not a picture that can be read'), ('orange.png', '3 steps')):
        b.events.clear()
        x, y = b.js("(() => { const e = [...document.querySelectorAll('button')].find(b => "
                    "/Upload/.test(b.textContent)); e.scrollIntoView({block: 'center'}); const r = "
                    "e.getBoundingClientRect(); return [r.x+r.width/2, r.y+r.height/2] })()")
        for t in ('mousePressed','mouseReleased'): b('Input.dispatchMouseEvent', type=t, x=x, y=y, button='left', clickCount=1)
        until = time.monotonic()+60
        while not (opened := [e for e in b.events if e['method'] == 'Page.fileChooserOpened']) and time.monotonic() < until: b.js('1')
        b('DOM.setFileInputFiles', files=[str(tmp_path/name)], backendNodeId=opened[0]['params']['backendNodeId'])
        wait(b, "document.querySelector('.jp-OutputArea select').value == 'an upload' && [...document.querySelectorAll('button')].some(b => /Upload ?\\(1\\)/.test(b.textContent))")
        turn(b, 'steps', 5)
        press(b, 'Run')
        wait(b, f"/{says}/.test({SAYS})")
        idle(b)
        choose(b, 'noise')

def test_static(b):
    "Sliders and wiper are plain HTML, and work here as on the site"
    for i in (2,3): run_cell(b, i)
    wait(b, "document.querySelector('.sliders') && document.querySelector('.wiper')")
    look = "[...document.querySelectorAll('.sliders img')].filter(i => getComputedStyle(i).display != 'none').map(i => i.alt)"
    assert b.js(look) == ['guidance 4, strength 0.5']
    b.js("(() => { const r = document.querySelector('.sliders input'); r.value = 0; r.dispatchEvent(new Event('input')) })()")
    assert b.js(look) == ['guidance 1, strength 0.5'] and b.js("document.querySelector('.sliders output').value") == '1'
    b.js("(() => { const r = document.querySelector('.wiper input'); r.value = 80; r.dispatchEvent(new Event('input')) })()")
    assert '20%' in b.js("document.querySelector('.wiper img + img').style.clipPath")
