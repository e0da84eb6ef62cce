"""CLIP's byte-pair merges, pruned to what the words of the sticker world and of the course need ->
sdcourse/data/clip_merges_pruned.txt

    python prune_bpe.py bpe_simple_vocab_16e6.txt.gz     # the file in the package open_clip_torch 3.3.0 (MIT), folder open_clip

words.json holds the 996 words of the captions of seeds 0 to 99,999; vocab.json adds every form of every
noun."""
import gzip, json, re, sys
from paths import DATA, HERE

EXTRA = '''photo photograph painting oil style sks birb puppy art of the in a an and with realistic cute portrait drawing sketch
illustration detailed 4k high quality beautiful riding wolf howling moon vermeer pearl earring labrador campfire canvas skunk mouse
teddy lion zebra horse girl boy man woman person people face eyes hair water sky night day light dark old young new small big happy sad
angry red green blue yellow orange purple pink black white brown gray grey cat dog bird fish tree flower house car city sea ocean
mountain forest field beach street park garden room table chair window door'''.split()

def bpe(word, rank, used=None):
    "Cut a word into tokens: join the pair that comes first in `rank`, again and again"
    parts = [*word[:-1], word[-1]+'</w>']
    while len(parts)>1:
        best,i = min((rank.get(pair, 1<<30), i) for i,pair in enumerate(zip(parts, parts[1:])))
        if best==1<<30: break
        pair,k = (parts[i],parts[i+1]),0
        if used is not None: used.add(pair)
        joined = []
        while k<len(parts):
            both = k<len(parts)-1 and (parts[k],parts[k+1])==pair
            joined.append(parts[k]+parts[k+1] if both else parts[k])
            k += 2 if both else 1
        parts = joined
    return parts

def words():
    "All words to keep, with the parts of hyphenated ones"
    out = set(json.loads((HERE/'words.json').read_text(encoding='utf8')))|set(EXTRA)
    for v in json.loads((DATA/'vocab.json').read_text(encoding='utf8')):
        for f in v['forms']:
            for s in (f['s'],f['p']): out |= set(re.findall(r"[a-zñ'-]+", (s or '').lower()))
    out = {w for w in out if re.fullmatch(r"[a-z0-9'-]+", w)}
    return out|{part for w in out for part in w.split('-') if part}

if __name__=='__main__':
    lines = gzip.open(sys.argv[1], 'rt', encoding='utf8').read().split('\n')
    merges = [tuple(x.split()) for x in lines[1:49152-256-2+1]]   # as CLIP reads it
    rank = {p:i for i,p in enumerate(merges)}
    used = set()
    for w in words(): bpe(w, rank, used)
    keep = sorted(used, key=rank.get)
    pruned = {p:i for i,p in enumerate(keep)}
    assert all(bpe(w, rank)==bpe(w, pruned) for w in words()), 'a word is cut otherwise'
    text = '#pruned from bpe_simple_vocab_16e6 (MIT, OpenAI CLIP)\n'+'\n'.join(' '.join(p) for p in keep)+'\n'
    (DATA/'clip_merges_pruned.txt').write_text(text, encoding='utf8')
    print(len(words()), 'words,', len(keep), 'merges, vocabulary', 512+len(keep)+2)
