"""The same seed draws the same picture as it did before the house was rebuilt: stored pictures and latents of
the embedded model

Made once, by the code of that time. When another model lands, its pictures have to be stored anew:
    python tests/test_same.py"""
from pathlib import Path
import numpy as np, pytest, torch

file = Path(__file__).with_name('same_pictures.npz')
PROMPT = 'a fox on a teal background'

def pictures(sd):
    "Pictures by every door, as arrays"
    from sdcourse.img2img import image_to_image, inpaint, mask_circle
    from sdcourse.models import load
    from sdcourse.pipelines import generate
    cat = generate('a cat', sd, seed=5)[0]
    quick = load(device='cpu', dtype=torch.float32, fast=True)
    return dict(
        generate=generate(PROMPT, sd, seed=1)[0],
        generate_euler_negative=generate('a rose', sd, seed=3, steps=12, sampler='euler', negative='red')[0],
        img2img=image_to_image('a lion', cat, sd, strength=.6, seed=2)[0],
        inpaint=inpaint('a frog', cat, mask_circle(64, .5, .5, .3), sd, seed=2)[0],
        fast=generate(PROMPT, quick, seed=1)[0])

def latents(sd):
    "Clean latents of three samplers, from the same noise"
    from sdcourse.pipelines import noise
    from sdcourse.samplers import dpmpp_2m, heun
    from sdcourse.sampling import euler, guided_model, sample
    from sdcourse.schedules import karras_sigmas, sample_sigmas
    from sdcourse.text import text_emb
    model = guided_model(sd.unet, text_emb(sd, [PROMPT]), text_emb(sd, ['']), 6.)
    runs = dict(euler=(euler, sample_sigmas(10)), heun=(heun, karras_sigmas(6)),
                dpmpp_2m=(dpmpp_2m(), karras_sigmas(8)))
    return {f'latents_{k}': sample(model, noise(sd, [7])*sigmas[0], sigmas, step=step) for k,
            (step,sigmas) in runs.items()}

@pytest.fixture(scope='module')
def sd():
    from sdcourse.models import load
    return load(device='cpu', dtype=torch.float32)

def test_same_pictures(sd):
    "Within what another processor's rounding may do: a mean difference of 1 of 255"
    old = np.load(file)
    off = {k: np.abs(np.asarray(im).astype(float)-old[k]).mean() for k,im in pictures(sd).items()}
    assert max(off.values()) < 1, off

def test_same_latents(sd):
    "The same for latents, whose spread is about 1"
    old = np.load(file)
    off = {k: np.abs(z.numpy()-old[k]).max() for k,z in latents(sd).items()}
    assert max(off.values()) < .02, off

def test_another_seed_is_noticed(sd):
    "The first test can fail: another seed is well outside its bound"
    from sdcourse.pipelines import generate
    other = np.asarray(generate(PROMPT, sd, seed=2)[0]).astype(float)
    assert np.abs(other-np.load(file)["generate"]).mean() > 5

if __name__ == '__main__':
    from sdcourse.models import load
    sd = load(device='cpu', dtype=torch.float32)
    np.savez_compressed(file, **{k: np.asarray(im) for k,im in pictures(sd).items()},
                        **{k: z.numpy() for k,z in latents(sd).items()})
