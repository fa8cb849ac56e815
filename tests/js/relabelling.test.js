import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Relabelling } from '../../cfr_icl/ui/static/relabelling.js';
import { Element, elements } from './elements.js';

const LABELS = [
  { name: 'cat', colour: '#ff0000' },
  { name: 'dog', colour: '#00ff00' },
];

// A folder's page that asks for another label; `agree` is the answer to its question, `asked` are questions.
function page({ agree = true, current = null } = {}) {
  const { ref } = elements();
  const sent = [],
    asked = [],
    form = new Element('FORM');
  ref('relabel').append(form);
  Object.assign(ref('relabel'), {
    showModal() {
      this.open = true;
    },
    close() {
      this.open = false;
    },
  });
  const app = {
    ref,
    send: (kind, data) => sent.push([kind, data]),
    state: { labels: LABELS, label: 'cat' },
    current,
    question: {
      ask: async (text) => {
        asked.push(text);
        return agree;
      },
    },
  };
  const relabelling = new Relabelling(app);
  return { asked, form, ref, relabelling, sent };
}

test('a label gets another name and colour in the whole folder', () => {
  const { form, ref, relabelling, sent } = page();
  relabelling.ask();
  assert.equal(ref('relabel').open, true);
  assert.equal(ref('relabel-new').value, 'cat');
  ref('relabel-new').value = ' kitten ';
  ref('relabel-colour').value = '#0000ff';
  form.fire('submit');
  assert.equal(ref('relabel').open, false);
  assert.deepEqual(sent, [['relabel_folder', { name: 'cat', new: 'kitten', colour: '#0000ff' }]]);
});

test('the label of the object in work is offered, and another can be chosen', () => {
  const { form, ref, relabelling, sent } = page({ current: { label: 'dog' } });
  relabelling.ask();
  assert.equal(ref('relabel-name').value, 'dog');
  ref('relabel-name').value = 'cat';
  ref('relabel-name').fire('change');
  assert.equal(ref('relabel-colour').value, '#ff0000');
  ref('relabel-new').value = 'kitten';
  form.fire('submit');
  assert.deepEqual(sent, [['relabel_folder', { name: 'cat', new: 'kitten', colour: null }]]);
});

test('nothing is sent where nothing is changed, or without a name', () => {
  const { form, ref, relabelling, sent } = page();
  for (const name of ['cat', '  ']) {
    relabelling.ask();
    ref('relabel-new').value = name;
    form.fire('submit');
  }
  assert.deepEqual(sent, []);
});

const COUNTED = { name: 'cat', new: 'dog', colour: null, pictures: 3, objects: 1, left_out: [] };

test('before it is done the page says how much is changed, and that labels are joined', async () => {
  const { asked, relabelling, sent } = page();
  await relabelling.confirm({ ...COUNTED, left_out: ['a.png', 'b.png'] });
  assert.match(asked[0], /"cat" in the whole folder\? 3 pictures, 1 object\./);
  assert.match(asked[0], /join those of "dog"/);
  assert.match(asked[0], /Left out.*a\.png, b\.png/);
  assert.deepEqual(sent, [['relabel_folder', { name: 'cat', new: 'dog', colour: null, sure: true }]]);
});

test('without agreement nothing is changed', async () => {
  const { asked, relabelling, sent } = page({ agree: false });
  await relabelling.confirm({ ...COUNTED, new: 'kitten' });
  assert.doesNotMatch(asked[0], /join|Left out/);
  assert.deepEqual(sent, []);
});
