// Sending a file to the server, with its progress; Gradio's own way tells nothing of it.

export function serverAddress() {
  const config = window.gradio_config || {};
  return `${(config.root ?? '').replace(/\/$/, '')}${config.api_prefix ?? '/gradio_api'}`;
}

// Where a file that the server made can be fetched.
export function addressOf(file) {
  return file.url ?? `${serverAddress()}/file=${encodeURI(file.path)}`;
}

// Resolves to the file's path on the server. `signal` gives it up; `onProgress` is told the share sent.
export function sendFile(file, onProgress, signal) {
  const request = new XMLHttpRequest(),
    body = new FormData();
  body.append('files', file, file.name || 'pasted.png');
  return new Promise((done, fail) => {
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      try {
        if (request.status !== 200) throw Error(`HTTP ${request.status}`);
        done(JSON.parse(request.responseText)[0]);
      } catch (error) {
        fail(error);
      }
    };
    request.onerror = () => fail(Error('HTTP'));
    request.onabort = () => fail(new DOMException('given up', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort());
    request.open('POST', `${serverAddress()}/upload`);
    request.send(body);
  });
}
