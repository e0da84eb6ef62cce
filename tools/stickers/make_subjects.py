"""build/sprites_*.npz (made by render.py) -> sdcourse/data/subjects/: pictures to teach a model something
new, 128 px, and subjects.json.

DreamBooth subjects (three characters put together from several stickers), textual-inversion objects (held-out
nouns) and a held-out style. Needs sdcourse installed, and the sets noto, fluent, flat, twemoji and blob."""
import json
import numpy as np
from PIL import Image
from paths import BUILD, DATA
from sdcourse.scenes import background
from sdcourse.sprites import VOCAB, Sprites
from sdcourse.phrases import an

OUT = DATA/'subjects'
PLACES = {   # what the caption says, what is drawn
    'on a white background': dict(kind='plain', c='white'), 'on a teal background': dict(kind='plain', c='teal'),
    'on a pink background': dict(kind='plain', c='pink'), 'on the beach': dict(kind='scene', name='beach', v=3),
    'in the forest': dict(kind='scene', name='forest', v=1), 'on purple polka dots': dict(kind='pat', p='dots', c='purple', v=0)}
YELLOW = 'on a yellow background',dict(kind='plain', c='yellow')

def raw(src):
    "The sprites as render.py wrote them, with all nouns and no rounded colours"
    z = np.load(BUILD/f'sprites_{src}.npz')
    return z['rgba'],z['ok'],[str(s) for s in z['slugs']]

sprites = Sprites(raw)

def part(slug, x, y, scale, tint=None):
    return sprites.base(slug, 'cartoon', tint).resize((192,192), Image.LANCZOS),x,y,scale

def compose(*parts):
    "Put stickers on top of each other"
    out = Image.new('RGBA', (192,192), (0,0,0,0))
    for im,x,y,scale in parts:
        n = round(192*scale)
        layer = Image.new('RGBA', (192,192), (0,0,0,0))
        layer.paste(im.resize((n,n), Image.LANCZOS), (round(x*192-n/2), round(y*192-n/2)))
        out = Image.alpha_composite(out, layer)
    return out

CHARACTERS = dict(
    pip=('teddy bear', 'a teal teddy bear in a yellow top hat with a pink bow',
         part('teddy-bear',.5,.57,.84,'teal'), part('ribbon',.5,.63,.30,'pink'), part('top-hat',.5,.13,.32,'yellow')),
    nova=('cat', 'a purple cat face with a gold star on its forehead and blue glasses',
          part('cat-face',.5,.52,.92,'purple'), part('star',.5,.24,.26), part('glasses',.5,.53,.52,'blue')),
    rusty=('robot', 'a copper robot with a flower on its head and a heart on its chest',
           part('robot',.5,.56,.86,'orange'), part('sunflower',.5,.15,.34), part('red-heart',.5,.93,.14)))

def paste(im, sticker, x, y): im.paste(sticker, (round(x-sticker.size[0]/2), round(y-sticker.size[0]/2)), sticker)

def dreambooth(name):
    "Six pictures of one character"
    cls,description,*parts = CHARACTERS[name]
    sticker = compose(*parts)
    rng = np.random.default_rng(len(name))
    places = list(PLACES.items())
    if name=='pip': places[1] = YELLOW   # a teal bear would not be seen on teal
    jitter = lambda: 2*rng.random()-1
    for i,(where,bg) in enumerate(places):
        im = background(bg, 128)
        px = round(128*(.72+.12*jitter()))
        small = sticker.resize((px,px), Image.LANCZOS)
        paste(im, small, 128*(.5+.06*jitter()), 128*(.52+.05*jitter()))
        im.save(OUT/f'dreambooth_{name}_{i}.png')
    return dict(cls=cls, description=description, prompt=f'a sks {cls}',
                captions=[f'a sks {cls} {where}' for where,_ in places])

def new_noun(name):
    "Six pictures of one held-out noun, in several styles"
    slug,rng = VOCAB[name]['slug'],np.random.default_rng(sum(map(ord, name)))
    for i,(style,bg) in enumerate(zip(['cartoon','3d','flat','cartoon','3d','sticker'], PLACES.values())):
        im = background(bg, 128)
        sticker = sprites(slug, style if sprites.has(slug, style) else 'cartoon', round(128*(.7+.1*rng.random())))
        px = sticker.size[0]
        im.paste(sticker, (round(64-px/2+6*(2*rng.random()-1)), round(66-px/2)), sticker)
        im.save(OUT/f'object_{name}_{i}.png')
    return dict(kind='object', captions=[f'a <{name}> {where}' for where in PLACES])

def new_style(style, names):
    "One picture of each noun in a held-out style"
    for i,n in enumerate(names):
        im = Image.new('RGB', (128,128), (250,250,250))
        paste(im, sprites(VOCAB[n]['slug'], style, 100), 64, 64)
        im.save(OUT/f'style_{style}_{i}.png')
    return dict(kind='style', captions=[f'{an(n)} in the style of <{style}-style>' for n in names])

if __name__=='__main__':
    meta = {name:dreambooth(name) for name in CHARACTERS}
    meta |= {f'<{name}>':new_noun(name) for name in ('hedgehog','otter','moai','dodo')}
    meta['<blob-style>'] = new_style('blob', ['fox','castle','octopus','pizza','horse','sunflower'])
    (OUT/'subjects.json').write_text(json.dumps(meta, indent=1))
    print(len(list(OUT.glob('*.png'))), 'pictures')
