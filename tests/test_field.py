"""What people really bring, by kind: pictures, numbers, torch's own settings, threads, parts, words, files of
others, folders of others, runs of one's own, pictures that say how they were made, and the student. Each kind
was a trouble in public reports; each has several members here."""

import copy, io, json, shutil, sys, threading, warnings
from types import SimpleNamespace
import numpy as np, pytest, torch
from PIL import Image
from safetensors.torch import save_file
from sdcourse.core import as_rgb, data_url, to_tensor
from sdcourse.hub import WEIGHTS, fingerprints, read_tensors
from sdcourse.img2img import as_mask, image_to_image, inpaint, mask_box
from sdcourse.latents import encode
from sdcourse.lora import TARGETS, add_lora, load_lora, lora_layers, merge_lora, remove_lora, save_lora
from sdcourse.models import load, quiet
from sdcourse.pipelines import generate, make_scheduler, noise, read_png, redraw, save_png
from sdcourse.prompts import prompt_notes, spell_out, unknown_words
from sdcourse.sampling import denoise, guided_model, noise_model, sample
from sdcourse.schedules import karras_sigmas, sample_sigmas
from sdcourse.text import text_emb, token_ids
from sdcourse.textual_inversion import add_token, load_token, save_token, train_token
from sdcourse.training import LatentCache, fit, read_pictures, step_rng
from sdcourse.widgets import play

sd = load()
FOX = generate('a fox', sd, steps=2)[0]


@pytest.fixture
def own():
    return load()


# pictures: every door sees the same

RAMP = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))


def half(mode, white, grey=128):
    "Left half black, right half white"
    a = np.zeros((64, 64), mode)
    a[:, 32:] = white
    return Image.fromarray(a)


def phone(turn):
    "White on the upper half of the file, and a note of how the phone was held"
    a = np.zeros((64, 64, 3), np.uint8)
    a[:32] = 255
    b = io.BytesIO()
    x = Image.Exif()
    x[0x0112] = turn
    Image.fromarray(a).save(b, 'jpeg', exif=x)
    b.seek(0)
    return Image.open(b)


def cut(mode):
    "A red square on nothing"
    im = Image.new('RGBA', (64, 64))
    im.paste('red', (16, 16, 48, 48))
    b = io.BytesIO()
    (im if mode == 'RGBA' else im.convert(mode)).save(b, 'png')
    b.seek(0)
    return Image.open(b)


def panel(im):
    p = play(sd)
    b = io.BytesIO()
    im.save(
        b,
        'tiff' if im.mode in 'FI' or im.mode.startswith('I;16') else 'png',
        **(dict(exif=im.getexif()) if im.getexif() else {}),
    )
    p.upload = SimpleNamespace(value=[dict(content=b.getvalue())])
    p.start.value = 'an upload'
    return np.array(p._start_picture())


def page(im):
    import base64

    return np.array(Image.open(io.BytesIO(base64.b64decode(data_url(im).split(',')[1]))).convert('RGB'))


DOORS = dict(
    to_tensor=lambda im: (to_tensor(im)[0].permute(1, 2, 0).numpy() + 1) * 127.5,
    to_tensor_list=lambda im: (to_tensor([im])[0].permute(1, 2, 0).numpy() + 1) * 127.5,
    read_pictures=lambda im: np.array(read_pictures([im])[0]),
    panel=panel,
    page=page,
)


@pytest.mark.parametrize('door', DOORS)
@pytest.mark.parametrize(
    'im',
    [
        half('uint16', 65535),
        half('int32', 65535),
        half('int32', 255),
        half('float32', 1),
        half('float32', 255),
        half('uint8', 255),
    ],
    ids=['16 bits', '32 bits', '32 bits, small', 'float', 'float, large', '8 bits'],
)
def test_depths(im, door):
    a = DOORS[door](im)
    assert a[:, :28].mean() < 8 and a[:, 36:].mean() > 247


@pytest.mark.parametrize('door', DOORS)
@pytest.mark.parametrize('turn,where', [(3, 'bottom'), (6, 'right'), (8, 'left')])
def test_orientation(turn, where, door):
    a = DOORS[door](phone(turn))
    white = dict(bottom=a[36:], right=a[:, 36:], left=a[:, :28])[where]
    assert white.mean() > 247 and abs(a.mean() - 127) < 8


@pytest.mark.parametrize('door', DOORS)
@pytest.mark.parametrize('mode', ['RGBA', 'LA', 'P'])
def test_transparency(mode, door):
    assert (DOORS[door](cut(mode))[2, 2] > 247).all()


@pytest.mark.parametrize('mode', ['1', 'L', 'LA', 'P', 'RGB', 'RGBA', 'CMYK', 'YCbCr', 'HSV'])
def test_modes(mode):
    assert to_tensor(
        FOX.convert('RGB').convert(mode) if mode != 'LA' else FOX.convert('L').convert('LA')
    ).shape == (1, 3, 64, 64)


