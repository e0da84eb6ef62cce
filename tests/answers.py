"""Answers to the exercises: {lesson: {number: (right, wrong, wrong, ...)}}

The check in the notebook must say 'done' to the first, and must not say so to the others, nor to what the
cell starts with."""
answers = {
'00_core': {
    1: ("upside_down = lambda x: x.flip(1,2)",
        "upside_down = lambda x: x.flip(1)",
        "upside_down = lambda x: x.flip(0)",
        "upside_down = lambda x: x.rot90(1, (1,2))"),
    2: ("negative = lambda x: -x", "negative = lambda x: 1-x", "negative = lambda x: x.abs()"),
    3: ("""def wallpaper(seed, n=4):
    g = torch.Generator().manual_seed(seed)
    h = F.interpolate(torch.randn(1, 1, n, n, generator=g).tile(1,1,3,3), size=192,
                      mode='bicubic')[0,:,64:128,64:128]
    return .1 + .8*torch.cos(2.5*h + torch.tensor([0, .8, 1.6])[:,None,None])""",
        "wallpaper = lambda seed: agate(seed, 2)",
        "wallpaper = lambda seed: agate(seed).roll(3, 1)")},
'01_sprites': {
    1: ("empty = (np.asarray(fox)[...,3]==0).mean()", "empty = (np.asarray(fox)[...,3]<255).mean()",
        "empty = (np.asarray(fox)[...,3]>0).mean()"),
    2: ("cutout = lambda im: ink(im, (40,30,60))",
        "cutout = lambda im: tint(im, 'black')",
        "cutout = lambda im: Image.new('RGBA', im.size, (40,30,60,255))"),
    3: ("hidden_on = min(COLORS, key=lambda c: np.abs(sprites.rim('frog', 'cartoon')-COLORS[c]).sum())",
        "hidden_on = 'teal'",
        "hidden_on = max(COLORS, key=lambda c: np.abs(sprites.rim('frog', 'cartoon')-COLORS[c]).sum())")},
'02_scenes': {
    1: ("""def place(c):
    c.sky((40,10,10), (255,90,20))
    c.hill(c.between(.6,.8), .1, c.between(1,2), c.between(0,6), (90,20,10))""",
        """def place(c):
    c.sky((40,10,10), (255,90,20))
    c.hill(.7, .1, 1.5, 3, (90,20,10))"""),
    2: ("sideways = lambda *a: _gradient(*a).transpose(Image.TRANSPOSE)",
        "sideways = lambda *a: _gradient(*a).rotate(-90)",
        "sideways = lambda size, left, right: _gradient(size, right, left)"),
    3: ("hidden_in = min(_scenes, key=lambda n: np.abs(scene_color(n, 0)-rim('penguin')).sum())",
        "hidden_in = max(_scenes, key=lambda n: np.abs(scene_color(n, 0)-rim('penguin')).sum())",
        "hidden_in = 'night'")},
'03_phrases': {
    1: ("bunny = next(i for i in range(1000) if 'bunny' in caption_of(rabbit, i))",
        "bunny = next(i for i in range(1000) if 'rabbit' in caption_of(rabbit, i))"),
    2: ("frog = dict(single('frog', kind='plain', c='teal'), kind='wear', items=[\n"
        "    dict(name=n, tint=None, auto=False) for n in ('frog','crown')])",
        "frog = single('crown', kind='plain', c='teal')",
        "frog = dict(single('frog', kind='plain', c='teal'), kind='wear', items=[\n"
        "    dict(name=n, tint=None, auto=False) for n in ('crown','frog')])"),
    3: ("share = sum(any(w in caption_of(rabbit, i) for w in PRETTY) for i in range(1000))/1000",
        "share = sum('pretty' in caption_of(rabbit, i) for i in range(1000))/1000")},
'04_stickers': {
    1: ("""mine = World(96, nouns=['fox','owl','whale'], plain_p=dict(watercolor=1.),
             style_p=dict(watercolor=1.))""",
        "mine = World(96, nouns=['fox','owl','whale'], style_p=dict(watercolor=1.))"),
    2: ("""spec = next(s for s in map(cpu.spec, range(1000)) if s['kind']=='ride')
spec = spec | dict(style='cartoon', bg=dict(kind='scene', name='sea', v=1))
spec['items'] = [x | dict(name=n, slug=n, tint=t, real=False) for x,n,
                 t in zip(spec['items'], ('fox','unicorn'), ('blue',None))]""",
        """spec = next(s for s in map(cpu.spec, range(1000)) if s['kind']=='ride')
spec = spec | dict(style='cartoon', bg=dict(kind='scene', name='sea', v=1))"""),
    3: ("n_pairs = sum(n*(n-1)//2 for n in Counter(cpu.key(cpu.spec(i)) for i in range(256)).values())",
        "n_pairs = 256*255//2",
        "n_pairs = 8")},
'05_captions': {
    1: ("prompt = 'an owl to the right of a fox'",
        "prompt = 'a fox next to an owl'",
        "prompt = 'an owl to the left of a fox'"),
    2: ("""favourite = Counter(x['name'] for i in range(1000) for x in parse_caption(
    cpu.caption(cpu.spec(i), i), cpu)['items']).most_common(1)[0][0]""",
        """favourite = Counter(x['name'] for i in range(1000) for x in parse_caption(
    cpu.caption(cpu.spec(i), i), cpu)['items']).most_common()[-1][0]""",
        "favourite = 'house'"),
    3: ("""def say(v): return an(v['forms'][0]['s'])
rides = [f'{say(a)} riding {say(b)}' for a in cpu.riders for b in cpu.mounts]
rides = [p for p in rides if p not in eval_prompts('held_out', 100)]""",
        """def say(v): return an(v['forms'][0]['s'])
rides = [f'{say(a)} riding {say(b)}' for a in cpu.riders for b in cpu.mounts]""",
        "rides = []")},
'06_hub': {
    1: ("chosen = needed(files)", "chosen = needed(repo)", "chosen = []"),
    2: ("share = sum(gb[f] for f in needed(repo, half=True))/sum(gb.values())",
        "share = sum(gb[f] for f in needed(repo))/sum(gb.values())",
        "share = .5"),
    3: ("""def changed(a, b):
    a,b = checksums(a),checksums(b)
    return [f for f in a.keys()|b.keys() if a.get(f)!=b.get(f)]""",
        """def changed(a, b):
    a,b = checksums(a),checksums(b)
    return [f for f in a if f in b and a[f]!=b[f]]""",
        """def changed(a, b):
    a,b = checksums(a),checksums(b)
    return [f for f in a if a[f]!=b.get(f)]""",
        "changed = lambda a, b: []")},
'07_models': {
    1: ("middle = sum(p.numel() for p in sd.unet.mid_block.parameters())",
        "middle = sum(p.numel() for p in sd.unet.parameters())",
        "middle = len(list(sd.unet.mid_block.parameters()))"),
    2: ("ratio = 12", "ratio = 16", "ratio = 4", "ratio = 1/12"),
    3: ("""other = load(device='cpu')
for p in other.unet.mid_block.parameters(): p.data.zero_()""",
        """other = load(device='cpu')
for p in other.unet.parameters(): p.data.zero_()""",
        """other = load(device='cpu')
for p in other.unet.mid_block.parameters(): p = 0""")},
'08_judge': {
    1: ("""from collections import Counter
def most_confused(out, nouns):
    one = nouns.sum(1)==1
    t = nouns[one].argmax(1)
    s = out['noun'][one].argmax(1)
    return Counter((classes['noun'][a],classes['noun'][b]) for a,
                   b in zip(t.tolist(),s.tolist()) if a!=b).most_common(1)[0][0]""",
        "most_confused = lambda out, nouns: ('fox', 'fox')",
        "most_confused = lambda out, nouns: ('car', 'banana')"),
    2: ("enough = 600", "enough = 100", "enough = 990"),
    3: ("""found = (clip_embed(list(real[:200]))@clip_embed(texts=['something yellow to eat']).T)[:,
    0].topk(5).indices""",
        """found = (clip_embed(list(real[:200]))@clip_embed(texts=['something yellow to eat']).T)[:,0].topk(5,
    largest=False).indices""",
        "found = range(5)")},
'83_pages': {
    1: ('''papers = ['red','white','navy']
page = sliders([picture(n, 'flat', p) for n in ('fox','owl') for p in papers],
               dict(noun=['fox','owl']), dict(paper=papers))''',
        "page = sliders([picture('fox', 'flat')]*2, dict(noun=['fox','owl']), dict(paper=['navy']))"),
    2: ("n = 5**3", "n = 25", "n = 15"),
    3: ("page = wiper(picture('fox', 'flat'), picture('cat', 'flat'), titles=['fox','cat'])",
        "page = wiper(picture('fox', 'flat'), picture('fox', 'flat'), titles=['fox','cat'])",
        "page = wiper(picture('fox', 'flat'), picture('cat', 'flat'))")},
'09_prompts': {
    1: ("left = 73", "left = 74", "left = 72"),
    2: ("three = 'zebrafish лиса 狐狸'", "three = 'zebrafish foxling marmot'", "three = 'лиса 狐狸'"),
    3: ("suggested = 'beach'", "suggested = 'bench'", "suggested = 'tree'")},
'10_pipelines': {
    1: ("favourite = generate('a cat at night', seed=3, steps=2)[0]",
        "favourite = generate('a cat', steps=2)[0]"),
    2: ("alone = generate('a car on the beach', seed=23, steps=50)[0]",
        "alone = generate('a car on the beach', seed=22, steps=50)[0]",
        "alone = generate('a car on the beach', seed=23, steps=2)[0]"),
    3: ("""ims = sweep(lambda animal, colour: generate(f'{animal} on a {colour} background', steps=1),
            dict(animal=animals), dict(colour=backgrounds))""",
        """ims = sweep(lambda animal, colour: generate(f'{animal} on a {colour} background', steps=1),
            dict(colour=backgrounds), dict(animal=animals))""",
        """ims = sweep(lambda animal, colour: generate(f'{animal} on a background', steps=1),
            dict(animal=animals), dict(colour=backgrounds))"""),
    4: ("""needed = (lambda guess: 1+next(i for i,o in enumerate(guess) if difference(o, guess[-1])<=10))(film(
    'a heart on a pink background', frames=25)[1])""",
        "needed = 1",
        "needed = 25"),
    5: ("between = (row(sd, 'red')+row(sd, 'blue'))/2",
        "between = row(sd, 'red')",
        "between = row(sd, 'red')+row(sd, 'blue')",
        "between = torch.zeros_like(row(sd, 'red'))")},
'11_guidance': {
    1: ("w = 6.5", "w = 7.5", "w = 8.5"),
    2: ("""four = draw(cfg(prompt_model(sd, prompt), prompt_model(sd, ''),
    torch.tensor([0.,2,5,9], device=sd.device).reshape(-1,1,1,1)), start([1]*4)*sigmas[0])""",
        "four = draw(cfg(prompt_model(sd, prompt), prompt_model(sd, ''), 5), start([1]*4)*sigmas[0])",
        """four = draw(cfg(prompt_model(sd, prompt), prompt_model(sd, ''),
    torch.tensor([9.,5,2,0], device=sd.device).reshape(-1,1,1,1)), start([1]*4)*sigmas[0])"""),
    3: ("""def cfg_unit(cond, uncond, scale=.15):
    size = lambda o: o.flatten(1).norm(dim=1).reshape(-1,1,1,1)
    def model(latents, sigma):
        eps = uncond(latents, sigma)
        d = cond(latents, sigma)-eps
        return eps + scale*d/size(d)*size(eps)
    return model""",
        "cfg_unit = lambda cond, uncond, scale=.15: cfg(cond, uncond, scale)",
        """def cfg_unit(cond, uncond, scale=.15):
    return lambda latents, sigma: (1+scale)*uncond(latents, sigma)"""),
    4: ("scores = [measure(cfg_interval(cfg(cond, uncond, 12), cond, lo, hi))[1] for lo,hi in thirds]",
        "scores = [measure(cfg_interval(cfg(cond, uncond, 12), cond, *thirds[0]))[1]]*3"),
    5: ("two = cfg_negative(bare, anything, prompt_model(sd, 'on the beach'), 4, away=-3)",
        "two = cfg_negative(bare, anything, prompt_model(sd, 'on the beach'), 4, away=3)",
        "two = cfg(bare, anything, 4)")},
'12_img2img': {
    1: ("ours,theirs = 10,10", "ours,theirs = 11,10", "ours,theirs = 10,11"),
    2: ("""x = torch.tensor(np.array(drawing)).permute(2,0,1)[None]/127.5-1
condition = lambda i,start: i>=start""",
        """x = torch.tensor(np.array(drawing)).permute(2,0,1)[None]/255-1
condition = lambda i,start: i>=start""",
        """x = torch.tensor(np.array(drawing)).permute(2,0,1)[None]/127.5-1
condition = lambda i,start: i>start"""),
    3: ("""wide = canvas = photos[0].resize((2*sd.size, sd.size))
canvas.paste(photos[0], (sd.size//2, 0))
wide = inpaint(asks[0], canvas, 1-mask_box(canvas.size, .25, 0, .75, 1), sd, strength=.9)[0]""",
        "wide = photos[0].resize((2*sd.size, sd.size))",
        """wide = photos[0].resize((2*sd.size, sd.size))
wide.paste(photos[0], (sd.size//2, 0))"""),
    4: ("standard_error = lambda p, n: (p*(1-p)/n)**.5",
        "standard_error = lambda p, n: p*(1-p)/n",
        "standard_error = lambda p, n: (p/n)**.5"),
    5: ("""init = to_latents(drawings['a sailboat on a light blue background'], None)
sigmas = noise_levels(sd, 20)
model = guided_prompt(sd, 'a sailboat at night')
nz = noise(sd, [0]).to(init)
m = F.avg_pool2d(fading, sd.factor).to(init)
changed = nz*sigmas[0]
with torch.no_grad():
    for k,(sigma,sigma_next) in enumerate(zip(sigmas, sigmas[1:])):
        changed = changed + (sigma_next-sigma)*model(changed, sigma)
        changed = blend(changed, init, (m>1-(k+1)/20).float(), nz, sigma_next)""",
        "changed = to_latents(drawings['a sailboat on a light blue background'], None)",
        """init = to_latents(drawings['a sailboat on a light blue background'], None)
sigmas = noise_levels(sd, 20)
model = guided_prompt(sd, 'a sailboat at night')
nz = noise(sd, [0]).to(init)
m = F.avg_pool2d(fading, sd.factor).to(init)
changed = nz*sigmas[0]
for k,(sigma,sigma_next) in enumerate(zip(sigmas, sigmas[1:])):
    changed = changed + (sigma_next-sigma)*model(changed, sigma)
    changed = blend(changed, init, (m<(k+1)/20).float(), nz, sigma_next)""")},
'20_score': {
    1: ("forged = walk_until(f, three, 8, .99)", "forged = three", "forged = x[test][y[test]==8][:1]"),
    2: ("best_eps = lambda dtype, central=False: torch.finfo(dtype).eps**(1/3 if central else 1/2)",
        "best_eps = lambda dtype, central=False: torch.finfo(dtype).eps",
        "best_eps = lambda dtype, central=False: 1e-1"),
    3: ("""def tanh(v):
    y = np.tanh(v.value)
    return Var(y, [(v, lambda g: g*(1-y**2))])""",
        """def tanh(v):
    y = np.tanh(v.value)
    return Var(y, [(v, lambda g: g*(1-y))])""",
        "tanh = lambda v: v"),
    4: ("""blend = torch.full((8,1,28,28), -1.)
for s_ in sigmas:
    noisy = blend+s_*torch.randn_like(blend)
    blend = (blend+.3*s_**2*(uphill(clear, noisy, 3,
                                    s_)[0]+uphill(clear, noisy, 5, s_)[0])/2).clamp(-1,1)""",
        """blend = torch.full((8,1,28,28), -1.)
for s_ in sigmas:
    noisy = blend+s_*torch.randn_like(blend)
    blend = (blend-.3*s_**2*(uphill(clear, noisy, 3,
                                    s_)[0]+uphill(clear, noisy, 5, s_)[0])/2).clamp(-1,1)""",
        "blend = torch.full((8,1,28,28), -1.)",
        "blend = torch.randn(8,1,28,28).clamp(-1,1)"),
    5: ("""conv = nn.Sequential(nn.Conv2d(1, 16, 5, 2, 2), nn.SiLU(), nn.Flatten(), nn.Linear(16*14*14, 11))""",
        "conv = nn.Sequential(nn.Flatten(), nn.Linear(784, 11))",
        "conv = nn.Sequential(nn.Conv2d(1, 16, 5, 2, 2), nn.Flatten(), nn.Linear(16*14*14, 10))")},
'21_noising': {
    1: ("sigma10 = x.std().item()/10**.5", "sigma10 = x.std().item()/10", "sigma10 = x.std().item()*10**.5"),
    2: ("not8 = cfg(digit_model(net, 3), digit_model(net, 8), 3)",
        "not8 = cfg(digit_model(net, 8), digit_model(net, 3), 3)"),
    3: ("turned = draw(digit_model(net, 6), fresh[:8]+sigmas[8]*torch.randn(8,1,28,28), sigmas[8:])",
        "turned = fresh[:8]",
        "turned = fresh[:8]+torch.randn(8,1,28,28)",
        "turned = fresh[:7]"),
    4: ("""blind = begin100[:20]
for i in range(25):
    s = noise_level(blind).median().clamp(min=.01)
    blind = blind-.25*s*digit_model(net)(blind, s)""",
        """blind = begin100[:20]
for i in range(25):
    s = noise_level(blind).median().clamp(min=.01)
    blind = blind+.25*s*digit_model(net)(blind, s)""",
        "blind = begin100[:20]/20"),
    5: ("nearest_number = torch.median",
        "nearest_number = torch.max",
        "nearest_number = lambda xs: torch.tensor(0.)")},
'22_autoencoder': {
    1: ("kept = 768//8*(768//8)*4", "kept = 768*768*3", "kept = 64*64*4"),
    2: ("encoder = lesson_net(chs=(3,6,12))[0]", "encoder = lesson_net()[0]"),
    3: ("""straight = DigitAE(8, h=64)
for part in ('enc','dec'):
    setattr(straight, part, nn.Sequential(*(l for l in getattr(straight, part) if not isinstance(l,
        (nn.SiLU,nn.Tanh)))))
train_ae(straight, train, steps=150).requires_grad_(False)""",
        "straight = train_ae(DigitAE(8, h=64), train, steps=20).requires_grad_(False)",
        """straight = DigitAE(8, h=64).requires_grad_(False)
for part in ('enc','dec'):
    setattr(straight, part, nn.Sequential(*(l for l in getattr(straight, part) if not isinstance(l,
        (nn.SiLU,nn.Tanh)))))"""),
    4: ("lucky = trained(16, lr=6e-3)", "lucky = DigitAE(16)"),
    5: ("knob = vae.encode(train)[0].std(0).argmax().item()",
        "knob = vae.encode(train)[0].std(0).argmin().item()")},
'23_contrastive': {
    1: ("by_hand = -math.log(math.e/(math.e+3))", "by_hand = 0.", "by_hand = math.log(4)"),
    2: ("small_or_large = ['a small heart', 'a large heart']",
        "small_or_large = ['a large heart', 'a small heart']",
        "small_or_large = ['a heart', 'a heart']"),
    3: ("""at5 = ((pics[alone]@txts[alone].T)>=(pics[alone]@txts[alone].T).diag()[:,
    None]).sum(1).le(5).float().mean().item()""",
        "at5 = recall_at(pics[alone], txts[alone], 1)",
        "at5 = 1."),
    4: ("""def shared_loss(a, b, temperature, keys):
    sim = F.normalize(a)@F.normalize(b).T/temperature
    y = (keys[:,None]==keys).float()
    y = y/y.sum(1, keepdim=True)
    return (F.cross_entropy(sim, y)+F.cross_entropy(sim.T, y))/2""",
        """def shared_loss(a, b, temperature, keys):
    sim = F.normalize(a)@F.normalize(b).T/temperature
    return F.cross_entropy(sim, (keys[:,None]==keys).float()*2)"""),
    5: ("""class Ordered(nn.Module):
    def __init__(self, n_words, dim=64, n=128, n_places=24):
        super().__init__()
        self.word = nn.Embedding(n_words, n, padding_idx=0)
        self.place = nn.Embedding(n_places, n)
        self.out = nn.Linear(n, dim)
        self.mix = nn.Sequential(nn.Linear(n, n), nn.ReLU())
    def forward(self, ids):
        h = self.word(ids)+self.place.weight[:ids.shape[1]]
        return self.out((self.mix(h)*(ids>0)[...,None]).sum(1))""",
        """class Ordered(nn.Module):
    def __init__(self, n_words, dim=64, n=128, n_places=24):
        super().__init__()
        self.word = nn.Embedding(n_words, n, padding_idx=0)
        self.place = nn.Embedding(n_places, n)
        self.out = nn.Linear(n, dim)
    def forward(self, ids):
        return self.out((self.word(ids)+self.place.weight[:ids.shape[1]]).sum(1))""")},
'24_unet': {
    1: ("n_entries = (768//8)**4", "n_entries = (768//8)**2", "n_entries = 64**4"),
    2: ("n_convs = 16", "n_convs = 15"),
    3: ("""def attend_back(q, k, v):
    later = torch.ones(q.shape[-2], k.shape[-2]).triu(1).bool()
    return (q@k.mT*q.shape[-1]**-.5).masked_fill(later, -torch.inf).softmax(-1)@v""",
        """def attend_back(q, k, v):
    later = torch.ones(q.shape[-2], k.shape[-2]).triu(1).bool()
    return (q@k.mT*q.shape[-1]**-.5).masked_fill(later, 0).softmax(-1)@v""",
        """def attend_back(q, k, v):
    later = torch.ones(q.shape[-2], k.shape[-2]).tril(-1).bool()
    return (q@k.mT*q.shape[-1]**-.5).masked_fill(later, -torch.inf).softmax(-1)@v"""),
    4: ("""class Mute(Watcher):
    def __init__(self, maps, name, positions):
        super().__init__(maps, name)
        self.positions = positions
    def __call__(self, layer, x, encoder_hidden_states=None, attention_mask=None, **kwargs):
        q,k,v = (_split(o, layer.heads) for o in (layer.to_q(x), layer.to_k(encoder_hidden_states),
            layer.to_v(encoder_hidden_states)))
        share = attend(q, k, v)[1]
        share[len(x)//2:,...,self.positions] = 0
        self.maps[self.name] = share.mean(1)
        return layer.to_out[0](_merge(share@v))
heard = lambda: muted('a fox on a red background', 3, [5], steps=2)[1]
class Late(dict):
    def __bool__(self): return True
    def values(self): return heard_now().values()
heard_now,heard = heard,Late()""",
        """class Mute(Watcher):
    def __init__(self, maps, name, positions):
        super().__init__(maps, name)
        self.positions = positions
heard = {'a': torch.ones(2,4,77)}""")},
'30_text': {
    1: ("longest = max(words(world), key=lambda w: len(pieces(w)))",
        "longest = max(words(world), key=len)[:1]",
        "longest = 'fox'"),
    2: ("shared = 4", "shared = 77", "shared = 3", "shared = 0"),
    3: ("scaled = torch.cat([encode_embeddings(sd, k*token_emb(sd, 'a fox')) for k in (0,.5,1,2,4)])",
        "scaled = torch.cat([k*text_emb(sd, 'a fox') for k in (0,.5,1,2,4)])",
        "scaled = text_emb(sd, ['a fox']*5)"),
    4: ("""mix_many = lambda prompts, weights: sum(w*e for w,e in zip(weights, text_emb(sd, prompts)))[None]""",
        "mix_many = lambda prompts, weights: text_emb(sd, prompts).mean(0, keepdim=True)",
        """mix_many = lambda prompts, weights: sum(w*e for w,
                                        e in zip(weights, text_emb(sd, prompts[::-1])))[None]""")},
'31_latents': {
    1: ("n_bytes = 4*96*96*2", "n_bytes = 4*96*96*4", "n_bytes = 3*768*768"),
    2: ("dull = decode(sd, encode(sd, x[:1]/2+.5))",
        "dull = decode(sd, encode(sd, x[:1]))",
        "dull = decode(sd, encode(sd, -x[:1]))"),
    3: ("""again = x[:4]
for _ in range(10): again = decode(sd, encode(sd, again.clamp(-1,1))).clamp(-1,1).float().cpu()""",
        "again = decode(sd, encode(sd, x[:4])).clamp(-1,1).float().cpu()"),
    4: ("""def tint(c, v): return z[9:10]+v*torch.eye(4)[c].reshape(1,4,1,1)
warmer = max((tint(c, v) for c in range(4) for v in (-.5,.5)),
             key=lambda o: (lambda m: (m[0]-m[2]).item())(decode(sd, o).mean((0,2,3))))""",
        """def tint(c, v): return z[9:10]+v*torch.eye(4)[c].reshape(1,4,1,1)
warmer = min((tint(c, v) for c in range(4) for v in (-.5,.5)),
             key=lambda o: (lambda m: (m[0]-m[2]).item())(decode(sd, o).mean((0,2,3))))""",
        "warmer = z[9:10]"),
    5: ("""w_ = torch.linalg.lstsq(F.pad(small[train].permute(0,2,3,1).flatten(0,2), (0,1), value=1.),
                        z[train].permute(0,2,3,1).flatten(0,2)).solution
to_z = lambda colours: (F.pad(colours.permute(0,2,3,1), (0,1), value=1.)@w_).permute(0,3,1,2)""",
        "to_z = lambda colours: torch.randn(len(colours), 4, *colours.shape[2:])",
        "to_z = lambda colours: colours[:,[0,1,2,0]]")},
'32_schedules': {
    1: ("t_equal = sigma_to_t(1.).item()", "t_equal = 500", "t_equal = 999"),
    2: ("""start = sample_sigmas(50, 'leading')[20].item()
left = to_abar(sample_sigmas(50, 'leading')[20]).item()**.5""",
        """start = sample_sigmas(50, 'leading')[30].item()
left = to_abar(sample_sigmas(50, 'leading')[30]).item()**.5""",
        """start = sample_sigmas(50, 'leading')[20].item()
left = to_abar(sample_sigmas(50, 'leading')[20]).item()"""),
    3: ("fewest = next(n for n in range(1, 100) if sample_sigmas(n, 'leading')[0]>10)",
        "fewest = 50",
        "fewest = 2"),
    4: ("""def zero_terminal(abar):
    root = abar.sqrt()
    return ((root-root[-1])*root[0]/(root[0]-root[-1]))**2""",
        "def zero_terminal(abar): return (abar.sqrt()-abar.sqrt()[-1])**2",
        "def zero_terminal(abar): return (abar-abar[-1])*abar[0]/(abar[0]-abar[-1])"),
    5: ("""cosine_sigmas = to_sigma(recipes['cosine'])
t_cosine = np.interp(train_sigmas[500].item(), cosine_sigmas.numpy(), np.arange(1000))""",
        "cosine_sigmas,t_cosine = to_sigma(recipes['cosine']),500")},
'33_sampling': {
    1: ("""away = sample(
    guided_model(sd.unet, text_emb(sd, 'a castle on the beach'), text_emb(sd, 'red'), sd.guidance),
    noise(sd, [1]).to(sd.device)*sigmas[0], sigmas)""",
        """away = sample(
    guided_model(sd.unet, text_emb(sd, 'a castle on the beach'), text_emb(sd, ''), sd.guidance),
    noise(sd, [1]).to(sd.device)*sigmas[0], sigmas)""",
        """away = sample(
    guided_model(sd.unet, text_emb(sd, 'red'), text_emb(sd, 'a castle on the beach'), sd.guidance),
    noise(sd, [1]).to(sd.device)*sigmas[0], sigmas)"""),
    2: ("turned = sample(balloon, add_noise(orig[:1], fixed[:1], sigmas[5]), sigmas[5:])",
        "turned = sample(balloon, add_noise(orig[:1], fixed[:1], sigmas[0]), sigmas)",
        "turned = sample(balloon, orig[:1], sigmas[5:])"),
    3: ("seen = [s.x0_pred for s in denoise(counted, start, sigmas) if s.i%3==0]",
        "seen = [s.x0_pred for s in denoise(counted, start, sigmas)]",
        """seen = [s.latents-s.sigma*counted(s.latents, s.sigma) for s in denoise(counted, start,
    sigmas) if s.i%3==0]"""),
    4: ("halves = lambda latents, sigma: left*castle(latents, sigma) + (1-left)*forest(latents, sigma)",
        "halves = lambda latents, sigma: (1-left)*castle(latents, sigma) + left*forest(latents, sigma)",
        "halves = forest"),
    5: ("""def from_v(v_model):
    def model(latents, sigma):
        size = (sigma**2+1)**.5
        return (latents-(latents/size**2 - v_model(latents/size, sigma)*sigma/size))/sigma
    return model""",
        """def from_v(v_model):
    def model(latents, sigma):
        size = (sigma**2+1)**.5
        return (latents-(latents/size**2 + v_model(latents/size, sigma)*sigma/size))/sigma
    return model""",
        "from_v = lambda v_model: v_model")},
'34_samplers': {
    1: ("""def midpoint(s):
    half = (s.sigma*s.sigma_next)**.5
    if half==0: return euler(s)
    return s.latents+(s.sigma_next-s.sigma)*s.model(s.latents+(half-s.sigma)*s.noise_pred, half)""",
        """def midpoint(s):
    half = (s.sigma*s.sigma_next)**.5
    if half==0: return euler(s)
    return s.latents+(s.sigma_next-s.sigma)*s.model(s.latents, half)"""),
    2: ("mended = {'PNDM, mended': (pndm, OWN_SAMPLERS['LMS, Karras'][1], lambda n: n-1)}",
        "mended = {'PNDM, mended': (lambda: euler, shipped_sigmas, lambda n: n)}"),
    3: ("""def better_lms(order=4):
    inner = lms(order)
    def step(s):
        res = inner(s)
        return heun(s) if s.i<2 else res
    return step""",
        "better_lms = lambda order=2: lms(order)"),
    4: ("""def early(s): return (ancestral if s.sigma>1 else euler)(s)
def late(s): return (euler if s.sigma>1 else ancestral)(s)""",
        "early = late = ancestral",
        """def late(s): return (ancestral if s.sigma>1 else euler)(s)
def early(s): return (euler if s.sigma>1 else ancestral)(s)""")},
'35_losses': {
    1: ("flip_loss = lambda x: (x-x.flip(-2)).square().mean((1,2,3))",
        "flip_loss = lambda x: (x-x.flip(-1)).square().mean((1,2,3))",
        "flip_loss = lambda x: x.square().mean((1,2,3))"),
    2: ("every_fifth = lambda s: 2000*(s.i%5==0)",
        "every_fifth = lambda s: 400*(s.i%5==0)",
        "every_fifth = lambda s: 2000*(s.i%5!=0)"),
    3: ("""def tenth(loop, loss_fn):
    for s in loop:
        g = slope(loss_fn, s.x0_pred)
        s.x0_pred = s.x0_pred - .1*s.x0_pred.norm()*g/g.norm()
        yield s""",
        """def tenth(loop, loss_fn):
    for s in loop:
        g = slope(loss_fn, s.x0_pred)
        s.x0_pred = s.x0_pred + .1*s.x0_pred.norm()*g/g.norm()
        yield s""",
        """def tenth(loop, loss_fn):
    for s in loop:
        s.x0_pred = s.x0_pred - .1*slope(loss_fn, s.x0_pred)
        yield s"""),
    4: ("""def gram(f):
    f = f.flatten(2)
    return f@f.transpose(1,2)/f.shape[2]""",
        "gram = lambda f: torch.zeros(len(f), f.shape[1], f.shape[1])",
        "gram = lambda f: f.flatten(2).mean(2)[:,:,None].expand(-1,-1,f.shape[1])")},
'36_optimizers': {
    1: ("beta = -.7", "beta = .7", "beta = -.1"),
    2: ("faded = integrate(world, begin, sigmas, OptStep(partial(SGD, weight_decay=.1))).std()",
        "faded = integrate(world, begin, sigmas).std()",
        "faded = 0."),
    3: ("""def gam_step(gam):
    past = Past(2)
    def step(s):
        kept = past.add(s, s.noise_pred)
        return s.latents+(s.sigma_next-s.sigma)*(gam*kept[0]+(1-gam)*kept[-1])
    return step""",
        """def gam_step(gam):
    past = Past(2)
    def step(s):
        kept = past.add(s, s.noise_pred)
        return s.latents+(s.sigma_next-s.sigma)*(gam*kept[-1]+(1-gam)*kept[0])
    return step""",
        "gam_step = lambda gam: lambda s: s.latents+(s.sigma_next-s.sigma)*gam*s.noise_pred")},
'60_maths': {
    1: ("n_half = math.ceil(math.log(.5)/math.log(.99))", "n_half = 50", "n_half = 100"),
    2: ("""def guess_even(x, sigma):
    def log_p(x): return ((torch.special.ndtr((x+1)/sigma)-torch.special.ndtr((x-1)/sigma))/2).log()
    return tweedie(x, sigma, slope(log_p)(x))""",
        "guess_even = lambda x, sigma: x.clamp(-1,1)"),
    3: ("weight_for_x0 = lambda t: abar[t]/(1-abar[t])",
        "weight_for_x0 = lambda t: (1-abar[t])/abar[t]",
        "weight_for_x0 = lambda t: abar[t]"),
    4: ("""def hutchinson(f, x, n=4000):
    z = torch.randint(0, 2, (n,*x.shape), generator=rng(0))*2.-1
    return torch.func.vmap(lambda z: z@torch.func.jvp(f, (x,), (z,))[1])(z).mean()""",
        """def hutchinson(f, x, n=4000):
    z = torch.randint(0, 2, (n,*x.shape), generator=rng(0))*1.
    return torch.func.vmap(lambda z: z@torch.func.jvp(f, (x,), (z,))[1])(z).sum()"""),
    5: ("""def langevin(x, density, n=400, h=.02, generator=None):
    for _ in range(n): x = x+h*density.score(x)+(2*h)**.5*torch.randn(x.shape, generator=generator)
    return x""",
        """def langevin(x, density, n=400, h=.02, generator=None):
    for _ in range(n): x = x+h*density.score(x)
    return x""",
        """def langevin(x, density, n=400, h=.02, generator=None):
    for _ in range(n): x = x+h*density.score(x)+2*h*torch.randn(x.shape, generator=generator)
    return x""")},
'61_iterators': {
    1: ("""def peek(it):
    first = next(it)
    return first,chain([first], it)""",
        "peek = lambda it: (next(it), iter('abc'[1:]))"),
    2: ("share = lambda xs, k, n: islice(xs, k, None, n)",
        "share = lambda xs, k, n: islice(xs, k)",
        "share = lambda xs, k, n: islice(xs, 0, None, n)"),
    3: ("""def windows(xs, n):
    it = iter(xs)
    w = deque(islice(it, n-1), maxlen=n)
    for x in it:
        w.append(x)
        yield tuple(w)""",
        """def windows(xs, n):
    it = iter(xs)
    while w := tuple(islice(it, n)): yield w"""),
    4: ("""def forever(f):
    while True: yield from f()""",
        """def forever(f):
    yield from f()
    yield from f()""")},
'62_matrix': {
    1: ("""m = Matrix([[1,2,3,6.], [10,0,10,0]])
centred = m-m.sum(1)*(1/m.shape[1])
normal = centred/((centred*centred).sum(1)*(1/m.shape[1]))**.5""",
        """m = Matrix([[1,2,3,6.], [10,0,10,0]])
normal = m-m.sum(1)*(1/m.shape[1])"""),
    2: ("B = Matrix([[(abs(i-j)<2)/3 for j in range(48)] for i in range(48)])",
        "B = Matrix([[1/48 for j in range(48)] for i in range(48)])"),
    3: ("outer = lambda a, b: sum(a[:,k,None]*b[k] for k in range(len(b)))",
        "outer = lambda a, b: a[:,0,None]*b[0]",
        "outer = lambda a, b: torch.zeros(len(a), b.shape[1])"),
    4: ("""softer = lambda latents, sigma: (latents-mean_shift(latents, data,
    max(sigma, torch.tensor(5.))))/sigma""",
        "softer = lambda latents, sigma: (latents-mean_shift(latents, data, sigma))/sigma",
        "softer = lambda latents, sigma: latents/sigma")},
'63_randoms': {
    1: ("die = lambda rng: int(6*rng.rand())+1",
        "die = lambda rng: int(6*rng.rand())",
        "die = lambda rng: round(5*rng.rand())+1"),
    2: ("""rng = WichmannHill(77); drawn_noise = rng.randn(4,16,16)
found = rng.jump(-4*16*16).randn(4,16,16)""",
        """rng = WichmannHill(77); drawn_noise = rng.randn(4,16,16)
found = rng.jump(-1).randn(4,16,16)"""),
    3: ("""def shuffled(xs, rng):
    xs = list(xs)
    for i in range(len(xs)-1, 0, -1):
        j = int((i+1)*rng.rand())
        xs[i],xs[j] = xs[j],xs[i]
    return xs""",
        """def shuffled(xs, rng):
    xs = list(xs)
    for i in range(len(xs)):
        j = int(len(xs)*rng.rand())
        xs[i],xs[j] = xs[j],xs[i]
    return xs""",
        "shuffled = lambda xs, rng: list(xs)[::-1]"),
    4: ("""gaps = lambda u: float(
    len((torch.as_tensor(u[1:1000])-torch.as_tensor(u[:999])).mul(1e4).round().unique())>10)""",
        "gaps = lambda u: 0.")},
'84_widgets': {
    1: ("""page = sliders([generate('a frog', sd, seed=s, steps=n)[0] for n in (2,5,20) for s in (0,1)],
               dict(steps=[2,5,20]), dict(seed=[0,1]))""",
        """page = sliders([generate('a frog', sd, seed=s, steps=n)[0] for s in (0,1) for n in (2,3,4)],
               dict(seed=[0,1]), dict(steps=[2,5,20]))"""),
    2: ("""def for_secs(todo, secs):
    end = time.perf_counter()+secs
    for o in todo:
        yield o
        if time.perf_counter()>end: return""",
        "for_secs = lambda todo, secs: []"),
    3: ("run_button = lambda todo, each: Job(todo, each, lambda end: None)",
        """def run_button(todo, each):
    for o in todo: each(o)
    return threading.current_thread()""")},
'85_follow': {
    1: ("too_large = pipe.vae.config.scaling_factor/.18215",
        "too_large = .18215",
        "too_large = .18215/pipe.vae.config.scaling_factor"),
    2: ("first_step = lambda strength, steps: steps-round(strength*steps)",
        "first_step = lambda strength, steps: round(strength*steps)"),
    3: ("""def swap(text, old, new):
    for word in (old, new):
        if len(tokenizer.tokenize(word))!=1: raise ValueError(word)
    return with_row(text, old, row(new))""",
        "swap = lambda text, old, new: with_row(text, old, row(new))",
        "swap = lambda text, old, new: embed(text)")},
'40_training': {
    1: ("trapezoid = lambda p: min(1, 10*(1-p))",
        "trapezoid = lambda p: 1-p",
        "trapezoid = lambda p: min(1, 2*(1-p))"),
    2: ("weight_100 = .5914", "weight_100 = 8.45", "weight_100 = 1"),
    3: ("lazy_loss = (2-2*(1-abar).sqrt()).mean()", "lazy_loss = 1.", "lazy_loss = abar.mean()")},
'70_networks': {
    1: ("n = len(tok('a fox on a teal background').input_ids)", "n = 6", "n = 77"),
    2: ("small = dict(r, unet=dict(r['unet'], block_out_channels=(32,64,128)))",
        "small = dict(r, unet=dict(r['unet'], block_out_channels=(48,96,144)))",
        "small = RECIPES['gpu']"),
    3: ("times = 128*128*3/(16*16*4)", "times = 128*128/(16*16)", "times = 3/4")},
'71_stages': {
    1: ("world = StickerData(r, **UnetStage.odds).world\n"
        "share = sum(world.spec(i)['kind']=='single' for i in range(1000))/1000",
        "share = .8", "share = .835"),
    2: ("mb = 64_000*2*4*16*16/1e6", "mb = 64_000*4*16*16/1e6", "mb = .131"),
    3: ("drawn = 'b'", "drawn = 'a'", "drawn = 'c'")},
'72_release': {
    1: ("each = path.stat().st_size/sum(w.numel() for w in load_file(path).values())",
        "each = 4", "each = path.stat().st_size"),
    2: ("points = 100*(.8*.2/500)**.5", "points = 100*(.8/500)**.5", "points = 100*.8*.2/500"),
    3: ('''def missed(rows):
    return [o['figure'] for o in rows if o['goal'] is not None
            and (o['value']<o['goal'])!=(o['figure']=='seconds')]''',
        '''def missed(rows):
    return [o['figure'] for o in rows if o['goal'] and o['value']<o['goal']]''',
        "missed = lambda rows: ['noun']")},
'73_recipe': {
    1: ("seed = (1000*4+2)*64", "seed = 1000*4+2", "seed = (1000*4+1)*64"),
    2: ("speed = 517_000/(166*60)", "speed = 517_000/166", "speed = 60"),
    3: ("n = next(n for n in range(999) if .998**n<.5)", "n = 500", "n = 346")},
'50_distill': {
    1: ("fewer = 25", "fewer = 12.5", "fewer = 50"),
    2: ("""quartered = lambda model, latents, s0, s1, s2, s3, s4: halved(
    lambda l, s: halved(model, l, s0, s1, s2) if (s==s0).all() else halved(model, l, s2, s3, s4),
    latents, s0, s2, s4)""",
        "quartered = lambda model, latents, s0, s1, s2, s3, s4: halved(model, latents, s0, s2, s4)*2"),
    3: ("row = [generate('a fox', quick, guidance=w)[0] for w in (1.,3.,6.,9.)]",
        "row = [generate('a fox', quick)[0]]*4"),
    4: ("""# the lesson's own ladder is not trained for this
by = {('progressive',1): score(run(says(net), 1))}
skipped = {n: score(run(says(learn(two_in_one(guided, n), net, 2)), n)) for n in (4,1)}""",
        "skipped = {8: score(run(says(net), 8))}",
        """by = {('progressive',1): score(run(says(net), 1))}
skipped = {4: score(run(says(net), 4)), 1: by['progressive',1]}""")},
'41_textual_inversion': {
    1: ("shorten = lambda vec, like: vec*like.norm(dim=1, keepdim=True)/vec.norm(dim=1, keepdim=True)",
        "shorten = lambda vec, like: vec/vec.norm(dim=1, keepdim=True)",
        "shorten = lambda vec, like: like",
        "shorten = lambda vec, like: -vec*like.norm()/vec.norm()"),
    2: ("half_way = lambda a, b: torch.lerp(a, b, .5)",
        "half_way = lambda a, b: a+b",
        "half_way = lambda a, b: torch.lerp(a, b, .25)",
        "half_way = lambda a, b: a"),
    3: ('def convert(o, path): save_file({f\'<{o["name"]}>\': o[\'string_to_param\'][\'*\']}, path)',
        "def convert(o, path): save_file(o['string_to_param'], path)",
        "def convert(o, path): save_file({'<wobbly>': o['string_to_param']['*'][:1].clone()}, path)",
        "def convert(o, path): save_file({'<wobbly>': torch.zeros(2, 128)}, path)",
        "def convert(o, path): return path"),
    4: ("steps_to_half = 34657", "steps_to_half = 25000", "steps_to_half = 50000", "steps_to_half = 3000")},
'42_lora': {
    1: ("n_thin = 1600", "n_thin = 320*1280", "n_thin = 2"),
    2: ("at_weight = lambda layer, x, w: (1-w)*layer.base(x)+w*layer(x)",
        "at_weight = lambda layer, x, w: w*layer(x)",
        "at_weight = lambda layer, x, w: layer.base(x)+w*layer.up(layer.down(x))",
        "at_weight = lambda layer, x, w: layer(x)"),
    3: ("""def thinner(layer, rank):
    u,s,vh = torch.svd_lowrank(layer.delta, q=30, niter=10)
    return vh[:,:rank].T, u[:,:rank]*s[:rank]""",
        "thinner = lambda layer, rank: (layer.down.weight[:rank], layer.scale*layer.up.weight[:,:rank])",
        """def thinner(layer, rank):
    u,s,vh = torch.linalg.svd(layer.delta, full_matrices=False)
    return s[:rank]**.5*vh[:rank].T, u[:,:rank].T""",
        """def thinner(layer, rank):
    u,s,vh = torch.linalg.svd(layer.delta, full_matrices=False)
    return vh[:rank], u[:,:rank]""")},
'43_dreambooth': {
    1: ("ten = fewest_switches(10, 'lora', bs=4)", "ten = ()", "ten = SWITCHES"),
    2: ("""load_lora(sd.unet, lora_file); merge_lora(sd.unet, .5)
half_rusty = generate_quick(sd, [f'a sks robot {o}' for o in scenes[:4]], 40)""",
        """load_lora(sd.unet, lora_file); merge_lora(sd.unet, 1.)
half_rusty = generate_quick(sd, [f'a sks robot {o}' for o in scenes[:4]], 40)""",
        "half_rusty = generate_quick(sd, [f'a sks robot {o}' for o in scenes[:4]], 40)"),
    3: ("""nova = read_pictures([folder/f'dreambooth_nova_{i}.png' for i in range(6)], 128)
your_judge = SubjectJudge(nova[:3], 'cat')
said = json.loads((folder/'subjects.json').read_text())['nova']['captions']
with fast():
    for s in train_subject(sd, LatentCache(sd, read_pictures(nova, sd.size)), said, prior,
                           snr_weight=by_noise, teacher=teacher, steps=180):
        pass
    yours = generate_quick(sd, [f'a sks cat {o}' for o in scenes], 40)""",
        """restore()
your_judge = SubjectJudge(read_pictures([folder/f'dreambooth_nova_{i}.png' for i in range(3)], 128),
                          'cat')
with fast(): yours = generate_quick(sd, [f'a sks cat {o}' for o in scenes], 40)""",
        "your_judge,yours = judge,drawn('sks')")},
'44_structure': {
    1: ("channels,zeros = 10,3456",
        "channels,zeros = 10,5760",
        "channels,zeros = 6,3456",
        "channels,zeros = 10,54"),
    2: ("frame_mask = lambda size, keep=.5: 1-mask_box(size, *[(1-keep)/2]*2, *[(1+keep)/2]*2)",
        "frame_mask = lambda size, keep=.5: mask_box(size, *[(1-keep)/2]*2, *[(1+keep)/2]*2)",
        "frame_mask = lambda size, keep=.5: 1-mask_box(size, .25, .25, .75, .75)",
        "frame_mask = lambda size, keep=.5: torch.ones(1,1,size,size)"),
    3: ("""two_scales = lambda none, with_map, both, s_map, s_text: lambda latents, sigma: none(latents, sigma)+s_map*(with_map(latents, sigma)-none(latents, sigma))+s_text*(both(latents, sigma)-with_map(latents, sigma))""",
        """two_scales = lambda none, with_map, both, s_map, s_text: lambda latents, sigma: none(latents, sigma)+s_map*(with_map(latents, sigma)-none(latents, sigma))+s_text*(both(latents, sigma)-none(latents, sigma))""",
        "two_scales = lambda none, with_map, both, s_map, s_text: both")},
'45_upscale': {
    1: ("least_wrong = lambda guesses: guesses.mean(0)",
        "least_wrong = lambda guesses: guesses[4]",
        "least_wrong = lambda guesses: guesses.median(0).values",
        "least_wrong = lambda guesses: guesses.sum(0)"),
    2: ("n_tiles,mib = 121,64", "n_tiles,mib = 64,64", "n_tiles,mib = 121,16", "n_tiles,mib = 100,64"),
    3: ("def misfit(x, small): return (shrink(x, x.shape[-1]//small.shape[-1])-small).abs().mean()",
        "def misfit(x, small): return (shrink(x, 4)[...,:1,:1]-small).abs().mean()",
        "def misfit(x, small): return (F.interpolate(x, small.shape[-2:])-small).abs().mean()",
        "def misfit(x, small): return (shrink(x, x.shape[-1]//small.shape[-1])-small).square().mean()")},
'51_editing': {
    1: ("calls = 25", "calls = 18", "calls = 28", "calls = 14"),
    2: ("early = lambda s: s.latents + (s.sigma_next-s.sigma)*s.model(s.latents, s.sigma_next)",
        "early = euler",
        "early = inversion_step(1)",
        "early = lambda s: s.latents + (s.sigma_next-s.sigma)*s.model(s.latents, s.sigma)"),
    3: ("grown = lambda mask: F.max_pool2d(mask, 3, 1, 1)",
        "grown = lambda mask: mask",
        "grown = lambda mask: F.max_pool2d(mask, 5, 1, 2)",
        "grown = lambda mask: F.max_pool2d(mask, 3, 1, 0)",
        "grown = lambda mask: F.avg_pool2d(mask, 3, 1, 1)",
        "grown = lambda mask: torch.ones(7, 8)"),
    4: ("""def pair_up(model, x, sigmas):
    y = x
    for lo,hi in zip(sigmas.flip(0), sigmas.flip(0)[1:]):
        y = y + (hi-lo)*model(x, hi)
        x = x + (hi-lo)*model(y, hi)
    return x,y
def pair_down(model, xy, sigmas):
    x,y = xy
    for hi,lo in zip(sigmas, sigmas[1:]):
        x = x - (hi-lo)*model(y, hi)
        y = y - (hi-lo)*model(x, hi)
    return x,y""",
        """def pair_up(model, x, sigmas): return x,x
def pair_down(model, xy, sigmas): return xy""",
        """def pair_up(model, x, sigmas):
    y = x
    for lo,hi in zip(sigmas.flip(0), sigmas.flip(0)[1:]):
        y = y + (hi-lo)*model(x, hi)
        x = x + (hi-lo)*model(y, hi)
    return x,y
def pair_down(model, xy, sigmas):
    x,y = xy
    for hi,lo in zip(sigmas, sigmas[1:]):
        y = y - (hi-lo)*model(x, hi)
        x = x - (hi-lo)*model(y, hi)
    return x,y""",
        """def pair_up(model, x, sigmas): return (invert(model, x, sigmas)[0],)*2
def pair_down(model, xy, sigmas): return (sample(model, xy[0], sigmas),)*2""")},
'52_imagic': {
    1: ("between = lambda learned, target, alpha: alpha*target + (1-alpha)*learned",
        "between = lambda learned, target, alpha: alpha*learned + (1-alpha)*target",
        "between = lambda learned, target, alpha: alpha*target",
        "between = lambda learned, target, alpha: learned + alpha*target"),
    2: ("lerped = lambda learned, target, alpha: torch.lerp(learned, target, alpha)",
        "lerped = lambda learned, target, alpha: torch.lerp(target, learned, alpha)",
        "lerped = lambda learned, target, alpha: alpha*target"),
    3: ("readers = lambda unet: [p for k,p in unet.named_parameters() if 'attn2' in k]",
        "readers = lambda unet: [p for k,p in unet.named_parameters() if 'attn' in k]",
        "readers = lambda unet: [p for k,p in unet.named_parameters() if 'attn1' in k]",
        "readers = lambda unet: [p for k,p in unet.named_parameters() if 'attn2.to_k' in k]",
        "readers = lambda unet: [p for p in unet.parameters() if p.ndim<3]",
        "readers = lambda unet: list(unet.parameters())[1:2]")},
'80_compute': {
    1: ("gb_half,gb_training = 859_520_964*2/1e9,859_520_964*16/1e9",
        "gb_half,gb_training = 1.719,3.44",
        "gb_half,gb_training = 3.44,13.75"),
    2: ("why = 'softmax divides by the sum over all keys'", "why = 'it is slower'"),
    3: ("tile_db = {t: psnr(whole().clamp(-1,1), in_tiles(t, t//4).clamp(-1,1)).item() for t in (16,48)}",
        "tile_db = {16:30.}",
        "tile_db = {16:30., 48:20.}"),
    4: ("per_layer = peak_bytes(lambda: grads(lambda: checkpointed([l for b in blocks for l in b], x)))",
        "per_layer = peak_bytes(lambda: grads(lambda: checkpointed(blocks, x)))",
        "per_layer = 1")},
'81_glossary': {
    1: ("word = define('denoised').word", "word = 'denoised'"),
    2: ("n_without = sum(not t.code for t in TERMS)", "n_without = 0", "n_without = len(TERMS)"),
    3: ("""ten = Quiz(10, seed=7)
answers = [want for _,_,want,_ in ten.items]""",
        """ten = Quiz(10, seed=7)
answers = [(want+1)%4 if isinstance(want, int) else 'no' for _,_,want,_ in ten.items]"""),
    4: ("""mine = ('What is t?', ('a time step', 'a token', 'a tensor', 'a temperature'), '33_sampling#Step')""",
        "mine = ('What is t?', ('a', 'a', 'b', 'c'), '33_sampling#Step')",
        "mine = ('What is t?',)")},
'46_overnight': {
    1: ("goes_on = 57//20*20", "goes_on = 57", "goes_on = 60"),
    2: ("def numbers(k): return torch.rand(2, generator=step_rng(0, k))",
        "def numbers(k): return torch.rand(2)",
        "def numbers(k): return torch.rand(2, generator=step_rng(0, 7))"),
    3: ("""def save_safely(path, text, write):
    write(path.with_suffix('.new'), text)
    path.with_suffix('.new').replace(path)""",
        "def save_safely(path, text, write): write(path, text)",
        """def save_safely(path, text, write):
    path.unlink()
    write(path.with_suffix('.new'), text)
    path.with_suffix('.new').replace(path)""")},
'82_cli': {
    1: ("third = 102", "third = 103", "third = 100", "third = 2"),
    2: ("side = 1600", "side = 1664", "side = 1632", "side = 1024"),
    3: ("""def words():
    "The words that the embedded model knows"
    print(*captions.words(stickers.make_world()), sep='\\n')""",
        """def words():
    "One word"
    print('a fox')""",
        """def words():
    "The words of the other world"
    print(*captions.words(stickers.make_world('gpu')), sep='\\n')""")},
}
# these draw much, or train what their lesson trains: with -m slow
SLOW = {'08_judge', '10_pipelines', '11_guidance', '12_img2img', '20_score', '21_noising',
        '22_autoencoder', '23_contrastive', '40_training', '41_textual_inversion', '43_dreambooth',
        '50_distill'}
