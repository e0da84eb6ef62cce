"""16 open handwriting fonts x 10 digits x 8 elastic warps -> sdcourse/data/digits_hand.npz: x (1280,48,48)
uint8, white on black; y labels.

    npm install         # the @fontsource packages of package.json
"""
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from paths import DATA, NPM

FONTS = '''architects-daughter caveat covered-by-your-grace gaegu gloria-hallelujah gochi-hand indie-flower just-another-hand kalam
nothing-you-could-do patrick-hand permanent-marker reenie-beanie rock-salt shadows-into-light sue-ellen-francisco'''.split()
S = 96

def smooth(rng):
    "A field of smooth random numbers"
    return np.asarray(Image.fromarray(rng.normal(0, 1, (4,4)).astype(np.float32)).resize((S,S), Image.BICUBIC))

def sample(a, x, y):
    "`a` at places between its pixels"
    x0 = np.floor(x).astype(int)
    y0 = np.floor(y).astype(int)
    fx = x-x0
    fy = y-y0
    at = lambda i,j: a[np.clip(j,0,S-1), np.clip(i,0,S-1)]
    return at(x0,y0)*(1-fx)*(1-fy) + at(x0+1,y0)*fx*(1-fy) + at(x0,y0+1)*(1-fx)*fy + at(x0+1,y0+1)*fx*fy

def warp(im, rng):
    "Turn, shear, stretch and bend"
    yy,xx = np.mgrid[0:S,0:S].astype(np.float32)
    turn = rng.normal(0,.10)
    shear = rng.normal(0,.15)
    sx = 1+rng.normal(0,.10)
    sy = 1+rng.normal(0,.06)
    x = (xx-S/2)/sx
    y = (yy-S/2)/sy
    x = x+shear*y
    x,y = x*np.cos(turn)-y*np.sin(turn),x*np.sin(turn)+y*np.cos(turn)
    dx = smooth(rng)*2.2
    dy = smooth(rng)*2.2
    return sample(np.asarray(im, np.float32), x+S/2+dx, y+S/2+dy)

def glyph(font, digit):
    "A digit in the middle of a square"
    im = Image.new('L', (300,300))
    ImageDraw.Draw(im).text((80,40), str(digit), font=font, fill=255)
    im = im.crop(im.getbbox())
    s = 78/max(im.size)
    im = im.resize((max(1,round(im.width*s)), max(1,round(im.height*s))), Image.LANCZOS)
    out = Image.new('L', (S,S))
    out.paste(im, ((S-im.width)//2, (S-im.height)//2))
    return out

if __name__=='__main__':
    x,y = [],[]
    for i,name in enumerate(FONTS):
        font = ImageFont.truetype(str(NPM/f'@fontsource/{name}/files/{name}-latin-400-normal.woff'), 150)
        for digit in range(10):
            im = glyph(font, digit)
            for v in range(8):
                a = warp(im, np.random.default_rng([i,digit,v])).clip(0,255).astype(np.uint8)
                x.append(np.asarray(Image.fromarray(a).resize((48,48), Image.LANCZOS)))
                y.append(digit)
    np.savez_compressed(DATA/'digits_hand.npz', x=np.array(x), y=np.array(y))
    print(len(x), 'digits')
