// Masks of other tools: for the open picture, or for all pictures of the folder (one COCO file, or a file for
// each picture).

import { masksOf, unpackedMasks } from './mask_files.js';
import { count, t } from './language.js';
import { sendFile } from './uploading.js';

// How a mask file can be read (annotate/imports/readings.py), in a person's words.
const READINGS = {
  mask: 'one mask',
  indices: 'a number is an object',
  colours: 'a colour is a class',
  alpha: 'what is not transparent',
  objects: 'a connected part is an object',
};

export class MaskLoading {
  constructor(app) {
    this.app = app;
    this.ref = app.ref;
    this.send = app.send;
    this.ref('fill-files').addEventListener('change', (event) => {
      const files = [...event.target.files].map((file) => ({ file, path: file.name }));
      event.target.value = '';
      if (files.length) this.offer(files);
    });
  }

  // Masks for the open picture; an archive may hold those of the whole folder.
  async loadMasks(file) {
    if (!/\.zip$/i.test(file.name)) return this.app.opening.open(file, 'import');
    const packed = [{ file, path: file.name }];
    if (this.app.inFolder) return this.offer(packed);
    const picture = this.app.latest(),
      choice = this.app.opening.choose();
    const files = await this.unpacked(packed);
    if (!files) return;
    const name = picture?.name ?? '',
      { files: own, classes, left } = await masksOf(name, files, this.app.source?.file);
    if (!own.length && choice.signal.aborted) return;
    if (left.length) {
      const said = t('These files may be of another picture and are left out: {names}.');
      this.app.notices.show(said.replace('{names}', left.slice(0, 5).join(', ')));
    }
    if (own.length) return this.app.opening.sendMasks(own, classes, picture?.token ?? null, choice);
    if (left.length) return;
    const said = t('No file in this zip is named as the picture, {name}; unpack it and load the one of it.');
    this.app.notices.show(said.replace('{name}', name));
  }

  // A mask file that can be read in several ways: the server says how it was read, the others are offered.
  offerReadings({ path, file, reading, readings: all = [] }) {
    const others = all.filter((name) => name !== reading);
    if (!others.length) return;
    const choices = others.map((name) => [
      t(READINGS[name] ?? name),
      () => this.send('import', { path, name: file ?? '', reading: name, replace: true }),
    ]);
    this.app.notices.show(t('It can also be read like this:'), { lasting: true, choices });
  }

  async unpacked(chosen) {
    const { files, failed } = await unpackedMasks(chosen, this.app.props.own_folder.bytes);
    if (!failed.length) return files;
    const said = t('This archive cannot be read; unpack it and open its files: {names}.');
    this.app.notices.show(said.replace('{names}', failed.join(', ')));
    return null;
  }

  // Send files with masks, { file, path } each; the server finds the picture of each.
  async offer(chosen) {
    const files = await this.unpacked(chosen);
    if (!files) return;
    const sent = [];
    this.ref('upload').hidden = false;
    try {
      for (const { file, path } of files) {
        this.ref('upload-text').textContent = `${sent.length} / ${files.length}`;
        this.ref('upload-bar').value = sent.length / files.length;
        sent.push({ path: await sendFile(file, () => {}), name: path });
      }
      this.send('offer_masks', { files: sent });
    } catch (error) {
      this.app.notices.show(`${t('The file could not be sent:')} ${error.message}`);
      this.app.transport.explainFailure();
    } finally {
      this.ref('upload').hidden = true;
    }
  }

  // The last change of the whole folder, 'filled' or 'relabelled', can be taken back; null for none.
  offerTakingBack(change) {
    const texts = { filled: 'Take the loaded masks back', relabelled: 'Take the changed label back' };
    this.ref('take-back').hidden = !change;
    this.ref('take-back').textContent = change ? t(texts[change]) : '';
  }

  // The server has matched the files with pictures: ask how to load them.
  async confirm({ pictures, with_work, unknown }) {
    const some = with_work > 0 && with_work < pictures;
    const said = [
      t('Load masks into {n}?').replace('{n}', count(pictures, 'picture')),
      ...(with_work ? [t('Pictures with work, which stays as it is: {n}.').replace('{n}', with_work)] : []),
      ...(unknown ? [t('Files without a picture of their name: {n}.').replace('{n}', unknown)] : []),
      t('While this page is open, it can be taken back above the list of pictures.'),
    ].join('\n');
    const only = t('Only where there is no work ({n})').replace('{n}', pictures - with_work),
      add = t('Add them to all ({n})').replace('{n}', pictures);
    const answer = await this.app.question.choose(said, {
      yes: some ? only : with_work ? add : t('Load them'),
      other: some ? add : '',
      no: t('Cancel'),
    });
    if (answer !== 'no') this.send('fill_folder', { add: answer === 'other' || with_work === pictures });
  }
}
