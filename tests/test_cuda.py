"""CUDA on a machine that has none. In PyTorch's fake mode tensors have a shape, a type and a device, and no
numbers: tensors on different devices don't mix, and whatever would wait for the GPU (`float(x)`, `.item()`,
`if x:`) raises. Tensors of the CPU stay real here, so a schedule keeps its numbers."""

import copy, functools
import pytest, torch, torch.nn.functional as F
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensor, FakeTensorMode
from torch.utils._pytree import tree_leaves, tree_map
from PIL import Image
from sdcourse.dreambooth import subject_params, train_subject
from sdcourse.guidance import cfg, cfg_interval, cfg_negative, cfg_rescale
from sdcourse.img2img import blend, to_latent_mask
from sdcourse.losses import colour_loss, faded, loss_guided, loss_guided_full, on_pictures, position_loss
from sdcourse.lora import add_lora
from sdcourse.models import load
from sdcourse.samplers import OWN_SAMPLERS, ancestral, churn, ddim, ddpm, dpmpp_2m, heun, integrate, lms, pndm
from sdcourse.sampling import denoise, euler, guided_model, inpaint_steps, noise_model, sample
from sdcourse.schedules import karras_sigmas, sample_sigmas
from sdcourse.textual_inversion import add_token, train_token
from sdcourse.training import LatentCache

pytestmark = pytest.mark.filterwarnings('ignore:Accessing the data pointer')

# A device that autograd knows. A CPU build of PyTorch knows CUDA by name only, and records no gradients there.
if not hasattr(torch._C, '_acc'):
    pytest.skip('this PyTorch has no devices in Python', allow_module_level=True)


class Hooks(torch._C._acc.PrivateUse1Hooks):
    def is_available(self):
        return True

    def is_built(self):
        return True

    def has_primary_context(self, device):
        return True


class Guard(torch._C._acc.DeviceGuard):
    def type_(self):
        return torch._C._autograd.DeviceType.PrivateUse1


class Module:
    "What PyTorch asks about a kind of device"

    is_initialized = is_available = staticmethod(lambda: True)
    _is_in_bad_fork = staticmethod(lambda: False)
    current_device = staticmethod(lambda: 0)
    device_count = staticmethod(lambda: 1)
    manual_seed_all = staticmethod(lambda seed: None)
    get_amp_supported_dtype = staticmethod(lambda: [torch.float16, torch.bfloat16])


torch.utils.rename_privateuse1_backend('pretend')
torch._register_device_module('pretend', Module)
kept = Hooks(), Guard()
torch._C._acc.register_python_privateuseone_hook(kept[0])
torch._C._acc.register_python_privateuseone_device_guard(kept[1])
GPU = torch.device('pretend:0')


class FakeCuda(FakeTensorMode):
    "Fake mode for what is on the GPU alone"

    def __init__(self):
        super().__init__(allow_non_fake_inputs=True)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        every = tree_leaves((args, kwargs))
        fake = [o for o in every if isinstance(o, FakeTensor)]
        to_gpu = any(isinstance(o, torch.device) and o.type == 'pretend' for o in every)
        if not fake and not to_gpu:
            return func(*args, **(kwargs or {}))
        # a number or an index may stay on the CPU, anything else may not
        real = [o for o in every if isinstance(o, torch.Tensor) and not isinstance(o, FakeTensor) and o.ndim]
        moves = func in (
            torch.ops.aten._to_copy.default,
            torch.ops.aten.copy_.default,
            torch.ops.aten.index.Tensor,
        )
        if fake and real and not moves:
            raise RuntimeError(f'{func}: a tensor on the CPU meets one on the GPU')

        def pretend(o):
            return self.from_tensor(o) if type(o) in (torch.Tensor, torch.nn.Parameter) else o

        args, kwargs = tree_map(pretend, (args, kwargs or {}))
        return super().__torch_dispatch__(func, types, args, kwargs)


pretended = FakeCuda()


@pytest.fixture
def cuda():
    with pretended:
        yield GPU


