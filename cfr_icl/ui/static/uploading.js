// Uploads a file to the server, with progress, which Gradio's own upload does not report.

export function serverAddress() {
  const config = window.gradio_config || {};
  return `${(config.root ?? '').replace(/\/$/, '')}${config.api_prefix ?? '/gradio_api'}`;
}

// Where a file that the server made can be fetched.
export function addressOf(file) {
  return file.url ?? `${serverAddress()}/file=${file.path.split('/').map(encodeURIComponent).join('/')}`;
}

// The name under which a file is sent: Gradio stores equal files of one name as one, but each page removes
// what it was sent.
function uniqueName(file) {
  const bytes = [...crypto.getRandomValues(new Uint8Array(8))],
    token = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${token}-${file.name || 'pasted.png'}`;
}

// Resolves to the file's path on the server. `signal` cancels it; `onProgress` gets the share sent, 0 to 1.
export function sendFile(file, onProgress, signal) {
  const request = new XMLHttpRequest(),
    body = new FormData();
  body.append('files', file, uniqueName(file));
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
