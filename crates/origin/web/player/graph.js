// A line over the last minute, drawn on a canvas: one path, one fill, an optional dashed target.

const SPAN_MS = 60_000;

export class Graph {
  /** `read(sample)` picks the value, `target()` the dashed line (or NaN). */
  constructor(canvas, { colour, read, target = () => NaN, name }) {
    Object.assign(this, { canvas, colour, read, target, name });
    this.context = canvas.getContext('2d');
    this.top = 1;
    this.scheme = matchMedia('(prefers-color-scheme: dark)');
    this.scheme.addEventListener('change', () => this.recolour());
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.recolour();
    this.resize();
  }

  recolour() {
    const style = getComputedStyle(document.documentElement);
    this.stroke = style.getPropertyValue(`--${this.colour}`).trim();
    this.fill = style.getPropertyValue(`--${this.colour}-soft`).trim();
    this.soft = style.getPropertyValue('--soft').trim();
    this.line = style.getPropertyValue('--line').trim();
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

  draw(samples, now) {
    const { context: c, width, height } = this;
    if (!width || !height) return;
    const target = this.target();
    const seen = samples.filter((s) => now - s.at <= SPAN_MS && Number.isFinite(this.read(s)));
    // The scale holds still: it grows at once and shrinks only when half of it is unused.
    const peak = Math.max(0.2, Number.isFinite(target) ? target * 1.25 : 0, ...seen.map(this.read));
    if (peak > this.top || peak < this.top / 2) this.top = niceAbove(peak);
    const y = (value) => height - 2 - (Math.min(value, this.top) / this.top) * (height - 6);
    const x = (at) => width - ((now - at) / SPAN_MS) * width;

    c.clearRect(0, 0, width, height);
    c.lineWidth = 1;
    c.strokeStyle = this.line;
    c.setLineDash([]);
    stroke(c, [[0, height - 1.5], [width, height - 1.5]]);
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
      c.fillText(`${this.top} s`, 0, 0);
    }
    this.describe(seen, target);
  }

  /** The same in words, for those who do not see the canvas. */
  describe(seen, target) {
    const values = seen.map(this.read);
    const range = values.length
      ? `between ${Math.min(...values).toFixed(1)} and ${Math.max(...values).toFixed(1)} seconds`
      : 'not measured yet';
    const aim = Number.isFinite(target) ? `, target ${target.toFixed(1)} seconds` : '';
    const label = `${this.name} over the last minute: ${range}${aim}`;
    if (label !== this.label) this.canvas.setAttribute('aria-label', (this.label = label));
  }
}

function stroke(context, points) {
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

/** The smallest of 0.5, 1, 1.5, 2, 3, 4, 6, 8 × 10ⁿ that is at least `value`. */
function niceAbove(value) {
  const scale = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((s) => s * scale >= value * 0.999) ?? 10;
  return Number((step * scale).toPrecision(2));
}