def test_masks():
    grey = Image.fromarray(RAMP)
    assert as_mask(Image.fromarray(RAMP.astype('uint16') * 257)).equal(as_mask(grey))
    assert as_mask(phone(6))[0, 0, :, 40:].all() and not as_mask(phone(6))[0, 0, :, :24].any()
    white = Image.new('RGBA', (64, 64))
    white.paste('white', (16, 16, 48, 48))
    assert as_mask(white).mean() == 0.25  # what is transparent is not painted


def test_ranges_that_nobody_knows():
    for a in (np.float32([[-1, 1]]), np.int32([[0, 10**6]])):
        with pytest.raises(ValueError, match='black and white are not known'):
            as_rgb(Image.fromarray(a))


# numbers: numpy's and torch's are numbers, by every door; counts and ranges are said

NUMBERS = [
    np.float32,
    np.float64,
    np.int64,
    np.int32,
    np.uint8,
    lambda x: torch.tensor(float(x)),
    lambda x: np.array(x),
]


@pytest.mark.parametrize('kind', NUMBERS)
def test_numbers(kind, tmp_path):
    one, three, hundred = kind(1), kind(3), kind(100)
    a = generate('a fox', sd, n=one, seed=hundred, steps=one, guidance=three, bs=one)
    assert a[0].tobytes() == generate('a fox', sd, seed=100, steps=1, guidance=3)[0].tobytes()
    assert redraw(save_png(a[0], tmp_path / 'a.png'), sd)[0].tobytes() == a[0].tobytes()
    b = image_to_image('a fox', FOX, sd, strength=one, seed=hundred, steps=three, guidance=three)
    save_png(b[0], tmp_path / 'b.png')
    inpaint('a fox', FOX, mask_box(64, 0.2, 0.2, 0.8, 0.8), sd, steps=one, strength=one, feather=one)
    assert len(sample_sigmas(three)) == len(karras_sigmas(three)) == 4
    assert noise(sd, [hundred]).equal(noise(sd, [100]))


@pytest.mark.parametrize(
    'kw,why',
    [
        (dict(seed=2**64), 'at most 18446744073709551615'),
        (dict(seed=-1), 'at least 0'),
        (dict(seed=2**64 - 1, n=2), 'at most'),
        (dict(seed=[]), 'is empty'),
        (dict(seed=[1], n=3), 'leave n out'),
        (dict(bs=0), 'bs is at least 1'),
        (dict(bs=-1), 'bs is at least 1'),
        (dict(n=0), 'n is at least 1'),
    ],
)
def test_counts(kw, why):
    with pytest.raises(ValueError, match=why):
        generate('a fox', sd, steps=1, **kw)


@pytest.mark.parametrize(
    'kw',
    [
        dict(seed='1'),
        dict(n=1.5),
        dict(steps=True),
        dict(steps=float('nan')),
        dict(guidance='7'),
        dict(guidance=float('inf')),
        dict(bs=None),
    ],
)
def test_no_numbers(kw):
    with pytest.raises(TypeError):
        generate('a fox', sd, **{**dict(steps=1), **kw})


def test_lists_of_seeds():
    same = [
        generate('a fox', sd, steps=1, seed=s)
        for s in ([5, 6], (5, 6), range(5, 7), np.array([5, 6]), torch.tensor([5, 6]))
    ]
    assert len({b''.join(im.tobytes() for im in ims) for ims in same}) == 1 and len(same[0]) == 2


# torch's own settings: a seed means the same whatever they are, and they stay as they were


@pytest.fixture
def defaults():
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)


@pytest.mark.parametrize('dtype', [torch.float64, torch.bfloat16, torch.float16])
def test_default_dtype(dtype, defaults):
    def made():
        return (
            generate('a fox', sd, steps=2)[0].tobytes(),
            noise(sd, [3]).sum().item(),
            image_to_image('a fox', FOX, sd, steps=2)[0].tobytes(),
            to_tensor(FOX).dtype,
            LatentCache(sd, [FOX]).sample([0], step_rng(0, 1)).sum().item(),
            [
                s.latents.dtype
                for s in denoise(noise_model(sd.unet, text_emb(sd, 'a fox')), noise(sd, [0]), sample_sigmas(2))
            ],
        )

    before = made()
    torch.set_default_dtype(dtype)
    assert made() == before


def test_default_device(defaults):
    torch.set_default_device('meta')
    assert noise(sd, [1]).device.type == 'cpu' and load().unet.device.type == 'cpu'
    assert step_rng(0, 1).device.type == 'cpu'


