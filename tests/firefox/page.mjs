// The main ways through the page in Firefox: open, click, correct, undo, export, reload, sleep.
// Usage: node page.mjs FIREFOX URL FOLDER, where FOLDER takes the downloads. Prints one line for each step.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import puppeteer from 'puppeteer-core';

const [firefox, url, folder] = process.argv.slice(2);
const line = await lineTo(url);
const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath: firefox,
  headless: true,
  defaultViewport: null, // Firefox 140 has no command for it
  args: ['--width=1366', '--height=768'],
  extraPrefsFirefox: {
    'browser.download.folderList': 2,
    'browser.download.dir': folder,
    'browser.download.always_ask_before_handling_new_types': false,
  },
});
const errors = [];
const SLEEP = 4000; // milliseconds, for which the test has shortened the time after which pages are forgotten

try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(line.url);
  await page.waitForSelector('.cfr .panel');
  await idle(page);

  await page.click('.cfr img[alt="coffee"]');
  await page.waitForSelector('.cfr:not([data-empty])');
  await idle(page);
  done('open');

  await click(page, 300, 130);
  assert.equal(await page.$$eval('[data-ref=objects] li', (rows) => rows.length), 1);
  const first = await status(page);
  assert.match(first, /^1 click /);
  done('click');

  await click(page, 60, 60, 'right');
  assert.match(await status(page), /^2 clicks /);
  done('correct');

  await page.click('[data-do=undo]');
  await idle(page);
  assert.match(await status(page), /^1 click /);
  await page.click('[data-do=redo]');
  await idle(page);
  assert.match(await status(page), /^2 clicks /);
  done('undo and redo');

  await page.click('[data-do=download-mask]');
  await until(() => readdirSync(folder).some((name) => name.endsWith('_mask.png')));
  done('export');

  await page.reload();
  await page.waitForSelector('.cfr .panel');
  await page.waitForSelector('.cfr:not([data-empty])');
  await idle(page);
  await page.waitForFunction(() => document.querySelectorAll('[data-ref=objects] li').length === 1);
  done('reload');

  line.cut();
  await new Promise((resolve) => setTimeout(resolve, SLEEP));
  line.mend();
  await click(page, 310, 140);
  assert.match(await status(page), /^3 clicks /);
  await page.click('[data-do=undo]');
  await idle(page);
  assert.match(await status(page), /^2 clicks /);
  done('sleep');
  assert.deepEqual(errors, []);
} finally {
  await browser.close();
  line.cut();
}
process.exit(0);

// A line to the server that can be cut: its connections end and new ones are refused until it is mended.
async function lineTo(address) {
  const { hostname, port } = new URL(address);
  const open = new Set();
  let up = true;
  const server = net.createServer((socket) => {
    const other = net.connect(Number(port), hostname);
    for (const [one, two] of [
      [socket, other],
      [other, socket],
    ]) {
      open.add(one);
      one.on('error', () => two.destroy());
      one.on('close', () => {
        open.delete(one);
        two.destroy();
      });
      one.pipe(two);
    }
    if (!up) socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    cut: () => {
      up = false;
      for (const socket of open) socket.destroy();
    },
    mend: () => {
      up = true;
    },
  };
}

function done(step) {
  console.log(step);
}

async function idle(page) {
  await page.waitForSelector('.cfr:not([data-busy])');
}

async function status(page) {
  return page.$eval('[data-ref=answer]', (node) => node.textContent);
}

// Click on a picture pixel while the picture is fitted to the window.
async function click(page, x, y, button = 'left') {
  const place = await page.evaluate(
    (x, y) => {
      const size = document.querySelector('[data-ref=size]').textContent;
      const [width, height] = size.match(/\d+/g).map(Number);
      const box = document.querySelector('.cfr canvas').getBoundingClientRect();
      const scale = Math.min((box.width - 24) / width, (box.height - 24) / height);
      const left = box.left + (box.width - width * scale) / 2;
      const top = box.top + (box.height - height * scale) / 2;
      return { x: left + (x + 0.5) * scale, y: top + (y + 0.5) * scale };
    },
    x,
    y,
  );
  await page.mouse.click(place.x, place.y, { button });
  await idle(page);
}

async function until(condition) {
  for (let tries = 0; tries < 200; tries++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('it did not happen within ten seconds');
}
