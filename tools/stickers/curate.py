"""vocab_src.txt -> vocab.json: name, slug, forms (name and synonyms, each with article and plural), category,
tier, flags."""
import json
from collections import Counter
from paths import DATA, HERE

# tier 3 = extra (not in the default set), tier 1 = the core the model must do well; everything else tier 2
T3 = set('''mouse-face tiger-face rabbit-face cow-face black-cat ram ox boar leopard badger bison poodle turkey goose dove mammoth hamster
dodo lizard dragon-face seal blowfish shrimp squid bug scorpion bouquet hibiscus lotus fallen-leaf wood coral feather
potted-plant sun-with-face full-moon glowing-star comet sun-behind-cloud tornado mango chestnut peanuts onion garlic potato
cucumber bell-pepper baguette-bread bagel waffle bacon burrito cooking green-salad spaghetti dumpling fortune-cookie custard
glass-of-milk cocktail-glass salt ice-cream pie rice-ball honey-pot japanese-castle hut church factory hospital office-building
tokyo-tower statue-of-liberty fountain circus-tent moai bullet-train police-car pickup-truck delivery-truck motor-scooter
roller-skate canoe speedboat passenger-ship small-airplane satellite parachute fuel-pump ogre fairy mermaid vampire zombie
superhero genie elf prince detective cook farmer baby snowboarder person-surfing pile-of-poo nesting-dolls carousel-horse
fireworks party-popper ribbon 1st-place-medal baseball volleyball american-football bowling ping-pong badminton boxing-glove
yo-yo crystal-ball joystick pinata ice-skate skis sled performing-arts framed-picture necktie jeans scarf gloves handbag
running-shoe high-heeled-shoe hiking-boot glasses radio accordion musical-keyboard maracas banjo mobile-phone desktop-computer
computer-mouse floppy-disk movie-camera open-book green-book blue-book books scroll newspaper credit-card postbox fountain-pen
briefcase calendar pushpin paperclip old-key pick dagger crossed-swords bomb boomerang shield screwdriver carpentry-saw
test-tube microscope dna satellite-antenna pill syringe stethoscope door bed couch-and-lamp toilet bathtub broom bucket
toothbrush shopping-cart watch hourglass-done luggage compass world-map fork-and-knife spoon kitchen-knife amphora baby-bottle
battery nut-and-bolt coffin orange-heart yellow-heart green-heart blue-heart purple-heart pink-heart black-heart
heart-with-ribbon sparkles hundred-points footprints eye thumbs-up waving-hand brain tooth bone speech-balloon'''.split())
BACK = '''dog-face tiger-face rabbit-face cow-face dodo seal fairy mage mermaid zombie genie fireworks bowling ping-pong crystal-ball
newspaper tokyo-tower statue-of-liberty fountain circus-tent moai police-car speedboat satellite parachute waffle pie honey-pot
sushi violin scarf dragon-face bug shrimp squid hibiscus lotus full-moon comet tornado coral feather ribbon shield
crossed-swords microscope bone brain footprints accordion radio bed toilet door cocktail-glass japanese-castle church
nesting-dolls carousel-horse hourglass-done bomb watch sled dna sparkles wood boxing-glove paperclip calendar open-book pinata
bathtub bucket baseball party-popper gloves handbag floppy-disk scroll shopping-cart compass luggage'''.split()
T3 -= set(BACK)
CORE = '''dog cat fox wolf lion tiger horse unicorn zebra deer cow pig ewe giraffe elephant mouse rabbit hedgehog bear panda koala monkey
penguin duck swan owl flamingo parrot frog turtle snake dragon t-rex spouting-whale dolphin fish tropical-fish shark octopus
crab snail butterfly honeybee lady-beetle spider hatching-chick bat crocodile rose sunflower tulip evergreen-tree deciduous-tree
palm-tree cactus mushroom maple-leaf sun crescent-moon ringed-planet globe-showing-europe-africa star cloud rainbow umbrella
high-voltage snowflake snowman-without-snow fire droplet volcano grapes watermelon tangerine lemon banana pineapple red-apple
pear cherries strawberry avocado carrot tomato hamburger pizza hot-dog ice-cream soft-ice-cream doughnut cookie birthday-cake
cupcake lollipop hot-beverage croissant cheese-wedge egg castle house tent locomotive bus fire-engine taxi automobile tractor
racing-car motorcycle bicycle sailboat ship airplane helicopter rocket flying-saucer anchor astronaut robot ghost alien
alien-monster skull clown-face mage ninja princess santa-claus grinning-face jack-o-lantern teddy-bear christmas-tree balloon
wrapped-gift trophy soccer-ball basketball kite game-die guitar trumpet drum crown top-hat gem-stone bell camera television
laptop light-bulb key hammer scissors pencil magnet telescope alarm-clock candle red-heart closed-book envelope umbrella
sunglasses puzzle-piece artist-palette'''.split()
T3 -= set(CORE)
PL = {
    'mouse':'mice', 'mouse face':'mouse faces', 'sheep':'sheep', 'fish':'fish', 'tropical fish':'tropical fish',
    'pufferfish':'pufferfish', 'jellyfish':'jellyfish', 'deer':'deer', 'moose':'moose', 'bison':'bison', 'wolf':'wolves',
    'goose':'geese', 'ox':'oxen', 'maple leaf':'maple leaves', 'autumn leaf':'autumn leaves', 'squid':'squid',
    'shrimp':'shrimp', 'loaf of bread':'loaves of bread', 'die':'dice', 'knife':'knives', 'kitchen knife':'kitchen knives',
    'scarf':'scarves', 'elf':'elves', 'octopus':'octopuses', 'cactus':'cacti', 'puppy':'puppies', 'piranha':'piranhas',
    'footprints':'footprints', 'hippo':'hippos', 'rhino':'rhinos', 'hippopotamus':'hippopotamuses', 'bus':'buses',
    'potato':'potatoes', 'tomato':'tomatoes', 'mango':'mangoes', 'volcano':'volcanoes', 'tornado':'tornadoes',
    'flamingo':'flamingos', 'dodo':'dodos', 'avocado':'avocados', 'kangaroo':'kangaroos', 'taco':'tacos', 'burrito':'burritos',
    'piano':'pianos', 'radio':'radios', 'computer mouse':'computer mice', 'thief':'thieves',
    'smiling sun':'smiling suns', 'sun behind a cloud':'suns behind clouds'}