def test_gradients_off(defaults, own):
    torch.set_grad_enabled(False)
    word = add_token(own, '<pip>', 'bear')
    assert [s.loss for s in train_token(own, word, LatentCache(own, [FOX]), [['a <pip>']], steps=2, bs=2)]
    w = torch.nn.Parameter(torch.ones(2))
    for s in fit(lambda x: (w * x).sum(), [w], [1.0, 2.0]):
        assert w.grad is not None
    assert not torch.is_grad_enabled()


def test_inference_mode():
    with torch.inference_mode():
        inside = load()
    assert generate('a fox', inside, steps=2)[0].tobytes() == FOX.tobytes()
    with torch.no_grad():
        model = guided_model(inside.unet, text_emb(inside, 'a fox'), text_emb(inside, ''), 6.0)
        assert sample(model, noise(inside, [0]) * 14.6, sample_sigmas(2)).isfinite().all()


# threads: one model, several at once


@pytest.mark.parametrize('sampler', ['dpm++', None])
def test_threads(sampler):
    prompts = ['a fox', 'a penguin in the snow', 'a pizza']

    def draw(p):
        return generate(p, sd, steps=3, sampler=sampler)[0].tobytes()

    alone = [draw(p) for p in prompts]
    got = {}
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        some = [threading.Thread(target=lambda p=p: got.update({p: draw(p)})) for p in prompts]
        for t in some:
            t.start()
        for t in some:
            t.join()
    finally:
        sys.setswitchinterval(before)
    assert [got.get(p) for p in prompts] == alone


def test_log_levels():
    from diffusers.utils import logging as d
    from transformers.utils import logging as t

    before = t.get_verbosity(), d.get_verbosity(), t.is_progress_bar_enabled(), [*warnings.filters]
    first, second = threading.Event(), threading.Event()

    def early():
        with quiet():
            first.set()
            second.wait(5)

    def late():
        first.wait(5)
        with quiet():
            second.set()
            some[0].join()

    some = [threading.Thread(target=f) for f in (early, late)]
    for o in some:
        o.start()
    for o in some:
        o.join()
    assert (t.get_verbosity(), d.get_verbosity(), t.is_progress_bar_enabled(), [*warnings.filters]) == before


def test_schedulers_are_copies():
    a = make_scheduler(sd, None)
    a.set_timesteps(3)
    assert a is not sd.scheduler and make_scheduler(sd, None).num_inference_steps is None


# parts: one set, by either name


def broken(part):
    part = copy.deepcopy(part)
    torch.nn.init.zeros_((part.conv_out if hasattr(part, 'conv_out') else part.decoder.conv_out).weight)
    return part


@pytest.mark.parametrize('drawn', [False, True])
@pytest.mark.parametrize('name', ['unet', 'vae'])
def test_swapped_part(own, name, drawn):
    if drawn:
        own.pipe
    setattr(own, name, broken(getattr(own, name)))
    assert getattr(own.pipe, name) is getattr(own, name)
    assert generate('a fox', own, steps=2)[0].tobytes() != FOX.tobytes()
    setattr(own.pipe, name, getattr(load(), name))
    assert getattr(own.pipe, name) is getattr(own, name)
    assert generate('a fox', own, steps=2)[0].tobytes() == FOX.tobytes()


def test_swapped_scheduler(own):
    own.pipe
    own.scheduler = make_scheduler(own, 'ddim')
    assert own.pipe.scheduler is own.scheduler
    own.pipe.scheduler = make_scheduler(own, 'euler')  # the pipeline's sampler; the model keeps its own
    assert type(own.scheduler).__name__ == 'DDIMScheduler'


def test_copies(own):
    own.pipe
    for other in (copy.deepcopy(own), copy.copy(own)):
        assert generate('a fox', other, steps=2)[0].tobytes() == FOX.tobytes()
    other = copy.copy(own)
    other.unet = broken(own.unet)
    assert own.unet is not other.unet  # a copy has parts of its own
    with pytest.raises(AttributeError):
        own.nothing


# all or nothing: what changes a model does so as a whole, also when it is interrupted


def state(o):
    return fingerprints(o), len(o.tokenizer), [*lora_layers(o.unet)]


def interrupted(monkeypatch, where, name, after=3):
    "KeyboardInterrupt in the middle: at the call number `after` of a function"
    real, count = getattr(where, name), [0]

    def f(*args, **kwargs):
        count[0] += 1
        if count[0] == after:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(where, name, f)


@pytest.mark.parametrize('rows', [torch.zeros(1, 768), torch.zeros(2, 3, 4), torch.full((1, 128), float('nan'))])
def test_word_that_fails(own, rows):
    before = state(own)
    with pytest.raises(ValueError, match='128 finite numbers'):
        add_token(own, '<pip>', rows)
    assert state(own) == before and add_token(own, '<pip>', torch.zeros(1, 128)).ids


