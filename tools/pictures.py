"""Make the row of pictures at the top of the README: `python tools/pictures.py [--seed 1]`

All five start from the same noise. Without trained weights the sticker world, which the model learns from,
draws them, and the README says so. Afterwards run `make readme`."""
import argparse, json
from pathlib import Path

folder = Path(__file__).resolve().parent.parent/'nbs'/'images'
prompts = ['a fox on a teal background', 'a penguin in the snow', 'a sailboat at sunset',
           'a bee on a light blue background', 'a pizza on a pink background']

def by_model(seed):
    "The embedded model's pictures"
    from sdcourse.models import load
    from sdcourse.pipelines import generate
    return generate(prompts, load('stickers'), seed=seed)

def by_world(seed):
    "What a teacher would draw: the first picture of the world, from `seed` on, that fits"
    from PIL import Image
    from sdcourse.captions import parse_caption
    from sdcourse.stickers import make_world
    world = make_world()
    about = lambda d: ([o['name'] for o in d['items']], [o['tint'] for o in d['items']],
                       d['style'] or 'cartoon', d['bg'].get('c') or d['bg'].get('name'), d['size'],
                       d['pos'])
    def first(p):
        want, i = about(parse_caption(p)), seed
        while about(world.spec(i)) != want: i += 1
        return Image.fromarray(world[i][0])
    return [first(p) for p in prompts]

def main():
    a = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    a.add_argument('--seed', type=int, default=1)
    seed = a.parse_args().seed
    trained = (folder.parent.parent/'sdcourse'/'weights'/'stickers'/'model_index.json').exists()
    ims = (by_model if trained else by_world)(seed)
    for i,im in enumerate(ims): im.save(folder/f'row_{i}.png', optimize=True)
    about = dict(seed=seed, by='model' if trained else 'world', prompts=prompts, size=ims[0].width)
    (folder/'row.json').write_text(json.dumps(about, indent=1)+'\n')
    print(f"{len(ims)} pictures by the {about['by']} in {folder.name}/")

if __name__ == '__main__': main()
