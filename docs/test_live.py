"""The page that draws, in a real browser: the same words, noise and latents as PyTorch, and how long it
takes. Part of `make docs-test`."""
import json, re, sys, threading, time
from functools import partial
from http.server import ThreadingHTTPServer
import numpy as np, psutil, pytest, torch
from test_site import DESK, PHONE, TOO_WIDE, Browser, Quiet, html, shots

sys.path.insert(0, str(html.parent.parent/'tools'))
import live

JOBS = [dict(prompt='a fox on a teal background', seed=1, steps=15, guidance=6.),
        dict(prompt='an ink drawing of an owl', negative='blue', seed=2**32-1, steps=10, guidance=9.5),
        dict(prompt='', seed=5, steps=4, guidance=0.), dict(prompt='a rocket in space', seed=7, steps=25, guidance=1.)]
ODD = ['', ' ', 'A  Fox\tON\n a teal\u00a0background!!', "it's we're I'd o'clock '''s", 'x2y 1234567890 3½ ² Ⅷ',
       'naïve café cafe\u0301 ﬁne', 'ΣΑΣ İstanbul ẞ', '🦊 👩‍🚀 🇩🇪', '日本語 中文 한국어',
       'a\u0085b\ufeffc\u200bd\u3000e', '<|endoftext|> <|ENDOFTEXT|>! <|startoftext|>a',
       '<fox> --- _under_score_ a/b\\c', 'unicornication antidisestablishmentarianism', '\U0001f1e6\U000e0041',
       'word '*100, 'a'*300, '!?'*90, '¡¬®\xad÷ÿ', "don't 'LL 'Ve", '𝒻𝑜𝓍 ＦＯＸ']

@pytest.fixture(scope='module')
def sd():
    from sdcourse.models import load
    return load('stickers', device='cpu')

class Server(Quiet):
    gone = ()
    def do_GET(self):
        if any(self.path.startswith(p) for p in self.gone): self.send_error(404)
        else: super().do_GET()

@pytest.fixture(scope='module')
def url():
    if not (html/'live'/'facts.json').exists(): pytest.skip('this site was built without the page that draws')
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Server, directory=str(html)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}/'
    server.shutdown()

def worker(b):
    "Listen to the page's worker, from its first line on"
    until = time.monotonic()+60
    while not (new := [e['params'] for e in b.events if e['method'] == 'Target.attachedToTarget'
                       and e['params']['targetInfo']['type'] == 'worker']):
        assert time.monotonic() < until, 'no worker'
        time.sleep(.1)
        b.js('1')
    page, b.session = b.session, new[-1]['sessionId']
    for domain in ('Runtime','Network','Log'): b(domain+'.enable')
    b('Runtime.runIfWaitingForDebugger')
    b.session = page

def cpu(b):
    "Seconds that the browser has computed so far, with all its processes"
    procs = [psutil.Process(b.proc.pid)]+psutil.Process(b.proc.pid).children(recursive=True)
    return sum(sum(p.cpu_times()[:2]) for p in procs)