def test_word_interrupted(own, monkeypatch):
    before = state(own)
    with monkeypatch.context() as m:
        interrupted(m, own.tokenizer, 'add_tokens', 1)
        with pytest.raises(KeyboardInterrupt):
            add_token(own, '<pip>', 'bear', 2)
    assert state(own) == before
    assert add_token(own, '<pip>', 'bear', 2).names == ['<pip>', '<pip>_1']


def test_lora_interrupted(own, monkeypatch, tmp_path):
    from sdcourse import lora

    other = load()
    add_lora(other.unet)
    save_lora(other.unet, tmp_path)
    before = state(own)
    for do in (lambda: add_lora(own.unet), lambda: load_lora(own.unet, tmp_path)):
        with monkeypatch.context() as m:
            interrupted(m, lora, '_put')
            with pytest.raises(KeyboardInterrupt):
                do()
        assert state(own) == before
    layers = add_lora(own.unet)
    for l in layers:
        torch.nn.init.ones_(l.up.weight)
    before = state(own)
    with monkeypatch.context() as m:
        interrupted(m, torch.Tensor, 'clone', 4)
        with pytest.raises(KeyboardInterrupt):
            merge_lora(own.unet)
    assert state(own) == before and all(l.kept is None for l in layers)


# words: for every text and every alphabet


@pytest.mark.parametrize(
    'text,word',
    [
        ('лиса на пляже', 'лиса'),
        ('狐狸', '狐狸'),
        ('🦊', '🦊'),
        ('a café', 'café'),
        ('naïve', 'naïve'),
        ('ein Fuchs', 'fuchs'),
        ('a zebrafish', 'zebrafish'),
    ],
)
def test_unknown(text, word, capsys):
    assert word in unknown_words(sd, text)
    generate(text, sd, steps=1)
    assert f'{word!r}' in capsys.readouterr().err
    generate('a fox', sd, steps=1, negative=text)
    assert f'{word!r} in the negative prompt' in capsys.readouterr().err
    image_to_image('a fox', FOX, sd, steps=2, negative=text)
    assert f'{word!r} in the negative prompt' in capsys.readouterr().err


@pytest.mark.parametrize(
    'text', ['a fox', 'A FOX,  on a teal\nbackground!', "a fox's house"[:5], 'three apples.', '']
)
def test_known(text):
    assert prompt_notes(sd, text) == []


def test_long_negative(capsys):
    generate('a fox', sd, steps=1, negative='a bee ' * 60)
    assert 'the negative prompt is too long' in capsys.readouterr().err


def test_panel_notes():
    p = play(sd)
    p.steps.value = 1
    p.negative.value = 'zebrafish'
    p._run()
    p.job.join(60)
    assert 'zebrafish' in p.said and 'negative prompt' in p.said


@pytest.mark.parametrize('text', ['a (fox:1.3)', '(fox: 0.5) on the beach'])
def test_weights_in_brackets(text):
    (note,) = prompt_notes(sd, text)
    assert 'is no weight here' in note


def test_half_a_character():
    with pytest.raises(ValueError, match='half of a character'):
        generate('a \ud800 fox', sd)


def test_word_of_several_vectors(own):
    torch.manual_seed(0)
    add_token(own, '<pip>', torch.randn(4, 128) * 0.5)
    with torch.no_grad():
        pipe = own.pipe.encode_prompt('a <pip>', 'cpu', 1, False)[0]
        for p in ('a <pip>', 'a <Pip>', 'A <PIP>'):
            assert text_emb(own, p).equal(pipe)
    ims = [generate(p, own, steps=2)[0].tobytes() for p in ('a <pip>', 'a <Pip>')]
    assert ims[0] == ims[1] != generate('a', own, steps=2)[0].tobytes()
    long = '<pip> ' * 30 + 'penguin'
    assert any('too long' in o and 'penguin' in o for o in prompt_notes(own, long))
    assert (token_ids(own, long) == token_ids(own, spell_out(own, long))).all()


# files of others: a LoRA at its own strength, or refused with the true reason


def change(o, base):
    z, e = torch.ones(1, 4, 16, 16), torch.ones(1, 77, 128)
    with torch.no_grad():
        return (o.unet(z, 500, e).sample - base.unet(z, 500, e).sample).norm().item()


LAYER = 'down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q'


def pair(rank=4):
    w = sd.unet.get_submodule(LAYER).weight
    g = torch.Generator().manual_seed(0)
    return torch.randn(rank, w.shape[1], generator=g) * 0.1, torch.randn(w.shape[0], rank, generator=g) * 0.1


def kohya(name):
    return 'lora_unet_' + name.replace('.', '_')