# these take more than 10 s: with -m heavy
HEAVY_ONES = {'31_latents', '33_sampling', '35_losses', '44_structure', '84_widgets', '85_follow'}
# what stands for the pages before, where they train for minutes
INSTEAD = {'43_dreambooth': '''
import json, tempfile, torch, torch.nn as nn
from copy import deepcopy
from fastcore.test import *
from sdcourse.core import set_seed, to_tensor
from sdcourse.dreambooth import *
from sdcourse.lora import *
from sdcourse.models import half_precision, load
from sdcourse.captions import eval_prompts
from sdcourse.sprites import DATA
from sdcourse.training import LatentCache, read_pictures
set_seed(42)
sd,folder = load(dtype=torch.float32),DATA/'subjects'
def fast(): return half_precision(sd.device)
scenes = ['on a blue background', 'in the snow', 'in the desert', 'in the city', 'at night', 'in space', 'on a green background', 'on the grass']
untouched,teacher = deepcopy(sd.unet.state_dict()),deepcopy(sd.unet)
def restore():
    remove_lora(sd.unet)
    sd.unet.load_state_dict(untouched)
def robots_in(places, word): return [' '.join(f'a {word} robot {o}'.split()) for o in places]
def drawn(word, seed=40):
    with fast(): return generate_quick(sd, robots_in(scenes, word), seed)
with fast(): pictures,said = class_pictures(sd, 'a cat', 8)
old,captions = replay(80)
pictures,said = pictures+old,said+captions
prior = LatentCache(sd, pictures),said
large = read_pictures([folder/f'dreambooth_rusty_{i}.png' for i in range(6)], 128)
judge,cache = SubjectJudge(large[:3], 'robot'),LatentCache(sd, read_pictures(large, sd.size))
add_lora(sd.unet, 4, targets=EVERYWHERE)
with fast():
    for s in train_subject(sd, cache, json.loads((folder/'subjects.json').read_text())['rusty']['captions'], steps=30, lr=3e-3): pass
lora_file = save_lora(sd.unet, tempfile.mkdtemp())
restore()
'''}
