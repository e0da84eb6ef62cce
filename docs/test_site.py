"""The built site in a real browser: `make docs-test`. Pictures of what was seen are kept in _site/shots, for
the eye."""
import collections, sys, threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from browser import HELP, Browser, chromium

site = Path(__file__).resolve().parent.parent/'_site'
html = site/'html'
shots = site/'shots'
LESSON, WITH_SCRUBBER, WITH_SLIDERS, WITH_MATHS = 'sampling.html', 'core.html', 'pages.html', 'judge.html'
DESK, PHONE = (1280, 900), (390, 844, 2, True)
if not (html/'index.html').exists(): pytest.exit("There is no site yet: make docs", 1)
if not chromium(): pytest.exit(HELP, 1)
pages = sorted(p.name for p in html.glob('*.html'))

class Parse(HTMLParser):
    "The ids, links and pictures of a page"
    def __init__(self, name):
        super().__init__()
        self.ids, self.links, self.loads, self.no_alt = collections.Counter(), [], [], []
        self.feed((html/name).read_text(encoding='utf-8'))
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if 'id' in a: self.ids[a['id']] += 1
        if tag == 'a' and a.get('href'): self.links.append(a['href'])
        if tag == 'img' and not a.get('alt'): self.no_alt.append(a.get('src', '')[:80])
        src = a.get('href') if tag == 'link' and a.get('rel') in ('stylesheet','icon','preload') else a.get('src')
        if src: self.loads.append(src)

@pytest.fixture(scope='module')
def parsed(): return {p: Parse(p) for p in pages}

def local(page, url):
    "The file and the fragment that `url` means on `page`, or None if it leads elsewhere"
    u = urlsplit(urljoin('http://site/'+page, url))
    return None if u.netloc != 'site' or u.scheme != 'http' else (
        unquote(u.path).lstrip('/') or 'index.html', unquote(u.fragment))

def test_links(parsed):
    "Every link inside the site leads to a file that is there, and to an id that is on it; every page can be reached from the first"
    bad, n, seen, todo = [], 0, set(), ['index.html']
    while todo:
        page = todo.pop()
        if page in seen: continue
        seen.add(page)
        for url in parsed[page].links+parsed[page].loads:
            if not (to := local(page, url)) or url.startswith('data:'): continue
            n += 1
            if not (html/to[0]).is_file(): bad.append(f'{page}: {url}')
            elif to[0] in parsed:
                if to[1] and to[1] not in parsed[to[0]].ids: bad.append(f'{page}: {url}')
                todo.append(to[0])
    print(f'{n} links inside the site, on {len(seen)} pages')
    assert not bad, bad
    assert seen >= set(pages)-{'search.html'}

def test_ids(parsed): assert not [(p, i) for p,o in parsed.items() for i,n in o.ids.items() if n > 1]
def test_alt(parsed): assert not [(p, s) for p,o in parsed.items() for s in o.no_alt if not s.startswith('data:')]

def test_nothing_from_elsewhere(parsed):
    "Scripts, styles, fonts and pictures are the site's own"
    assert not [(p, u) for p,o in parsed.items() for u in o.loads if not u.startswith('data:') and not local(p, u)]

class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args): pass

@pytest.fixture(scope='module')
def url():
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Quiet, directory=str(html)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}/'
    server.shutdown()

@pytest.fixture(scope='module')
def b():
    with Browser() as b: yield b

TOO_WIDE = """[...document.querySelectorAll('.bd-main *')].filter(e => { if (e.getBoundingClientRect().right <= innerWidth+1) return false;
    for (let p = e; p; p = p.parentElement) { const s = getComputedStyle(p); if (s.overflowX != 'visible' || s.position == 'fixed') return false } return true
    }).slice(0,5).map(e => e.outerHTML.slice(0,120))"""

