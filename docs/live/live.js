// The page: reads the knobs, asks the worker for pictures, and shows what it sends back.

const $ = id => document.getElementById('live-'+id)
const root = document.getElementById('live'), url = name => new URL(name, import.meta.url)
const knobs = ['prompt', 'negative', 'guidance', 'steps', 'seed'], OLD = 12   // so many pictures are kept

let facts, worker, ready, now = {id: 0}, timer

// ---- what is seen

const say = (text, bad = false) => { $('status').textContent = text; $('status').classList.toggle('bad', bad) }
const busy = on => { now.busy = on; $('draw').textContent = on ? 'Stop' : 'Draw'; root.setAttribute('aria-busy', on) }

// Square pixels (rgba) on a canvas, whatever its size; smooth, or each as a square
function paint(canvas, pixels, smooth = true) {
  const side = Math.sqrt(pixels.length/4), small = Object.assign(document.createElement('canvas'), {width: side, height: side}), c = canvas.getContext('2d')
  small.getContext('2d').putImageData(new ImageData(new Uint8ClampedArray(pixels), side, side), 0, 0)
  Object.assign(c, {imageSmoothingEnabled: smooth, imageSmoothingQuality: 'high'})
  c.drawImage(small, 0, 0, canvas.width, canvas.height)
}

function settings() {
  const number = k => $(k).value.trim() == '' ? NaN : Number($(k).value)   // an empty field is no number
  return {prompt: $('prompt').value, negative: $('negative').value, guidance: number('guidance'), steps: number('steps'), seed: number('seed')}
}

function show() { for (const k of ['guidance', 'steps']) $(k+'-is').textContent = $(k).value }

function set(values) {
  for (const k of knobs) if (values[k] != null) $(k).value = values[k]
  show()
}

// ---- words (10_pipelines)

