// What copies.js and folder_copies.js share: how long a copy is kept, and requests of IndexedDB as promises.

export const KEPT_FOR = 86_400_000; // milliseconds, as long as a server keeps an unused page

export function finished(request) {
  return new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
}
