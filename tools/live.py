"""What the page that draws in the browser needs, gathered in _site/live: `python tools/live.py`; `make docs`
does it too.

The embedded model as three ONNX graphs with its weights in half precision, its words, and the runtime
onnxruntime-web, one pinned release of it from npm. What is there and right already is kept. What can't be had
is said in one line, and the page says it too."""
import base64, hashlib, json, re, shutil, subprocess, sys, tarfile, warnings
from importlib.util import find_spec
from pathlib import Path

root = Path(__file__).resolve().parent.parent
source = root/'docs'/'live'
built = root/'_site'/'live'
weights = root/'sdcourse'/'weights'/'stickers'
RUNTIME = 'onnxruntime-web@1.30.0'
INTEGRITY = 'sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=='
# what runs on any browser, of more than a hundred
FILES = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']

class Missing(Exception): "Why there is no page that draws"

def unpack(file, to):
    "The runtime out of the npm package `file`, if it is the one that we know"
    found = 'sha512-'+base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()
    if found != INTEGRITY: raise Missing(f'{file.name} is not the {RUNTIME} that was tried (its checksum is {found})')
    with tarfile.open(file) as tar:
        for f in FILES: (to/f).write_bytes(tar.extractfile(f'package/dist/{f}').read())
    (to/'which').write_text(RUNTIME)

def runtime(to, secs=300):
    "onnxruntime-web in the folder `to`; npm knows where to get it"
    if (to/'which').exists() and (to/'which').read_text() == RUNTIME: return
    to.mkdir(parents=True, exist_ok=True)
    npm = shutil.which('npm')
    if not npm: raise Missing('npm (of Node.js) is needed once, to fetch onnxruntime-web')
    print(f'fetching {RUNTIME}, once', flush=True)
    cmd = [npm, 'pack', RUNTIME, '--loglevel=error', '--fetch-retries=0', f'--pack-destination={to}']
    try: r = subprocess.run(cmd, capture_output=True, text=True, timeout=secs, cwd=to)
    except subprocess.TimeoutExpired: raise Missing(f'npm has not brought {RUNTIME} in {secs} s') from None
    packed = sorted(to.glob('*.tgz'))
    try:
        if r.returncode or not packed:
            why = re.findall('npm error code (.+)', r.stderr) or ['it does not say why']
            raise Missing(f'npm could not bring {RUNTIME} ({why[0]})')
        unpack(packed[-1], to)
    finally:
        for f in packed: f.unlink()

