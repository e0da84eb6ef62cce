// The sampler of the lessons in JavaScript: noise levels as in 32_schedules, steps as in 34_samplers, noise as torch draws it.

const N = 1000

// The 1000 noise levels that the model was trained on, rising; rounded where torch rounds, or a timestep comes out one off
export const levels = (() => {
  const a = Math.sqrt(.00085), b = Math.sqrt(.012), round = Math.fround
  let abar = 1
  return Float64Array.from({length: N}, (_, i) => {
    abar *= round(1 - round(round(a + (b-a)*i/(N-1))**2))
    return Math.sqrt((1-abar)/abar)
  })
})()

// n noise levels with evenly spaced roots (Karras et al. 2022), and 0
export function karras(n, rho = 7) {
  const hi = levels[N-1]**(1/rho), lo = levels[0]**(1/rho)
  return [...Array.from({length: n}, (_, i) => (hi + (lo-hi)*(n > 1 ? i/(n-1) : 0))**rho), 0]
}

// The timestep of a noise level: read between two of them, in log(sigma), and made whole as diffusers does
export function timestep(sigma) {
  let i = levels.findIndex(l => l > sigma)
  i = i < 0 ? N-2 : Math.max(i-1, 0)
  const [lo, hi, at] = [levels[i], levels[i+1], sigma].map(Math.log)
  return Math.round(i + Math.min(1, Math.max(0, (at-lo)/(hi-lo))))
}

const lerp = (a, b, w) => a.map((v, k) => v + w*(b[k]-v))

// u + scale*(c-u)
export const guide = lerp

// DPM++ 2M: head for clean latents extrapolated in log(sigma) from the last two guesses
export function dpmpp2m() {
  let past
  return (x, x0, now, to) => {
    let goal = x0
    if (past && to > 0) goal = lerp(past.x0, x0, 1 + Math.log(now/to)/(2*Math.log(past.now/now)))
    past = {x0, now}
    return lerp(goal, x, to/now)
  }
}

// Random numbers of 32 bits: the Mersenne Twister (Matsumoto and Nishimura 1998)
function twister(seed) {
  const n = 624, m = 397, s = new Uint32Array(n)
  s[0] = seed
  for (let i = 1; i < n; i++) s[i] = Math.imul(1812433253, s[i-1] ^ (s[i-1] >>> 30)) + i
  let at = n
  return () => {
    if (at == n) {
      for (let i = 0; i < n; i++) {
        const y = (s[i] & 0x80000000) | (s[(i+1)%n] & 0x7fffffff)
        s[i] = s[(i+m)%n] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
      }
      at = 0
    }
    let y = s[at++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
}

// n normal numbers (n a multiple of 16) that torch.randn draws on a CPU after manual_seed(seed):
// Box and Muller's recipe, eight pairs at a time, from 24 bits each
export function randn(seed, n) {
  const next = twister(seed), out = Float32Array.from({length: n}, () => (next() & 0xffffff)/2**24)
  for (let i = 0; i < n; i += 16) for (let k = i; k < i+8; k++) {
    const r = Math.sqrt(-2*Math.log(1-out[k])), angle = 2*Math.PI*out[k+8]
    out[k] = r*Math.cos(angle)
    out[k+8] = r*Math.sin(angle)
  }
  return out
}