@pytest.fixture(scope='module')
def b(url):
    "A browser in which the page has drawn its first picture, by a press of the button"
    with Browser(timeout=200) as b:
        b('Target.setAutoAttach', autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        b.size(*DESK)
        b.go(url+'live.html')
        b.wait("document.querySelector('#live-status').textContent")
        b.shot(shots/'live_before.png')
        b.js("document.querySelector('#live-draw').click()")
        worker(b)
        b.wait("sdcourse.now.pixels")
        yield b

def draw(b, **job):
    return b.js(f"sdcourse.draw({json.dumps(dict(negative='')|job)}).then(m => ({{latents: "
                f"[...m.latents], pixels: [...m.pixels], secs: m.secs}}))")
def text(b, what): return b.js(f"document.querySelector('#live-{what}').textContent")
def canvas(b, what='picture'):
    "What is seen there, 64 by 64"
    return np.array(b.js(f"(() => {{ const c = Object.assign(document.createElement('canvas'), "
                         f"{{width: 64, height: 64}}).getContext('2d', {{willReadFrequently: "
                         f"true}}); c.drawImage(document.querySelector('#live-{what}'), 0, 0, 64, "
                         f"64); return [...c.getImageData(0, 0, 64, 64).data] }})()"))
def key(b, key, code):
    [b('Input.dispatchKeyEvent', type=t, key=key, code=key, windowsVirtualKeyCode=code, **(
        dict(text='\r') if key == 'Enter' and t == 'keyDown' else {})) for t in ('keyDown','keyUp')]

# the parts

def test_tokenizer(b, sd):
    from sdcourse.stickers import make_world
    world = make_world('cpu')
    texts = [world.caption(world.spec(i), i) for i in range(200)]+ODD
    got = b.js("Promise.all([import('./live/tokenizer.js'), fetch('live/words.json').then(r => "
               f"r.json())]).then(([m, w]) => {{ const t = new m.Tokenizer(w); return "
               f"{json.dumps(texts)}.map(s => t.encode(s).ids) }})")
    want = sd.tokenizer(texts, padding='max_length', max_length=77, truncation=True).input_ids
    assert not [s for s,x,y in zip(texts, got, want) if x != y]

@pytest.mark.parametrize('seed', [0, 1, 1234, 2**31, 2**32-1])
def test_noise(b, seed):
    "A seed means what it means in PyTorch"
    got = b.js(f"import('./live/sampler.js').then(m => [...m.randn({seed}, 1024)])")
    assert np.allclose(got, torch.randn(1024, generator=torch.Generator().manual_seed(seed)), atol=1e-5)

def test_schedule(b, sd):
    "Noise levels and timesteps are those of generate"
    from sdcourse.pipelines import make_scheduler
    for n in range(1, 51):
        s = make_scheduler(sd, 'dpm++')
        s.set_timesteps(n)
        levels, ts = b.js(f"import('./live/sampler.js').then(m => [m.karras({n}), "
                          f"m.karras({n}).slice(0,-1).map(m.timestep)])")
        assert np.allclose(levels, s.sigmas, rtol=1e-3, atol=1e-6) and ts == s.timesteps.tolist(), n

# the pictures

@pytest.mark.parametrize('job', JOBS, ids=lambda j: j['prompt'] or 'no prompt')
def test_same_picture(b, sd, job):
    "Latents as PyTorch's to 1e-2, and the same pixels"
    from sdcourse.pipelines import generate
    start = cpu(b)
    got = draw(b, **job)
    want = {}
    used = cpu(b)-start
    im = generate(sd=sd, on_step=lambda i, latents, s: want.update(latents=latents.flatten()), **job)[0]
    off = np.abs(np.array(got['latents'])-want['latents'].numpy()).max()
    levels = np.abs(np.array(got['pixels']).reshape(64, 64, 4)[...,:3]-np.asarray(im, dtype=int)).max()
    print(f"\n{job['prompt']!r}: {got['secs']:.2f} s on the clock, {used:.2f} s of CPU, "
          f"{job['steps']} steps; latents differ by {off:.1e}, pixels by {levels} of 255")
    assert off < 1e-2 and levels <= 3

def test_given_noise(b, sd):
    "Noise from outside, and our own loop in PyTorch, which takes timesteps with fractions"
    from sdcourse.samplers import dpmpp_2m, integrate
    from sdcourse.schedules import karras_sigmas
    from sdcourse.sampling import guided_model
    from sdcourse.text import text_emb
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(99))
    sigmas = karras_sigmas(12)
    with torch.no_grad(): want = integrate(guided_model(sd.unet, text_emb(sd, 'a cat'), text_emb(sd, ''), 6.),
                                           noise*(sigmas[0]**2+1)**.5, sigmas, dpmpp_2m())
    got = draw(b, prompt='a cat', steps=12, guidance=6, seed=0, noise=noise.flatten().tolist())
    off = np.abs(np.array(got['latents'])-want.flatten().numpy())
    print(f'\nfrom given noise, against our own loop: largest difference {off.max():.1e}, mean {off.mean():.1e}')
    assert off.mean() < 1e-2

# the page

def test_draws(b, url):
    "Type, press Enter, see a picture; link and Python line say how it was made"
    b.js("(e => { e.value = ''; e.focus() })(document.querySelector('#live-prompt'))")
    b('Input.insertText', text='a pizza on a pink background')
    before = b.js('sdcourse.now.id')
    key(b, 'Enter', 13)
    b.wait(f'sdcourse.now.id > {before} && sdcourse.now.pixels')
    im = canvas(b)
    assert im.std() > 20 and re.match(r'[\d.]+ s: 15 steps', text(b, 'status'))
    assert text(b, 'python') == 'generate("a pizza on a pink background", seed=1, steps=15, guidance=6)'
    assert 'a+pizza' in b.js('location.search') and 'a pizza' in b.js("document.querySelector('#live-picture').ariaLabel")
    b.js('scrollTo(0,0)')
    b.shot(shots/'live_desk.png', whole=True)