def halved(model):
    "The same model with its weights stored in half precision, if that loses nothing; loading makes them float32"
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper
    casts = []
    for w in model.graph.initializer:
        if w.data_type != TensorProto.FLOAT: continue
        a, name = numpy_helper.to_array(w), w.name
        with np.errstate(over='ignore'): half = a.astype(np.float16)
        if a.size < 64 or not np.array_equal(half.astype(np.float32), a): continue
        w.CopyFrom(numpy_helper.from_array(half, name+'.half'))
        casts.append(helper.make_node('Cast', [name+'.half'], [name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts+nodes)
    return model

def graphs(sd, to):
    "Text encoder, U-Net and decoder as ONNX files, for one picture with guidance"
    import io, onnx, torch
    class Call(torch.nn.Module):
        "One call of a part, as a module"
        def __init__(self, part, f):
            super().__init__()
            self.part, self.f = part, f
        def forward(self, *args): return self.f(self.part, *args)
    f = sd.factor
    x = torch.zeros(2, sd.vae.config.latent_channels, sd.size//f, sd.size//f)
    emb = torch.zeros(2, 77, sd.text_encoder.config.hidden_size)
    ids = torch.zeros(2, 77, dtype=torch.int64)
    jobs = dict(text=(Call(sd.text_encoder, lambda m,ids: m(ids)[0]), (ids,), ['ids']),
                unet=(Call(sd.unet, lambda m,x,t,emb: m(x, t, emb).sample), (x, torch.zeros(1), emb),
                      ['latents','t','text']),
                vae=(Call(sd.vae, lambda m,x: m.decode(x/m.config.scaling_factor).sample), (x[:1],), ['latents']))
    to.mkdir(parents=True, exist_ok=True)
    for name,(module,args,names) in jobs.items():
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter('ignore')   # the older exporter: six times faster, and needs one package less
            torch.onnx.export(module.eval(), args, out := io.BytesIO(), dynamo=False,
                              opset_version=17, input_names=names, output_names=['out'])
        onnx.save(halved(onnx.load_from_string(out.getvalue())), to/f'{name}.onnx')

def facts(sd):
    "What the page has to know, and the tokenizer"
    from sdcourse.core import to_tensor
    from sdcourse.latents import encode, fit_rgb
    from sdcourse.captions import eval_prompts, words
    from sdcourse.stickers import make_world
    world = make_world()
    folder = weights/'tokenizer'
    ims = to_tensor([world[i][0] for i in range(64)])
    weight, bias = fit_rgb(encode(sd, ims), ims)
    merges = (folder/'merges.txt').read_text(encoding='utf-8').splitlines()[1:]
    tok = dict(vocab=json.loads((folder/'vocab.json').read_text(encoding='utf-8')),
               merges=[m for m in merges if m], length=sd.tokenizer.model_max_length)
    prompts = list(dict.fromkeys(eval_prompts('object', 198)+eval_prompts('scene', 99)))
    return dict(guidance=sd.guidance, width=sd.text_encoder.config.hidden_size,
                rgb=dict(weight=weight[:,:,0,0].tolist(), bias=bias.tolist()),
                nouns=world.nouns, words=words(world), prompts=prompts), tok

def stamp():
    "What the graphs were made from"
    return hashlib.sha256(Path(__file__).read_bytes()+(weights/'checksums.json').read_bytes()).hexdigest()

def model(to):
    "The model and what goes with it, in the folder `to`"
    if (to/'made-from').exists() and (to/'made-from').read_text() == stamp(): return
    if not find_spec('onnx'): raise Missing("the package onnx is not installed: pip install -e '.[docs]'")
    print('exporting the model, once', flush=True)
    from sdcourse.models import load
    sd = load('stickers', device='cpu')
    graphs(sd, to/'model')
    known, tok = facts(sd)
    (to/'words.json').write_text(json.dumps(tok), encoding='utf-8')
    # in the order that worker.js takes them
    loads = [f'ort/{FILES[-1]}', 'words.json', 'model/text.onnx', 'model/unet.onnx', 'model/vae.onnx']
    known['bytes'] = {f: (to/f).stat().st_size for f in loads}
    (to/'facts.json').write_text(json.dumps(known), encoding='utf-8')
    (to/'made-from').write_text(stamp())

def make():
    "All of it; returns why there is none, or None"
    try:
        built.mkdir(parents=True, exist_ok=True)
        runtime(built/'ort')
        model(built)
    except Missing as e: return str(e)

def page(src):
    "What Sphinx needs in the folder `src`; returns the text of the page, and why it can't draw, or None"
    why = make()
    to = src/'extra'/'live'
    text = (source/'page.md').read_text(encoding='utf-8')
    for old in (to, src.parent/'html'/'live'): shutil.rmtree(old, ignore_errors=True)
    if why:
        before, rest = text.split('```{raw} html', 1)
        text = f'**This copy of the site was built without it:** {why}. `make docs` with a network makes it whole.'
        return f'{before}{text}\n{rest.split("```", 1)[1]}', why
    shutil.copytree(built, to, ignore=shutil.ignore_patterns('made-from', 'which'))
    for f in [*source.glob('*.js'), *source.glob('*.css')]: shutil.copy(f, to)
    shutil.copy(source/'ort-LICENSE.txt', to/'ort'/'LICENSE.txt')
    return text, None

if __name__ == '__main__':
    if why := make(): sys.exit(f'No page that draws: {why}')
