"Bad input, bad files, a full disk, no network: one clear sentence, and nothing lost"
import json, os, shutil, socket, subprocess, sys, time
import pytest
from PIL import Image
from sdcourse.hub import WEIGHTS, ask_hub
from sdcourse.models import load
from sdcourse.pipelines import generate, read_png, save_png

@pytest.fixture(scope='module')
def sd(): return load('stickers', device='cpu')

@pytest.fixture
def copy(tmp_path):
    shutil.copytree(WEIGHTS, tmp_path/'copy')
    return tmp_path/'copy'

def one_sentence(e): return '\n' not in str(e.value) and 20 < len(str(e.value)) < 400

# bad input

@pytest.mark.parametrize('prompt, kw, err, says', [
    (7, {}, TypeError, 'a prompt is text'),
    (None, {}, TypeError, 'a prompt is text'),
    (['a fox', 3], {}, TypeError, 'a prompt is text'),
    ([], {}, ValueError, 'the list is empty'),
    ('a fox', dict(steps=-1), ValueError, 'steps is at least 1'),
    ('a fox', dict(steps=0), ValueError, 'steps is at least 1'),
    ('a fox', dict(steps=2.5), TypeError, 'whole number'),
    ('a fox', dict(size=50), ValueError, 'multiple of 8'),
    ('a fox', dict(size=-64), ValueError, 'at least 8'),
    ('a fox', dict(n=0), ValueError, 'n is at least 1'),
    ('a fox', dict(seed=-1), ValueError, 'a seed is at least 0'),
    ('a fox', dict(guidance='strong'), TypeError, 'guidance is a number'),
    ('a fox', dict(guidance=float('nan')), TypeError, 'guidance is a number'),
    ('a fox', dict(sampler='nope'), ValueError, 'no sampler'),
    ('a fox', dict(negative=3), TypeError, 'negative prompt is text'),
])
def test_bad_input(sd, prompt, kw, err, says):
    with pytest.raises(err, match=says) as e: generate(prompt, sd, **kw)
    assert one_sentence(e)

def test_empty_prompt_is_legal(sd): assert generate('', sd, steps=2)[0].size == (sd.size, sd.size)

def test_too_long_is_said(sd, capsys):
    generate('a fox '*60, sd, steps=1)
    assert 'too long' in capsys.readouterr().err

def test_unknown_word_is_said(sd, capsys):
    generate('a fox on the beech', sd, steps=1)
    assert "'beech'" in (err := capsys.readouterr().err) and 'beach' in err

# bad models

@pytest.mark.parametrize('name', ['no-such-model', './no/such/folder', 'a b/c'])
def test_unknown_model(name):
    with pytest.raises(ValueError, match='load') as e: load(name)
    assert one_sentence(e)

def test_missing_part(copy):
    (copy/'checksums.json').unlink(missing_ok=True)
    shutil.rmtree(copy/'vae')
    with pytest.raises(FileNotFoundError, match='vae/config.json') as e: load(copy)
    assert one_sentence(e)

@pytest.mark.parametrize('file', ['unet/diffusion_pytorch_model.safetensors',
                                  'vae/diffusion_pytorch_model.safetensors',
                                  'text_encoder/model.safetensors'])
