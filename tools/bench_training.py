"""Our training steps beside those of diffusers' example scripts: the part `train` of `python tools/bench.py`

The scripts' steps are told here in our own words, as `textual_inversion.py` and `train_dreambooth.py` take
them by default: the pictures are read from their files and go through the VAE at every step, captions through
the tokenizer and the text encoder. Textual inversion has the whole table of tokens under AdamW, and puts all
rows but one back afterwards; DreamBooth has AdamW over the whole U-Net, after clipping. Without what they
need for bookkeeping: accelerate, progress bar, logs. Losses are weighted alike on both sides. Ours are the
steps of `train_token` and `train_subject` as `sdcourse teach` takes them by default: latents from the cache,
one row or the whole U-Net under a fused optimizer, plain attention on a CPU, and bfloat16 where the machine
is made for it. The scripts leave that choice to the user, so rows without a goal show both in one number
type."""
import argparse, gc, resource, subprocess, sys
from dataclasses import replace
from statistics import median
import torch, torch.nn.functional as F
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from diffusers import DDPMScheduler
from diffusers.models.attention_processor import AttnProcessor
from PIL import Image
from sdcourse import overnight
from sdcourse.core import to_tensor
from sdcourse.dreambooth import subject_params, train_subject
from sdcourse.models import load
from sdcourse.sprites import DATA
from sdcourse.textual_inversion import add_token, train_token
from sdcourse.training import LatentCache, read_pictures

BS,NAME = 4,'<otter>'
FILES = sorted((DATA/'subjects').glob('object_otter_*.png'))
TEMPLATES = ['a {}', 'a picture of a {}', 'a photo of a {}', 'a drawing of a {}', 'an image of a {}', 'the {}']

class Script:
    "What the two scripts have in common: a batch from files, the latents, the noise, the loss"
    def __init__(self, sd, dtype):
        self.sd,self.dtype,self.rng = sd,dtype,torch.Generator().manual_seed(0)
        self.noise = DDPMScheduler.from_config(sd.scheduler.config)
        self.vae = sd.vae.to(dtype)
        self.order = []
    def pick(self):
        "The next numbers of an epoch"
        if len(self.order)<BS: self.order += torch.randperm(len(FILES)).tolist()
        out,self.order = self.order[:BS],self.order[BS:]
        return out
    def item(self, i, caption):
        "A picture and its tokens, as the data set gives them"
        im = Image.open(FILES[i]).convert('RGB').resize((self.sd.size,)*2, Image.Resampling.BICUBIC)
        ids = self.sd.tokenizer(caption, padding='max_length', truncation=True,
                                max_length=self.sd.tokenizer.model_max_length,
                                return_tensors='pt').input_ids
        return to_tensor(im)[0],ids[0]
    def batch(self, captions):
        return (torch.stack(o) for o in zip(*(self.item(i, c) for i,c in zip(self.pick(), captions))))
    def loss(self, unet, x, emb):
        z = self.vae.encode(x.to(self.dtype)).latent_dist.sample().detach()*self.vae.config.scaling_factor
        noise = torch.randn_like(z)
        t = torch.randint(0, self.noise.config.num_train_timesteps, (len(z),))
        pred = unet(self.noise.add_noise(z, noise, t), t, emb).sample
        a = self.noise.alphas_cumprod[t]
        snr = a/(1-a)
        return (F.mse_loss(pred.float(), noise.float(), reduction='none').mean((1,2,3))*snr.clamp(max=5)/snr).mean()

class ScriptInversion(Script):
    "A step of textual_inversion.py; with `rows`, on a table as long as that"
    def __init__(self, sd, dtype=torch.float32, rows=None, lr=5e-4):
        super().__init__(sd, dtype)
        sd.tokenizer.add_tokens([NAME])
        self.id = len(sd.tokenizer)-1
        self.te = sd.text_encoder.train()
        self.unet = sd.unet.to(dtype)
        self.te.resize_token_embeddings(rows or len(sd.tokenizer))
        self.table = self.te.get_input_embeddings().weight
        self.table.data[self.id] = self.table.data[sd.tokenizer('dog').input_ids[1]]
        self.opt = torch.optim.AdamW([self.table.requires_grad_()], lr=lr, weight_decay=1e-2)
        self.before = self.table.data.clone()
    def __call__(self):
        x,ids = self.batch([TEMPLATES[i].format(NAME) for i in torch.randint(len(TEMPLATES), (BS,))])
        loss = self.loss(self.unet, x, self.te(ids)[0].to(self.dtype))
        loss.backward()
        self.opt.step()
        self.opt.zero_grad()
        others = torch.ones(len(self.table), dtype=torch.bool)
        others[self.id] = False
        with torch.no_grad(): self.table[others] = self.before[others]
        return loss.item()

class ScriptDreamBooth(Script):
    "A step of train_dreambooth.py"
    def __init__(self, sd, dtype=torch.float32, lr=5e-6):
        super().__init__(sd, dtype)
        self.te = sd.text_encoder.to(dtype)
        self.unet = sd.unet.train().requires_grad_()
        self.opt = torch.optim.AdamW(self.unet.parameters(), lr=lr, weight_decay=1e-2)
    def __call__(self):
        x,ids = self.batch(['a photo of sks dog']*BS)
        with torch.autocast('cpu', self.dtype, enabled=self.dtype!=torch.float32):
            loss = self.loss(self.unet, x, self.te(ids)[0])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.unet.parameters(), 1.)
        self.opt.step()
        self.opt.zero_grad(set_to_none=False)
        return loss.item()

