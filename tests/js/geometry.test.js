import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as geometry from '../../cfr_icl/ui/static/geometry.js';

const picture = { width: 600, height: 400 };
const stage = { width: 1024, height: 668 };

test('a fitted picture lies in the middle with a margin, enlarged at most 32 times', () => {
  const place = geometry.fitted(picture, stage);
  assert.equal(place.scale, Math.min(1000 / 600, 644 / 400));
  assert.equal(place.x + (picture.width * place.scale) / 2, stage.width / 2);
  assert.equal(place.y + (picture.height * place.scale) / 2, stage.height / 2);
  assert.equal(geometry.fitted({ width: 5, height: 5 }, stage).scale, geometry.MAX_ZOOM);
});

test('zooming keeps the point below the mouse, and stops at both ends', () => {
  let place = geometry.fitted(picture, stage);
  const at = { x: 300, y: 200 };
  const before = geometry.onPicture(place, at);
  for (const scale of [2, 5, 30]) {
    place = geometry.zoomed(place, picture, stage, scale, at);
    const after = geometry.onPicture(place, at);
    assert.ok(Math.hypot(after.x - before.x, after.y - before.y) < 1e-9);
  }
  assert.equal(geometry.zoomed(place, picture, stage, 1000, at).scale, geometry.MAX_ZOOM);
  assert.equal(geometry.zoomed(place, picture, stage, 1e-9, at).scale, 0.5);
});

test('a picture that is moved away stays in sight', () => {
  const place = geometry.centred(picture, stage, 1);
  for (const [dx, dy] of [
    [1e5, 1e5],
    [-1e5, -1e5],
  ]) {
    const { scale, x, y } = geometry.panned(place, picture, stage, dx, dy);
    const seen = (start, length, room) => Math.min(room, start + length * scale) - Math.max(0, start);
    assert.ok(seen(x, picture.width, stage.width) >= 47 && seen(y, picture.height, stage.height) >= 47);
  }
});

test('a pixel is found under its whole area and nothing beside the picture', () => {
  const place = { scale: 4, x: 10, y: 20 };
  const pixel = (x, y) => geometry.pixelAt(place, picture, { x, y });
  assert.deepEqual(pixel(10, 20), { x: 0, y: 0 });
  assert.deepEqual(pixel(13.9, 23.9), { x: 0, y: 0 });
  assert.deepEqual(pixel(14, 24), { x: 1, y: 1 });
  assert.deepEqual(pixel(10 + 4 * 600 - 0.1, 20), { x: 599, y: 0 });
  for (const [x, y] of [
    [9.9, 20],
    [10, 19.9],
    [10 + 4 * 600, 20],
  ])
    assert.equal(pixel(x, y), null);
});

test('fingers that spread enlarge the picture, and the resting one keeps its place', () => {
  const place = geometry.centred(picture, stage, 1);
  const other = { x: 400, y: 300 };
  const wider = geometry.pinched(place, picture, stage, { x: 500, y: 300 }, { x: 600, y: 300 }, other);
  assert.equal(wider.scale, 2);
  const back = geometry.pinched(wider, picture, stage, { x: 600, y: 300 }, { x: 500, y: 300 }, other);
  assert.ok(Math.abs(back.scale - 1) < 1e-9 && Math.abs(back.x - place.x) < 1e-9);
});

test('a stroke lies on half pixels without repetitions', () => {
  const points = [
    { x: 10.5, y: 10.5 },
    { x: 10.6, y: 10.4 },
    { x: 11.2, y: 10.5 },
    { x: 10.5, y: 10.5 },
  ];
  assert.deepEqual(geometry.thinned(points), [
    [10, 10],
    [10.5, 10],
    [10, 10],
  ]);
});

test('a box of a few pixels is a click in its middle', () => {
  const middle = (...sides) => geometry.middleOfSmall({ width: 600, height: 400 }, ...sides);
  assert.deepEqual(middle(10, 20, 13, 22), { x: 11, y: 21 });
  assert.deepEqual(middle(13, 22, 10, 20), { x: 11, y: 21 });
  assert.equal(middle(10, 20, 14, 22), null);
  assert.equal(middle(10, 20, 80, 21), null);
  assert.equal(middle(-4, 20, -2, 22), null);
});

test('the crosshair stays on the picture and comes into view', () => {
  assert.deepEqual(geometry.stepped({ x: 2, y: 399 }, [-1, 0], 12, picture), { x: 0, y: 399 });
  assert.deepEqual(geometry.stepped({ x: 2, y: 399 }, [0, 1], 12, picture), { x: 2, y: 399 });
  const place = { scale: 2, x: 0, y: 0 };
  assert.deepEqual(geometry.intoView(place, stage, { x: 200, y: 100 }), [0, 0]);
  assert.deepEqual(geometry.intoView(place, stage, { x: 510, y: 1 }), [stage.width - 32 - 1020, 30]);
});

test('two fingers on a trackpad pan, a pinch and a mouse wheel zoom', () => {
  const asks = (event, panned) =>
    geometry.wheelAsksFor({ deltaX: 0, deltaMode: 0, ctrlKey: false, timeStamp: 1000, ...event }, panned);
  assert.equal(asks({ deltaY: 100 }), 'zoom');
  assert.equal(asks({ deltaY: 3, deltaMode: 1 }), 'zoom');
  assert.equal(asks({ deltaY: 4, ctrlKey: true }), 'zoom');
  assert.equal(asks({ deltaY: 4 }), 'pan');
  assert.equal(asks({ deltaY: 120.5 }), 'pan');
  assert.equal(asks({ deltaX: -80, deltaY: 100 }), 'pan');
  assert.equal(asks({ deltaY: 200 }, 900), 'pan');
  assert.equal(asks({ deltaY: 200 }, 500), 'zoom');
});

test('a picture of equal size is seen at the same place, a larger one at the same part', () => {
  const stage = { width: 800, height: 600 },
    size = { width: 1000, height: 500 },
    place = { scale: 2, x: -300, y: -100 };
  assert.deepEqual(geometry.carried(place, size, size, stage), place);
  const larger = geometry.carried(place, size, { width: 2000, height: 1000 }, stage);
  assert.equal(larger.scale, 2);
  assert.equal((400 - larger.x) / 2 / 2000, (400 - place.x) / 2 / 1000);
});