def test_cut_file(copy, file):
    (copy/'checksums.json').unlink(missing_ok=True)   # the loaders notice this one
    data = (copy/file).read_bytes()
    (copy/file).write_bytes(data[:len(data)//2])
    with pytest.raises(OSError, match='damaged') as e: load(copy)
    assert one_sentence(e) and file.split('/')[0] in str(e.value)

def test_flipped_bit(copy):
    "Only the check sums can tell"
    f = copy/'unet/diffusion_pytorch_model.safetensors'
    data = bytearray(f.read_bytes())
    data[len(data)//2] ^= 64
    f.write_bytes(data)
    with pytest.raises(OSError, match='diffusion_pytorch_model.safetensors .* is damaged') as e: load(copy)
    assert one_sentence(e)

def test_garbage_config(copy):
    (copy/'checksums.json').unlink(missing_ok=True)
    (copy/'unet/config.json').write_text('{')
    with pytest.raises(OSError, match='damaged') as e: load(copy)
    assert one_sentence(e)

def test_wrong_tokenizer(copy):
    "Recent transformers return a tokenizer with two words if its files are missing, and say nothing"
    (copy/'checksums.json').unlink(missing_ok=True)
    shutil.rmtree(copy/'tokenizer')
    (copy/'tokenizer').mkdir()
    with pytest.raises(FileNotFoundError, match='tokenizer') as e: load(copy)
    (copy/'tokenizer/vocab.json').write_text(json.dumps({'<|startoftext|>': 0, '<|endoftext|>': 1}))
    (copy/'tokenizer/merges.txt').write_text('#version: 0.2\n')
    with pytest.raises(OSError, match='tokens') as e: load(copy)
    assert one_sentence(e)

# no network

def test_hub_says_nothing(tmp_path):
    "A hub that takes the call and never answers"
    with socket.create_server(('127.0.0.1', 0)) as s:
        code = ("import time; from sdcourse.models import load; t = time.time()\n"
                "try: load('CompVis/stable-diffusion-v1-4')\n"
                "except ConnectionError as e: print(e)\n"
                "print(time.time()-t)")
        env = {**os.environ, 'HF_HUB_OFFLINE': '0',
               'HF_ENDPOINT': f'http://127.0.0.1:{s.getsockname()[1]}', 'HF_HOME': str(tmp_path)}
        out = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, env=env,
                             timeout=60).stdout.splitlines()
    assert 'no answer' in out[0] and 'load()' in out[0]
    assert float(out[1]) < 5

def test_hub_unreachable():
    t = time.time()
    with pytest.raises(ConnectionError, match=r'load\(\)') as e:
        ask_hub('CompVis/stable-diffusion-v1-4', endpoint='http://127.0.0.1:9')
    assert one_sentence(e) and time.time()-t < 5

def test_offline_is_quick(tmp_path):
    code = "import sdcourse.models as m, time\nt = time.time()\ntry: m.load('CompVis/stable-diffusion-v1-4')\nexcept ConnectionError as e: print(e)\nprint(time.time()-t)"
    out = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                         env={**os.environ, 'HF_HUB_OFFLINE': '1', 'HF_HOME': str(tmp_path)},
                         timeout=60).stdout.splitlines()
    assert 'HF_HUB_OFFLINE' in out[0] and float(out[1]) < 5

@pytest.mark.heavy
def test_what_is_cached_needs_no_network(tmp_path):
    "A model in the hub's cache; without its U-Net it is not complete, and the hub is asked"
    repo = tmp_path/'hub'/'models--somebody--something'
    shutil.copytree(WEIGHTS, repo/'snapshots'/'0123')
    (repo/'refs').mkdir()
    (repo/'refs'/'main').write_text('0123')
    code = "from sdcourse.hub import cached; from sdcourse.models import load; print([o['name'] for o in cached() if o['complete']]); print(load('somebody/something').name)"
    run = lambda: subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
        env={**os.environ, 'HF_HUB_OFFLINE': '1', 'HF_HOME': str(tmp_path)}, timeout=120)
    assert run().stdout.split() == ["['somebody/something']", 'somebody/something']
    (repo/'snapshots'/'0123'/'unet'/'diffusion_pytorch_model.safetensors').unlink()
    out = run()
    assert out.stdout.strip() == '[]' and 'the hub cannot be reached' in out.stderr

# a full disk

def picture(color):
    im = Image.new('RGB', (64,64), color)
    im.info['sdcourse'] = dict(prompt='a fox', seed=1)
    return im

def test_full_disk_keeps_the_old_picture(tmp_path, monkeypatch):
    save_png(picture('red'), tmp_path/'a.png')
    def full(fd): raise OSError(28, 'No space left on device')
    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='No space left on device') as e: save_png(picture('blue'), tmp_path/'a.png')
    assert one_sentence(e) and 'untouched' in str(e.value)
    assert os.listdir(tmp_path) == ['a.png'] and read_png(tmp_path/'a.png').getpixel((0,0)) == (255,0,0)

@pytest.mark.skipif(os.name=='nt', reason='needs the limits of Unix')
def test_really_no_room(tmp_path):
    "The operating system refuses to write more than 4 kB"
    code = """
import sys, resource, numpy as np
from PIL import Image
from sdcourse.pipelines import save_png
noisy = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64,64,3), 'uint8'))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try: save_png(noisy, sys.argv[1])
except OSError as e: print(e)
"""
    save_png(picture('red'), tmp_path/'a.png')
    out = subprocess.run([sys.executable, '-B', '-c', code, tmp_path/'a.png'], capture_output=True, text=True)
    assert 'could not be saved' in out.stdout and out.returncode == 0, out.stderr
    assert os.listdir(tmp_path) == ['a.png'] and read_png(tmp_path/'a.png').getpixel((0,0)) == (255,0,0)

def test_png_remembers(tmp_path):
    im = read_png(save_png(picture('red'), tmp_path/'ä.png'))
    assert im.info['sdcourse'] == dict(prompt='a fox', seed=1) and im.info['Description'] == 'a fox'

def test_not_a_number(sd):
    import torch
    broken = load('stickers', device='cpu')
    with torch.no_grad(): broken.vae.decoder.conv_out.bias.fill_(float('nan'))
    with pytest.raises(FloatingPointError, match='NaN') as e: generate('a fox', broken, steps=1)
    assert one_sentence(e)