def prepared(model, mixed='no'):
    "A model, its pictures and accelerate, as `sdcourse teach` has them on a CPU"
    AcceleratorState._reset_state(True)
    sd = load(model, 'cpu', torch.float32)
    sd.unet.set_attn_processor(AttnProcessor())
    return sd,LatentCache(sd, read_pictures(FILES, sd.size)),Accelerator(cpu=True, mixed_precision=mixed)

def ours_inversion(model, numbers, lr=5e-4):
    sd,cache,acc = prepared(model)
    token = add_token(sd, NAME, 'dog')
    if numbers=='bf16': sd = replace(sd, unet=overnight._coarse(sd.unet, torch.bfloat16))
    steps = train_token(sd, token, cache, [[t.format(NAME) for t in TEMPLATES]]*len(FILES),
                        steps=10**6, lr=lr, bs=BS, acc=acc, snr_weight=None)
    return lambda: next(steps).loss

def ours_dreambooth(model, numbers, lr=5e-6):
    sd,cache,acc = prepared(model, numbers.replace('fp32', 'no'))
    opt = torch.optim.AdamW(subject_params(sd), lr=lr, fused=True)
    steps = train_subject(sd, cache, ['a photo of sks dog']*len(FILES), steps=10**6, lr=lr, bs=BS, opt=opt, acc=acc)
    return lambda: next(steps).loss

KINDS = {'textual inversion': (ours_inversion, ScriptInversion, 2.),
         'DreamBooth': (ours_dreambooth, ScriptDreamBooth, 1.7)}
DTYPES = dict(fp32=torch.float32, bf16=torch.bfloat16)

def sides(kind, model, ours='fp32', theirs='fp32', **kw):
    mine,script,_ = KINDS[kind]
    return [mine(model, ours), script(load(model, 'cpu', torch.float32), DTYPES[theirs], **kw)]

def some(f, n, keep=None):
    "A function that takes `n` steps"
    def g():
        for _ in range(n):
            loss = f()
            if keep is not None: keep.append(loss)
    return g

def ratio(fs, take_turns, rounds, repeats, n):
    "Seconds a step of ours and theirs, and their ratio, by two clocks; of the repeats the worst for us"
    runs = [take_turns([some(f, n) for f in fs], rounds, False)/n for _ in range(repeats)]
    for k in (0,1):
        ratios = [o[:,1,k]/o[:,0,k] for o in runs]
        worst = min(range(repeats), key=lambda i: median(ratios[i]))
        yield median(runs[worst][:,0,k]),median(runs[worst][:,1,k]),ratios[worst]

def peak(side, kind, model, numbers):
    "GB that a process of its own has held at most, after some steps of one side"
    out = subprocess.run([sys.executable, __file__, side, kind, model or '', numbers], capture_output=True, text=True)
    return float(out.stdout.split()[-1])

def rows(row, take_turns, rounds=9, repeats=2, n=3, steps=200, quick=False, model=None):
    "The part `train` of the table"
    numbers = overnight._numbers(argparse.Namespace(fp32=False, bf16=False,
        fp16=False)) if not torch.cuda.is_available() else 'fp32'
    ms = lambda t: f'{1000*t:.1f} ms'
    for kind,(_,_,goal) in KINDS.items():
        fs = sides(kind, model, numbers)
        for clock,(a,b,r) in zip(('CPU', 'wall'), ratio(fs, take_turns, rounds, repeats, n)):
            yield row(f'{kind}, a step, batch {BS}, ours {numbers}, {clock}, times faster '
                      f'[{r.min():.2f}..{r.max():.2f}]', ms(a), ms(b), median(r), goal, least=True)
        losses = [[],[]]
        for f,keep in zip(fs, losses): some(f, steps, keep)()
        (a,b),(s,t) = zip(*((x.mean().item(), x.std().item()/len(x)**.5) for x in map(torch.tensor, losses)))
        yield row(f'{kind}, mean loss of {steps} steps, difference in standard errors', f'{a:.4f}', f'{b:.4f}',
                  abs(a-b)/(s*s+t*t)**.5, 2)
        del fs
        gc.collect()
        if quick: continue
        both = [(x, x, {}) for x in ('fp32', *(['bf16'] if numbers=='bf16' else []))] + [(numbers, 'fp32',
            dict(rows=49_408))]*(kind=='textual inversion')
        for mine,theirs,kw in both:
            fs = sides(kind, model, mine, theirs, **kw)
            a,b,r = next(ratio(fs, take_turns, rounds, 1, n))
            table = ", with Stable Diffusion's table of 49,408 rows"*bool(kw)
            yield row(f'    ours {mine}, theirs {theirs}{table}, CPU, times faster', ms(a), ms(b), median(r))
            del fs
            gc.collect()
        p = [peak(s, kind, model, numbers) for s in ('ours', 'script')]
        yield row(f'{kind}, peak memory of the process', *(f'{x:.2f} GB' for x in p), p[0]/p[1], 1)

if __name__=='__main__':
    side,kind,model,numbers = sys.argv[1:]
    f = KINDS[kind][0](model or None, numbers) if side=='ours' else KINDS[kind][1](load(model or None, 'cpu',
        torch.float32))
    for _ in range(4): f()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/(1e6 if sys.platform!='darwin' else 1e9))