@pytest.fixture(scope='module')
def visits(b, url):
    "What is seen on each page, at a desk and on a phone"
    seen = {}
    for p in pages:
        b.size(*DESK)
        b.events.clear()
        b.go(url+p)
        if b.js("document.querySelector('.math') != null"):
            b.wait("window.MathJax?.startup?.promise != null")
            b.js("MathJax.startup.promise.then(() => 1)")
        v = dict(errors=b.errors(), asked=[u for u in b.asked() if not u.startswith((url, 'data:', 'blob:', 'about:'))])
        v['broken'] = b.js("[...document.images].filter(i => i.complete && !i.naturalWidth).map(i "
                           "=> i.src.slice(0,80))")
        v['maths'] = b.js("[document.querySelectorAll('.math').length, "
                          "document.querySelectorAll('.math mjx-container').length, "
                          "document.querySelectorAll('mjx-merror, [data-mml-node=merror]').length]")
        v['desk'] = b.js("document.documentElement.scrollWidth-innerWidth")
        if p in ('index.html', LESSON): b.shot(shots/f'desk_{p[:-5]}.png', whole=True)
        b.size(*PHONE)
        v['phone'] = b.js("document.documentElement.scrollWidth-390")
        v['wide'] = b.js(TOO_WIDE) if v['phone'] > 0 else []
        v['letters'] = b.js("parseFloat(getComputedStyle(document.querySelector('article p, "
                            "article li, .bd-main p, body')).fontSize)")
        b.shot(shots/f'phone_{p[:-5]}.png')
        seen[p] = v
    b.size(*DESK)
    return seen

def test_console(visits): assert not {p: v['errors'] for p,v in visits.items() if v['errors']}
def test_offline(visits): assert not {p: v['asked'] for p,v in visits.items() if v['asked']}
def test_pictures(visits): assert not {p: v['broken'] for p,v in visits.items() if v['broken']}
def test_desk(visits): assert not {p: v['desk'] for p,v in visits.items() if v['desk'] > 0}

def test_phone(visits):
    "No page has to be pushed sideways, and the letters are not small"
    assert not {p: (v['phone'], v['wide']) for p,v in visits.items() if v['phone'] > 0}
    assert not {p: v['letters'] for p,v in visits.items() if v['letters'] < 14}

def test_maths(visits):
    "All formulas are drawn, without errors"
    assert visits[WITH_MATHS]['maths'][0] > 0
    assert not {p: v['maths'] for p,v in visits.items() if v['maths'][0] != v['maths'][1] or v['maths'][2]}

@pytest.mark.parametrize('query,page',
    [('denoise', 'sampling.html'), ('guidance', 'guidance.html'), ('frechet', 'judge.html')])
def test_search(b, url, query, page):
    "Finds the lesson"
    b.go(f'{url}search.html?q={query}')
    b.wait("/found|did not match/.test(document.querySelector('#search-results')?.innerText || '')")
    found = b.js("[...document.querySelectorAll('#search-results li a')].map(a => "
                 "a.getAttribute('href').split('#')[0].split('?')[0])")
    assert page in found, found
    if query == 'denoise': b.shot(shots/'search.png')

def test_search_nothing(b, url):
    b.go(f'{url}search.html?q=xyzzyplugh')
    b.wait("/did not match/.test(document.querySelector('#search-results')?.innerText || '')")
    assert b.js("document.querySelectorAll('#search-results li').length") == 0

def test_search_dialog(b, url):
    "The button opens it, and what is typed is looked for"
    b.go(url+'index.html')
    b.js("document.querySelector('.search-button-field, .search-button__button').click()")
    b.wait("document.activeElement?.type == 'search'")
    b('Input.insertText', text='euler')
    for t in ('keyDown','keyUp'):
        b('Input.dispatchKeyEvent', type=t, key='Enter', code='Enter', windowsVirtualKeyCode=13,
          text='\r' if t == 'keyDown' else '')
    b.wait("location.pathname.endsWith('search.html') && document.querySelectorAll('#search-results li').length > 0")

def test_scrubber(b, url):
    "Arrow keys move it; one picture is seen at a time, and its title"
    b.go(url+WITH_SCRUBBER)
    look = "(() => { const d = document.querySelector('.scrubber'), m = [...d.querySelectorAll('img')]; return [m.map(i => getComputedStyle(i).display != 'none'), m.map(i => i.alt), d.querySelector('output').value] })()"
    b.js("(() => { const r = document.querySelector('.scrubber input'); r.scrollIntoView({block: "
         "'center'}); r.focus() })()")
    for i in range(8):
        shown, titles, said = b.js(look)
        assert shown.index(True) == i and sum(shown) == 1 and said == titles[i]
        for t in ('keyDown','keyUp'):
            b('Input.dispatchKeyEvent', type=t, key='ArrowRight', code='ArrowRight', windowsVirtualKeyCode=39)
    b.shot(shots/'scrubber.png')

