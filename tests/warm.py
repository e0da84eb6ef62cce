"What nearly every notebook imports: `runner.py` imports it once and forks each notebook from there"
import accelerate, ipywidgets, matplotlib.pyplot, nbdev.test, numpy, PIL.Image, torch
from diffusers import AutoencoderKL, DDIMScheduler, PNDMScheduler, UNet2DConditionModel
from diffusers import StableDiffusionPipeline
from transformers import CLIPModel, CLIPTextModel, CLIPTokenizer
