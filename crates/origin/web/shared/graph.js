// A line over the last minutes, drawn on a canvas: one path, one fill, an optional dashed target.

const MINUTE_MS = 60_000;

/**
 * @typedef {object} GraphOptions
 * @property {string} name what is drawn, for those who do not see it
 * @property {string} colour a token of `base.css`: its line is `--colour`, its area `--colour-soft`
 * @property {(sample: any) => number} read the value of a sample; NaN where it has none
 * @property {() => number} [target] a dashed line; NaN for none
 * @property {number} [minutes] how much time is drawn
 * @property {number} [least] the scale's top is at least this much
 * @property {string} [unit] behind the scale's top, and in words
 * @property {string} [unitWords] the unit as it is spoken
 */

export class Graph {
  /** @param {HTMLCanvasElement} canvas @param {GraphOptions} options */
  constructor(canvas, { name, colour, read, target = () => NaN, minutes = 3, least = 0.2, unit = 's', unitWords = 'seconds' }) {
    Object.assign(this, { canvas, name, colour, read, target, unit, unitWords, minutes, least, span: minutes * MINUTE_MS });
    this.context = canvas.getContext('2d');
    this.top = 1;
    canvas.setAttribute('role', 'img');
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.recolour());
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.recolour();
    this.resize();
    this.describe([], NaN);
  }

  recolour() {
    const style = getComputedStyle(document.documentElement);
    const token = (name) => style.getPropertyValue(`--${name}`).trim();
    this.stroke = token(this.colour);
    this.fill = token(`${this.colour}-soft`);
    this.soft = token('soft');
    this.line = token('line');
    this.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  }

  resize() {
    const ratio = Math.min(3, devicePixelRatio || 1);
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** @param {{at: number}[]} samples the oldest first; `at` on the clock of `now`, in milliseconds */
  draw(samples, now) {
    const { context: c, width, height } = this;
    if (!width || !height) return;
    const target = this.target();
    const seen = samples.filter((s) => now - s.at <= this.span && Number.isFinite(this.read(s)));
    // The scale holds still: it grows at once and shrinks only when half of it is unused.
    const peak = seen.reduce((most, s) => Math.max(most, this.read(s)), Number.isFinite(target) ? target * 1.25 : this.least);
    if (peak > this.top || peak < this.top / 2) this.top = niceAbove(Math.max(this.least, peak));
    const y = (value) => height - 2 - (Math.min(value, this.top) / this.top) * (height - 6);
    const x = (at) => width - ((now - at) / this.span) * width;

    c.clearRect(0, 0, width, height);
    c.lineWidth = 1;
    c.strokeStyle = this.line;
    c.setLineDash([]);
    stroke(c, [[0, height - 1.5], [width, height - 1.5]]);
    for (let minute = 1; minute < this.minutes; minute += 1) {
      const at = Math.round(x(now - minute * MINUTE_MS)) + 0.5;
      stroke(c, [[at, 4], [at, height - 2]]);
    }
    if (seen.length > 1) {
      const path = seen.map((s) => [x(s.at), y(this.read(s))]);
      c.fillStyle = this.fill;
      c.beginPath();
      c.moveTo(path[0][0], height - 2);
      for (const [px, py] of path) c.lineTo(px, py);
      c.lineTo(path[path.length - 1][0], height - 2);
      c.fill();
      c.strokeStyle = this.stroke;
      c.lineWidth = 1.75;
      c.lineJoin = 'round';
      stroke(c, path);
    }
    if (Number.isFinite(target)) {
      c.strokeStyle = this.soft;
      c.lineWidth = 1;
      c.setLineDash([3, 4]);
      stroke(c, [[0, y(target)], [width, y(target)]]);
      c.setLineDash([]);
    }
    if (seen.length) {
      c.fillStyle = this.soft;
      c.font = this.font;
      c.textBaseline = 'top';
      c.fillText(`${this.top} ${this.unit}`, 0, 0);
    }
    this.describe(seen.map(this.read), target);
  }

  /** The same in words, for those who do not see the canvas. */
  describe(values, target) {
    const { name, minutes, unitWords } = this;
    const least = values.reduce((a, b) => Math.min(a, b), Infinity);
    const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
    const range = values.length ? `between ${least.toFixed(1)} and ${most.toFixed(1)} ${unitWords}` : 'not measured yet';
    const aim = Number.isFinite(target) ? `, target ${target.toFixed(1)} ${unitWords}` : '';
    const label = `${name} over the last ${minutes === 1 ? 'minute' : `${minutes} minutes`}: ${range}${aim}`;
    if (label !== this.label) this.canvas.setAttribute('aria-label', (this.label = label));
  }
}

function stroke(context, points) {
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

/** The smallest of 1, 1.5, 2, 3, 4, 5, 6, 8 × 10ⁿ that is at least `value`. */
function niceAbove(value) {
  const scale = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((s) => s * scale >= value * 0.999) ?? 10;
  return Number((step * scale).toPrecision(2));
}