// Words of a text that were never in a caption
const strange = text => [...new Set(text.toLowerCase().match(/<[^ >]+>|[a-z0-9'-]+/g) ?? [])].filter(w => !facts.words.includes(w) && !/^<\|(start|end)oftext\|>$/.test(w))

// How alike two words are, 0 to 1: the pairs of letters that they share
function alike(a, b) {
  const pairs = w => new Set([...` ${w} `].map((c, i, all) => c+(all[i+1] ?? '')).slice(0, -1)), x = pairs(a), y = pairs(b)
  return 2*[...x].filter(p => y.has(p)).length/(x.size+y.size)
}

function notes({prompt, negative, guidance}, cut) {
  const out = strange(`${prompt} ${negative}`).map(w => {
    const near = facts.words.map(o => [alike(w, o), o]).filter(([s]) => s >= .5).sort((p, q) => q[0]-p[0]).slice(0, 3).map(p => p[1])
    return `The model has never seen the word “${w}”${near.length ? `; it knows ${near.join(', ')}` : ''}.`
  })
  if (cut) out.push(`The prompt is too long; the model did not see “${cut}”.`)
  if (negative && guidance == 1) out.push('Guidance 1 is the prompt alone, so what should not be in it does nothing; take more.')
  $('notes').textContent = out.join(' ')
}

// ---- drawing

const megabytes = n => (n/1e6).toFixed(0)

function start() {
  if (ready) return ready
  worker = new Worker(url('worker.js'), {type: 'module'})
  ready = new Promise((good, bad) => {
    worker.onmessage = ({data}) => data.type == 'ready' ? good() : data.of == 'load' ? bad(new Error(data.message)) : heard(data)
    worker.onerror = e => { e.preventDefault(); bad(new Error(e.message || 'the worker does not start')) }
  })
  worker.postMessage({type: 'load'})
  root.querySelector('.bar').hidden = false
  return ready.finally(() => { root.querySelector('.bar').hidden = true }).catch(e => {
    worker.terminate()
    ready = null
    throw e
  })
}

// Draw with the present settings, or with others; an earlier drawing that isn't finished is given up
async function draw(other = {}) {
  if (!facts) return welcome()
  const wish = {...settings(), ...other}
  if (!Number.isInteger(wish.seed) || wish.seed < 0 || wish.seed >= 2**32) return say('A seed is a whole number from 0 to 4294967295.', true)
  now = {id: now.id+1, wish, frames: []}
  const mine = now
  busy(true)
  notes(wish)
  try { await start() }
  catch (e) { busy(false); return say(`The model could not be loaded: ${e.message}. Press Draw to try again.`, true) }
  if (mine != now) return
  if (!mine.busy) return say('The model is ready. Press Draw.')   // stopped while it was loaded
  $('film').disabled = true
  $('film').max = wish.steps
  worker.postMessage({type: 'draw', id: mine.id, ...wish})
  return new Promise(f => { mine.finish = f })
}

function stop() {
  busy(false)
  worker?.postMessage({type: 'stop', id: ++now.id})
  say('Stopped.')
}

function heard(m) {
  if (m.type == 'loading') { $('bar').value = m.loaded/m.total; return say(`Loading the model, once: ${megabytes(m.loaded)} of ${megabytes(m.total)} MB`) }
  if (m.type == 'starting') return say('Setting the model up…')
  if (m.id != now.id) return
  if (m.type == 'step') {
    now.frames.push({guess: m.guess, seen: m.seen, sigma: m.sigma})
    frame(m.i)
    say(`Step ${m.i+1} of ${now.wish.steps}, noise level ${m.sigma.toPrecision(3)}`)
  } else if (m.type == 'frame') {
    now.frames[m.i].pixels = m.pixels
    if (+$('film').value == m.i) paint($('picture'), m.pixels)
  } else if (m.type == 'done') done(m)
  else if (m.type == 'error') { busy(false); say(`That went wrong: ${m.message}.`, true); now.finish?.() }
}

// The guess at a step, and what it was made from
function frame(i) {
  const f = now.frames[i]
  $('film').value = i
  $('film').setAttribute('aria-valuetext', `guess at step ${i+1} of ${now.wish.steps}`)
  paint($('picture'), f.pixels ?? f.guess)
  paint($('seen'), f.seen, false)
}

function finished() {
  paint($('picture'), now.pixels)
  $('film').value = now.wish.steps
  $('film').setAttribute('aria-valuetext', 'the finished picture')
  say(now.said)
}

function done(m) {
  busy(false)
  Object.assign(now, {pixels: m.pixels, latents: m.latents, secs: m.secs, said: `${m.secs.toFixed(1)} s: ${now.wish.steps} steps of ${m.step.toFixed(0)} ms, then the decoder`})
  $('film').disabled = false
  finished()
  $('picture').setAttribute('aria-label', `A picture of 64 by 64 pixels, drawn for: ${now.wish.prompt || 'no prompt'}`)
  notes(now.wish, m.cut)
  keep(now.wish, m.pixels)
  python(now.wish)
  history.replaceState(null, '', '?'+new URLSearchParams(knobs.filter(k => k != 'negative' || now.wish[k]).map(k => [k, now.wish[k]])))
  now.finish?.(m)
}

// A small copy, to come back to
function keep(wish, pixels) {
  const key = JSON.stringify(wish), past = $('past')
  if (wish.noise || [...past.children].some(b => b.dataset.key == key)) return
  const b = document.createElement('button'), canvas = document.createElement('canvas'), under = document.createElement('span')
  Object.assign(canvas, {width: 64, height: 64})
  paint(canvas, pixels, false)
  under.textContent = wish.prompt || '(no prompt)'
  canvas.setAttribute('aria-hidden', true)
  b.append(canvas, under)
  Object.assign(b, {type: 'button', title: `${wish.prompt || '(no prompt)'} · guidance ${wish.guidance}, ${wish.steps} steps, seed ${wish.seed}${wish.negative ? ', not '+wish.negative : ''}`})
  b.setAttribute('aria-label', `Again: ${b.title}`)
  b.dataset.key = key
  b.onclick = () => { set(wish); draw() }
  past.prepend(b)
  while (past.children.length > OLD) past.lastChild.remove()
}

function python({prompt, negative, guidance, steps, seed}) {
  const text = s => JSON.stringify(s)
  $('python').textContent = `generate(${text(prompt)}, seed=${seed}, steps=${steps}, guidance=${guidance}${negative ? `, negative=${text(negative)}` : ''})`
  root.querySelector('.python').hidden = false
}

// ---- what the reader does

const soon = () => { if (ready) { clearTimeout(timer); timer = setTimeout(draw, 150) } }   // a knob draws again, once there is a model

root.querySelector('form').addEventListener('submit', e => {
  e.preventDefault()
  clearTimeout(timer)
  if (now.busy) stop()
  else draw()
})
$('prompt').addEventListener('keydown', e => { if (e.key == 'Enter') { e.preventDefault(); clearTimeout(timer); draw() } })   // also while it draws
root.addEventListener('keydown', e => { if (e.key == 'Escape' && now.busy) stop() })
for (const k of ['guidance', 'steps', 'seed']) $(k).addEventListener('input', () => { show(); soon() })
$('negative').addEventListener('change', soon)
$('another').onclick = () => { $('seed').value = Math.floor(Math.random()*10000); soon() }
for (const b of root.querySelectorAll('.chips button')) b.onclick = () => {
  const any = facts?.prompts ?? ['']
  $('prompt').value = b == $('surprise') ? any[Math.floor(Math.random()*any.length)] : b.textContent
  draw()
}
$('film').addEventListener('input', () => {
  const i = +$('film').value
  if (i >= now.wish.steps) return finished()
  frame(i)
  say(`Guess at step ${i+1} of ${now.wish.steps}, noise level ${now.frames[i].sigma.toPrecision(3)}`)
  if (!now.frames[i].asked) worker.postMessage({type: 'frame', id: now.id, i})
  now.frames[i].asked = true
})
$('copy').onclick = async () => {
  await navigator.clipboard.writeText($('python').textContent)
  $('copy').textContent = 'copied'
  setTimeout(() => { $('copy').textContent = 'copy' }, 1500)
}

// ---- before the first picture

async function welcome() {
  try { facts = await (await fetch(url('facts.json'))).json() }
  catch { return say(location.protocol == 'file:' ? 'Opened from a file, this page can load nothing. Serve the folder: python -m http.server -d _site/html' : 'The model is not there. Press Draw to look again.', true) }
  const {randn} = await import('./sampler.js'), {weight, bias} = facts.rgb, x = randn(Number($('seed').value) || 0, 1024)
  const grey = Uint8ClampedArray.from({length: 1024}, (_, i) => i%4 == 3 ? 255 : 127.5*(1 + bias[i%4] + weight[i%4].reduce((s, w, j) => s + w*x[256*j+(i>>2)], 0)))
  paint($('picture'), grey)
  paint($('seen'), grey, false)
  const total = Object.values(facts.bytes).reduce((a, b) => a+b)
  say(`This is the noise that it starts from. Press Draw: ${megabytes(total)} MB are loaded, once.`)
}

set(Object.fromEntries(new URLSearchParams(location.search)))
welcome()
window.sdcourse = {draw, settings, get now() { return now }}   // for the console, and for tests