def test_guidance(b):
    "A moved slider draws again; every picture is kept, and comes back when pressed"
    b.js("document.querySelector('#live-prompt').value = 'a whale'")
    seen = {}
    for g in ('0', '3', '12'):
        before = b.js('sdcourse.now.id')
        b.js(f"(e => {{ e.value = {g}; e.dispatchEvent(new Event('input')) }})(document.querySelector('#live-guidance'))")
        b.wait(f'sdcourse.now.id > {before} && sdcourse.now.pixels')
        assert text(b, 'guidance-is') == g
        seen[g] = canvas(b)
    assert np.abs(seen['0']-seen['12']).mean() > 5
    n = b.js("document.querySelector('#live-past').children.length")
    b.js("document.querySelector('#live-past').children[1].click()")
    b.wait('sdcourse.now.pixels')
    assert text(b, 'guidance-is') == '3' and (canvas(b) == seen['3']).all()
    assert b.js("document.querySelector('#live-past').children.length") == n   # the same one, not one more

def test_film(b):
    "Back through the steps: first a guess in colours, then decoded"
    draw(b, prompt='a cat', seed=3, steps=10, guidance=6)
    end = canvas(b)
    b.js("document.querySelector('#live-film').focus()")
    for _ in range(6): key(b, 'ArrowLeft', 37)
    assert text(b, 'status').startswith('Guess at step 5 of 10')
    b.wait('sdcourse.now.frames[4].pixels')
    assert np.abs(canvas(b)-end).mean() > 2
    b.js('scrollTo(0,0)')
    b.shot(shots/'live_film.png')
    for _ in range(6): key(b, 'ArrowRight', 39)
    assert (canvas(b) == end).all()

def test_stop(b):
    "Escape stops it; a newer wish replaces an older one"
    b.js("sdcourse.draw({steps: 30, seed: 11}); document.querySelector('#live-prompt').focus()")
    b.wait('sdcourse.now.frames.length > 5')
    b.shot(shots/'live_half.png')
    assert text(b, 'draw') == 'Stop'
    key(b, 'Escape', 27)
    assert text(b, 'status') == 'Stopped.' and text(b, 'draw') == 'Draw'
    b.js("sdcourse.draw({steps: 30, seed: 12})")
    draw(b, prompt='a cat', steps=4, seed=13, guidance=6)
    assert b.js('sdcourse.now.wish.seed') == 13 and text(b, 'status').startswith(tuple('0123456789'))

def test_notes(b):
    "What the model can't take in is said"
    draw(b, prompt='a foxx with a zweihander', steps=4, seed=1, guidance=6)
    said = text(b, 'notes')
    assert 'never seen the word “foxx”; it knows fox' in said and '“zweihander”.' in said
    draw(b, prompt='a cat '*40, steps=4, seed=1, guidance=6)
    assert re.search('too long; the model did not see “(a )?cat a cat.*cat”', text(b, 'notes'))
    draw(b, prompt='a cat', negative='blue', steps=4, seed=1, guidance=1)
    assert 'Guidance 1 is the prompt alone' in text(b, 'notes')
    draw(b, prompt='a cat on a teal background', steps=4, seed=1, guidance=6)
    assert text(b, 'notes') == ''

@pytest.mark.parametrize('seed', ['', '-1', '1.5', '4294967296'])
def test_bad_seed(b, seed):
    before = b.js('sdcourse.now.id')
    b.js(f"document.querySelector('#live-seed').value = {json.dumps(seed)}; sdcourse.draw().then(() => 1)")
    assert b.js('sdcourse.now.id') == before and text(b, 'status') == 'A seed is a whole number from 0 to 4294967295.'
    b.js("document.querySelector('#live-seed').value = 1")

def test_quiet(b, url):
    "Nobody else is asked for anything, and nobody complains, neither the page nor its worker"
    asked = b.asked()
    assert sum('/live/model/' in u for u in asked) == 3 and not [u for u in asked
                                                                 if not u.startswith((url, 'data:', 'blob:'))]
    assert not b.errors()

