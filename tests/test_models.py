"The shipped weights: layout, size, and the same picture from stock diffusers"
import json, numpy as np, pytest, torch
from safetensors import safe_open
from sdcourse.hub import WEIGHTS, checksums
from sdcourse.models import load, quiet

@pytest.fixture(scope='module')
def sd(): return load('stickers', device='cpu')

def files(): return [f for f in WEIGHTS.rglob('*') if f.is_file()]

def draw(pipe, **kw):
    pipe.set_progress_bar_config(disable=True)
    return np.asarray(pipe('a fox on a teal background', num_inference_steps=8, guidance_scale=4.,
                           generator=torch.Generator().manual_seed(1), **kw).images[0], int)

def test_layout():
    for f in ('model_index.json', 'README.md', 'unet/config.json', 'unet/diffusion_pytorch_model.safetensors',
              'vae/diffusion_pytorch_model.safetensors', 'text_encoder/model.safetensors',
              'tokenizer/tokenizer.json', 'tokenizer/vocab.json', 'tokenizer/merges.txt',
              'scheduler/scheduler_config.json', 'clip/config.json', 'clip/model.safetensors', 'checksums.json'):
        assert (WEIGHTS/f).is_file(), f

def test_small_and_no_pickle():
    more = sum(f.stat().st_size for f in files() if {'fast','structure'}&set(f.parts))
    assert sum(f.stat().st_size for f in files())-more <= 60e6 and more <= 25e6   # the model, and what was made from it
    assert {f.suffix for f in files()} <= {'.json', '.txt', '.md', '.safetensors'}

def test_half_precision():
    for f in WEIGHTS.rglob('*.safetensors'):
        with safe_open(f, 'pt') as s:   # differences in 8 bits, and their scales
            assert {str(s.get_slice(k).get_dtype()) for k in s.keys()} <= ({'I8',
                'F32'} if f.stem=='student' or f.parent.name=='structure' else {'F16', 'I64'}), f

def test_text_encoder_loads_in_every_transformers():
    "4.57 wants the prefix (without it: random weights), 5 takes the dtype of the config (and diffusers float32)"
    with safe_open(WEIGHTS/'text_encoder/model.safetensors', 'pt') as s:
        assert all(k.startswith('text_model.') for k in s.keys())
    config = json.loads((WEIGHTS/'text_encoder/config.json').read_text())
    assert config.get('dtype', config.get('torch_dtype', 'float32')) == 'float32'

def test_tokenizer(sd):
    assert len(sd.tokenizer) == sd.text_encoder.config.vocab_size == 3020
    assert len(json.loads((WEIGHTS/'tokenizer/vocab.json').read_text(encoding='utf8'))) == 3020
    assert sd.tokenizer.model_max_length == 77
    assert sd.tokenizer.decode(sd.tokenizer('a fox on a teal background').input_ids[1:
        -1]).strip() == 'a fox on a teal background'

def test_checksums(): assert json.loads((WEIGHTS/'checksums.json').read_text()) == checksums(WEIGHTS)

def test_frozen(sd):
    for m in (sd.text_encoder, sd.vae, sd.unet):
        assert not m.training and not any(p.requires_grad for p in m.parameters())

def test_stock_pipeline_draws_the_same(sd):
    from diffusers import StableDiffusionPipeline
    with quiet(): stock = StableDiffusionPipeline.from_pretrained(WEIGHTS)
    assert np.array_equal(draw(stock), draw(sd.pipe))

def test_round_trip(sd, tmp_path):
    with quiet(): sd.pipe.save_pretrained(tmp_path/'copy')
    assert np.array_equal(draw(load(tmp_path/'copy', device='cpu').pipe), draw(sd.pipe))

def test_bfloat16_is_nearly_the_same(sd):
    other = load('stickers', device='cpu', dtype=torch.bfloat16)
    assert np.abs(draw(other.pipe)-draw(sd.pipe)).mean() < 25

def test_environment_names_the_model(monkeypatch, tmp_path):
    monkeypatch.setenv('SDCOURSE_MODEL', str(WEIGHTS))
    assert load(device='cpu').folder == WEIGHTS

def test_it_draws_a_picture(sd):
    "Not noise and not one colour"
    im = np.asarray(sd.pipe('a fox on a teal background', num_inference_steps=25,
                            guidance_scale=sd.guidance,
                            generator=torch.Generator().manual_seed(1)).images[0], int)
    edge = np.concatenate([im[0], im[-1], im[:,0], im[:,-1]])
    assert im.std() > 15 and np.abs(np.median(edge, 0)-(40,158,152)).max() < 60   # teal round the edge
