"""Our loop beside the pipeline of diffusers, and our training beside its example scripts, figure by figure:
`python tools/bench.py` (or `make bench`)

One process, the same weights, noise, prompts and settings on both sides, taking turns. Each row has its goal
and says whether it was met; rows without a goal are there to compare. A ratio of times is the median of the
rounds' ratios, of the worse of two repeats. Figures of time mean something only on a machine that does
nothing else.
    --quick                  half a minute instead of ten, to see that it runs; its figures mean little
    --device cuda            float16 network, times by CUDA events, peak memory; latents compared in float32
    --time Euler LMS Heun    which samplers to time, from DDIM, PNDM, Euler, LMS, Heun, DPM++ 2M
    -n 500                   pictures that the judge sees; its shares are then good to 2 points
    --only same lines        some of the parts: same, time, overhead, lines, quality,
                             train (steps of training, on the CPU), fast (the distilled student)"""
import os
# before torch is imported
for k,v in dict(OMP_NUM_THREADS='1', OMP_WAIT_POLICY='PASSIVE', TOKENIZERS_PARALLELISM='false').items():
    os.environ.setdefault(k, v)
import argparse, ast, gc, importlib, inspect, io, json, time, tokenize
from pathlib import Path
from statistics import median
from types import SimpleNamespace
import diffusers, numpy as np, torch
from sdcourse import sampling
from sdcourse.core import Table, best_device, to_img
from sdcourse.judge import verdicts
from sdcourse.latents import decode
from sdcourse.models import load, quiet
from sdcourse.pipelines import noise
from sdcourse.samplers import OWN_SAMPLERS, dpmpp_2m, heun, integrate, lms, pndm, shipped_sigmas
from sdcourse.sampling import euler, guided_model
from sdcourse.schedules import sample_sigmas
from sdcourse.captions import eval_prompts
from sdcourse.text import text_emb

# the pipeline's scheduler and its options; our step and noise levels (None: the scheduler's); do its latents start
# at variance 1?
SAMPLERS = {
    'DDIM':     ('DDIMScheduler', dict(clip_sample=False), lambda: euler, shipped_sigmas, True),
    'PNDM':     ('PNDMScheduler', dict(skip_prk_steps=True), pndm, shipped_sigmas, True),
    'Euler':    ('EulerDiscreteScheduler', dict(timestep_spacing='linspace'), lambda: euler, sample_sigmas, False),
    'LMS':      ('LMSDiscreteScheduler', dict(timestep_spacing='linspace'), lms, sample_sigmas, False),
    'Heun':     ('HeunDiscreteScheduler', dict(timestep_spacing='linspace'), lambda: heun, sample_sigmas, False),
    'DPM++ 2M': ('DPMSolverMultistepScheduler', dict(timestep_spacing='linspace'), dpmpp_2m, None, True),
}
# how Stable Diffusion 1 sets up DDIM and PNDM
SHIPPED = dict(steps_offset=1, set_alpha_to_one=False, timestep_spacing='leading')
CANDIDATES = ['DPM++ 2M, Karras', 'LMS, Karras']

def lend_scipy():
    "Lend diffusers' LMS an integrator if scipy, which we don't require, is missing; True if it was"
    module = importlib.import_module('diffusers.schedulers.scheduling_lms_discrete')
    if hasattr(module, 'integrate'): return False
    points,weights = np.polynomial.legendre.leggauss(4)
    def quad(f, a, b, **kw):
        half = (float(b)-float(a))/2
        return (half*sum(w*float(f(float(a)+half*(1+p))) for p,w in zip(points, weights)),)
    module.integrate = SimpleNamespace(quad=quad)
    module.LMSDiscreteScheduler._backends = []
    return True

