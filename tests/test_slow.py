"""A full-size checkpoint, built here from random weights: is the loop the pipeline's at that size too?

Not in `make test`: it takes minutes, 2.2 GB of disk and 9 GB of memory. Run it with
    make test ARGS='-m slow tests/test_slow.py'"""
import json, pytest, torch
from sdcourse.hub import WEIGHTS
from sdcourse.models import load, parts, quiet
from sdcourse.pipelines import noise
from sdcourse.latents import decode
from sdcourse.samplers import integrate, pndm, shipped_sigmas
from sdcourse.sampling import euler, guided_model
from sdcourse.text import text_emb

pytestmark = pytest.mark.slow
X,D,XU,U = 'CrossAttnDownBlock2D','DownBlock2D','CrossAttnUpBlock2D','UpBlock2D'
UNET = dict(sample_size=64, in_channels=4, out_channels=4, block_out_channels=(320,640,1280,1280),
            layers_per_block=2, cross_attention_dim=768,
            attention_head_dim=8, norm_num_groups=32, down_block_types=(X,X,X,D), up_block_types=(U,XU,XU,XU))
VAE = dict(sample_size=512, in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(128,256,512,512),
           layers_per_block=2, norm_num_groups=32,
           down_block_types=('DownEncoderBlock2D',)*4, up_block_types=('UpDecoderBlock2D',)*4, scaling_factor=.18215)
TEXT = dict(vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
            max_position_embeddings=77,
            hidden_act='quick_gelu', projection_dim=768)
SCHEDULER = dict(_class_name='PNDMScheduler', beta_start=.00085, beta_end=.012, beta_schedule='scaled_linear',
                 num_train_timesteps=1000,
                 skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1)

def tokenizer(folder, n):
    "The embedded model's tokenizer, with made-up words up to `n`"
    folder.mkdir()
    vocab = json.loads((WEIGHTS/'tokenizer/vocab.json').read_text(encoding='utf8'))
    vocab |= {f'unheard-of-{i}': i for i in range(len(vocab), n)}
    (folder/'vocab.json').write_text(json.dumps(vocab), encoding='utf8')
    for f in ('merges.txt', 'tokenizer_config.json', 'special_tokens_map.json'):
        (folder/f).write_bytes((WEIGHTS/'tokenizer'/f).read_bytes())
    ids = json.loads((folder/'special_tokens_map.json').read_text())
    return {k+'_id': vocab[ids[k]] for k in ('bos_token', 'eos_token', 'pad_token')}

def checkpoint(folder, unet=UNET, vae=VAE, text=TEXT):
    "Save a Stable Diffusion of random weights as the hub has them: folders, configs, float16"
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel
    torch.manual_seed(0)
    ids = tokenizer(folder/'tokenizer', text['vocab_size'])
    makers = dict(unet=lambda: UNet2DConditionModel(**unet), vae=lambda: AutoencoderKL(**vae),
                  text_encoder=lambda: CLIPTextModel(CLIPTextConfig(**text, **ids)))
    for name,make in makers.items():    # one at a time: they are large
        with quiet(): make().half().save_pretrained(folder/name, variant='fp16')
    (folder/'scheduler').mkdir()
    (folder/'scheduler'/'scheduler_config.json').write_text(json.dumps(SCHEDULER))

@pytest.fixture(scope='module')
def sd(tmp_path_factory):
    folder = tmp_path_factory.mktemp('full')
    checkpoint(folder)
    return load(folder, device='cpu', dtype=torch.float32)

def test_full_size(sd):
    "As many weights as Stable Diffusion 1.5 has"
    assert dict(zip(parts(sd)['part'], parts(sd)['weights'])) == dict(tokenizer=0,
        text_encoder=123_060_480, unet=859_520_964, vae=83_653_863, scheduler=0)
    assert (sd.size, sd.factor) == (512, 8)

@pytest.mark.parametrize('name,size', [('DDIM', 64), ('PNDM', 32)])
@torch.no_grad()
def test_loop_is_the_pipeline(sd, name, size):
    "Two steps (three calls for PNDM) from the same noise: largest relative difference of latents"
    from diffusers import DDIMScheduler
    sd.pipe.scheduler = DDIMScheduler.from_config(sd.scheduler.config,
        clip_sample=False) if name=='DDIM' else sd.scheduler
    prompt = 'a fox on a teal background'
    z = noise(sd, [1], (size*8, size*8))
    sigmas = shipped_sigmas(2)
    theirs = sd.pipe(prompt, size*8, size*8, num_inference_steps=2, guidance_scale=7.5, latents=z,
                     output_type='latent').images
    model = guided_model(sd.unet, text_emb(sd, prompt), text_emb(sd, ''), 7.5)
    ours = integrate(model, z*(sigmas[0]**2+1)**.5, sigmas, euler if name=='DDIM' else pndm())/(sigmas[-1]**2+1)**.5
    diff = (ours-theirs).abs().max()/theirs.abs().max()
    print(f'largest relative difference {diff:.2e}, and from the start {(ours-z).std():.2f}')
    assert ours.isfinite().all() and (ours-z).std() > .01 and diff <= 1e-4

@torch.no_grad()
def test_decodes(sd):
    "The picture has its full size"
    im = decode(sd, noise(sd, [1]))
    assert im.shape == (1,3,512,512) and im.isfinite().all() and im.std() > 0
