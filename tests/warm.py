"What nearly every notebook imports, imported once: `runner.py` forks each notebook from here, which saves it 8 s"
import accelerate, ipywidgets, matplotlib.pyplot, nbdev.test, numpy, PIL.Image, torch
from diffusers import AutoencoderKL, DDIMScheduler, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPModel, CLIPTextModel, CLIPTokenizer
