// CLIP's tokenizer (30_text): lower case, words, bytes, and then merges of two neighbours, the most frequent pairs first

const ENDINGS = "'s|'t|'re|'ve|'m|'ll|'d"
const FIRST = new RegExp(`<\\|startoftext\\|>|<\\|endoftext\\|>|${ENDINGS}|\\p{L}+|\\p{N}|[^\\p{White_Space}\\p{L}\\p{N}]+`, 'gu')
const THEN = new RegExp(`${ENDINGS}|\\p{L}+|\\p{N}+|[^\\p{White_Space}\\p{L}\\p{N}]+`, 'gu')

// A letter for each byte: itself if it can be seen, else one from 256 on
const letters = (() => {
  const seen = b => b > 32 && b < 127 || b > 160 && b != 173
  let extra = 256
  return Array.from({length: 256}, (_, b) => String.fromCodePoint(seen(b) ? b : extra++))
})()
const bytes = new Map(letters.map((c, b) => [c, b]))

export class Tokenizer {
  constructor({vocab, merges, length}) {
    Object.assign(this, {vocab, length, ranks: new Map(merges.map((m, i) => [m, i])), known: new Map()})
    this.start = vocab['<|startoftext|>']
    this.end = vocab['<|endoftext|>']
    this.names = Object.fromEntries(Object.entries(vocab).map(([k, v]) => [v, k]))
  }

  // The pieces of one word
  pieces(word) {
    if (this.known.has(word)) return this.known.get(word)
    let parts = [...new TextEncoder().encode(word)].map(b => letters[b])
    parts[parts.length-1] += '</w>'
    for (;;) {
      const ranks = parts.slice(1).map((p, i) => this.ranks.get(`${parts[i]} ${p}`) ?? Infinity), best = Math.min(...ranks)
      if (best == Infinity) break
      for (let i = 0; i < parts.length-1; i++) if (this.ranks.get(`${parts[i]} ${parts[i+1]}`) == best) parts.splice(i, 2, parts[i]+parts[i+1])
    }
    this.known.set(word, parts)
    return parts
  }

  // All token numbers of a text, without start and end
  tokens(text) {
    return text.split(/(<\|startoftext\|>|<\|endoftext\|>)/).flatMap((part, i) => {
      if (i%2) return [this.vocab[part]]
      const plain = [...part.normalize('NFC').replace(/\p{White_Space}+/gu, ' ')].map(c => c.toLowerCase()).join('')
      return (plain.match(FIRST) ?? []).flatMap(w => w.match(THEN)).flatMap(w => this.pieces(w)).map(p => this.vocab[p] ?? this.end)
    })
  }

  // What the model gets, as long as it wants it, and the end of the text that it won't see
  encode(text) {
    const all = this.tokens(text), room = this.length-2
    const ids = [this.start, ...all.slice(0, room), this.end]
    return {ids: [...ids, ...Array(this.length-ids.length).fill(this.end)], cut: this.decode(all.slice(room))}
  }

  decode(ids) {
    const text = ids.map(i => this.names[i]).join('').replaceAll('</w>', ' ')
    return new TextDecoder().decode(Uint8Array.from([...text], c => bytes.get(c) ?? 32)).trim()
  }
}