def lora_file(path, kind, alpha=16.0):
    "A file with a LoRA of rank 4 and alpha 16, as different programs write it"
    a, b = pair()
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = dict(format='pt')
    meta = {'r': 4, 'lora_alpha': alpha}
    name = f'unet.{LAYER}'
    if kind == 'diffusers':
        t, notes['lora_adapter_metadata'] = (
            {f'{name}.lora_A.weight': a, f'{name}.lora_B.weight': b},
            json.dumps({f'unet.{k}': v for k, v in meta.items()}),
        )
    if kind == 'pattern':
        t, notes['lora_adapter_metadata'] = (
            {f'{name}.lora_A.weight': a, f'{name}.lora_B.weight': b},
            json.dumps({'unet.r': 4, 'unet.lora_alpha': 4, 'unet.alpha_pattern': {LAYER: alpha}}),
        )
    if kind == 'rslora':
        t, notes['lora_adapter_metadata'] = (
            {f'{name}.lora_A.weight': a, f'{name}.lora_B.weight': b},
            json.dumps({'unet.r': 4, 'unet.lora_alpha': alpha / 2, 'unet.use_rslora': True}),
        )
    if kind == 'alpha':
        t = {f'{name}.lora.down.weight': a, f'{name}.lora.up.weight': b, f'{name}.alpha': torch.tensor(alpha)}
    if kind == 'kohya':
        t = {
            f'{kohya(LAYER)}.lora_down.weight': a,
            f'{kohya(LAYER)}.lora_up.weight': b,
            f'{kohya(LAYER)}.alpha': torch.tensor(alpha),
        }
    if kind == 'kohya 1x1':
        t = {
            f'{kohya(LAYER)}.lora_down.weight': a[..., None, None],
            f'{kohya(LAYER)}.lora_up.weight': b[..., None, None],
            f'{kohya(LAYER)}.alpha': torch.tensor(alpha),
        }
    if kind == 'oldest':
        t = {
            f'{LAYER[:-5]}.processor.to_q_lora.down.weight': a,
            f'{LAYER[:-5]}.processor.to_q_lora.up.weight': b * 4,
        }
    if kind == 'ours':
        t = {f'{name}.lora_A.weight': a, f'{name}.lora_B.weight': b * 4}
    if kind == 'peft':
        t = {f'base_model.model.{LAYER}.lora_A.weight': a, f'base_model.model.{LAYER}.lora_B.weight': b}
        path.with_name('adapter_config.json').write_text(json.dumps(meta))
    t = {k: v.contiguous() for k, v in t.items()}
    if path.suffix == '.bin':
        torch.save(t, path)
    else:
        save_file(t, path, metadata=notes)
    return path


@pytest.mark.parametrize('end', ['safetensors', 'bin'])
@pytest.mark.parametrize(
    'kind', ['diffusers', 'pattern', 'rslora', 'alpha', 'kohya', 'kohya 1x1', 'oldest', 'ours', 'peft']
)
def test_lora_strength(own, kind, end, tmp_path):
    if end == 'bin' and kind in ('diffusers', 'pattern', 'rslora'):
        pytest.skip('these notes are of safetensors')
    load_lora(own.unet, lora_file(tmp_path / f'x.{end}', kind))
    a, b = pair()
    w = own.unet.get_submodule(LAYER)
    assert torch.allclose(w.delta, 4 * b @ a, atol=1e-5) and change(own, sd) > 0.01
    remove_lora(own)
    assert change(own, sd) == 0


def test_lora_beside_its_config_alone(own, tmp_path):
    file = lora_file(tmp_path / 'x.safetensors', 'peft')
    (tmp_path / 'adapter_config.json').unlink()
    with pytest.raises(ValueError, match='adapter_config.json'):
        load_lora(own.unet, file)


def test_config_of_somebody_else(own, tmp_path):
    "An adapter_config.json belongs to files of peft alone"
    file = lora_file(tmp_path / 'x.safetensors', 'ours')
    (tmp_path / 'adapter_config.json').write_text(json.dumps({'r': 4, 'lora_alpha': 99}))
    load_lora(own.unet, file)
    a, b = pair()
    assert torch.allclose(own.unet.get_submodule(LAYER).delta, 4 * b @ a, atol=1e-5)


def test_aim_interrupted(own, monkeypatch):
    from sdcourse import lora

    add_lora(own.unet)
    before = state(own)
    with monkeypatch.context() as m:
        interrupted(m, lora, 'noise_loss', 2)
        with pytest.raises(KeyboardInterrupt):
            lora.aim_lora(own, LatentCache(own, [FOX]), ['a fox'], n=3, bs=2)
    layers = lora_layers(own.unet).values()
    assert state(own) == before
    assert not any(l.base.weight.requires_grad or l.base.weight.grad is not None for l in layers)


