// What the picture's pointer and keys do: a mark is shown at once, its action goes to the server.

import { middleOfSmall } from './geometry.js';
import { objectsAt } from './picking.js';
import { View } from './view.js';

export function setUpMarking(app) {
  const { ref } = app;

  // Show hidden masks, so that the answer is seen.
  const mark = (kind, data, shown) => {
    app.hideMasks(false);
    app.clearSelection();
    ref('tip').hidden = true;
    const number = app.send(kind, data);
    app.view.pending.push({ ...shown, number });
    app.view.draw();
  };
  app.select = (id) => {
    app.hideMasks(false);
    app.clearSelection();
    app.send('select', { id });
  };
  app.view = new View(ref('canvas'), app.look, {
    click: (x, y, positive) => mark('click', { x, y, positive }, { x, y, positive }),
    select: (id) => app.select(id),
    toggle: (id) => app.toggleSelected(id),
    box: (left, top, right, bottom, drag) => {
      const middle = middleOfSmall(app.view.size, left, top, right, bottom);
      if (middle) app.command('finish'); // as a box, it starts an object
      if (middle) mark('click', { ...middle, positive: true }, { ...middle, positive: true });
      else mark('box', { left, top, right, bottom }, drag);
      if (app.oneBox) app.showTool('click');
    },
    paint: (points, add, drag) => mark('paint', { points, add, diameter: drag.brush }, drag),
    lasso: (points, add, drag) => mark('lasso', { points, add }, drag),
    reshape: (points, drag) => mark('reshape', { points }, drag),
    fillHole: ({ x, y }) => app.send('fill_hole', { x, y }),
    resizeBrush: (direction) => app.command(direction > 0 ? 'brush-larger' : 'brush-smaller'),
    hover: (pixel, touch) => {
      app.followPointer(pixel, touch);
      ref('pointer').textContent = pixel ? `${pixel.x}, ${pixel.y}` : '';
      app.pointAt(pixel ? (objectsAt(app.view.objects, pixel)[0]?.id ?? null) : null);
    },
    zoomed: (scale) => {
      ref('zoom').textContent = `${Math.round(scale * 100)} %`;
      app.keepPlace();
      app.dropPreview();
    },
    mode: () => app.mode,
    ready: () => app.ready(),
  });
}
