"""build/sprites_*.npz (made by render.py) -> sdcourse/data/pack/: one lossless WebP atlas for each art set,
and sprites.json.

96 px cells, 22 to a row; colours rounded to steps of 4, alpha to 16 levels: 4.5 MB in place of 8.5, and
nobody sees it. Holds the 352 default nouns (tiers 1 and 2) and nine drawings that a colour word asks for
(green book, blue book, seven hearts)."""
import json
import numpy as np
from PIL import Image
from paths import BUILD, DATA

COLS,PACK = 22,DATA/'pack'
VARIANTS = ('green-apple','green-book','blue-book')

def atlas(cells):
    "Put cells (n,96,96,4) side by side"
    n,s = len(cells),cells.shape[1]
    out = np.zeros((-(-n//COLS)*s, COLS*s, 4), np.uint8)
    for i,c in enumerate(cells): out[i//COLS*s:, i%COLS*s:][:s,:s] = c
    return out

def coarse(cells):
    x = cells.astype(int)
    x[...,:3] = ((x[...,:3]+2)//4*4).clip(0,255)
    x[...,3] = ((x[...,3]+8)//17*17).clip(0,255)
    x = x.astype(np.uint8)
    x[x[...,3]==0] = 0
    return x

def save(name, cells):
    "Write an atlas and check that it comes back as it was"
    a = atlas(cells)
    file = PACK/f'{name}.webp'
    # line art: alpha is all
    im = Image.merge('RGB', [Image.fromarray(a[...,3])]*3) if name=='ink' else Image.fromarray(a)
    im.save(file, 'WEBP', lossless=True, quality=100, method=6, exact=True)
    back = np.asarray(Image.open(file).convert('RGBA'))
    assert (back[...,0]==a[...,3]).all() if name=='ink' else (back==a).all()
    print(file.name, len(cells), 'cells', file.stat().st_size, 'bytes')

if __name__=='__main__':
    vocab = json.loads((DATA/'vocab.json').read_text(encoding='utf8'))
    keep = [i for i,v in enumerate(vocab) if v['tier']<=2 or v['slug'] in VARIANTS or v['slug'].endswith('-heart')]
    info = dict(cell=96, cols=COLS, slugs=[vocab[i]['slug'] for i in keep], ok={})
    for name in ('noto','fluent','flat','twemoji','ink'):
        z = np.load(BUILD/f'sprites_{name}.npz')
        save(name, coarse(z['rgba'][keep]))
        info['ok'][name] = [int(b) for b in z['ok'][keep]]
    (PACK/'sprites.json').write_text(json.dumps(info, ensure_ascii=False, separators=(',',':')), encoding='utf8')