def test_lora_of_the_text_encoder(own, tmp_path):
    layer = next(n for n, m in own.text_encoder.named_modules() if n.endswith('q_proj'))
    a, b = torch.ones(2, 128) * 0.05, torch.ones(128, 2) * 0.05
    for begin in (
        'text_encoder.',
        'text_encoder.text_model.' if not layer.startswith('text_model') else 'text_encoder.',
    ):
        save_file(
            {f'{begin}{layer}.lora_A.weight': a, f'{begin}{layer}.lora_B.weight': b}, tmp_path / 't.safetensors'
        )
        with pytest.raises(ValueError, match='whole model'):
            load_lora(own.unet, tmp_path / 't.safetensors')
        with torch.no_grad():
            before = text_emb(own, 'a fox')
        load_lora(own, tmp_path / 't.safetensors')
        with torch.no_grad():
            assert not text_emb(own, 'a fox').equal(before)
            remove_lora(own)
            assert text_emb(own, 'a fox').equal(before)


@pytest.mark.parametrize(
    'tensors,why',
    [
        ({'lora_unet_x.hada_w1_a': torch.zeros(2, 2)}, 'LoHa'),
        ({'unet.x.lora_magnitude_vector': torch.zeros(2)}, 'DoRA'),
        (
            {f'unet.{LAYER}.lora_A.weight': torch.zeros(4, 9), f'unet.{LAYER}.lora_B.weight': torch.zeros(9, 4)},
            'another model',
        ),
        ({f'unet.{LAYER}.lora_A.weight': torch.zeros(4, 128)}, 'another model'),
        ({}, 'is empty'),
    ],
)
def test_no_lora(own, tensors, why, tmp_path):
    save_file(tensors, tmp_path / 'x.safetensors')
    with pytest.raises(ValueError, match=why):
        load_lora(own.unet, tmp_path / 'x.safetensors')
    assert state(own) == state(sd)


def test_lora_twice(own, tmp_path):
    file = lora_file(tmp_path / 'x.safetensors', 'diffusers')
    load_lora(own.unet, file)
    with pytest.raises(ValueError, match='LoRA in this unet already'):
        load_lora(own.unet, file)


WORD = torch.ones(2, 128)
WORDS = {
    'new.safetensors': {'<wobbly>': WORD},
    'a1111.safetensors': {'emb_params': WORD},
    'Big.safetensors': {'<Wobbly>': WORD},
    'old.bin': {'<wobbly>': WORD},
    'wobbly.pt': {'string_to_token': {'*': 265}, 'string_to_param': {'*': WORD}, 'name': 'wobbly'},
    'param.pt': {'string_to_param': {'*': torch.nn.Parameter(WORD)}, 'name': 'wobbly', 'step': 3},
}


@pytest.mark.parametrize('name', WORDS)
def test_words_of_others(own, name, tmp_path):
    file = tmp_path / (name if 'a1111' not in name else 'wobbly.safetensors')
    (save_file if file.suffix == '.safetensors' else torch.save)(WORDS[name], file)
    word = load_token(own, file)
    assert word.token == '<wobbly>' and word.vectors.equal(WORD)


class Trap:
    def __reduce__(self):
        return exec, ('raise SystemExit("it ran")',)


@pytest.mark.parametrize(
    'file,data,why',
    [
        ('trap.bin', {'<x>': Trap()}, 'might be code'),
        ('xl.safetensors', {'clip_l': WORD, 'clip_g': WORD + 1}, 'SDXL'),
        ('wide.safetensors', {'<x>': torch.ones(1, 768)}, '768'),
        ('two.safetensors', {'a': WORD, 'b': WORD + 1}, 'holds 2 tensors'),
    ],
)
def test_no_words(own, file, data, why, tmp_path):
    (save_file if file.endswith('.safetensors') else torch.save)(data, tmp_path / file)
    with pytest.raises(ValueError, match=why):
        load_token(own, tmp_path / file)
    assert state(own) == state(sd)


@pytest.mark.parametrize('name', ['x.safetensors', 'x.bin', 'x.pt'])
@pytest.mark.parametrize('data', [b'', b'<html>', b'\x80\x04'])
def test_damaged_files(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=name):
        read_tensors(tmp_path / name)


# folders of others: load says what is wrong, before it loads


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(WEIGHTS, tmp_path / 'm', ignore=shutil.ignore_patterns('checksums.json', 'fast', '*.onnx'))
    return tmp_path / 'm'


@pytest.mark.parametrize(
    'text,why',
    [
        (None, 'no scheduler/'),
        ('', 'damaged'),
        ('{', 'damaged'),
        ('{}', 'damaged'),
        ('[]', 'damaged'),
        ('{"_class_name": "WonderScheduler"}', 'does not know'),
    ],
)
def test_schedulers_of_others(folder, text, why):
    file = folder / 'scheduler' / 'scheduler_config.json'
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(OSError, match=why):
        load(folder)


