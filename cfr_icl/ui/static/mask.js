// A mask as the server sends it: COCO run lengths, column by column.

function decodeCounts(text) {
  const counts = [];
  for (let at = 0; at < text.length;) {
    let value = 0, shift = 0, more = true;
    while (more) {
      const chunk = text.charCodeAt(at++) - 48;
      value += (chunk & 31) * 2 ** shift;
      shift += 5;
      more = (chunk & 32) !== 0;
      if (!more && (chunk & 16)) value -= 2 ** shift;
    }
    if (counts.length > 2) value += counts[counts.length - 2];
    counts.push(value);
  }
  return counts;
}

class MaskShape {
  // columns[x - left] is a flat list of [start, end) rows
  constructor([height, width], counts) {
    this.height = height;
    this.columns = new Map();
    let position = 0, left = width, top = height, right = 0, bottom = 0;
    decodeCounts(counts).forEach((length, index) => {
      let start = position;
      position += length;
      if (index % 2 === 0) return;
      while (start < position) {
        const x = Math.floor(start / height), y = start % height;
        const end = Math.min(height, y + position - start);
        if (!this.columns.has(x)) this.columns.set(x, []);
        this.columns.get(x).push(y, end);
        left = Math.min(left, x); right = Math.max(right, x + 1);
        top = Math.min(top, y); bottom = Math.max(bottom, end);
        start += end - y;
      }
    });
    this.empty = this.columns.size === 0;
    this.box = this.empty ? { left: 0, top: 0, right: 0, bottom: 0 } : { left, top, right, bottom };
  }

  contains(x, y) {
    const spans = this.columns.get(x) || [];
    for (let i = 0; i < spans.length; i += 2) if (y >= spans[i] && y < spans[i + 1]) return true;
    return false;
  }

  // An opaque picture of the mask in one colour, as large as its box.
  bitmap(colour) {
    const { left, top, right, bottom } = this.box;
    const canvas = document.createElement('canvas');
    canvas.width = right - left;
    canvas.height = bottom - top;
    const context = canvas.getContext('2d');
    context.fillStyle = colour;
    for (const [x, spans] of this.columns)
      for (let i = 0; i < spans.length; i += 2)
        context.fillRect(x - left, spans[i] - top, 1, spans[i + 1] - spans[i]);
    return canvas;
  }

  // The edges between mask and background along the pixels' borders.
  outline() {
    const path = new Path2D();
    const { left, right } = this.box;
    let open = new Map();
    let before = [];
    for (let x = left; x <= right; x++) {
      const spans = this.columns.get(x) || [];
      const still = new Map();
      for (const y of spans) still.set(y, open.has(y) ? open.get(y) : x);
      for (const [y, from] of open)
        if (!still.has(y)) { path.moveTo(from, y); path.lineTo(x, y); }
      open = still;
      const ends = before.concat(spans).sort((a, b) => a - b);
      const edges = [];
      for (const y of ends) if (edges[edges.length - 1] === y) edges.pop(); else edges.push(y);
      for (let i = 0; i < edges.length; i += 2) { path.moveTo(x, edges[i]); path.lineTo(x, edges[i + 1]); }
      before = spans;
    }
    return path;
  }
}