def moved(net, dtype):
    "A copy of a network whose weights are on the pretended GPU"
    net = copy.deepcopy(net)
    for m in net.modules():
        for k, p in m._parameters.items():
            if p is not None:
                m._parameters[k] = torch.nn.Parameter(
                    torch.empty(p.shape, device=GPU, dtype=dtype), requires_grad=False
                )
        for k, b in m._buffers.items():
            if b is not None:
                m._buffers[k] = torch.empty(b.shape, device=GPU, dtype=dtype if b.is_floating_point() else b.dtype)
    return net


def text(n, dtype=torch.float32):
    return torch.empty(n, 77, 128, device=GPU, dtype=dtype)


def start(n=1):
    return torch.empty(n, 4, 16, 16, device=GPU)


plain = load()


@functools.cache
def on_gpu(dtype):
    "The model on the pretended GPU"
    sd = copy.copy(plain)
    sd.__dict__ = {**plain.__dict__, 'device': GPU, 'dtype': dtype}
    for k in ('unet', 'vae', 'text_encoder'):
        sd.__dict__[k] = moved(getattr(plain, k), dtype)
    return sd


@pytest.fixture(params=[torch.float32, torch.float16], ids=['float32', 'float16'])
def gpu(cuda, request):
    return on_gpu(request.param)


# the pretended GPU is as strict as a real one


def test_waiting_is_found(cuda):
    x = start()
    for wait in (lambda: float(x.sum()), lambda: x.sum().item(), lambda: bool(x.isfinite().all()), x.tolist):
        with pytest.raises(Exception) as e:
            wait()
        assert not isinstance(e.value, AssertionError)


def test_mixing_is_found(cuda):
    with pytest.raises(RuntimeError, match='CPU'):
        start() + torch.zeros(1, 4, 16, 16)
    with pytest.raises(RuntimeError):
        torch.nn.Linear(16, 4)(start())
    assert (start() + torch.tensor(2.0)).device == GPU  # as on a real one, a number may be anywhere


# the loop

STEPS = dict(
    euler=lambda: euler,
    heun=lambda: heun,
    lms=lms,
    pndm=pndm,
    dpmpp_2m=dpmpp_2m,
    ddpm=lambda: ddpm,
    ddim=lambda: ddim,
    ancestral=lambda: ancestral,
    churn=lambda: churn(0.1),
    **{f'own: {k}': v[0] for k, v in OWN_SAMPLERS.items()},
)


def run(loop):
    "The last step, if nothing waited before the end"
    n = 0
    last = None
    try:
        for last in loop:
            n += 1
    except DataDependentOutputException:
        pass
    return n, last


def standin(latents, sigma):
    return latents * 0.5


@pytest.mark.parametrize('name', STEPS)
def test_samplers(cuda, name):
    for sigmas in (sample_sigmas(6), karras_sigmas(6)):
        n, s = run(denoise(standin, start(2) * sigmas[0], sigmas, STEPS[name]()))
        assert n == 6 and s.latents.device == GPU and s.latents.dtype == torch.float32


def test_unet(gpu):
    model = guided_model(gpu.unet, text(1, gpu.dtype), text(1, gpu.dtype), 6.0)
    n, s = run(denoise(model, start(2), sample_sigmas(2)))
    assert n == 2 and s.noise_pred.device == GPU and s.noise_pred.dtype == torch.float32


def test_one_look(cuda):
    "Without the look at its end, the loop waits nowhere; with it, once"
    sigmas = sample_sigmas(5)
    with pytest.raises(DataDependentOutputException):
        sample(lambda x, sigma: x * 0, start(), sigmas)


@pytest.mark.parametrize(
    'guide',
    [
        lambda c, u: cfg(c, u, 6.0),
        lambda c, u: cfg_negative(c, u, u, 6.0, 2.0),
        lambda c, u: cfg_interval(cfg(c, u), c, 1, 5),
        lambda c, u: cfg_rescale(cfg(c, u), c),
    ],
    ids=['cfg', 'negative', 'interval', 'rescale'],
)
def test_guidance(cuda, guide):
    n, s = run(denoise(guide(standin, standin), start(2), sample_sigmas(4)))
    assert n == 4 and s.noise_pred.device == GPU