def test_xl(folder):
    import diffusers

    config = dict(sd.unet.config) | dict(
        addition_embed_type='text_time', addition_time_embed_dim=32, projection_class_embeddings_input_dim=320
    )
    diffusers.UNet2DConditionModel.from_config(config).save_pretrained(folder / 'unet')
    with pytest.raises(ValueError, match='SDXL'):
        load(folder)


def test_other_width(folder):
    import diffusers

    config = dict(sd.unet.config) | dict(cross_attention_dim=64)
    diffusers.UNet2DConditionModel.from_config(config).save_pretrained(folder / 'unet')
    with pytest.raises(ValueError, match='do not belong together'):
        load(folder)


@pytest.mark.parametrize('dtype', ['fp16', 'float16', 'half', torch.float16])
def test_dtypes(dtype):
    assert load(dtype=dtype).unet.dtype == torch.float16


@pytest.mark.parametrize(
    'kw,why',
    [
        (dict(dtype=float), 'dtype is'),
        (dict(dtype=torch.int8), 'dtype is'),
        (dict(dtype='8'), 'dtype is'),
        (dict(device='gpu'), 'device is'),
        (dict(device='tpu:0'), 'device is'),
        (dict(device='mps'), 'finds no'),
        (dict(device=3.0), 'device is'),
    ],
)
def test_devices(kw, why):
    with pytest.raises(ValueError, match=why) as e:
        load(**kw)
    assert 'damaged' not in str(e.value)


# pictures say which weights made them


def test_provenance(own, tmp_path, capsys):
    def again(im, other):
        capsys.readouterr()
        redraw(save_png(im, tmp_path / 'x.png'), other)
        return capsys.readouterr().err

    fast = load(fast=True)
    assert 'other weights (vae, unet)' in again(generate('a fox', fast)[0], own)
    assert again(FOX, own) == ''
    own.unet.conv_in.weight.data *= 1.01
    assert 'other weights (unet)' in again(FOX, own)
    new = load()
    add_lora(new.unet)
    assert 'LoRA of unet' in again(FOX, new)
    remove_lora(new)
    assert again(FOX, new) == ''
    add_token(new, '<pip>', 'bear')
    assert again(FOX, new) == ''  # a word that the prompt doesn't use
    pip = generate('a <pip>', new, steps=1)[0]
    assert again(pip, new) == ''
    other = load()
    add_token(other, '<pip>', 'fox')
    assert '<pip>' in again(pip, other)
    assert '<pip>' in again(pip, load())
    for how in (dict(prompt='a <Pip>'), dict(prompt='a fox', negative='<pip>')):  # capitals; only the negative prompt
        assert '<pip>' in again(generate(sd=new, steps=1, **how)[0], other)
    two = [load(), load()]
    for k, o in enumerate(two):
        add_token(o, '<two>', torch.stack([torch.ones(128), torch.ones(128) * k]))
    assert '<two>_1' in again(generate('a <two>', two[0], steps=1)[0], two[1])  # only the second vector differs
    edit = image_to_image('a cat', FOX, new, steps=2)[0]
    assert edit.info['sdcourse']['edits'][-1]['weights'] == fingerprints(new)


@pytest.mark.parametrize(
    'notes',
    [
        dict(prompt='a fox', seed=0, steps=1),
        dict(prompt='a fox', seed=0, model='stickers'),
        dict(prompt='a fox', seed=0, steps=1, model='stickers', wonder=3),
    ],
)
def test_notes_of_others(notes, tmp_path):
    im = FOX.copy()
    im.info['sdcourse'] = notes
    assert redraw(save_png(im, tmp_path / 'x.png'), sd, steps=1)


@pytest.mark.parametrize('text', ['no json', '[1]', '3'])
def test_no_notes(text, tmp_path):
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text('sdcourse', text)
    FOX.save(tmp_path / 'x.png', pnginfo=info)
    assert 'sdcourse' not in read_png(tmp_path / 'x.png').info
    with pytest.raises(ValueError, match='does not say'):
        redraw(tmp_path / 'x.png', sd)


# the student, by every door


def test_student():
    fast = load(fast=True)
    emb = text_emb(fast, 'a fox')
    for do in (
        lambda: image_to_image('a fox', FOX, fast),
        lambda: inpaint('a fox', FOX, mask_box(64, 0.2, 0.2, 0.8, 0.8), fast),
        lambda: noise_model(fast.unet, emb),
        lambda: guided_model(fast.unet, emb, emb),
        lambda: generate('a fox', fast, steps=25),
    ):
        with pytest.raises(ValueError, match='distilled'):
            do()
    p = play(fast)
    p._run()
    if p.job:
        p.job.join(60)
    assert 'distilled' in p.said
    assert encode(fast, FOX).shape == (1, 4, 16, 16)


# from the shell


