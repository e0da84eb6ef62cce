"""The fast student beside the 50-step pipeline: the part `fast` of `python tools/bench.py`

Each side at the guidance that suits it best, found on other seeds than those that are judged. The same
prompts and the same noise, so the judge's answers are compared picture by picture. The whole picture is
timed, from text to a PIL picture, taking turns."""
import time
import numpy as np, torch
from sdcourse.core import to_img, to_tensor
from sdcourse.distill import preset_model
from sdcourse.judge import frechet, see, verdicts
from sdcourse.latents import decode, encode, psnr
from sdcourse.models import load
from sdcourse.pipelines import noise, make_scheduler
from sdcourse.samplers import dpmpp_2m, integrate
from sdcourse.schedules import karras_sigmas
from sdcourse.captions import eval_prompts
from sdcourse.stickers import make_world
from sdcourse.text import text_emb

class Way:
    "One way to draw: `pictures(prompts, seeds)` -> PIL, at a guidance"
    def __init__(self, name, f, scales): self.name,self.f,self.scales,self.scale = name,f,scales,None
    def __call__(self, prompts, seeds, bs=25):
        return [im for i in range(0, len(prompts), bs) for im in self.f(prompts[i:i+bs], seeds[i:i+bs], self.scale)]

def ways(sd, quick, steps=9, until=1.):
    "The pipeline with PNDM, the preset that needed no training, the student"
    def pipeline(sd, steps, sampler):
        def f(prompts, seeds, scale):
            sd.pipe.scheduler = make_scheduler(sd, sampler)
            return sd.pipe(list(prompts), num_inference_steps=steps, guidance_scale=scale,
                           latents=noise(sd, seeds).to(sd.device)).images
        return f
    def preset(prompts, seeds, scale):
        levels = karras_sigmas(steps)
        emb = text_emb(sd, [*prompts, ''])
        model = preset_model(sd.unet, emb[:-1], emb[-1:], scale, until)
        ims = to_img(decode(sd, integrate(model, noise(sd, seeds).to(sd.device)*levels[0], levels,
                                          dpmpp_2m())).clamp(-1,1))
        return ims if isinstance(ims, list) else [ims]
    return [Way('PNDM, 50 steps, the pipeline', pipeline(sd, 50, 'pndm'), (3.,4.5,6.)),
            Way(f'preset: DPM++ 2M, {steps} steps, guidance above {until:g}', preset, (3.,4.5,6.)),
            Way('student, 4 steps, small decoder', pipeline(quick, 4, None), (2.,4.,6.))]

def nouns(prompts, ims): return np.array(verdicts(ims, prompts, sure=0., clip=False)['noun'], float)

@torch.no_grad()
def fast(row, n=500, tune=24, rounds=7):
    "Rows: speed, accuracy, distance; the guided student; the small decoder"
    sd = load(device='cpu')
    quick = load(device='cpu', fast=True)
    all_ways = ways(sd, quick)
    world = make_world()
    some = eval_prompts('object', tune, 77)
    for w in all_ways:                                                                     # its own best guidance
        found = []
        for w.scale in w.scales: found.append((nouns(some, w(some, range(tune))).mean(), w.scale))
        w.scale = max(found)[1]
    times = {w.name: [] for w in all_ways}
    for r in range(rounds+1):
        for w in all_ways:
            start = time.process_time()
            w(['a fox on a teal background'], [r])
            if r: times[w.name].append(time.process_time()-start)
    prompts = eval_prompts('object', n, 8000)
    seeds = range(8000, 8000+n)
    drawn = {w.name: w(prompts, seeds) for w in all_ways}
    right = {k: nouns(prompts, v) for k,v in drawn.items()}
    feats = lambda ims: see(to_tensor(ims))['features']
    real = feats([world[10**9+5000+k][0] for k in range(n)])
    far = {k: frechet(feats(v), real) for k,v in drawn.items()}
    base = all_ways[0].name
    for w,goal in zip(all_ways[1:], (6, 10)):
        k = w.name
        ratio = np.median(np.array(times[base])/np.array(times[k]))
        d = 100*(right[base]-right[k])
        yield row(f'times faster, whole picture, {k}, guidance {w.scale:g}',
                  f'{1000*np.median(times[k]):.0f} ms', f'{1000*np.median(times[base]):.0f} ms',
                  ratio, goal, least=True)
        yield row(f'nouns right, points below the pipeline at guidance {all_ways[0].scale:g}, '
                  f'+-{d.std()/n**.5:.1f} ({n} '
                  'pictures)', f'{right[k].mean():.1%}', f'{right[base].mean():.1%}', d.mean(), 1)
        yield row('Frechet distance to real pictures, ratio', f'{far[k]:.1f}', f'{far[base]:.1f}',
                  far[k]/far[base], 1.1)
    some = eval_prompts('object', max(1, n//2), 9000)
    at = range(9000, 9000+max(1, n//2))
    by = {w.name: w for w in all_ways}
    two,one = Way('', ways(sd, quick, 12, 0.)[1].f, ()),by['student, 4 steps, small decoder']
    for two.scale in (2.,4.,8.):
        one.scale = two.scale
        a,b = (nouns(some, w(some, at)) for w in (two, one))
        error = 100*(a-b).std()/len(a)**.5
        yield row(f'guided student at {two.scale:g}: points below two calls a step, +-{error:.1f}',
                  f'{b.mean():.1%}', f'{a.mean():.1%}', 100*(a-b).mean(), 2)
    x = to_tensor([world[10**9+k][0] for k in range(256)])
    z = encode(sd, x)
    large,small = (torch.cat([decode(m, o) for o in z.split(32)]).clamp(-1,1) for m in (sd, quick))
    def ms(m):
        ts = []
        for _ in range(15):
            start = time.process_time()
            decode(m, z[:1])
            ts.append(time.process_time()-start)
        return 1000*np.median(ts)
    a,b = ms(sd),ms(quick)
    yield row('small decoder, times faster', f'{b:.1f} ms', f'{a:.1f} ms', a/b, 3, least=True)
    yield row('small decoder, dB below the VAE on held-out pictures', f'{psnr(x, small).mean():.2f}',
              f'{psnr(x, large).mean():.2f}', (psnr(x, large)-psnr(x, small)).mean().item(), 1)