class Sides:
    "The same picture by our loop and by the pipeline"
    def __init__(self, sd, name, bs, steps, seed=0):
        self.sd,self.steps,self.prompts = sd,steps,eval_prompts('object', bs)
        cls,options,self.make,levels,fades = SAMPLERS[name]
        module = importlib.import_module('diffusers.schedulers.scheduling_lms_discrete') if name=='LMS' else diffusers
        self.scheduler = getattr(module, cls).from_config({**sd.scheduler.config, **SHIPPED}, **options)
        self.scheduler.set_timesteps(steps)
        self.sigmas = levels(steps) if levels else self.scheduler.sigmas.cpu()
        self.noise = noise(sd, range(seed, seed+bs)).to(sd.device, sd.dtype)
        self.start = self.noise.float()*((self.sigmas[0]**2+1)**.5 if fades else self.sigmas[0])
    def embs(self): return text_emb(self.sd, [*self.prompts, '']).tensor_split([-1])
    def ours(self, embs=None):
        # one empty text for all, and one call of the text encoder
        model = guided_model(self.sd.unet, *(embs or self.embs()), self.sd.guidance)
        return integrate(model, self.start, self.sigmas, self.make())/(self.sigmas[-1]**2+1)**.5
    def theirs(self, embs=None, output_type='latent'):
        what = dict(prompt=self.prompts)
        if embs: what = dict(prompt_embeds=embs[0], negative_prompt_embeds=embs[1].expand_as(embs[0]))
        pipe = self.sd.pipe
        pipe.scheduler = self.scheduler
        return pipe(**what, num_inference_steps=self.steps, guidance_scale=self.sd.guidance,
                    latents=self.noise, output_type=output_type).images
    def our_picture(self): return (decode(self.sd, self.ours())/2+.5).clamp(0,1)
    def their_picture(self): return self.theirs(output_type='pt')

def row(what, ours=None, pipeline=None, figure=None, goal=None, least=False):
    "A row of the table; a goal is an upper limit, or a lower one"
    text = lambda v: v if isinstance(v, (str, type(None))) else f'{v:.3g}'
    wanted = met = None
    if goal is not None:
        wanted = f'{">=" if least else "<="} {goal:g}'
        met = bool(figure>=goal if least else figure<=goal)
    return dict(what=what, ours=text(ours), pipeline=text(pipeline), figure=text(figure),
                goal=wanted, met=met)

@torch.no_grad()
def same(sd, bs, steps):
    "Largest relative difference of latents"
    for name in SAMPLERS:
        s = Sides(sd, name, bs, steps)
        a = s.ours()
        b = s.theirs()
        yield row(f'latents, {name}, batch {bs}, {steps} steps', f'std {a.std():.4f}',
                  f'std {b.std():.4f}', ((a-b).abs().max()/b.abs().max()).item(), 1e-5)

def clocks(f, cuda):
    "Seconds that `f` takes: of the processor (or the GPU), and on the wall"
    gc.collect()
    if cuda:
        a,b = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        wall = time.perf_counter()
        a.record()
        f()
        b.record()
        torch.cuda.synchronize()
        return a.elapsed_time(b)/1000,time.perf_counter()-wall
    cpu = time.process_time()
    wall = time.perf_counter()
    f()
    return time.process_time()-cpu,time.perf_counter()-wall

def take_turns(fs, rounds, cuda):
    "Times of functions, round by round, (rounds, functions, 2); the first goes last in the next round"
    for f in fs: f()                                # warm up
    out = np.zeros((rounds, len(fs), 2))
    for r in range(rounds):
        for k in range(len(fs))[::-1 if r%2 else 1]: out[r,k] = clocks(fs[k], cuda)
    return out

@torch.no_grad()
def times(sd, names, rounds, repeats, steps):
    "Time of a whole picture, text and decoding included"
    cuda = sd.device.type=='cuda'
    for name in names:
        for (bs,n),goal in zip(steps.items(), (1., 1.02)):
            s = Sides(sd, name, bs, n)
            runs = [take_turns([s.our_picture, s.their_picture], rounds, cuda) for _ in range(repeats)]
            for k,clock in enumerate(['GPU' if cuda else 'CPU', 'wall']):
                ratios = [o[:,0,k]/o[:,1,k] for o in runs]
                # of the repeats, the one that suits us least
                worst = max(range(repeats), key=lambda i: median(ratios[i]))
                ours,theirs = (f'{1000*median(runs[worst][:,j,k]):.1f} ms' for j in (0,1))
                least,most = ratios[worst].min(), ratios[worst].max()
                yield row(f'time, {name}, batch {bs}, {n} steps, {clock} [{least:.2f}..{most:.2f}]',
                          ours, theirs, median(ratios[worst]), goal)
            if cuda:
                peaks = []
                for f in (s.our_picture, s.their_picture):
                    torch.cuda.empty_cache()
                    torch.cuda.reset_peak_memory_stats()
                    f()
                    torch.cuda.synchronize()
                    peaks.append(torch.cuda.max_memory_allocated()/2**30)
                yield row(f'peak memory, {name}, batch {bs}', *(f'{p:.2f} GiB' for p in peaks), peaks[0]/peaks[1])