def test_sliders(b, url):
    "Two knobs: each moves one way through the grid, and says where it is"
    b.go(url+WITH_SLIDERS)
    shown = "[...document.querySelectorAll('.sliders img')].filter(i => getComputedStyle(i).display != 'none').map(i => i.alt)"
    knob = lambda k: f"(() => {{ const r = document.querySelectorAll('.sliders input')[{k}]; r.scrollIntoView({{block: 'center'}}); r.focus(); return [+r.value, +r.max] }})()"
    seen = {b.js(shown)[0]}
    for k in (0,1):
        value, most = b.js(knob(k))
        for name,code,n in (('ArrowLeft', 37, value), ('ArrowRight', 39, most)):
            for _ in range(n):
                for t in ('keyDown','keyUp'): b('Input.dispatchKeyEvent', type=t, key=name, code=name,
                                                windowsVirtualKeyCode=code)
                (alt,) = b.js(shown)
                said = b.js("[...document.querySelectorAll('.sliders label')].map(l => `${l.firstChild.data.trim()} ${l.querySelector('output').value}`).join(', ')")
                assert alt == said
                seen.add(alt)
    assert len(seen) == 5+3-1     # five nouns, three styles
    b.shot(shots/'sliders.png')

def test_wiper(b, url):
    "The edge moves with the slider, from nothing of the one to nothing of the other"
    b.go(url+WITH_SLIDERS)
    move = "(v => { const r = document.querySelector('.wiper input'); r.scrollIntoView({block: 'center'}); r.value = v; r.dispatchEvent(new Event('input')); return getComputedStyle(document.querySelector('.wiper img + img')).clipPath })"
    assert [b.js(f'{move}({v})') for v in (0,30,100)] == ['inset(0px 100% 0px 0px)', 'inset(0px 70% 0px 0px)',
                                                          'inset(0px 0% 0px 0px)']
    b.js(f'{move}(50)')
    size = "[...document.querySelectorAll('.wiper img')].map(i => { const r = i.getBoundingClientRect(); return [r.x, r.y, r.width, r.height].map(Math.round).join() })"
    assert len(set(b.js(size))) == 1
    b.shot(shots/'wiper.png')

def test_fold(b, url):
    "Folded code opens when clicked"
    b.go(url+LESSON)
    size = "document.querySelector('details.hide').getBoundingClientRect().height"
    before = b.js(size)
    b.js("document.querySelector('details.hide summary').click()")
    assert b.js(size) > before+20

GREY = "(s => { const [r,g,b] = getComputedStyle(document.querySelector('.bd-article'))[s] .match(/[\\d.]+/g).map(Number); return (.3*r+.59*g+.11*b)/255 })"

def test_dark(b, url):
    "Dark if the system is, or by the button; pictures keep their colours"
    ground = "(() => { let e = document.querySelector('.bd-article'); for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number); if (c.length == 3 || c[3] > 0) return (.3*c[0]+.59*c[1]+.11*c[2])/255 } return 1 })()"
    b('Emulation.setEmulatedMedia', features=[dict(name='prefers-color-scheme', value='dark')])
    b.go(url+LESSON)
    assert b.js(ground) < .25 and b.js(GREY+"('color')") > .6
    assert b.js("getComputedStyle(document.querySelector('.cell_output img')).filter") == 'none'
    b.shot(shots/'dark_lesson.png')
    b.js("document.querySelector('#reference').scrollIntoView()")
    b.shot(shots/'dark_reference.png')
    b('Emulation.setEmulatedMedia', features=[dict(name='prefers-color-scheme', value='light')])
    b.go(url+'index.html')
    b.wait(ground+' > .9', 20)
    b.js("[...document.querySelectorAll('.theme-switch-button')].find(e => e.offsetWidth).click()")
    b.js("[...document.querySelectorAll('.theme-change-button[data-mode=dark]')].find(e => e.offsetWidth).click()")
    b.wait(ground+' < .25', 20)
    b.js("localStorage.clear()")

def test_menu(b, url):
    "On a phone the list of lessons opens by its button"
    b.size(*PHONE)
    b.go(url+LESSON)
    inside = "(() => { const r = document.querySelector('a[href=\"core.html\"]')?.getBoundingClientRect(); return !!r && r.width > 0 && r.x >= 0 && r.right <= innerWidth })()"
    assert not b.js(inside)
    b.js("[...document.querySelectorAll('.primary-toggle')].find(e => e.offsetWidth).click()")
    b.wait(inside, 20)
    b.shot(shots/'phone_menu.png')
    b.size(*DESK)