MASS = {
    'grapes', 'cherries', 'blueberries', 'peanuts', 'pancakes', 'french fries', 'chips', 'scissors', 'glasses', 'eyeglasses',
    'sunglasses', 'jeans', 'pants', 'trousers', 'gloves', 'socks', 'headphones', 'maracas', 'skis', 'books', 'theater masks',
    'drama masks', 'crossed swords', 'swords', 'footprints', 'sparkles', 'bread', 'popcorn', 'bacon', 'cheese', 'corn', 'salad',
    'spaghetti', 'broccoli', 'garlic', 'lightning', 'chocolate', 'milk', 'coffee', 'beer', 'salt', 'wood', 'fire', 'dna',
    'luggage', 'yarn', 'thumbs up', 'earth', 'cutlery', 'fireworks', 'ramen', 'sushi', 'toast', 'wisdom', 'rain', 'one hundred',
    'hundred points', 'santa', 'santa claus'}
def plural(n):
    "More than one of `n`, or None if nobody would say so"
    if n in PL: return PL[n]
    if n in MASS: return None
    for sep in (' of ',' with ',' and ',' to '):
        if sep in n:
            head,rest = n.split(sep, 1)
            p = plural(head)
            return None if p is None or sep==' and ' else p+sep+rest
    *first,last = n.split()
    if last in PL: last = PL[last]
    elif last.endswith(('s','x','z','ch','sh')): last += 'es'
    elif last.endswith('y') and last[-2] not in 'aeiou': last = last[:-1]+'ies'
    else: last += 's'
    return ' '.join(first+[last])

