// Random numbers as torch draws them on a processor from a seed: the Mersenne Twister (Matsumoto & Nishimura 1998).

class Generator {
  constructor(seed) {
    this.state = new Uint32Array(624);
    this.state[0] = seed;
    for (let k = 1; k < 624; k++) {
      const before = this.state[k - 1] ^ (this.state[k - 1] >>> 30);
      this.state[k] = Math.imul(1812433253, before) + k;
    }
    this.at = 624;
  }

  whole() {
    if (this.at === 624) this.turn();
    let y = this.state[this.at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  turn() {
    const s = this.state;
    for (let k = 0; k < 624; k++) {
      const y = (s[k] & 0x80000000) | (s[(k + 1) % 624] & 0x7fffffff);
      s[k] = s[(k + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }

  // As torch.rand and uniform_: count numbers from [low, high), rounded to single precision.
  uniform(count, low = 0, high = 1) {
    const from = Math.fround(low), wide = Math.fround(Math.fround(high) - from), found = new Float64Array(count);
    for (let k = 0; k < count; k++) found[k] = Math.fround((this.whole() & 0xffffff) / 16777216 * wide + from);
    return found;
  }

  // As torch.randint: count whole numbers from low to high - 1.
  below(count, low, high) {
    const found = new Array(count);
    for (let k = 0; k < count; k++) found[k] = low + this.whole() % (high - low);
    return found;
  }

  // As torch.randn for 16 numbers or more, pair by pair (Box & Muller 1958).
  normal(count) {
    const found = this.uniform(count);
    const turn = (at) => {
      for (let k = at; k < at + 8; k++) {
        const radius = Math.sqrt(-2 * Math.log(1 - found[k])), angle = 2 * Math.PI * found[k + 8];
        found[k] = Math.fround(radius * Math.cos(angle));
        found[k + 8] = Math.fround(radius * Math.sin(angle));
      }
    };
    for (let at = 0; at + 16 <= count; at += 16) turn(at);
    if (count % 16) {
      found.set(this.uniform(16), count - 16);
      turn(count - 16);
    }
    return found;
  }

  // As torch.rand(rows, columns).topk(10): in each row, the places of its ten largest numbers, the largest first.
  largest(rows, columns) {
    const drawn = this.uniform(rows * columns);
    return Array.from({ length: rows }, (_, r) => {
      const places = Array.from({ length: columns }, (_, k) => k);
      return places.sort((a, b) => drawn[r * columns + b] - drawn[r * columns + a]).slice(0, 10);
    });
  }
}
