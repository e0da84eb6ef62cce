// The model, off the page's own thread: loads it once, then draws what it is asked to; a later wish ends an earlier one.
import * as ort from './ort/ort.wasm.min.mjs'
import {Tokenizer} from './tokenizer.js'
import {dpmpp2m, guide, karras, randn, timestep} from './sampler.js'

const CHANNELS = 4, SIDE = 16, PIXELS = 64, BATCH = [2, CHANNELS, SIDE, SIDE]   // two: without the prompt, and with it
let facts, tokenizer, parts, newest = 0, film = {}, text = {}

const float = (data, dims) => new ort.Tensor('float32', data, dims)
const pause = () => new Promise(f => setTimeout(f))   // lets messages in
const run = async (part, inputs) => (await parts[part].run(inputs)).out.data

// Fetch a file, and tell how far it is
async function fetched(name, tell) {
  const answer = await fetch(new URL(name, import.meta.url))
  if (!answer.ok) throw new Error(`${name} is not there (${answer.status})`)
  const chunks = [], reader = answer.body.getReader()
  for (let r; !(r = await reader.read()).done;) { chunks.push(r.value); tell(r.value.length) }
  return new Uint8Array(await new Blob(chunks).arrayBuffer())
}

async function load() {
  facts = await (await fetch(new URL('facts.json', import.meta.url))).json()
  let loaded = 0
  const total = Object.values(facts.bytes).reduce((a, b) => a+b)
  const get = name => fetched(name, n => postMessage({type: 'loading', loaded: loaded += n, total}))
  const [wasm, words, ...models] = await Promise.all(Object.keys(facts.bytes).map(get))
  tokenizer = new Tokenizer(JSON.parse(new TextDecoder().decode(words)))
  ort.env.logLevel = 'error'
  ort.env.wasm.numThreads = 1
  ort.env.wasm.wasmPaths = new URL('ort/', import.meta.url).href
  ort.env.wasm.wasmBinary = wasm
  parts = {}
  for (const part of ['text', 'unet', 'vae']) {
    postMessage({type: 'starting', part})
    parts[part] = await ort.InferenceSession.create(models.shift())
  }
}

// The text embedding of the negative prompt and of the prompt
async function embed(prompt, negative) {
  const all = [negative, prompt].map(t => tokenizer.encode(t)), key = JSON.stringify([negative, prompt])
  if (text.key != key) {
    const ids = new ort.Tensor('int64', BigInt64Array.from(all.flatMap(o => o.ids), BigInt), [2, tokenizer.length])
    text = {key, emb: float(await run('text', {ids}), [2, tokenizer.length, facts.width])}
  }
  return {emb: text.emb, cut: all[1].cut || all[0].cut}
}

// The noise in latents, with guidance
async function predict(x, sigma, emb, guidance) {
  const scaled = x.map(v => v/Math.hypot(1, sigma)), both = new Float32Array(2*x.length)
  both.set(scaled)
  both.set(scaled, x.length)
  const eps = await run('unet', {latents: float(both, BATCH), t: float([timestep(sigma)], [1]), text: emb})
  return guide(eps.subarray(0, x.length), eps.subarray(x.length), guidance)
}

// A cheap look at latents: a colour from each place's four numbers (31_latents)
function colours(x, scale = 1) {
  const n = SIDE*SIDE, out = new Uint8ClampedArray(4*n).fill(255)
  for (let k = 0; k < n; k++) for (let c = 0; c < 3; c++) {
    let v = facts.rgb.bias[c]
    for (let j = 0; j < CHANNELS; j++) v += facts.rgb.weight[c][j]*x[j*n+k]*scale
    out[4*k+c] = 127.5*(v+1)
  }
  return out
}

// The picture of latents
async function decode(x) {
  const y = await run('vae', {latents: float(x, [1, CHANNELS, SIDE, SIDE])})
  const n = PIXELS*PIXELS, out = new Uint8ClampedArray(4*n).fill(255)
  for (let k = 0; k < n; k++) for (let c = 0; c < 3; c++) out[4*k+c] = 127.5*(y[c*n+k]+1)
  return out
}

async function draw({id, prompt, negative, guidance, steps, seed, noise}) {
  const start = performance.now(), sigmas = karras(steps), step = dpmpp2m()
  const {emb, cut} = await embed(prompt, negative)
  let x = (noise ? Float32Array.from(noise) : randn(seed, CHANNELS*SIDE*SIDE)).map(v => v*Math.hypot(1, sigmas[0]))
  const guesses = []
  for (let i = 0; i < steps; i++) {
    await pause()
    if (id != newest) return
    const now = sigmas[i], eps = await predict(x, now, emb, guidance), x0 = x.map((v, k) => v - now*eps[k])
    guesses.push(x0)
    postMessage({type: 'step', id, i, sigma: now, seen: colours(x, 1/Math.hypot(1, now)), guess: colours(x0)})
    x = step(x, x0, now, sigmas[i+1])
  }
  if (!x.every(Number.isFinite)) throw new Error('the latents are not finite')
  const drawn = performance.now(), pixels = await decode(x)
  film = {id, guesses}
  postMessage({type: 'done', id, pixels, latents: x, cut, step: (drawn-start)/steps, secs: (performance.now()-start)/1000})
}

const todo = {
  load: async () => { await load(); postMessage({type: 'ready'}) },
  draw,
  stop() {},
  async frame({id, i}) { if (film.id == id) postMessage({type: 'frame', id, i, pixels: await decode(film.guesses[i])}) },
}

let queue = Promise.resolve()
self.onmessage = ({data}) => {
  if (data.type == 'draw' || data.type == 'stop') newest = data.id
  queue = queue.then(() => todo[data.type](data)).catch(e => postMessage({type: 'error', id: data.id, of: data.type, message: e.message ?? String(e)}))
}