def test_a_level_for_each(gpu):
    "A noise level for each picture: a tensor, which has to be read on the CPU"
    model = noise_model(gpu.unet, text(2, gpu.dtype))
    assert model(start(2), torch.tensor([3.0, 1.0])).device == GPU


# pictures and masks


def test_img2img(gpu):
    z = gpu.vae.encode(torch.empty(1, 3, 64, 64, device=GPU, dtype=gpu.dtype)).latent_dist.mode()
    sigmas = sample_sigmas(4)[2:]
    model = guided_model(gpu.unet, text(1, gpu.dtype), text(1, gpu.dtype), 6.0)
    n, s = run(denoise(model, z.float() + sigmas[0] * start(), sigmas))
    assert n == 2 and gpu.vae.decode(s.latents.to(gpu.dtype)).sample.shape == (1, 3, 64, 64)


def test_inpainting(gpu):
    mask = to_latent_mask(torch.empty(1, 1, 64, 64, device=GPU), 4)
    model = guided_model(gpu.unet, text(1, gpu.dtype), text(1, gpu.dtype), 6.0)
    n, s = run(inpaint_steps(denoise(model, start(), sample_sigmas(2)), start(), mask, start()))
    assert n == 2 and blend(s.latents, start(), mask, start(), s.sigma).device == GPU


# steering


@pytest.mark.parametrize('loss', [colour_loss, position_loss])
def test_losses(gpu, loss):
    model = noise_model(gpu.unet, text(1, gpu.dtype))
    n, s = run(loss_guided(denoise(model, start(), sample_sigmas(1)), on_pictures(gpu, loss), faded(2.0)))
    assert n == 1 and s.loss.device == GPU


def test_losses_through_the_unet(gpu):
    model = noise_model(gpu.unet, text(1, gpu.dtype))
    n, s = run(
        loss_guided_full(denoise(model, start(), sample_sigmas(1)), lambda z: z.square().mean((1, 2, 3)), 2.0)
    )
    assert n == 1 and s.loss.device == GPU


# training: the loss is read on the CPU once a step, after the gradient is there


def watch(params, got):
    "Keep the gradients of `params` in a dict"
    for p in params:
        p.requires_grad_(True).register_post_accumulate_grad_hook(lambda p: got.update({id(p): p.grad}))
    return params


def one_step(steps):
    "Take a step; it may wait for its loss and for nothing before"
    with pytest.raises(DataDependentOutputException) as e:
        next(iter(steps))
    assert [t for t in e.traceback if 'sdcourse' in str(t.path)][-1].name == '_backward'


@pytest.fixture
def lesson(cuda):
    "A model of its own to teach, a word for it, and pictures"
    sd = copy.deepcopy(plain)
    sd.device = GPU
    word = add_token(sd, '<pip>', 'bear')
    for k in ('unet', 'vae', 'text_encoder'):
        setattr(sd, k, moved(getattr(sd, k), torch.float32))
    word.text_encoder = sd.text_encoder
    return sd, word, LatentCache(sd, [Image.new('RGB', (64, 64), c) for c in ('red', 'blue')])


def test_textual_inversion(lesson, monkeypatch):
    sd, word, cache = lesson
    got = {}
    monkeypatch.setattr(torch.optim, 'Adam', lambda params, **kw: torch.optim.SGD(watch(params, got)))
    one_step(train_token(sd, word, cache, [['a <pip>']] * 2, bs=2))
    assert [g.device for g in got.values()] == [GPU]


@pytest.mark.parametrize('what', ['dreambooth', 'lora'])
def test_subject(lesson, what):
    sd, _, cache = lesson
    if what == 'lora':
        add_lora(sd.unet)
    got = {}
    params = watch(subject_params(sd), got)
    one_step(train_subject(sd, cache, ['a sks bear'] * 2, bs=2))
    assert len(got) == len(params) and all(g.device == GPU for g in got.values())
