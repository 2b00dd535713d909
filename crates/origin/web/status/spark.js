// A line as large as a word: the last ten minutes of one value of one stream. What it says is said
// in the figure beside it, so it is for the eye alone.

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 84;
const HEIGHT = 24;

export function spark(colour) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', `spark ${colour}`);
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(SVG, 'polyline'));
  return svg;
}

/** Draws `values` to the right end; `points` of them are the whole width. */
export function drawSpark(svg, values, points = 30) {
  const top = Math.max(...values, 1e-9);
  const x = (i) => WIDTH - ((values.length - 1 - i) * WIDTH) / (points - 1);
  const y = (value) => HEIGHT - 2 - (value / top) * (HEIGHT - 4);
  const line = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  svg.firstChild.setAttribute('points', values.length > 1 ? line : '');
}
