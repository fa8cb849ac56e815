import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { count, t, translate } from '../../cfr_icl/ui/static/language.js';
import { Element, elements } from './elements.js';

// A panel with a button that says what it does, and the name that a person gave an object.
function page() {
  elements();
  const root = new Element(),
    button = new Element('BUTTON'),
    name = new Element('SPAN');
  button.setAttribute('title', 'Open a picture');
  button.append('\n  Open\n');
  name.setAttribute('translate', 'no');
  name.append('Open');
  root.append(button, name);
  return { root, button, name };
}

afterEach(() => translate(new Element(), null));

test('what the page says is in its language, what people have named is not', () => {
  const { root, button, name } = page();
  translate(root, { Open: 'Öffnen', 'Open a picture': 'Ein Bild öffnen' });
  assert.equal(button.text, '\n  Öffnen\n');
  assert.equal(button.getAttribute('title'), 'Ein Bild öffnen');
  assert.equal(name.text, 'Open');
});

test('another language is translated from the English', () => {
  const { root, button } = page();
  translate(root, { Open: 'Öffnen', 'Open a picture': 'Ein Bild öffnen' });
  translate(root, { Open: 'Abrir' });
  assert.equal(button.text, '\n  Abrir\n');
  assert.equal(button.getAttribute('title'), 'Open a picture'); // there is no translation of it
  translate(root, null);
  assert.equal(button.text, '\n  Open\n');
});

test('sentences without a translation are English, and numbers have their plural', () => {
  page();
  assert.equal(t('Undo'), 'Undo');
  assert.equal(count(1, 'picture'), '1 picture');
  assert.equal(count(3, 'picture'), '3 pictures');
  assert.equal(count(2, 'class'), '2 classes');
  translate(new Element(), { '1 picture': '1 Bild', '{n} pictures': '{n} Bilder' });
  assert.equal(count(1, 'picture'), '1 Bild');
  assert.equal(count(3, 'picture'), '3 Bilder');
});
