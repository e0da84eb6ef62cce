"""SVG emoji of the npm packages -> build/sprites_<set>.npz: 489 nouns, 96 px. Needs resvg-py 0.5.0, Pillow,
numpy.

    npm install                     # the exact packages of package.json
    python render.py                # noto fluent flat twemoji ink blob; or name some of them
"""
import io, json, sys, time
import numpy as np
import resvg_py
from PIL import Image
from curate import source
from paths import BUILD, NPM

SETS = {'noto':('noto','1.2.1'), 'fluent':('fluent-emoji','1.2.7'), 'flat':('fluent-emoji-flat','1.2.6'), 'twemoji':('twemoji','1.2.5'),
        'ink':('fluent-emoji-high-contrast','1.2.6'), 'blob':('noto-v1','1.2.5')}
ALIAS = {'mage':['person-mage'], 'fairy':['person-fairy','woman-fairy'], 'mermaid':['mermaid','merperson','woman-merperson'],
         'vampire':['person-vampire'], 'zombie':['person-zombie'], 'superhero':['person-superhero'], 'genie':['person-genie'],
         'elf':['person-elf'], 'pinata':['pi-ata']}

def load(name):
    "The icons of an art set, if the package is the one that was looked at"
    package,version = SETS[name]
    folder = NPM/'@iconify-json'/package
    found = json.loads((folder/'package.json').read_text())['version']
    assert found==version, f'@iconify-json/{package} is {found} here; the pictures and the licence were checked for {version}'
    return json.loads((folder/'icons.json').read_text(encoding='utf8'))

def resolve(icons, name, depth=0):
    "An icon with its box, also by another name; None if there is none"
    alias = icons.get('aliases', {}).get(name)
    if name in icons['icons']: d = dict(icons['icons'][name])
    elif alias and depth<5:
        d = resolve(icons, alias['parent'], depth+1)
        if d is None: return None
        d = {**d, **{k:v for k,v in alias.items() if k!='parent'}}
    else: return None
    for k,default in (('width',16), ('height',16), ('left',0), ('top',0)): d.setdefault(k, icons.get(k, default))
    return d

def draw(d, px=256, color='#111111'):
    "The icon as an RGBA picture"
    box = f'viewBox="{d["left"]} {d["top"]} {d["width"]} {d["height"]}" width="{d["width"]}" height="{d["height"]}" color="{color}"'
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    png = resvg_py.svg_to_bytes(svg_string=f'<svg {spaces} {box}>{d["body"]}</svg>', width=px, height=px)
    return Image.open(io.BytesIO(bytes(png))).convert('RGBA')

def crop(im, pad=.02):
    "The square around what is drawn"
    ys,xs = np.where(np.asarray(im)[...,3]>8)
    y0 = ys.min()
    y1 = ys.max()+1
    x0 = xs.min()
    x1 = xs.max()+1
    s = int(np.ceil(max(y1-y0, x1-x0)*(1+2*pad)))
    left = int(round((x0+x1)/2-s/2))
    top = int(round((y0+y1)/2-s/2))
    return im.crop((left,top,left+s,top+s))

def shrink(im, px=96):
    "Resize with premultiplied alpha, so that no edge takes the colour of what can't be seen; uint8 (px,px,4)"
    a = np.asarray(im).astype(np.float32)/255
    a[...,:3] *= a[...,3:]
    small = [Image.fromarray(a[...,i]).resize((px,px), Image.LANCZOS) for i in range(4)]
    a = np.stack([np.asarray(x) for x in small], -1).clip(0,1)
    alpha = a[...,3:]
    rgb = np.where(alpha>1e-3, a[...,:3]/np.maximum(alpha,1e-3), 0).clip(0,1)
    return (np.concatenate([rgb,alpha], -1)*255+.5).astype(np.uint8)

def render(name):
    "One art set -> build/sprites_<name>.npz"
    nouns = list(source())
    icons = load(name)
    t = time.time()
    cells = np.zeros((len(nouns),96,96,4), np.uint8)
    ok = np.zeros(len(nouns), bool)
    for i,v in enumerate(nouns):
        d = next(filter(None, (resolve(icons, n) for n in [v['slug']]+ALIAS.get(v['slug'], []))), None)
        if d: cells[i],ok[i] = shrink(crop(draw(d))),True
    np.savez_compressed(BUILD/f'sprites_{name}.npz', rgba=cells, ok=ok, slugs=np.array([v['slug'] for v in nouns]))
    print(name, ok.sum(), 'of', len(nouns), 'in', round(time.time()-t), 's', flush=True)

if __name__=='__main__':
    for name in sys.argv[1:] or SETS: render(name)
