// Masks of other tools for all pictures of the folder: one COCO file, or a file for each picture.

import { masksOf, unpackedMasks } from './mask_files.js';
import { count, t } from './language.js';
import { sendFile } from './uploading.js';

export function setUpFilling(app) {
  const { root, ref, send } = app;

  ref('fill-files').addEventListener('change', (event) => {
    const files = [...event.target.files].map((file) => ({ file, path: file.name }));
    event.target.value = '';
    if (files.length) offer(files);
  });

  // Masks for the open picture; an archive may hold those of the whole folder.
  app.loadMasks = async (file) => {
    if (!/\.zip$/i.test(file.name)) return app.open(file, 'import');
    const packed = [{ file, path: file.name }];
    if (root.hasAttribute('data-folder')) return offer(packed);
    const picture = app.latest(),
      choice = app.chooseFile();
    const files = await unpacked(packed);
    if (!files) return;
    const name = picture?.name ?? '',
      { files: own, classes, left } = await masksOf(name, files, app.source?.file);
    if (!own.length && choice.signal.aborted) return;
    if (left.length) {
      const said = t('These files may be of another picture and are left out: {names}.');
      app.notices.show(said.replace('{names}', left.slice(0, 5).join(', ')));
    }
    if (own.length) return app.sendMasks(own, classes, picture?.token ?? null, choice);
    if (left.length) return;
    const said = t('No file in this zip is named as the picture, {name}; unpack it and load the one of it.');
    app.notices.show(said.replace('{name}', name));
  };

  async function unpacked(chosen) {
    const { files, failed } = await unpackedMasks(chosen, app.props.own_folder.bytes);
    if (!failed.length) return files;
    const said = t('This archive cannot be read; unpack it and open its files: {names}.');
    app.notices.show(said.replace('{names}', failed.join(', ')));
    return null;
  }

  // Send files with masks, { file, path } each; the server looks which pictures they belong to.
  async function offer(chosen) {
    const files = await unpacked(chosen);
    if (!files) return;
    const sent = [];
    ref('upload').hidden = false;
    try {
      for (const { file, path } of files) {
        ref('upload-text').textContent = `${sent.length} / ${files.length}`;
        ref('upload-bar').value = sent.length / files.length;
        sent.push({ path: await sendFile(file, () => {}), name: path });
      }
      send('offer_masks', { files: sent });
    } catch (error) {
      app.notices.show(`${t('The file could not be sent:')} ${error.message}`);
      app.explainFailure();
    } finally {
      ref('upload').hidden = true;
    }
  }

  // The last change of the whole folder, 'filled' or 'relabelled', can be taken back; null for none.
  app.offerTakingBack = (change) => {
    const texts = { filled: 'Take the loaded masks back', relabelled: 'Take the changed label back' };
    ref('take-back').hidden = !change;
    ref('take-back').textContent = change ? t(texts[change]) : '';
  };

  // The server has looked into the files: what is to be done with them.
  app.offerFilling = async ({ pictures, with_work, unknown }) => {
    const some = with_work > 0 && with_work < pictures;
    const said = [
      t('Load masks into {n}?').replace('{n}', count(pictures, 'picture')),
      ...(with_work ? [t('Pictures with work, which stays as it is: {n}.').replace('{n}', with_work)] : []),
      ...(unknown ? [t('Files without a picture of their name: {n}.').replace('{n}', unknown)] : []),
      t('While this page is open, it can be taken back above the list of pictures.'),
    ].join('\n');
    const only = t('Only where there is no work ({n})').replace('{n}', pictures - with_work),
      add = t('Add them to all ({n})').replace('{n}', pictures);
    const answer = await app.question.choose(said, {
      yes: some ? only : with_work ? add : t('Load them'),
      other: some ? add : '',
      no: t('Cancel'),
    });
    if (answer !== 'no') send('fill_folder', { add: answer === 'other' || with_work === pictures });
  };
}
