/**
 * Keeps the page in the browser, so that it works without a network; the engine keeps runtime and
 * models, once they are asked for (engine/worker.js). What computes on the graphics card is loaded
 * here, beside a visit, for the next one. `restauro site` writes the lists above.
 */

const SCOPE = /** @type {any} */ (self).registration.scope;
const PAGES = `${SCOPE} ${VERSION}`;
const MODELS = `${SCOPE} large`;

self.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(kept()));
self.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(tidied()));
self.addEventListener("message", (/** @type {any} */ event) => {
  event.waitUntil(keepGpu(event.data.gpu));
});
self.addEventListener("fetch", (/** @type {any} */ event) => {
  event.respondWith(answer(event.request));
});

async function kept() {
  const cache = await caches.open(PAGES);
  await cache.addAll(FILES.map((file) => new Request(SCOPE + file, { cache: "no-cache" })));
  await /** @type {any} */ (self).skipWaiting();
}

/** Forgets what an earlier version kept. */
async function tidied() {
  for (const name of await caches.keys()) {
    const isEarlier = name.startsWith(`${SCOPE} `) && name !== PAGES && name !== MODELS;
    if (isEarlier) await caches.delete(name);
  }
  const cache = await caches.open(MODELS);
  for (const request of await cache.keys()) {
    if (!LARGE.includes(request.url.slice(SCOPE.length))) await cache.delete(request);
  }
  await /** @type {any} */ (self).clients.claim();
}

/** Loads what computes on the graphics card, or forgets it. @param {boolean} isWanted */
async function keepGpu(isWanted) {
  const cache = await caches.open(MODELS);
  for (const file of GPU) {
    if (!isWanted) await cache.delete(SCOPE + file);
    else if (!(await cache.match(SCOPE + file))) await cache.add(SCOPE + file);
  }
}

/**
 * The page's own files as they were kept. Their headers let a browser compute with several threads,
 * which few hosts of static files allow.
 * @param {Request} request
 */
async function answer(request) {
  const [pages, models] = await Promise.all([caches.open(PAGES), caches.open(MODELS)]);
  const known = (await pages.match(request, { ignoreSearch: true })) ?? (await models.match(request));
  if (!known) return fetch(request);
  const headers = new Headers(known.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(known.body, { status: known.status, headers });
}