def slope(runs, rounds):
    "Microseconds of processor time that a step of each function takes: the least of `rounds`, 50 steps against 5"
    best = {}
    for r in range(rounds+1):
        for k,f in runs.items():
            for n in (5,50):
                t = time.process_time()
                f(n)
                t = time.process_time()-t
                if r: best[k,n] = min(t, best.get((k,n), t))
    return {k: (best[k,50]-best[k,5])/45*1e6 for k in runs}

@torch.no_grad()
def overhead(sd, rounds, lent):
    "What the loop takes when the network answers at once"
    answer = torch.randn(2, *noise(sd, [0]).shape[1:], device=sd.device, dtype=sd.dtype)
    out = SimpleNamespace(sample=answer)
    sd.unet.forward = lambda *args, return_dict=True, **kw: out if return_dict else (answer,)
    try:
        for name in SAMPLERS:
            s = {n: Sides(sd, name, 1, n) for n in (5,50)}
            embs = s[5].embs()
            bare = lambda latents, sigma: s[5].start
            us = slope(dict(ours=lambda n: s[n].ours(embs), theirs=lambda n: s[n].theirs(embs),
                            bare=lambda n: integrate(bare, s[n].start, s[n].sigmas, s[n].make())), rounds)
            notes = ' (each of its two calls)'*(name=='Heun') + ' (its integrator is ours)'*(name=='LMS' and lent)
            # diffusers counts Heun's two calls as two steps, and so do we
            calls = 2 if name=='Heun' else 1
            ours,theirs = us['ours']/calls,us['theirs']/calls
            yield row(f'overhead a step, {name}{notes}', f'{ours:.1f} us', f'{theirs:.1f} us', ours, 40)
            yield row('    of which the loop, without model, guidance and scaling', f"{us['bare']:.1f} us")
    finally: del sd.unet.forward

def code_lines(source):
    "Lines of code: not blank, no comment, no docstring"
    tree = ast.parse(inspect.cleandoc('\n'+source) if source[:1].isspace() else source)
    docs = {n for o in ast.walk(tree) if isinstance(o, (ast.FunctionDef, ast.ClassDef, ast.Module))
            and ast.get_docstring(o) for n in range(o.body[0].lineno, o.body[0].end_lineno+1)}
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    found = {n for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type not in skip
             for n in range(t.start[0], t.end[0]+1)}
    return len(found-docs)

def plain_loop():
    "The first sampling loop in 33_sampling: where it starts, and the `for`"
    path = Path(__file__).resolve().parent.parent/'nbs'/'33_sampling.ipynb'
    for c in json.loads(path.read_text(encoding='utf-8'))['cells']:
        source = ''.join(c['source'])
        if c['cell_type']!='code' or 'for sigma,sigma_next in' not in source: continue
        body = ast.parse(source).body
        loop = next((i for i,o in enumerate(body) if isinstance(o, ast.For)), None)
        if loop is None: continue
        start = next(o for o in body[:loop][::-1] if isinstance(o, ast.Assign) and 'latents' in ast.unparse(o.targets))
        return '\n'.join(ast.get_source_segment(source, o) for o in (start, body[loop]))
    raise ValueError('33_sampling has no loop over noise levels in the open')

def lines():
    "How long the loop is"
    count = lambda *os: [code_lines(inspect.getsource(getattr(o, 'f', o))) for o in os]
    yield row('lines, the plain loop of 33_sampling', figure=code_lines(plain_loop()), goal=4)
    d,s = count(inspect.unwrap(sampling.denoise), sampling.Step)
    p, = count(inspect.unwrap(diffusers.StableDiffusionPipeline.__call__))
    yield row('lines, denoise + Step (the pipeline: its __call__)', f'{d} + {s}', str(p), d+s, 30)
    for name in ('EulerDiscreteScheduler', 'DPMSolverMultistepScheduler'):
        step = dict(EulerDiscreteScheduler=euler, DPMSolverMultistepScheduler=dpmpp_2m)[name]
        yield row(f'lines, {step.__name__} ({name})', *map(str, count(step, getattr(diffusers, name))))

