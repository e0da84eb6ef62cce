"""Files that diffusers' training scripts write, read by us, and ours read by diffusers: the same pictures, 0
levels off. The files are made here with peft and diffusers themselves, as textual_inversion.py, train_dreambooth.py,
train_dreambooth_lora.py, train_text_to_image.py and train_text_to_image_lora.py save them."""

import pytest, torch
import numpy as np
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file
from sdcourse.hub import WEIGHTS
from sdcourse.lora import EVERYWHERE, add_lora, load_lora, save_lora
from sdcourse.models import load, quiet
from sdcourse.pipelines import generate, noise
from sdcourse.textual_inversion import add_token, load_token, save_token

pytestmark = pytest.mark.slow
peft = pytest.importorskip('peft')
PROMPT = 'a fox on a teal background'


def ours(sd, prompt=PROMPT):
    return np.array(generate(prompt, sd, steps=4, sampler=None, guidance=6.0)[0], int)


def theirs(pipe, prompt=PROMPT):
    "A picture by the stock pipeline, from the same noise"
    z = noise(load(), [0])
    pipe.set_progress_bar_config(disable=True)
    return np.array(pipe(prompt, num_inference_steps=4, guidance_scale=6.0, latents=z).images[0], int)


def stock(folder=WEIGHTS):
    with quiet():
        return StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)


def off(a, b):
    return abs(a - b).max()


plain = ours(load())


def test_without():
    assert off(plain, theirs(stock())) == 0


def adapted(net, alpha, targets, std=0.2):
    "A network with a peft adapter that has learned something"
    net.add_adapter(peft.LoraConfig(r=4, lora_alpha=alpha, target_modules=targets))
    g = torch.Generator().manual_seed(0)
    for n, p in net.named_parameters():
        if 'lora_B' in n:
            p.data = torch.randn(p.shape, generator=g) * std
    return net


@pytest.mark.parametrize('alpha', [4, 16])
@pytest.mark.parametrize('text', [False, True], ids=['unet', 'unet and text'])
def test_their_lora(tmp_path, alpha, text):
    "train_text_to_image_lora.py (the U-Net alone), train_dreambooth_lora.py (with the text encoder)"
    from diffusers.training_utils import _collate_lora_metadata
    from diffusers.utils import convert_state_dict_to_diffusers
    from peft.utils import get_peft_model_state_dict

    pipe = stock()
    parts = dict(unet=adapted(pipe.unet, alpha, ['to_q', 'to_k', 'to_v', 'to_out.0']))
    if text:
        parts['text_encoder'] = adapted(pipe.text_encoder, alpha, ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
    weights = {
        f'{k}_lora_layers': convert_state_dict_to_diffusers(get_peft_model_state_dict(v)) for k, v in parts.items()
    }
    StableDiffusionPipeline.save_lora_weights(tmp_path, **weights, **_collate_lora_metadata(parts))
    sd = load()
    load_lora(sd if text else sd.unet, tmp_path)
    assert off(ours(sd), theirs(pipe)) == 0 and off(ours(sd), plain) > 20
    again = stock()
    with quiet():
        again.load_lora_weights(tmp_path)
    assert off(ours(sd), theirs(again)) == 0


@pytest.mark.parametrize('alpha', [None, 16])
def test_our_lora(tmp_path, alpha):
    sd = load()
    g = torch.Generator().manual_seed(0)
    for layer in add_lora(sd.unet, 4, alpha, targets=EVERYWHERE):
        layer.up.weight.data = torch.randn(layer.up.weight.shape, generator=g) * 0.05
    save_lora(sd.unet, tmp_path)
    pipe = stock()
    with quiet():
        pipe.load_lora_weights(tmp_path)
    assert off(ours(sd), theirs(pipe)) == 0 and off(ours(sd), plain) > 20


@pytest.mark.parametrize('name', ['learned_embeds.safetensors', 'learned_embeds.bin'])
def test_their_word(tmp_path, name):
    "textual_inversion.py: one row, or several under one name"
    for k, row in enumerate([torch.randn(128), torch.randn(3, 128)]):
        file = tmp_path / f'{k}{name}'
        (save_file if name.endswith('safetensors') else torch.save)({'<pip>': row * 0.3}, file)
        sd, pipe = load(), stock()
        load_token(sd, file)
        with quiet():
            pipe.load_textual_inversion(str(file))
        p = 'a <pip> on the beach'
        assert off(ours(sd, p), theirs(pipe, p)) == 0 and off(ours(sd, p), ours(load(), 'a on the beach')) > 20


def test_our_word(tmp_path):
    sd, pipe = load(), stock()
    word = add_token(sd, '<pip>', torch.randn(2, 128) * 0.3)
    with quiet():
        pipe.load_textual_inversion(str(save_token(word, tmp_path / 'pip.safetensors')))
    p = 'a <pip> on the beach'
    assert off(ours(sd, p), theirs(pipe, p)) == 0


def test_whole_models(tmp_path):
    "train_dreambooth.py and train_text_to_image.py: a folder, there and back"
    pipe = stock()
    pipe.unet.conv_out.weight.data *= 1.05
    with quiet():
        pipe.save_pretrained(tmp_path / 'theirs')
    sd = load(tmp_path / 'theirs')
    assert off(ours(sd), theirs(pipe)) == 0 and off(ours(sd), plain) > 5
    with quiet():
        sd.pipe.save_pretrained(tmp_path / 'ours')
    assert off(ours(sd), theirs(stock(tmp_path / 'ours'))) == 0