@pytest.fixture
def pictures(tmp_path):
    d = tmp_path / 'in'
    d.mkdir()
    for i in range(3):
        FOX.save(d / f'{i}.png')
    return d


def teach(pictures, out, *more):
    from sdcourse.cli import main

    return main(
        [
            'teach',
            str(pictures),
            '-o',
            str(out),
            '--token',
            '<pip>',
            '--init',
            'bear',
            '--steps',
            '2',
            '--batch',
            '2',
            '--samples',
            '1',
            '--every',
            '1',
            *more,
        ]
    )


def captions(pictures, **texts):
    for k, t in texts.items():
        (pictures / f'{k[1:]}.txt').write_bytes(t)


@pytest.mark.parametrize(
    'text',
    ['a <pip> by the sea'.encode(), b'\xef\xbb\xbf' + 'a <pip> by the sea'.encode()],
    ids=['UTF-8', 'with a mark'],
)
def test_captions(pictures, tmp_path, text, capsys):
    captions(pictures, _0=text, _1=text)
    assert teach(pictures, tmp_path / 'out') == 0
    assert 'there is no 2.txt' in capsys.readouterr().err
    said = json.loads((tmp_path / 'out' / 'recipe.json').read_text())['captions']
    assert said[:2] == [['a <pip> by the sea']] * 2 and 'a <pip>' in said[2]


@pytest.mark.parametrize('text', ['a <pip> café'.encode('cp1252'), 'a <pip>'.encode('utf-16'), b'a fox'])
def test_captions_that_cannot_be_read(pictures, tmp_path, text, capsys):
    captions(pictures, _0=text)
    assert teach(pictures, tmp_path / 'out') == 1 and '0.txt' in capsys.readouterr().err


def test_other_endings(pictures, tmp_path, capsys):
    for end, kind in dict(jfif='jpeg', jpe='jpeg', tif='tiff', avif='avif').items():
        FOX.save(pictures / f'a.{end}', kind)
    (pictures / 'b.heic').write_bytes(b'x')
    assert len(read_pictures(pictures)) == 7
    assert 'b.heic' in capsys.readouterr().err


@pytest.mark.parametrize(
    'name,keep', [('checkpoint.pt', 0), ('checkpoint.pt', 1000), ('recipe.json', 40), ('recipe.json', 0)]
)
def test_damaged_run(pictures, tmp_path, name, keep, capsys, monkeypatch):
    from sdcourse import training

    def stop(obj, path):
        save(obj, path)
        raise KeyboardInterrupt

    save = training.save_atomic
    with monkeypatch.context() as m:
        m.setattr(training, 'save_atomic', stop)
        assert teach(pictures, tmp_path / 'out') == 130
    file = tmp_path / 'out' / name
    file.write_bytes(file.read_bytes()[:keep])
    capsys.readouterr()
    assert teach(pictures, tmp_path / 'out', '--resume') == 1
    said = capsys.readouterr().err
    assert f'{name} in' in said and 'is damaged' in said and len(said.splitlines()) < 4


def test_draw_with_files(own, tmp_path, capsys):
    from sdcourse.cli import main

    save_token(add_token(own, '<pip>', 'cat'), tmp_path / 'w.safetensors')
    lora_file(tmp_path / 'l.safetensors', 'kohya')
    words = [
        'draw',
        'a <pip>',
        '-o',
        str(tmp_path / 'x.png'),
        '--steps',
        '2',
        '--token-file',
        str(tmp_path / 'w.safetensors'),
    ]
    assert main(words) == 0
    a = read_png(tmp_path / 'x.png')
    assert main([*words, '--lora', str(tmp_path / 'l.safetensors')]) == 0
    b = read_png(tmp_path / 'x.png')
    assert a.tobytes() != b.tobytes() and 'LoRA of unet' in b.info['sdcourse']['weights']
    assert main(['draw', 'a fox', *words[2:]]) == 1 and 'not in the prompt' in capsys.readouterr().err


def test_no_home(monkeypatch, capsys):
    from sdcourse.cli import main

    monkeypatch.setenv('HOME', '/nonexistent')
    assert main(['info']) == 0 and 'embedded model' in capsys.readouterr().out


def test_nobody_reads_on():
    import subprocess

    r = subprocess.run(
        f'{sys.executable} -m sdcourse.cli info | head -1', shell=True, capture_output=True, text=True
    )
    assert 'Broken' not in r.stderr and 'Traceback' not in r.stderr


def test_home_of_outputs(pictures, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert teach(pictures, '~/out') == 0 and (tmp_path / 'out' / 'samples.png').exists()


def test_one_text_is_one_picture():
    "A single prompt isn't taken for a list of letters"
    from sdcourse.dreambooth import generate_quick
    assert len(generate_quick(sd, 'a fox', steps=1)) == 1