@torch.no_grad()
def quality(sd, n, candidates, calls=(10,50), bs=32):
    "Nouns right, by the judge, with few calls of the network and with many"
    prompts = eval_prompts('object', n)
    start = noise(sd, range(1000, 1000+n)).to(sd.device)
    embs = torch.cat([text_emb(sd, prompts[i:i+bs]) for i in range(0, n, bs)])
    def right(name, calls):
        make,levels,steps = OWN_SAMPLERS[name]
        sigmas,ims = levels(steps(calls)),[]
        for i in range(0, n, bs):
            model = guided_model(sd.unet, embs[i:i+bs], text_emb(sd, ''), sd.guidance)
            ims += to_img(decode(sd, integrate(model, start[i:i+bs]*(sigmas[0]**2+1)**.5, sigmas, make())))
        return np.array(verdicts(ims, prompts, clip=False)['noun'], float)
    few,many = ({k: right(k, c) for k in candidates} for c in calls)
    for k in candidates: yield row(f'nouns right, {k}, {calls[0]} and {calls[1]} calls',
                                   f'{few[k].mean():.1%}, {many[k].mean():.1%}')
    best = lambda d: max(d, key=lambda k: d[k].mean())
    d = 100*(many[best(many)]-few[best(few)])
    yield row(f'nouns right, {best(few)} with {calls[0]} calls below {best(many)} with {calls[1]}, points, '
              f'+-{d.std()/n**.5:.1f} ({n} pictures)',
              f'{few[best(few)].mean():.1%}', None, d.mean(), 2)

def training(o):
    "Steps of training; see bench_training.py"
    from bench_training import rows
    return rows(row, take_turns, o.rounds or (3 if o.quick else 9), 1 if o.quick else 2, 1 if o.quick else 3,
                10 if o.quick else 200, o.quick, o.model)

def main():
    a = argparse.ArgumentParser(description=__doc__.split('\n')[0], epilog='\n'.join(__doc__.split('\n')[2:]),
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('--quick', action='store_true')
    a.add_argument('--device')
    a.add_argument('--model', help='a folder or a hub id, in place of the embedded model')
    a.add_argument('--time', nargs='+', choices=SAMPLERS, metavar='SAMPLER')
    a.add_argument('-n', type=int)
    a.add_argument('--rounds', type=int)
    a.add_argument('--candidates', nargs='+', choices=OWN_SAMPLERS, metavar='RECIPE')
    a.add_argument('--threads', type=int, default=1)
    parts = ['same', 'time', 'overhead', 'lines', 'quality', 'train', 'fast']
    a.add_argument('--only', nargs='+', choices=parts, default=parts)
    o = a.parse_args()
    if o.rounds is not None and o.rounds<1 or o.n is not None and o.n<1: a.error('at least one round, and one picture')
    torch.set_num_threads(o.threads)
    torch.backends.cudnn.allow_tf32 = False                            # float32 means float32
    device = torch.device(o.device or ('cpu' if not torch.cuda.is_available() else best_device()))
    lent = lend_scipy()
    exact = load(o.model, device, torch.float32)
    sd = load(o.model, device) if device.type=='cuda' else exact
    names = o.time or (['Euler'] if o.quick else ['PNDM', 'DPM++ 2M'])
    print(f'{sd}; torch {torch.__version__}, diffusers {diffusers.__version__}, '
          + f'{torch.get_num_threads()} thread{"s"*(o.threads>1)}'
          + (f', {torch.cuda.get_device_name()}' if device.type=='cuda'
             else '') + f', load average {os.getloadavg()[0]:.1f}'*hasattr(os, 'getloadavg'))
    jobs = dict(same=lambda: same(exact, *((1, 5) if o.quick else (2, 20))),
                time=lambda: times(sd, names, o.rounds or (3 if o.quick else 9), 1 if o.quick else 2,
                                   {1:5, 8:3} if o.quick else {1:20, 8:10}),
                overhead=lambda: overhead(exact, o.rounds or (5 if o.quick else 30), lent), lines=lines,
                quality=lambda: quality(sd, o.n or (16 if o.quick else 200),
                                        o.candidates or CANDIDATES[:1 if o.quick else None]),
                train=lambda: training(o))
    if 'fast' in o.only and not o.model:
        import bench_fast
        jobs['fast'] = lambda: bench_fast.fast(row, o.n or (8 if o.quick else 500), 6 if o.quick else 24,
                                               o.rounds or (2 if o.quick else 7))
    rows = Table()
    for k in parts:
        if k not in o.only or k not in jobs: continue
        start = time.perf_counter()
        with quiet(): rows += jobs[k]()
        print(f'  {k}: {time.perf_counter()-start:.0f} s', flush=True)
    print(f'\n{rows}\n')
    missed = [r['what'].split(' [')[0] for r in rows if r['met'] is False]
    met,goals = sum(bool(r['met']) for r in rows), sum(r['met'] is not None for r in rows)
    print(f'{met} of {goals} goals met' + (': not ' + '; '.join(missed) if missed else ''))

if __name__ == '__main__': main()