def test_looks(b):
    "On a phone, and in the dark"
    draw(b, prompt='a rocket in space', steps=15, seed=1, guidance=6)
    b.size(*PHONE)
    b.js('scrollTo(0,0)')
    time.sleep(1)   # menus slide out of the way
    assert b.js("document.documentElement.scrollWidth") <= 390, b.js(TOO_WIDE)
    small = b.js("[...document.querySelectorAll('#live :is(button, input)')].filter(e => e.offsetWidth && e.getBoundingClientRect().height < 24).map(e => e.outerHTML.slice(0,80))")
    assert not small   # large enough for a finger
    b.shot(shots/'live_phone.png', whole=True, most=2400)
    b.size(*DESK)
    b('Emulation.setEmulatedMedia', features=[dict(name='prefers-color-scheme', value='dark')])
    time.sleep(1)
    b.js('scrollTo(0,0)')
    b.shot(shots/'live_dark.png')
    b('Emulation.setEmulatedMedia', features=[dict(name='prefers-color-scheme', value='light')])

def test_labels(b):
    "Everything that can be moved has a name"
    assert not b.js("[...document.querySelectorAll('#live :is(input, button, canvas:not([aria-hidden]))')].filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim())).map(e => e.id)")

def test_link(b, url):
    "A link brings its settings along, and loads nothing before it is asked"
    b.events.clear()
    b.go(url+'live.html?prompt=a+robot&guidance=3&steps=8&seed=42')
    b.wait("document.querySelector('#live-status').textContent")
    assert b.js('sdcourse.settings()') == dict(prompt='a robot', negative='', guidance=3, steps=8, seed=42)
    assert not [u for u in b.asked() if '/model/' in u or '/ort/' in u]

def test_missing(b, url):
    "One line if the model can't be had; and another try works"
    b('Target.setAutoAttach', autoAttach=False, waitForDebuggerOnStart=False, flatten=True)
    b('Network.clearBrowserCache')           # disabling the page's cache leaves the worker's
    Server.gone = ('/live/model/vae',)
    b.go(url+'live.html?steps=4')
    b.wait("document.querySelector('#live-status').textContent")
    b.js('sdcourse.draw()')
    assert text(b, 'status') == 'The model could not be loaded: model/vae.onnx is not there (404). Press Draw to try again.' and text(b, 'draw') == 'Draw'
    Server.gone = ()
    b.js('sdcourse.draw().then(() => 1)')
    assert b.js('sdcourse.now.pixels.length') == 4*64*64

# a site without it

def test_left_out(monkeypatch, tmp_path):
    "If the model can't be had, the page says why, and has nothing that would look for it"
    monkeypatch.setattr(live, 'make', lambda: 'npm could not bring it')
    text, why = live.page(tmp_path/'src')
    assert why == 'npm could not bring it' and f'without it:** {why}.' in text
    assert 'script' not in text and '<' not in text and '## What happens here' in text

def test_no_npm(monkeypatch, tmp_path):
    monkeypatch.setattr(live.shutil, 'which', lambda name: None)
    with pytest.raises(live.Missing, match='npm .* is needed once'): live.runtime(tmp_path)

def test_npm_fails(monkeypatch, tmp_path):
    "One line of what it says"
    npm = tmp_path/'npm'
    npm.write_text('#!/bin/sh\necho "npm error code ENOTFOUND" >&2; echo more >&2; exit 1\n')
    npm.chmod(0o755)
    monkeypatch.setattr(live.shutil, 'which', lambda name: str(npm))
    with pytest.raises(live.Missing, match='could not bring onnxruntime-web@[^ ]+ .ENOTFOUND.$'): live.runtime(tmp_path/'ort')

def test_wrong_runtime(tmp_path):
    "Another file than the one that was tried is not taken"
    (tmp_path/'x.tgz').write_bytes(b'something else')
    with pytest.raises(live.Missing, match='is not the onnxruntime-web'): live.unpack(tmp_path/'x.tgz', tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path/'x.tgz']

def test_halved():
    "Only what half precision holds exactly is stored so"
    from onnx import helper, numpy_helper
    exact, not_exact = np.arange(64, dtype='f'), np.full(64, .1, dtype='f')
    g = helper.make_graph([helper.make_node('Add', ['a','b'], ['y'])], 'g', [],
                          [helper.make_tensor_value_info('y', 1, [64])],
                          [numpy_helper.from_array(exact, 'a'), numpy_helper.from_array(not_exact, 'b')])
    got = live.halved(helper.make_model(g)).graph
    assert {w.name: w.data_type for w in got.initializer} == {'a.half': 10,
                                                              'b': 1} and [n.op_type for n in got.node] == ['Cast',
                                                                  'Add']