AN_EXC = {
    'unicorn':'a', 'ufo':'a', 'one hundred':'one hundred', 'onigiri':'an', 'hourglass':'an', '8':'an', '8-bit':'an', 'x':'an'}
NOART = {
    'grapes', 'cherries', 'blueberries', 'peanuts', 'pancakes', 'french fries', 'chips', 'scissors', 'glasses', 'eyeglasses',
    'sunglasses', 'jeans', 'pants', 'trousers', 'gloves', 'socks', 'headphones', 'maracas', 'skis', 'books', 'theater masks',
    'drama masks', 'crossed swords', 'swords', 'footprints', 'sparkles', 'bread', 'popcorn', 'bacon', 'cheese', 'corn', 'salad',
    'spaghetti', 'broccoli', 'garlic', 'lightning', 'chocolate', 'milk', 'coffee', 'beer', 'salt', 'wood', 'fire', 'dna',
    'luggage', 'yarn', 'cutlery', 'fireworks', 'ramen', 'sushi', 'one hundred', 'hundred points', 'santa', 'santa claus',
    'thumbs up', 'saturn', 'money', 'santa'}
THE = {
    'sun', 'earth', 'moon', 'statue of liberty', 'crescent moon', 'smiling sun'}
def art(n):
    "The article before `n`"
    if n in NOART: return ''
    if n in THE: return 'the'
    first = n.split()[0]
    return AN_EXC.get(first) or ('an' if first[0] in 'aeiou' else 'a')

FACE = '''dog-face wolf fox cat-face lion tiger-face cow-face pig-face mouse-face rabbit-face hamster bear polar-bear koala panda
monkey-face hatching-chick frog robot alien skull clown-face grinning-face crying-face angry-face sleeping-face jack-o-lantern
octopus ghost egg red-apple tangerine tomato peach pear doughnut cookie soccer-ball basketball globe-showing-europe-africa
penguin owl teddy-bear mushroom raccoon'''.split()
MOUNT = '''horse unicorn zebra camel elephant dolphin spouting-whale shark turtle bicycle motorcycle skateboard rocket cow tiger t-rex
sauropod dragon snail duck swan deer crocodile llama'''.split()
RIDER = '''astronaut robot ghost alien mage ninja princess cat-face dog-face fox panda frog monkey-face penguin teddy-bear hatching-chick
owl bear koala lion mouse santa-claus skull clown-face jack-o-lantern snowman-without-snow rabbit-face'''.split()
HAT = 'crown top-hat graduation-cap billed-cap'.split()

def source():
    "The lines of vocab_src.txt: slug | name | synonyms, under headings with a category"
    category = None
    for line in (HERE/'vocab_src.txt').read_text(encoding='utf8').splitlines():
        if line.startswith('# category:'): category = line.split(':')[1].strip()
        elif line.strip():
            slug,name,synonyms = [x.strip() for x in (line.split('|')+['',''])[:3]]
            yield dict(slug=slug, name=name,
                       synonyms=[s.strip() for s in synonyms.split(',') if s.strip()],
                       category=category)

def entry(v):
    "What vocab.json says of a noun"
    slug = v['slug']
    forms = [dict(s=n, art=art(n), p=plural(n)) for n in [v['name']]+v['synonyms']]
    flags = dict(face=slug in FACE, mount=slug in MOUNT, rider=slug in RIDER, hat=slug in HAT)
    tier = 1 if slug in CORE else 2
    if slug in T3 and tier == 2: tier = 3
    return dict(name=v['name'], slug=slug, category=v['category'], tier=tier, forms=forms, **flags)

if __name__=='__main__':
    entries = [entry(v) for v in source()]
    unknown = set(CORE+FACE+MOUNT+RIDER+HAT)-{v['slug'] for v in entries}
    assert not unknown, f'not in vocab_src.txt: {unknown}'
    (DATA/'vocab.json').write_text(json.dumps(entries, indent=0, ensure_ascii=False), encoding='utf8')
    print(len(entries), 'nouns; by tier', dict(Counter(v['tier'] for v in entries)))
