// Rounding to a grid of codes, as `quant/numerics.py` does it: scale, zero point, step, clipping.

class Grid {
  /**
   * @param {number} bits
   * @param {number} low end of the range
   * @param {number} high end of the range
   * @param {boolean} symmetric as weights are: 0 is a code, as many steps to both sides
   */
  constructor(bits, low, high, symmetric) {
    const count = 2 ** bits;
    this.bits = bits;
    this.first = symmetric ? -count / 2 : 0;
    this.last = this.first + count - 1;
    const most = Math.max(-low, high);
    this.scale = (symmetric ? most / ((count - 1) / 2) : (high - low) / (count - 1)) || 1;
    this.zero = symmetric ? 0 : clamp(Math.round(-low / this.scale), this.first, this.last);
  }

  /** @param {number} code */
  valueOf(code) {
    return (code - this.zero) * this.scale;
  }

  /** The values of the first and the last code. */
  get ends() {
    return [this.valueOf(this.first), this.valueOf(this.last)];
  }

  /** @param {number} value */
  codeOf(value) {
    return clamp(Math.round(value / this.scale) + this.zero, this.first, this.last);
  }

  /** @param {number} value */
  snap(value) {
    return this.valueOf(this.codeOf(value));
  }

  /** Every value that there is, the lowest first. */
  get values() {
    return Array.from({ length: this.last - this.first + 1 }, (_, i) =>
      this.valueOf(this.first + i),
    );
  }

  /**
   * What rounding does to numbers: the root mean square error as a share of their own root mean
   * square, the share of the squared error that clipping did, and the share that was clipped.
   * @param {Float32Array} numbers
   */
  error(numbers) {
    const [low, high] = this.ends;
    const half = this.scale / 2;
    let [sum, all, beyond, clipped] = [0, 0, 0, 0];
    for (const value of numbers) {
      const lost = (value - this.snap(value)) ** 2;
      sum += lost;
      all += value * value;
      if (value < low - half || value > high + half) {
        beyond += lost;
        clipped += 1;
      }
    }
    return {
      relative: Math.sqrt(sum / (all || 1)),
      byClipping: sum ? beyond / sum : 0,
      clipped: clipped / (numbers.length || 1),
    };
  }
}
